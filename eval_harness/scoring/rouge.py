"""ROUGE-L: F1 of the longest common subsequence of words, by Google's ``rouge_score``, without stemming, ×100."""

from collections.abc import Sequence
from importlib.metadata import version

from rouge_score.rouge_scorer import RougeScorer

from eval_harness.scoring.base import SCORING_VERSION, ItemScore, Metric, check_lengths, is_empty


class RougeL(Metric):
    """Mean over items of rougeL.fmeasure ×100."""

    name = "rouge_l"

    def __init__(self) -> None:
        self._scorer = RougeScorer(["rougeL"], use_stemmer=False)

    @property
    def signature(self) -> str:
        return f"rouge_l|f1|nostem|rouge_score:{version('rouge_score')}|{SCORING_VERSION}"

    def score(self, predictions: Sequence[str], references: Sequence[str]) -> list[ItemScore]:
        check_lengths(predictions, references)
        return [self._pair(prediction, ref) for prediction, ref in zip(predictions, references, strict=True)]

    def _pair(self, prediction: str, reference: str) -> ItemScore:
        if is_empty(prediction) or is_empty(reference):
            return ItemScore(0.0, (0.0,))
        value = 100 * self._scorer.score(reference, prediction)["rougeL"].fmeasure
        return ItemScore(value, (value,))
