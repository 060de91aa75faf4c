"""What a metric is: a name, a signature that cannot be separated from its numbers, and scores per item."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

SCORING_VERSION = "v1"
"""Part of every signature. Any change that moves a value bumps it."""


@dataclass(frozen=True)
class ItemScore:
    """Score of one prediction.

    ``value`` is on the metric's own scale. ``statistics`` are what is added up over items to aggregate: the value
    itself for metrics that are means, n-gram counts for corpus BLEU.
    """

    value: float
    statistics: tuple[float, ...]


def is_empty(text: str) -> bool:
    """Whether a text has nothing to score. An empty prediction or reference scores 0 in every metric."""
    return not text.strip()


class Metric(ABC):
    """A metric over (prediction, reference) pairs."""

    name: str

    @property
    @abstractmethod
    def signature(self) -> str:
        """Everything a value depends on, in the style of sacreBLEU. Equal signatures may be compared."""

    @abstractmethod
    def score(self, predictions: Sequence[str], references: Sequence[str]) -> list[ItemScore]:
        """Score pairs in one batch.

        Raises:
            ValueError: the two lists differ in length.
        """

    def aggregate(self, scores: Sequence[ItemScore]) -> float:
        """Score of a set of items: their mean unless the metric says otherwise; 0 for none."""
        return sum(score.value for score in scores) / len(scores) if scores else 0.0


def check_lengths(predictions: Sequence[str], references: Sequence[str]) -> None:
    """Raise ValueError unless there is one reference a prediction."""
    if len(predictions) != len(references):
        raise ValueError(f"{len(predictions)} predictions for {len(references)} references; give one each.")


class PairwiseMetric(Metric):
    """A metric whose aggregate is the mean of one value a pair."""

    @abstractmethod
    def pair_value(self, prediction: str, reference: str) -> float:
        """Value of one pair; neither side is empty."""

    def score(self, predictions: Sequence[str], references: Sequence[str]) -> list[ItemScore]:
        check_lengths(predictions, references)
        pairs = list(zip(predictions, references, strict=True))
        # Short answers to short questions: a tenth of all pairs have come before.
        values = {
            pair: 0.0 if is_empty(pair[0]) or is_empty(pair[1]) else self.pair_value(*pair)
            for pair in dict.fromkeys(pairs)
        }
        return [ItemScore(values[pair], (values[pair],)) for pair in pairs]
