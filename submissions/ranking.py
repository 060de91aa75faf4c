"""Who is ahead of whom on a board, and how sure that is: plain functions on arrays.

In: the per-scenario sums of M models over the same S scenarios. Out: :class:`Ranking`. Every comparison is paired: all models
are resampled with the same R draws of scenarios, so what makes a scenario easy for all of them cancels.

A rank range describes one model; a tie describes a comparison. Groups of ties have a fixed anchor, the group's leader: with
an anchor that moves along the table everybody would be tied with everybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from submissions.schema import MEAN_METRICS, METRICS
from submissions.statistics import (
    Floats,
    ScenarioStatistics,
    corpus_bleu,
    places_and_ranks,
    resample,
    scenario_scores,
)

ALPHA = 0.05
"""Family-wise error rate of the tests against a group's leader."""
CHUNK = 32
"""Models whose BLEU is resampled at a time: its ten sums a draw are what needs memory."""

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Order:
    """One way to order M models. ``key``: (M,) what it goes by, lower is better. ``place``, ``low``, ``high``: (M,) the place,
    1 for the best, and the range that holds 95 % of the bootstrap's places.

    ``keeps_top``: share of draws in which a model that leads still leads. ``tau``: Kendall's τ-b with the board's own order.
    """

    key: Floats
    place: Integers
    low: Integers
    high: Integers
    keeps_top: float
    tau: float


@dataclass(frozen=True)
class Ranking:
    """A board's ranking. Arrays over metrics are in the order of ``METRICS``.

    ``value``, ``low``, ``high``: (4, M) scores with their 95 % intervals. ``by_metric``: one order a metric. ``tied``: (4, M) not
    separable from the metric's leader. ``overall``: by mean rank over the four. ``borda``: see :func:`ballots`. ``group``: (M,)
    1 for the models that are not separable from the overall leader, 2 for those of the rest that are not separable from the
    best of the rest, and so on. ``drawn_ranks``: (4, M, 1 + R) each metric's ranks, the observed ones first, then each draw's;
    doubled, because ties share half ranks.
    """

    value: Floats
    low: Floats
    high: Floats
    by_metric: tuple[Order, ...]
    tied: NDArray[np.bool_]
    overall: Order
    borda: Order
    group: Integers
    drawn_ranks: NDArray[np.uint16]


def rank(models: Sequence[ScenarioStatistics]) -> Ranking:
    """Rank models that were measured on the same scenarios; the order they come in does not matter.

    Raises:
        ValueError: no model, or other scenarios.
    """
    if not models:
        raise ValueError("nothing to rank")
    first = models[0]
    if any(m.scenario_ids != first.scenario_ids or not np.array_equal(m.n_items, first.n_items) for m in models):
        raise ValueError("models measured on different scenarios cannot be ranked together")
    n_scenarios = len(first.n_items)
    # The first column is the observed sample, the rest are the draws.
    weights = np.vstack([np.ones(n_scenarios), resample(n_scenarios)])
    drawn = _drawn(models, weights)
    placed = [places_and_ranks(-own) for own in drawn]
    ranks = np.array([own for _, own in placed])
    mean_rank = ranks.mean(axis=0)
    overall = _order(mean_rank, places_and_ranks(mean_rank)[0])
    borda = -borda_points(models, weights)
    value = drawn[:, :, 0]
    low, high = np.percentile(drawn[:, :, 1:], [2.5, 97.5], axis=2)
    return Ranking(
        value,
        np.minimum(value, low),
        np.maximum(value, high),
        tuple(_order(-own, place) for own, (place, _) in zip(drawn, placed, strict=True)),
        np.array([_tied(-own, n_scenarios) for own in drawn]),
        overall,
        _order(borda, places_and_ranks(borda)[0], mean_rank[:, 0]),
        tie_groups(mean_rank, n_scenarios),
        (2 * ranks).astype(np.uint16),
    )


def _drawn(models: Sequence[ScenarioStatistics], weights: Floats) -> Floats:
    """(4, M, R) scores of each model with each row of ``weights``, as ``statistics.scores`` gives them one by one."""
    result = np.empty((len(METRICS), len(models), len(weights)))
    n_items = weights @ models[0].n_items
    for metric in MEAN_METRICS:
        result[METRICS.index(metric)] = np.array([model.means[metric] for model in models]) @ weights.T / n_items
    for start in range(0, len(models), CHUNK):
        counts = np.stack([model.bleu for model in models[start : start + CHUNK]], axis=1)
        sums = np.tensordot(weights, counts, axes=1)
        result[METRICS.index("bleu_4"), start : start + CHUNK] = corpus_bleu(sums).T
    return result


