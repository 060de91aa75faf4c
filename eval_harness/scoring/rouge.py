"""ROUGE-L: F1 of the longest common subsequence of words, as Google's ``rouge_score`` defines it, without stemming, ×100.

``rouge_score`` tokenises. Its table of n × m cells is not needed for a length, which bit-parallel addition gives a row at a time.
"""

from functools import lru_cache
from importlib.metadata import version

from rouge_score import scoring
from rouge_score.tokenizers import DefaultTokenizer

from eval_harness.scoring.base import SCORING_VERSION, PairwiseMetric

_tokens = lru_cache(maxsize=65536)(DefaultTokenizer(use_stemmer=False).tokenize)


def lcs_length(first: list[str], second: list[str]) -> int:
    """Length of the longest common subsequence (Hyyrö 2004: a column of the table is one integer, a bit a word of ``first``)."""
    places: dict[str, int] = {}
    for index, word in enumerate(first):
        places[word] = places.get(word, 0) | 1 << index
    everything = column = (1 << len(first)) - 1
    for word in second:
        matches = column & places.get(word, 0)
        column = (column + matches | column - matches) & everything
    return len(first) - column.bit_count()


class RougeL(PairwiseMetric):
    """Mean over items of rougeL.fmeasure ×100."""

    name = "rouge_l"

    @property
    def signature(self) -> str:
        return f"rouge_l|f1|nostem|rouge_score:{version('rouge_score')}|{SCORING_VERSION}"

    def pair_value(self, prediction: str, reference: str) -> float:
        said, wanted = _tokens(prediction), _tokens(reference)
        if not said or not wanted:
            return 0.0
        common = lcs_length(wanted, said)
        return 100 * scoring.fmeasure(common / len(said), common / len(wanted))
