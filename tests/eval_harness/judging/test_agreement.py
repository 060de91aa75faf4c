"""A judge's agreement with itself, against figures that were worked out elsewhere or by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_harness.judging.agreement import krippendorff_alpha, repeat_agreement

# Krippendorff 2011, section C: four observers, twelve units, missing values; alpha for interval data is 0.849.
KRIPPENDORFF_2011 = [
    [1, 1, 1],
    [2, 2, 3, 2],
    [3, 3, 3, 3],
    [3, 3, 3, 3],
    [2, 2, 2, 2],
    [1, 2, 3, 4],
    [4, 4, 4, 4],
    [1, 1, 2, 1],
    [2, 2, 2, 2],
    [5, 5, 5],
    [1, 1],
    [3],
]
SCORES = st.lists(st.lists(st.integers(0, 100).map(float), min_size=1, max_size=4), min_size=1, max_size=20)


def test_alpha_is_that_of_krippendorffs_own_example():
    assert krippendorff_alpha(KRIPPENDORFF_2011) == pytest.approx(0.849, abs=5e-4)


def test_figures_of_three_replies_worked_out_by_hand():
    # Pairs 80/90, 84/86, 50/50: differences 10, 2, 0. Ordered squares within: 2·(100 + 4 + 0), over 6 values: 208/6.
    # Of all 6 values: 2·(6·33952 − 440²)/(6·5) = 2·10112/30. alpha = 1 − (208/6)/(20224/30).
    found = repeat_agreement([[80, 90], [84, 86], [50, 50], [70]], threshold=85)
    assert (found.n_units, found.n_scores) == (3, 6)
    assert found.exact == pytest.approx(1 / 3)
    assert found.mean_difference == pytest.approx(4.0)
    assert found.alpha == pytest.approx(1 - (208 / 6) / (20224 / 30))
    assert found.same_side == pytest.approx(1 / 3)


def test_a_rubric_without_a_line_has_no_sides():
    assert repeat_agreement([[80, 90]], threshold=None).same_side is None


def test_one_score_throughout_has_no_alpha_and_all_else_perfect():
    found = repeat_agreement([[90, 90], [90, 90, 90]], threshold=85)
    assert (found.exact, found.mean_difference, found.alpha, found.same_side) == (1, 0, None, 1)


@pytest.mark.parametrize("units", [[], [[90]], [[90], [80]]])
def test_nothing_repeated_is_no_agreement_at_all(units):
    assert repeat_agreement(units, threshold=85) is None
    assert krippendorff_alpha(units) is None


@given(SCORES, st.floats(-50, 50), st.floats(0.5, 3))
def test_alpha_does_not_depend_on_the_scales_origin_and_unit(units, shift, unit):
    plain, moved = krippendorff_alpha(units), krippendorff_alpha([[shift + unit * x for x in own] for own in units])
    assert (plain is None) == (moved is None)
    assert plain is None or plain == pytest.approx(moved, abs=1e-6)


@given(SCORES)
def test_scoring_the_same_again_is_perfect_agreement(units):
    found = repeat_agreement([[own[0], own[0]] for own in units], threshold=85)
    assert (found.exact, found.mean_difference, found.same_side) == (1, 0, 1)
    assert found.alpha in (None, 1.0)
