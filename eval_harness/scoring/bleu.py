"""BLEU-4: sacreBLEU over the corpus (13a tokens, exponential smoothing, its defaults), ×100.

Corpus BLEU is not a mean of item values, so an item's statistics are its n-gram counts: they add up to a
scenario's and to the corpus's. An item's own value is sacreBLEU's sentence score (effective order).
"""

from collections.abc import Sequence
from importlib.metadata import version

from sacrebleu.metrics.bleu import BLEU

from eval_harness.scoring.base import SCORING_VERSION, ItemScore, Metric, check_lengths

ORDER = 4


class BLEU4(Metric):
    """Corpus BLEU. ``statistics``: 4 matched counts, 4 predicted counts, predicted length, reference length."""

    name = "bleu_4"

    def __init__(self) -> None:
        self._sentence = BLEU(effective_order=True)

    @property
    def signature(self) -> str:
        settings = "corpus|case:mixed|eff:no|tok:13a|smooth:exp"
        return f"bleu_4|{settings}|sacrebleu:{version('sacrebleu')}|{SCORING_VERSION}"

    def score(self, predictions: Sequence[str], references: Sequence[str]) -> list[ItemScore]:
        check_lengths(predictions, references)
        return [self._pair(prediction, ref) for prediction, ref in zip(predictions, references, strict=True)]

    def _pair(self, prediction: str, reference: str) -> ItemScore:
        found = self._sentence.sentence_score(prediction, [reference])
        return ItemScore(
            found.score,
            (
                *map(float, found.counts),
                *map(float, found.totals),
                float(found.sys_len),
                float(found.ref_len),
            ),
        )

    def aggregate(self, scores: Sequence[ItemScore]) -> float:
        if not scores:
            return 0.0
        sums = [int(sum(column)) for column in zip(*(score.statistics for score in scores), strict=True)]
        correct, total, (sys_len, ref_len) = sums[:ORDER], sums[ORDER : 2 * ORDER], sums[2 * ORDER :]
        return BLEU.compute_bleu(correct, total, sys_len, ref_len, smooth_method="exp").score
