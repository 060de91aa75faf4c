"""Paired differences between models measured on the same scenarios. Plain functions on plain data."""

from dataclasses import dataclass

import numpy as np

from leaderboard_app.snapshot import Row
from submissions.ranking import ALPHA, holm, p_values
from submissions.schema import METRICS
from submissions.statistics import ScenarioStatistics, resample, scores


@dataclass(frozen=True)
class Difference:
    """Second model minus first: its 95 % bootstrap interval over scenarios, and a two-sided p-value."""

    value: float
    low: float
    high: float
    p: float


def differences(first: ScenarioStatistics, second: ScenarioStatistics) -> dict[str, Difference]:
    """metric → difference of two models, both resampled with the same draws; tested as the board tests its ties.

    Raises:
        ValueError: the models were not measured on the same scenarios.
    """
    if first.scenario_ids != second.scenario_ids:
        raise ValueError("models measured on different scenarios cannot be paired")
    n_scenarios = len(first.n_items)
    weights = np.vstack([np.ones(n_scenarios), resample(n_scenarios)])
    own, other = scores(first, weights), scores(second, weights)
    found = {}
    for metric in METRICS:
        gaps = other[metric] - own[metric]
        value, drawn = float(gaps[0]), gaps[1:]
        low, high = (float(edge) for edge in np.percentile(drawn, [2.5, 97.5]))
        p = float(p_values(gaps[:1], drawn[None], n_scenarios)[0])
        found[metric] = Difference(value, min(low, value), max(high, value), p)
    return found


def adjust(p: list[float]) -> list[float]:
    """Holm's adjusted p-values of tests that are read together; told apart below :data:`ALPHA`."""
    return holm(np.array(p)).tolist() if p else []


def told_apart(adjusted: float) -> bool:
    """Whether an adjusted p-value is below the level that the board's ties use."""
    return adjusted < ALPHA


def statistics_of(row: Row) -> ScenarioStatistics:
    """The sums behind a row.

    Raises:
        LedgerError: its file went away.
    """
    return ScenarioStatistics.from_rows(row.result.per_scenario)
