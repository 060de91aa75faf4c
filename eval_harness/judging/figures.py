"""Verdicts → figures: what model and people got, how far the judge can be trusted. Pure.

Items of one encounter are not independent, so intervals are over scenarios: means by the board's own bootstrap, shares by Wilson's
interval with the effective number of items (a bootstrap of a share of 0 or 1 has no width, and says that it is certain).
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from eval_harness.judging.rubrics import Rubric
from eval_harness.judging.verdicts import Verdict
from submissions.judgement import Estimate, Position, Side
from submissions.statistics import resample

Z = 1.959964
Value = tuple[str, float]
"""Scenario id and a figure of one item or request."""


@dataclass(frozen=True)
class ItemScores:
    """Scores of one item, each the mean over its valid requests; ``human`` is None for an item that was not asked about."""

    scenario_id: str
    model: float
    human: float | None
    model_passes: float
    human_passes: float | None
    human_preferred: float | None


def score_items(verdicts: Sequence[Verdict], empty: Iterable[tuple[str, str]], rubric: Rubric) -> list[ItemScores]:
    """Scores of all items that have a valid verdict, or an empty reply, which gets 0.

    Args:
        verdicts: first answers, no repeats; those without an answer are left out.
        empty: (item id, scenario id) of items whose reply has no words.
    """
    by_item: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.answer is not None:
            by_item[verdict.item_id, verdict.scenario_id].append(verdict)
    rows = [ItemScores(scenario_id, 0.0, None, 0.0, None, None) for _, scenario_id in empty]
    for (_, scenario_id), own in by_item.items():
        pairs = [(rubric.score(verdict.model), rubric.score(verdict.human)) for verdict in own]
        model, human = np.mean(pairs, axis=0)
        rows.append(
            ItemScores(
                scenario_id,
                float(model),
                float(human),
                sum(rubric.passes(model) for model, _ in pairs) / len(pairs),
                sum(rubric.passes(human) for _, human in pairs) / len(pairs),
                sum(1.0 if human > model else 0.5 if human == model else 0.0 for model, human in pairs) / len(pairs),
            )
        )
    return rows


class _Sums:
    """Sums of figures by scenario: (S,) sums and counts over a fixed list of scenarios."""

    def __init__(self, values: Sequence[Value], scenarios: Sequence[str]) -> None:
        number = {name: index for index, name in enumerate(scenarios)}
        self.sums, self.counts = np.zeros(len(scenarios)), np.zeros(len(scenarios))
        for name, value in values:
            self.sums[number[name]] += value
            self.counts[number[name]] += 1

    def mean(self) -> float:
        return float(self.sums.sum() / self.counts.sum())

    def drawn(self, draws: np.ndarray) -> np.ndarray:
        """Means of the resamples; NaN for one without any figure."""
        with np.errstate(invalid="ignore"):
            return (draws @ self.sums) / (draws @ self.counts)


def _estimate(value: float, drawn: np.ndarray) -> Estimate:
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return Estimate(value=value, low=min(value, float(low)), high=max(value, float(high)))


def mean_estimate(values: Sequence[Value]) -> Estimate:
    """Mean with its bootstrap interval over scenarios; values must not be empty."""
    scenarios = sorted({name for name, _ in values})
    sums = _Sums(values, scenarios)
    return _estimate(sums.mean(), sums.drawn(resample(len(scenarios))))


def difference_estimate(first: Sequence[Value], second: Sequence[Value], combine: Callable = np.subtract) -> Estimate:
    """Difference of two means (or what ``combine`` makes of them), both resampled with the same draws of scenarios."""
    scenarios = sorted({name for name, _ in [*first, *second]})
    draws = resample(len(scenarios))
    one, other = _Sums(first, scenarios), _Sums(second, scenarios)
    return _estimate(float(combine(one.mean(), other.mean())), combine(one.drawn(draws), other.drawn(draws)))


def share_estimate(values: Sequence[Value]) -> Estimate:
    """Share with Wilson's 95 % interval, its n divided by the design effect of items that share a scenario.

    The design effect is the variance of the share over scenarios (by linearisation) over that of independent items, one at least.
    Where all values agree it cannot be estimated: then each scenario counts as one item.
    """
    scenarios = sorted({name for name, _ in values})
    sums = _Sums(values, scenarios)
    n, n_scenarios, share = len(values), len(scenarios), sums.mean()
    independent = share * (1 - share) / n
    if independent > 0 and n_scenarios > 1:
        residuals = sums.sums - share * sums.counts
        clustered = n_scenarios / (n_scenarios - 1) * float((residuals**2).sum()) / n**2
        effective = n / max(clustered / independent, 1.0)
    else:
        effective = float(n_scenarios)
    low, high = wilson(share, effective)
    return Estimate(value=share, low=min(share, low), high=max(share, high))


def wilson(share: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % interval (Wilson 1927) of a share of ``n`` observations, which need not be a whole number."""
    centre = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return sum(found) / len(found) if found else None


def side(
    who: str, verdicts: Sequence[Verdict], scores: Sequence[Value], passing: Sequence[Value], rubric: Rubric
) -> Side:
    """Figures of one side.

    Args:
        who: ``model`` or ``human``.
        verdicts: valid first answers.
        scores: of its items.
        passing: whether they reach the threshold.
        rubric: that they were judged by.
    """
    replies: list[tuple[bool, dict[str, Any]]] = [
        (verdict.model_first == (who == "model"), getattr(verdict, who)) for verdict in verdicts
    ]
    return Side(
        score=mean_estimate(scores),
        passing=None if rubric.threshold is None else share_estimate(passing),
        first=_mean(rubric.score(reply) for is_first, reply in replies if is_first),
        second=_mean(rubric.score(reply) for is_first, reply in replies if not is_first),
        points={name: _mean(reply[name] for _, reply in replies) or 0.0 for name in rubric.points},
        labels={name: dict(sorted(Counter(reply[name] for _, reply in replies).items())) for name in rubric.labels},
    )


def same_labels(verdicts: Sequence[Verdict], rubric: Rubric) -> dict[str, float]:
    """Field → share of requests in which model and person got the same word."""
    return {
        name: sum(verdict.model[name] == verdict.human[name] for verdict in verdicts) / len(verdicts)
        for name in rubric.labels
    }


def position(verdicts: Sequence[Verdict], rubric: Rubric) -> Position | None:
    """What it is worth to be shown first: the mean of (first − second) with the model first and with the model second, averaged.

    Who is better cancels out of that average. None where the model was only ever shown in one place.
    """
    leads: dict[bool, list[Value]] = {True: [], False: []}
    for verdict in verdicts:
        own, other = rubric.score(verdict.model), rubric.score(verdict.human)
        leads[verdict.model_first].append((verdict.scenario_id, own - other if verdict.model_first else other - own))
    if not leads[True] or not leads[False]:
        return None
    effect = difference_estimate(leads[True], leads[False], lambda one, other: (one + other) / 2)
    return Position(effect=effect, model_first=len(leads[True]), model_second=len(leads[False]))
