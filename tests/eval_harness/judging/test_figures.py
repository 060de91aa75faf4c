"""Figures from scripted verdicts, against what was worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_harness.judging import figures
from eval_harness.judging.rubrics import load_rubric
from eval_harness.judging.verdicts import Failure, Verdict

REALISM, DEESCALATION = load_rubric("realism"), load_rubric("de-escalation")


def reply(score: int) -> dict:
    """Points that add up to ``score``."""
    emotion = min(score, 30)
    language = min(score - emotion, 20)
    person = min(score - emotion - language, 25)
    return {
        "evidence": "",
        "emotion": emotion,
        "language": language,
        "person": person,
        "situation": score - emotion - language - person,
    }


def verdict(item: str, model: int, human: int, *, model_first: bool = True, **changes) -> Verdict:
    sides = {"A": reply(model if model_first else human), "B": reply(human if model_first else model)}
    written = {
        "item_id": item,
        "scenario_id": item.split(":")[0],
        "key": "0" * 64,
        "repeat": 0,
        "model_first": model_first,
        "answer": sides,
        "failure": None,
        "at": "2026-01-01T00:00:00+00:00",
        "prompt_tokens": 100,
        "completion_tokens": 10,
        "cost": 0.0,
        "requests": 1,
        "seconds": 1.0,
        "structure": "json_schema",
    }
    return Verdict(**{**written, **changes})


VERDICTS = [
    verdict("a:1", 90, 100),
    verdict("a:2", 60, 90, model_first=False),
    verdict("b:1", 80, 80),
    verdict("b:2", 100, 70, model_first=False),
]


def test_scores_go_to_whom_they_belong_wherever_the_reply_was_shown():
    rows = figures.score_items(VERDICTS, [], REALISM)
    assert [(row.model, row.human) for row in rows] == [(90, 100), (60, 90), (80, 80), (100, 70)]
    assert [(row.model_passes, row.human_passes) for row in rows] == [(1, 1), (0, 1), (0, 0), (1, 0)]
    assert [row.human_preferred for row in rows] == [1, 1, 0.5, 0]


def test_an_empty_reply_gets_zero_and_its_person_no_score():
    [row] = figures.score_items([], [("a:9", "a")], REALISM)
    assert (row.model, row.model_passes, row.human, row.human_preferred) == (0, 0, None, None)


def test_an_item_asked_in_both_orders_counts_once_with_its_mean():
    both = [verdict("a:1", 90, 100), verdict("a:1", 70, 80, model_first=False)]
    [row] = figures.score_items(both, [], REALISM)
    assert (row.model, row.human, row.model_passes, row.human_passes) == (80, 90, 0.5, 0.5)


def test_a_request_without_an_answer_is_in_no_figure():
    failed = verdict("a:3", 0, 0, answer=None, failure=Failure(kind="invalid", reason="no JSON"))
    assert figures.score_items([failed, *VERDICTS], [], REALISM) == figures.score_items(VERDICTS, [], REALISM)


def test_a_side_has_its_means_by_position_and_by_field():
    scores, passing = (
        [("a", 90.0), ("a", 60.0), ("b", 80.0), ("b", 100.0)],
        [("a", 1.0), ("a", 0.0), ("b", 0.0), ("b", 1.0)],
    )
    found = figures.side("model", VERDICTS, scores, passing, REALISM)
    assert (found.score.value, found.first, found.second) == (82.5, 85, 80)
    assert found.points == {"emotion": 30, "language": 20, "person": 21.25, "situation": 11.25}
    assert found.passing.value == 0.5


def test_position_is_what_the_first_place_is_worth_whoever_is_better():
    # The person is better by 20 throughout, and first is worth 6.
    biased = [verdict(f"a:{n}", 66, 80, model_first=True) for n in range(3)]
    biased += [verdict(f"b:{n}", 60, 86, model_first=False) for n in range(5)]
    found = figures.position(biased, REALISM)
    assert found.effect.value == pytest.approx(6)
    assert (found.effect.low, found.effect.high) == pytest.approx((6, 6))
    assert (found.model_first, found.model_second) == (3, 5)


def test_one_order_alone_says_nothing_about_position():
    assert figures.position([verdict("a:1", 60, 80), verdict("a:2", 70, 90)], REALISM) is None


def test_labels_are_counted_and_compared():
    def moved(item: str, model: str, human: str) -> Verdict:
        points = {"evidence": "", "state": 35, "technique": 35, "trajectory": 30}
        return verdict(
            item, 0, 0, answer={"officer": "asks", "A": {**points, "move": model}, "B": {**points, "move": human}}
        )

    own = [
        moved("a:1", "holds", "holds"),
        moved("a:2", "de-escalates", "holds"),
        moved("a:3", "de-escalates", "escalates"),
    ]
    values = [("a", 100.0)] * 3
    assert figures.side("model", own, values, [], DEESCALATION).labels == {"move": {"de-escalates": 2, "holds": 1}}
    assert figures.side("human", own, values, [], DEESCALATION).labels == {"move": {"escalates": 1, "holds": 2}}
    assert figures.same_labels(own, DEESCALATION) == {"move": pytest.approx(1 / 3)}
    assert figures.side("model", own, values, [], DEESCALATION).passing is None


def test_wilsons_interval_is_that_of_the_textbook():
    # Newcombe 1998, table I: 81 of 263, method 3: 0.2553 to 0.3662; 0 of 20: 0 to 0.1611.
    assert figures.wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert figures.wilson(0.0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)


def test_items_that_agree_within_their_scenario_count_as_one():
    # Ten scenarios of ten equal items: as much as ten items, not a hundred. Design effect 10 · (10/9), by hand.
    values = [(f"s{s}", float(s < 5)) for s in range(10) for _ in range(10)]
    found = figures.share_estimate(values)
    assert (found.low, found.high) == pytest.approx(figures.wilson(0.5, 9))


def test_a_share_of_none_is_not_certain():
    found = figures.share_estimate([(f"s{s}", 0.0) for s in range(5) for _ in range(20)])
    assert found.value == 0 and found.high == pytest.approx(figures.wilson(0.0, 5)[1])


SHARES = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from([0.0, 0.5, 1.0])), min_size=1, max_size=60)


@given(SHARES)
def test_a_share_lies_within_its_interval_and_the_interval_within_0_and_1(values):
    found = figures.share_estimate(values)
    assert 0 <= found.low <= found.value <= found.high <= 1 + 1e-9


@given(SHARES)
def test_a_mean_is_that_of_all_items_and_lies_within_its_interval(values):
    found = figures.mean_estimate(values)
    assert found.value == pytest.approx(sum(value for _, value in values) / len(values))
    assert found.low <= found.value <= found.high


@given(SHARES)
def test_a_difference_of_equals_is_zero_without_width(values):
    found = figures.difference_estimate(values, values)
    assert (found.low, found.value, found.high) == (0, 0, 0)
