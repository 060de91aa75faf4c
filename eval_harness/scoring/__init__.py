"""The four metrics, each from the field's own library, per item and with sufficient statistics that add up.

``METRICS``, from the ledger's schema, names them in the order of every table. See ``base.py`` for what a metric is.
"""

from collections.abc import Callable

from eval_harness.scoring.base import ItemScore, Metric
from eval_harness.scoring.bertscore import BERTScore, Encoder, use_encoder
from eval_harness.scoring.bleu import BLEU4
from eval_harness.scoring.meteor import METEOR
from eval_harness.scoring.rouge import RougeL
from submissions.schema import METRICS

__all__ = [
    "BLEU4",
    "METEOR",
    "METRICS",
    "BERTScore",
    "Encoder",
    "ItemScore",
    "Metric",
    "RougeL",
    "make_metric",
    "use_encoder",
]


def make_metric(name: str) -> Metric:
    """The metric of that name with its ranked settings (the BERTScore encoder from the environment)."""
    kinds: dict[str, Callable[[], Metric]] = {
        "rouge_l": RougeL,
        "bleu_4": BLEU4,
        "meteor": METEOR,
        "bertscore": BERTScore,
    }
    return kinds[name]()
