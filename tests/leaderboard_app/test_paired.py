"""Paired differences, Holm's adjustment, and the comparison built on them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard_app.comparison import by_category, compare, side_by_side, tally
from leaderboard_app.paired import adjust, differences, statistics_of
from leaderboard_app.snapshot import make_board
from submissions.items import ItemRow
from submissions.schema import METRICS
from submissions.statistics import ScenarioStatistics
from tests.results import make_result, make_sums

quality = st.floats(0.5, 3, allow_nan=False)


def statistics(level, seed=1, n_scenarios=12):
    return ScenarioStatistics.from_rows(make_sums(level, n_scenarios, seed))


@given(quality, quality, st.integers(0, 99))
def test_a_difference_turns_round_with_the_order_of_the_models(first, second, seed):
    there = differences(statistics(first, seed), statistics(second, seed + 1))
    back = differences(statistics(second, seed + 1), statistics(first, seed))
    for metric in METRICS:
        assert there[metric].value == pytest.approx(-back[metric].value)
        assert there[metric].low == pytest.approx(-back[metric].high)
        assert there[metric].p == pytest.approx(back[metric].p)
        assert there[metric].low <= there[metric].value <= there[metric].high


def test_a_model_does_not_differ_from_itself():
    own = differences(statistics(1.5), statistics(1.5))
    assert all((found.value, found.low, found.high, found.p) == (0, 0, 0, 1) for found in own.values())


def test_a_much_better_model_is_told_apart():
    found = differences(statistics(1.0, 1), statistics(3.0, 2))["rouge_l"]
    assert found.low > 0 and found.p < 0.01


def test_models_of_other_scenarios_are_not_paired():
    with pytest.raises(ValueError, match="different scenarios"):
        differences(statistics(1.0), statistics(1.0, n_scenarios=5))


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_never_lowers_a_p_value_and_keeps_the_order(p_values):
    adjusted = adjust(p_values)
    assert all(raw <= own <= 1 for raw, own in zip(p_values, adjusted, strict=True))
    ordered = [own for _, own in sorted(zip(p_values, adjusted, strict=True))]
    assert ordered == sorted(ordered)


def test_holm_multiplies_the_smallest_by_the_number_of_tests():
    assert adjust([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_every_scenario_is_won_tied_or_lost():
    found = tally(statistics(1.0, 1), statistics(1.1, 2))
    assert all(own.total == 12 for own in found.values())
    assert found["bertscore"].ties == 12  # 0.8 for every item of every made-up result


def rows_of(*levels):
    board = make_board([make_result(f"acme/m{number}", level) for number, level in enumerate(levels)])
    return sorted(board.rows, key=lambda row: row.result.model.id)


def test_models_are_compared_with_the_first():
    rows = rows_of(1.0, 2.5, 0.6)
    better, worse = compare(rows)
    assert better.differences["rouge_l"].value > 0 > worse.differences["rouge_l"].value
    assert better.differences == differences(statistics_of(rows[0]), statistics_of(rows[1]))


@pytest.mark.parametrize("count", [1, 5])
def test_one_or_five_models_are_refused(count):
    with pytest.raises(ValueError, match="2 to 4"):
        compare(rows_of(*[1.0] * count))


def test_categories_show_a_gap_where_a_result_does_not_state_one():
    first, second = rows_of(1.0, 2.0)
    empty = second.result.diagnostics.model_copy(
        update={"slices": second.result.diagnostics.slices.model_copy(update={"category": []})}
    )
    second = second.holding(second.result.model_copy(update={"diagnostics": empty}))
    (category,) = by_category([first, second], "rouge_l")
    assert (category.name, category.scores) == ("traffic stop", (9.0, None))


def item(number, prediction, score, officer="Evening.", subset="clean"):
    return ItemRow(
        item_id=f"s:{number}", scenario_id="s", subset=subset, officer_text=officer, reference="Hello.",
        prediction=prediction, dropped_tokens=0, had_thoughts=False,
        scores={"rouge_l": score, "meteor": 0, "bertscore": 0},
    )  # fmt: skip


def test_the_largest_disagreement_comes_first():
    first = [item(1, "Hello.", 100), item(2, "Hello.", 90), item(3, "What?", 0, subset="as_released")]
    second = [item(2, "No.", 0), item(1, "Hi.", 50), item(3, "Hello.", 100)]
    exchanges, n_left_out = side_by_side([first, second], "rouge_l")
    assert [exchange.item_id for exchange in exchanges] == ["s:2", "s:1"]
    assert exchanges[0].predictions == ("Hello.", "No.") and n_left_out == 0


def test_an_item_whose_files_disagree_about_what_was_said_is_left_out_and_counted():
    exchanges, n_left_out = side_by_side([[item(1, "a", 1)], [item(1, "b", 2, officer="Forged.")]], "bleu_4")
    assert exchanges == [] and n_left_out == 1
