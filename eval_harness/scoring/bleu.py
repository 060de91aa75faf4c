"""BLEU-4: sacreBLEU over the corpus (13a tokens, exponential smoothing, its defaults), ×100.

Corpus BLEU is not a mean of item values, so an item's statistics are its n-gram counts: they add up to a
scenario's and to the corpus's. An item's own value is sacreBLEU's sentence score (effective order).
"""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.helpers import extract_all_word_ngrams
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

from eval_harness.scoring.base import SCORING_VERSION, ItemScore, Metric, check_lengths

ORDER = 4
_tokenise = Tokenizer13a()


@lru_cache(maxsize=65536)
def _grams(text: str) -> tuple[Counter[tuple[str, ...]], int]:
    """Counts of a text's n-grams of orders 1–4, and its number of tokens."""
    return extract_all_word_ngrams(_tokenise(text.rstrip()), 1, ORDER)


@lru_cache(maxsize=65536)
def pair_score(prediction: str, reference: str) -> ItemScore:
    """What ``BLEU(effective_order=True).sentence_score`` counts and computes."""
    (said, sys_len), (wanted, ref_len) = _grams(prediction), _grams(reference)
    correct = [0] * ORDER
    for gram in said.keys() & wanted.keys():
        correct[len(gram) - 1] += min(said[gram], wanted[gram])
    total = [max(sys_len - order, 0) for order in range(ORDER)]
    found = BLEU.compute_bleu(correct, total, sys_len, ref_len, smooth_method="exp", effective_order=True)
    return ItemScore(found.score, (*map(float, correct), *map(float, total), float(sys_len), float(ref_len)))


class BLEU4(Metric):
    """Corpus BLEU. ``statistics``: 4 matched counts, 4 predicted counts, predicted length, reference length."""

    name = "bleu_4"

    @property
    def signature(self) -> str:
        settings = "corpus|case:mixed|eff:no|tok:13a|smooth:exp"
        return f"bleu_4|{settings}|sacrebleu:{version('sacrebleu')}|{SCORING_VERSION}"

    def score(self, predictions: Sequence[str], references: Sequence[str]) -> list[ItemScore]:
        check_lengths(predictions, references)
        return [
            pair_score(prediction, reference) for prediction, reference in zip(predictions, references, strict=True)
        ]

    def aggregate(self, scores: Sequence[ItemScore]) -> float:
        if not scores:
            return 0.0
        sums = [int(sum(column)) for column in zip(*(score.statistics for score in scores), strict=True)]
        correct, total, (sys_len, ref_len) = sums[:ORDER], sums[ORDER : 2 * ORDER], sums[2 * ORDER :]
        return BLEU.compute_bleu(correct, total, sys_len, ref_len, smooth_method="exp").score
