"""Scores, intervals and ranks from per-scenario sums: plain functions on arrays. Who is tied with whom is in ``ranking.py``.

Items of one encounter are not independent, so every interval resamples whole scenarios; ignoring that halves
it (CORPUS.md § 5). Paired by construction: all models of a board are resampled with the same draws.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from submissions.schema import MEAN_METRICS, METRICS, ScenarioSums

N_RESAMPLES = 2000
SEED = 20260413
BLEU_ORDER = 4

Floats = NDArray[np.float64]


def _mean_sums(rows: Sequence[ScenarioSums]) -> dict[str, Floats]:
    sums = {metric: np.array([getattr(row, metric) for row in rows], float) for metric in MEAN_METRICS}
    of_bleu = [row.bleu_4_mean for row in rows]
    return sums if None in of_bleu else sums | {"bleu_4": np.array(of_bleu, float)}


@dataclass(frozen=True)
class ScenarioStatistics:
    """Sufficient statistics of one model over S scenarios.

    ``n_items``: (S,). ``means``: metric → (S,) sums of item values, BLEU-4 among them where the protocol's is a mean. ``bleu``: (S, 10) matched and
    predicted n-gram counts of orders 1–4, predicted length, reference length.
    """

    scenario_ids: tuple[str, ...]
    n_items: Floats
    means: Mapping[str, Floats]
    bleu: Floats

    @classmethod
    def from_rows(cls, rows: Sequence[ScenarioSums]) -> "ScenarioStatistics":
        """From a result's ``per_scenario``, sorted by scenario id."""
        ordered = sorted(rows, key=lambda row: row.scenario_id)
        return cls(
            tuple(row.scenario_id for row in ordered),
            np.array([row.n_items for row in ordered], float),
            _mean_sums(ordered),
            np.array(
                [[*row.bleu_4.correct, *row.bleu_4.total, row.bleu_4.sys_len, row.bleu_4.ref_len] for row in ordered],
                float,
            ),
        )


def corpus_bleu(sums: Floats) -> Floats:
    """sacreBLEU's corpus BLEU (exponential smoothing, no effective order) ×100 from summed statistics.

    Args:
        sums: (…, 10) as in :class:`ScenarioStatistics`.

    Returns:
        (…,) scores. Equal to ``sacrebleu.BLEU.compute_bleu`` (2.6.0).
    """
    correct, total = sums[..., :BLEU_ORDER], sums[..., BLEU_ORDER : 2 * BLEU_ORDER]
    sys_len, ref_len = sums[..., -2], sums[..., -1]
    unmatched = (correct == 0) & (total > 0)
    # The k-th order without a match counts as 1 / 2^k matches (mteval's smoothing).
    smoothed = np.where(unmatched, 0.5 ** np.cumsum(unmatched, axis=-1), correct)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_precision = np.log(smoothed) - np.log(total)
        brevity = np.where(sys_len < ref_len, 1 - ref_len / sys_len, 0.0)
        score = 100 * np.exp(brevity + log_precision.mean(axis=-1))
    defined = (total > 0).all(axis=-1) & (correct > 0).any(axis=-1)
    return np.where(defined, score, 0.0)


def scores(statistics: ScenarioStatistics, weights: Floats | None = None) -> dict[str, Floats]:
    """Micro scores over scenarios, each counted ``weights`` times.

    Args:
        statistics: of one model, S scenarios.
        weights: (R, S) counts of each scenario in R resamples; one draw of each unless given.

    Returns:
        metric → (R,) scores.
    """
    drawn = np.ones((1, len(statistics.n_items))) if weights is None else weights
    n_items = drawn @ statistics.n_items
    result = {metric: drawn @ sums / n_items for metric, sums in statistics.means.items()}
    result.setdefault("bleu_4", corpus_bleu(drawn @ statistics.bleu))
    return {metric: result[metric] for metric in METRICS}


def scenario_scores(statistics: ScenarioStatistics) -> dict[str, Floats]:
    """metric → (S,) the model's score on each scenario alone."""
    result = {metric: sums / statistics.n_items for metric, sums in statistics.means.items()}
    result.setdefault("bleu_4", corpus_bleu(statistics.bleu))
    return {metric: result[metric] for metric in METRICS}


def resample(n_scenarios: int, n_resamples: int = N_RESAMPLES, seed: int = SEED) -> Floats:
    """(R, S) bootstrap counts: how often each scenario is drawn. The same for every model of a board."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(n_scenarios, np.full(n_scenarios, 1 / n_scenarios), size=n_resamples).astype(float)


@dataclass(frozen=True)
class Interval:
    """A score, its 95 % percentile interval (widened to hold the score), and the macro mean over scenarios."""

    value: float
    low: float
    high: float
    macro: float


def intervals(statistics: ScenarioStatistics) -> dict[str, Interval]:
    """metric → score with its bootstrap interval over scenarios."""
    point = scores(statistics)
    drawn = scores(statistics, resample(len(statistics.n_items)))
    each = scenario_scores(statistics)
    result = {}
    for metric in METRICS:
        value = float(point[metric][0])
        low, high = np.percentile(drawn[metric], [2.5, 97.5])
        result[metric] = Interval(value, min(value, float(low)), max(value, float(high)), float(each[metric].mean()))
    return result


def places_and_ranks(keys: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Order M models in each of R columns, the lowest key first; keys equal to nine decimals are ties.

    Args:
        keys: (M, R).

    Returns:
        (M, R) places, where ties share the better one (1, 2, 2, 4), and (M, R) ranks, where they share the mean (1, 2.5, 2.5, 4).
    """
    columns = np.round(keys.T, 9)
    order = columns.argsort(axis=1, kind="stable")
    ordered = np.take_along_axis(columns, order, axis=1)
    is_new = np.ones(ordered.shape, bool)
    is_new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    is_last = np.ones(ordered.shape, bool)
    is_last[:, :-1] = is_new[:, 1:]
    index = np.arange(len(keys))
    first = np.maximum.accumulate(np.where(is_new, index, 0), axis=1)
    last = np.minimum.accumulate(np.where(is_last, index, len(keys))[:, ::-1], axis=1)[:, ::-1]
    places, ranks = np.empty_like(first), np.empty(first.shape)
    np.put_along_axis(places, order, first + 1, axis=1)
    np.put_along_axis(ranks, order, (first + last) / 2 + 1, axis=1)
    return places.T, ranks.T
