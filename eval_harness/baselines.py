"""Trivial baselines: what the metrics give away for free. Fitted on train only, run like any model.

On the real corpus a constant salad of function words beats a large model on ROUGE-L (CORPUS.md § 5), so these rows stand
in every table and every score is shown as its gain over the best of them.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence

import numpy as np
from lm_eval.api.model import LM
from rouge_score.tokenize import tokenize

from dataset_script.dialogue import Message
from eval_harness.errors import EvaluationError
from submissions.schema import BASELINE_ORG

Pair = tuple[str, str]
VERSION = "1"
MAX_FIT_REFERENCES = 4000
MAX_FIT_CANDIDATES = 1000
SALAD_WORDS = 12
SALAD_VOCABULARY = 150


class Baseline(ABC):
    """Answers from the chat a model would see. ``pairs`` are (officer's words, reply) of the train split."""

    name: str

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self.pairs = pairs

    @abstractmethod
    def reply(self, messages: Sequence[Message]) -> str:
        """The civilian's next words; the last message is the officer's."""


class LongestCommonSubsequences:
    """ROUGE-L of growing word lists against many references at once.

    A state is a row of the LCS table for every reference: (R, L + 1) for R references of at most L words.
    """

    def __init__(self, references: Sequence[str]) -> None:
        words = [tokenize(reference, None) for reference in references]
        words = [own for own in words if own]
        self.lengths = np.array([len(own) for own in words])
        self.vocabulary = Counter(word for own in words for word in own)
        self._ids = {word: number for number, word in enumerate(self.vocabulary)}
        self._table = np.full((len(words), int(self.lengths.max(initial=0))), -1)
        for row, own in enumerate(words):
            self._table[row, : len(own)] = [self._ids[word] for word in own]

    def start(self) -> np.ndarray:
        """State of the empty word list."""
        return np.zeros((self._table.shape[0], self._table.shape[1] + 1), dtype=np.int16)

    def extend(self, state: np.ndarray, word: str) -> np.ndarray:
        """State after one more word."""
        same = self._table == self._ids.get(word, -2)
        best = np.maximum(state[:, 1:], state[:, :-1] + same)
        return np.concatenate([state[:, :1], np.maximum.accumulate(best, axis=1)], axis=1)

    def mean_f1(self, state: np.ndarray, n_words: int) -> float:
        """Mean ROUGE-L F1 (0–1) of a list of ``n_words`` words in this state."""
        common = state[:, -1]
        return float(np.mean(2 * common / (self.lengths + n_words)))


def _spread(pairs: Sequence[Pair], limit: int) -> list[Pair]:
    """At most ``limit`` pairs, evenly spread, so that a large corpus is fitted in bounded time."""
    step = max(1, -(-len(pairs) // limit))
    return list(pairs[::step])


class Constant(Baseline):
    """The one train reply that scores the highest mean ROUGE-L as the answer to every train item."""

    name = "constant"

    def __init__(self, pairs: Sequence[Pair]) -> None:
        super().__init__(pairs)
        table = LongestCommonSubsequences([reply for _, reply in _spread(pairs, MAX_FIT_REFERENCES)])
        candidates = sorted({reply for _, reply in _spread(pairs, MAX_FIT_CANDIDATES)})
        self.answer = max(candidates, key=lambda reply: self._score(table, reply))

    @staticmethod
    def _score(table: LongestCommonSubsequences, reply: str) -> float:
        words = tokenize(reply, None)
        state = table.start()
        for word in words:
            state = table.extend(state, word)
        return table.mean_f1(state, len(words))

    def reply(self, messages: Sequence[Message]) -> str:
        return self.answer


class Salad(Baseline):
    """Twelve frequent words without meaning, each chosen greedily for the highest mean ROUGE-L on train."""

    name = "salad"

    def __init__(self, pairs: Sequence[Pair]) -> None:
        super().__init__(pairs)
        table = LongestCommonSubsequences([reply for _, reply in _spread(pairs, MAX_FIT_REFERENCES)])
        frequent = [word for word, _ in table.vocabulary.most_common(SALAD_VOCABULARY)]
        state = table.start()
        chosen: list[str] = []
        for _ in range(SALAD_WORDS):
            options = ((table.extend(state, word), word) for word in frequent)
            state, word = max(options, key=lambda option: table.mean_f1(option[0], len(chosen) + 1))
            chosen.append(word)
        self.answer = " ".join(chosen)

    def reply(self, messages: Sequence[Message]) -> str:
        return self.answer


class CopyOfficer(Baseline):
    """The officer's last words, said back."""

    name = "copy-officer"

    def reply(self, messages: Sequence[Message]) -> str:
        return messages[-1]["content"]


class RepeatCivilian(Baseline):
    """The civilian's previous turn again; nothing where there is none."""

    name = "repeat-civilian"

    def reply(self, messages: Sequence[Message]) -> str:
        own = [message["content"] for message in messages if message["role"] == "assistant"]
        return own[-1] if own else ""


class Retrieval(Baseline):
    """The reply that followed the most similar officer turn of train, by TF-IDF cosine."""

    name = "retrieval"

    def __init__(self, pairs: Sequence[Pair]) -> None:
        super().__init__(pairs)
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._vectorizer = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2))
        self._index = self._vectorizer.fit_transform([officer for officer, _ in pairs])

    def reply(self, messages: Sequence[Message]) -> str:
        query = self._vectorizer.transform([messages[-1]["content"]])
        similarity = (self._index @ query.T).toarray().ravel()
        return self.pairs[int(similarity.argmax())][1]


class RandomTrainReply(Baseline):
    """A train reply drawn by a hash of the conversation: random, and the same at every run."""

    name = "random-train-reply"

    def reply(self, messages: Sequence[Message]) -> str:
        digest = hashlib.sha256(json.dumps(list(messages), sort_keys=True).encode()).digest()
        return self.pairs[int.from_bytes(digest[:8]) % len(self.pairs)][1]


BASELINES: dict[str, type[Baseline]] = {
    kind.name: kind for kind in (Constant, Salad, CopyOfficer, RepeatCivilian, Retrieval, RandomTrainReply)
}


class BaselineLM(LM):
    """A baseline behind lm-eval's model interface. Its chat template is the messages as JSON."""

    tokenizer_name = BASELINE_ORG

    def __init__(self, baseline: Baseline) -> None:
        super().__init__()
        self.baseline = baseline

    def apply_chat_template(self, chat_history, add_generation_prompt: bool = True) -> str:
        return json.dumps(chat_history, ensure_ascii=False)

    def chat_template(self, chat_template=False) -> str:
        return ""

    def generate_until(self, requests, disable_tqdm: bool = False) -> list[str]:
        # A reply ends at the first line break by the task's rule, so the joined lines of a turn become one.
        return [" ".join(self.baseline.reply(json.loads(r.args[0])).split()) for r in requests]

    def loglikelihood(self, requests, disable_tqdm: bool = False):
        raise NotImplementedError("a baseline only generates")

    def loglikelihood_rolling(self, requests, disable_tqdm: bool = False):
        raise NotImplementedError("a baseline only generates")


def fit(name: str, pairs: Sequence[Pair]) -> Baseline:
    """Fit the baseline called ``name`` (without its ``baseline/`` prefix) on train pairs.

    Raises:
        EvaluationError: no such baseline, or no train pairs.
    """
    if name not in BASELINES:
        raise EvaluationError(f"baseline/{name} does not exist. There are: {', '.join(BASELINES)}.")
    if not pairs:
        raise EvaluationError(f"baseline/{name} is fitted on the train split, which has no items here.")
    return BASELINES[name](pairs)
