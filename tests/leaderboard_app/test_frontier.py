"""Places of measurement and the Pareto front."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard_app.figures.latency import marker_size, name_sides, quality_against_latency
from leaderboard_app.frontier import pareto, places, points
from leaderboard_app.snapshot import make_board
from tests.results import make_result

pairs = st.lists(st.tuples(st.integers(0, 6).map(float), st.integers(0, 6).map(float)), max_size=20)


def beats(one, other):
    return one[0] <= other[0] and one[1] >= other[1] and one != other


@given(pairs)
def test_the_front_is_what_nothing_else_beats(found):
    assert pareto(found) == [not any(beats(other, own) for other in found) for own in found]


def elsewhere(result, **machine):
    measured = result.latency.machine.model_copy(update=machine)
    return result.model_copy(update={"latency": result.latency.model_copy(update={"machine": measured})})


def test_each_machine_is_a_place_of_its_own_and_the_busiest_comes_first():
    board = make_board(
        [
            make_result("acme/a", 2.0, latency_s=0.5),
            make_result("acme/b", 1.0, latency_s=0.9),
            elsewhere(make_result("acme/c", 3.0, latency_s=0.1), profile="other-machine"),
            make_result("acme/d", 3.0),
        ]
    )
    found = places(board)
    assert [place.machine.profile for place in found] == ["test-machine", "other-machine"]
    shown = points(board, found[0], "rouge_l")
    assert [(point.row.result.model.id, point.on_front) for point in shown] == [("acme/a", True), ("acme/b", False)]


def test_machines_of_the_same_name_but_other_memory_are_two_places():
    first = make_result("acme/a", latency_s=0.5)
    board = make_board([first, elsewhere(make_result("acme/b", latency_s=0.5), memory_gib=8.0)])
    assert len({place.label for place in places(board)}) == 2


def test_the_plot_has_the_points_with_intervals_the_front_and_the_baseline_line():
    board = make_board([make_result("acme/fast", 1.0, latency_s=0.2), make_result("acme/slow", 2.0, latency_s=0.9)])
    (place,) = places(board)
    figure = quality_against_latency(points(board, place, "meteor"), "meteor", ("salad", 4.0))
    front, models = figure.data
    assert list(front.x) == list(models.x) == [0.2, 0.9]
    assert models.error_y.array is not None
    assert "best trivial baseline: salad 4.0" in str(figure.layout.annotations)


def test_times_far_apart_are_drawn_on_a_logarithmic_axis():
    board = make_board([make_result("acme/fast", 1.0, latency_s=0.02), make_result("acme/slow", 2.0, latency_s=9.0)])
    assert quality_against_latency(points(board, places(board)[0], "rouge_l")).layout.xaxis.type == "log"


@given(st.one_of(st.none(), st.integers(1, 10**13)))
def test_a_marker_grows_with_the_logarithm_of_the_size_within_bounds(parameters):
    assert 8 <= marker_size(parameters) <= 26
    assert marker_size(10**9) - marker_size(10**8) == pytest.approx(marker_size(10**10) - marker_size(10**9))


@pytest.mark.parametrize(
    ("seconds", "is_log", "sides"),
    [
        ([0.2, 0.25, 1.3], False, ["top left", "top right", "top left"]),  # a step near, room, the edge
        ([0.1, 1.0, 10.0], True, ["top right", "top right", "top left"]),
        ([0.5], False, ["top left"]),
    ],
)
def test_names_stand_where_the_front_leaves_room(seconds, is_log, sides):
    assert name_sides(seconds, [True] * len(seconds), is_log) == sides
