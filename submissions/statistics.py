"""Scores, intervals and ranks from per-scenario sums: plain functions on arrays.

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


@dataclass(frozen=True)
class ScenarioStatistics:
    """Sufficient statistics of one model over S scenarios.

    ``n_items``: (S,). ``means``: metric → (S,) sums of item values. ``bleu``: (S, 10) matched and
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
            {metric: np.array([getattr(row, metric) for row in ordered], float) for metric in MEAN_METRICS},
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
    result["bleu_4"] = corpus_bleu(drawn @ statistics.bleu)
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
    each = {metric: sums / statistics.n_items for metric, sums in statistics.means.items()}
    each["bleu_4"] = corpus_bleu(statistics.bleu)
    result = {}
    for metric in METRICS:
        value = float(point[metric][0])
        low, high = np.percentile(drawn[metric], [2.5, 97.5])
        result[metric] = Interval(value, min(value, float(low)), max(value, float(high)), float(each[metric].mean()))
    return result


def ranks(values: Floats) -> Floats:
    """Ranks of M models in each of R columns, 1 for the highest value; equal values share their mean rank.

    Args:
        values: (M, R) scores, higher is better.

    Returns:
        (M, R) ranks from 1 to M.
    """
    result = np.empty_like(values, dtype=float)
    for column in range(values.shape[1]):
        own = values[:, column]
        ordered = np.sort(own)
        below = np.searchsorted(ordered, own, "left")
        not_above = np.searchsorted(ordered, own, "right")
        result[:, column] = len(own) - not_above + (not_above - below + 1) / 2
    return result


def places(mean_ranks: Floats) -> Floats:
    """Places of M models in each of R columns by mean rank, 1 for the lowest; exact ties share the better place."""
    rounded = np.round(mean_ranks, 9)
    columns = [np.searchsorted(np.sort(own), own, "left") + 1 for own in rounded.T]
    return np.array(columns, dtype=float).T


@dataclass(frozen=True)
class Standing:
    """Place of one model on a board. ``rank_low``–``rank_high``: 95 % of the paired bootstrap's ranks."""

    mean_rank: float
    rank: int
    rank_low: int
    rank_high: int


def standings(models: Sequence[ScenarioStatistics]) -> list[Standing]:
    """Overall standing of each model by its mean rank over the four metrics.

    Raises:
        ValueError: the models were not measured on the same scenarios.
    """
    if not models:
        return []
    if any(model.scenario_ids != models[0].scenario_ids for model in models):
        raise ValueError("models measured on different scenarios cannot be ranked together")
    weights = np.vstack([np.ones(len(models[0].n_items)), resample(len(models[0].n_items))])
    drawn = [scores(model, weights) for model in models]
    mean_rank = np.mean([ranks(np.array([own[metric] for own in drawn])) for metric in METRICS], axis=0)
    place = places(mean_rank)
    low = np.percentile(place[:, 1:], 2.5, axis=1, method="lower")
    high = np.percentile(place[:, 1:], 97.5, axis=1, method="higher")
    return [
        Standing(float(mean), int(own), int(min(own, lo)), int(max(own, hi)))
        for mean, own, lo, hi in zip(mean_rank[:, 0], place[:, 0], low, high, strict=True)
    ]
