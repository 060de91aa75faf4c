"""ROUGE-L: F1 of the longest common subsequence of words, by Google's ``rouge_score``, without stemming, ×100."""

from importlib.metadata import version

from rouge_score.rouge_scorer import RougeScorer

from eval_harness.scoring.base import SCORING_VERSION, PairwiseMetric


class RougeL(PairwiseMetric):
    """Mean over items of rougeL.fmeasure ×100."""

    name = "rouge_l"

    def __init__(self) -> None:
        self._scorer = RougeScorer(["rougeL"], use_stemmer=False)

    @property
    def signature(self) -> str:
        return f"rouge_l|f1|nostem|rouge_score:{version('rouge_score')}|{SCORING_VERSION}"

    def pair_value(self, prediction: str, reference: str) -> float:
        return 100 * self._scorer.score(reference, prediction)["rougeL"].fmeasure
