"""Agreement of a judge with itself: the same replies scored again. Pure."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from submissions.judgement import Repeats


def krippendorff_alpha(units: Sequence[Sequence[float]]) -> float | None:
    """Krippendorff's alpha on an interval scale (Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability").

    Args:
        units: scores of each unit, any number of them; units with fewer than two say nothing.

    Returns:
        1 for perfect agreement, 0 for none beyond chance; None where no score differs from any other, or nothing can be paired.
    """
    paired = [np.asarray(unit, float) for unit in units if len(unit) > 1]
    if not paired:
        return None
    values = np.concatenate(paired)
    # Sum of squared differences over ordered pairs = 2 (n Σx² − (Σx)²); observed within units, expected over all.
    observed = sum(_squares(unit) / (len(unit) - 1) for unit in paired) / len(values)
    expected = _squares(values) / (len(values) * (len(values) - 1))
    return float(1 - observed / expected) if expected > 0 else None


def _squares(values: np.ndarray) -> float:
    """Σ over ordered pairs of squared differences; exact zero for equal values."""
    centred = values - values[0]
    return float(2 * (len(values) * (centred**2).sum() - centred.sum() ** 2))


def repeat_agreement(units: Sequence[Sequence[float]], threshold: float | None) -> Repeats | None:
    """Figures over all pairs of scores of one unit; None where no unit has two.

    Args:
        units: scores of each reply, in the order of the repeats.
        threshold: of the rubric, if it has one.
    """
    paired = [unit for unit in units if len(unit) > 1]
    pairs = [pair for unit in paired for pair in combinations(unit, 2)]
    if not pairs:
        return None
    return Repeats(
        n_units=len(paired),
        n_scores=sum(map(len, paired)),
        exact=sum(a == b for a, b in pairs) / len(pairs),
        mean_difference=sum(abs(a - b) for a, b in pairs) / len(pairs),
        alpha=krippendorff_alpha(paired),
        same_side=None
        if threshold is None
        else sum((a >= threshold) == (b >= threshold) for a, b in pairs) / len(pairs),
    )
