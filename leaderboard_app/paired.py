"""Paired differences between models measured on the same scenarios. Plain functions on plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from leaderboard_app.snapshot import Row
from submissions.schema import METRICS
from submissions.statistics import Floats, ScenarioStatistics, corpus_bleu, resample, scores

SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class Difference:
    """Second model minus first: its 95 % bootstrap interval over scenarios, and a two-sided p-value."""

    value: float
    low: float
    high: float
    p: float


def differences(first: ScenarioStatistics, second: ScenarioStatistics) -> dict[str, Difference]:
    """metric → difference of two models, both resampled with the same draws.

    ``p`` is twice the smaller share of draws on either side of zero, with one added to both counts so that it is never 0.

    Raises:
        ValueError: the models were not measured on the same scenarios.
    """
    if first.scenario_ids != second.scenario_ids:
        raise ValueError("models measured on different scenarios cannot be paired")
    draws = resample(len(first.n_items))
    point_first, point_second = scores(first), scores(second)
    drawn_first, drawn_second = scores(first, draws), scores(second, draws)
    found = {}
    for metric in METRICS:
        value = float(point_second[metric][0] - point_first[metric][0])
        drawn = drawn_second[metric] - drawn_first[metric]
        low, high = (float(edge) for edge in np.percentile(drawn, [2.5, 97.5]))
        rarer = min(np.count_nonzero(drawn <= 0), np.count_nonzero(drawn >= 0))
        p = min(1.0, 2 * (rarer + 1) / (len(drawn) + 1))
        found[metric] = Difference(value, min(low, value), max(high, value), p)
    return found


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment: the chance of any false alarm among all these tests stays below the level."""
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def statistics_of(row: Row) -> ScenarioStatistics:
    """The sums behind a row."""
    return ScenarioStatistics.from_rows(row.result.per_scenario)


def scenario_scores(statistics: ScenarioStatistics) -> Mapping[str, Floats]:
    """metric → (S,) score of each scenario by itself."""
    each = {metric: sums / statistics.n_items for metric, sums in statistics.means.items()}
    return {**each, "bleu_4": corpus_bleu(statistics.bleu)}