def _order(keys: Floats, place: Integers, reference: Floats | None = None) -> Order:
    """The order by ``keys``: (M, 1 + R), lower is better, the observed ones first; ``place``: (M, 1 + R) theirs.

    ``reference``: (M,) keys of the order to compare with.
    """
    own, drawn = place[:, 0], place[:, 1:]
    low = np.minimum(own, np.percentile(drawn, 2.5, axis=1, method="lower"))
    high = np.maximum(own, np.percentile(drawn, 97.5, axis=1, method="higher"))
    return Order(
        keys[:, 0],
        own,
        low.astype(np.int64),
        high.astype(np.int64),
        float((drawn[own == 1] == 1).any(axis=0).mean()),
        1.0 if reference is None else kendall_tau(keys[:, 0], reference),
    )


def ballots(models: Sequence[ScenarioStatistics]) -> Floats:
    """(4, S, M) points: on each scenario, by each metric, a model gets a point for every model it beats, half a one for a tie."""
    each = [scenario_scores(model) for model in models]
    by_metric = [np.array([own[metric] for own in each]) for metric in METRICS]
    return np.array([(len(models) - places_and_ranks(-own)[1]).T for own in by_metric])


def borda_points(models: Sequence[ScenarioStatistics], weights: Floats) -> Floats:
    """(M, R) Borda count as a share of all points to be had: each scenario by each metric is one ballot.

    Over four metrics alone a Borda count orders exactly like the mean rank; over scenarios it does not, and no scenario
    counts more for being longer.
    """
    points = ballots(models).mean(axis=0)
    possible = max(len(models) - 1, 1) * weights.sum(axis=1)
    return (weights @ points / possible[:, None]).T


def weighted_order(drawn_ranks: NDArray[np.uint16], weights: Sequence[float], default: Floats) -> Order:
    """Order by a reader's own weights of the four metrics' ranks.

    Args:
        drawn_ranks: (4, M, 1 + R) as in :class:`Ranking`.
        weights: one a metric, not negative, not all zero.
        default: (M,) keys of the board's own order, to compare with.

    Raises:
        ValueError: weights that order nothing.
    """
    share = np.array(weights, float)
    if share.shape != (len(METRICS),) or not np.isfinite(share).all() or (share < 0).any() or share.sum() == 0:
        raise ValueError("weights must be four numbers, none negative, not all zero")
    keys = np.tensordot(share / share.sum(), drawn_ranks, axes=1) / 2
    return _order(keys, places_and_ranks(keys)[0], default)


def kendall_tau(first: Floats, second: Floats) -> float:
    """Kendall's τ-b between two orders of the same M models; 1 where neither order tells any two apart."""
    x = np.sign(first[:, None] - first[None, :])
    y = np.sign(second[:, None] - second[None, :])
    pairs = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum()) / pairs if pairs else 1.0


def p_values(difference: Floats, drawn: Floats, n_scenarios: int) -> Floats:
    """Two-sided p of each paired difference being zero: Student's t with S − 1 degrees of freedom on the observed difference over
    its standard deviation over the draws. A share of draws could not go below 1 / R, which no correction for many models survives.

    Args:
        difference: (M,) observed differences.
        drawn: (M, R) the same differences in each draw.
    """
    from scipy.special import stdtr

    error = drawn.std(axis=1, ddof=1)
    equal = np.abs(difference) < 1e-12
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(equal, 0.0, np.abs(difference) / error)
    return 2 * stdtr(max(n_scenarios - 1, 1), -t)


def holm(p: Floats) -> Floats:
    """Holm's adjusted p values: reject where they are below the family-wise error rate."""
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def _tied(keys: Floats, n_scenarios: int) -> NDArray[np.bool_]:
    """(M,) whether each model cannot be told from the leader; ``keys``: (M, 1 + R), lower is better, the observed ones first."""
    # Of several that lead exactly, the one that leads in the draws: no matter in which order they come.
    leader = np.lexsort([keys[:, 1:].mean(axis=1), keys[:, 0]])[0]
    others = np.arange(len(keys)) != leader
    away = keys[others] - keys[leader]
    tied = np.ones(len(keys), bool)
    tied[others] = holm(p_values(away[:, 0], away[:, 1:], n_scenarios)) >= ALPHA
    return tied


def tie_groups(keys: Floats, n_scenarios: int) -> Integers:
    """(M,) numbers of groups whose members cannot be told from their group's leader, best group first.

    Args:
        keys: (M, 1 + R) what is ordered by, lower is better, the observed ones first.
    """
    group = np.zeros(len(keys), int)
    left, number = np.arange(len(keys)), 0
    while left.size:
        number += 1
        tied = _tied(keys[left], n_scenarios)
        group[left[tied]] = number
        left = left[~tied]
    return group
