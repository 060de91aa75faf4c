"""What differences a test set can show: the power of the board's paired bootstrap test."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from submissions.schema import METRICS, Result
from submissions.statistics import ScenarioStatistics, resample, scores

POWER = 0.8
SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class Detectable:
    """Smallest true difference of two models that a paired test finds: for a typical pair and for the noisiest."""

    typical: float
    noisiest: float


def detectable_differences(results: Sequence[Result]) -> dict[str, Detectable]:
    """Minimum detectable difference by metric: (z for 5 %, two-sided, + z for 80 % power) × the paired standard error.

    The standard errors are those of all pairs of the given results (two at least, over the same scenarios), by the
    board's own bootstrap over scenarios.
    """
    statistics = [ScenarioStatistics.from_rows(result.per_scenario) for result in results]
    draws = resample(len(statistics[0].n_items))
    drawn = [scores(own, draws) for own in statistics]
    factor = NormalDist().inv_cdf(1 - SIGNIFICANCE / 2) + NormalDist().inv_cdf(POWER)
    found = {}
    for metric in METRICS:
        errors = [float(np.std(a[metric] - b[metric], ddof=1)) for a, b in itertools.combinations(drawn, 2)]
        found[metric] = Detectable(factor * float(np.median(errors)), factor * max(errors))
    return found
