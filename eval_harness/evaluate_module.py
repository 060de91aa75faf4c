"""Common part of the four ``evaluate`` modules in ``metrics/``: description, inputs, and the call into ``scoring``."""

import datasets
import evaluate

from eval_harness.scoring import make_metric

CITATION = "@misc{deescalwild2026, title={DeEscalWild}, eprint={2604.13075}, archivePrefix={arXiv}, year={2026}}"


class ScoringModule(evaluate.Metric):
    """``compute(predictions=[…], references=[…])`` → ``{metric: score, "items": [one value a pair], "signature": …}``."""

    metric: str

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=make_metric(self.metric).__class__.__doc__ or self.metric,
            citation=CITATION,
            inputs_description="predictions and references: lists of strings of one length",
            features=datasets.Features(
                {"predictions": datasets.Value("string"), "references": datasets.Value("string")}
            ),
        )

    def _compute(self, predictions: list[str], references: list[str]) -> dict:
        metric = make_metric(self.metric)
        scores = metric.score(predictions, references)
        return {
            self.metric: metric.aggregate(scores),
            "items": [score.value for score in scores],
            "signature": metric.signature,
        }
