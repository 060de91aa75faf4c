"""Fine-tuned rows beside their bases."""

import pytest

from leaderboard_app.lineage import trace
from leaderboard_app.snapshot import make_board
from submissions.schema import METRICS
from tests.results import make_result


def model(name, quality, kind="base", **changes):
    result = make_result(name, quality, kind=kind, n_scenarios=24)
    return result.model_copy(update={"model": result.model.model_copy(update=changes)})


def test_a_fine_tuned_row_is_paired_with_its_base():
    board = make_board([model("a/base", 1.0), model("a/tuned", 2.5, "fine-tuned", base_model="a/base")])
    (step,) = trace(board).steps
    assert (step.base.result.model.id, step.tuned.result.model.id) == ("a/base", "a/tuned")
    assert step.differences["rouge_l"].value > 0 and step.is_significant("rouge_l")


def test_a_base_of_the_same_precision_is_preferred():
    board = make_board(
        [
            model("a/base", 3.0, precision="int4", revision="1" * 40),
            model("a/base", 1.0, precision="float16", revision="2" * 40),
            model("a/tuned", 2.0, "fine-tuned", base_model="a/base", precision="float16"),
        ]
    )
    (step,) = trace(board).steps
    assert step.base.result.model.precision == "float16"


@pytest.mark.parametrize("base_model", [None, "never/measured", "a/tuned", "baseline/salad"])
def test_a_row_whose_base_is_not_on_the_board_is_named_and_not_paired(base_model):
    board = make_board(
        [model("a/tuned", 2.0, "fine-tuned", base_model=base_model), make_result("baseline/salad", n_scenarios=24)]
    )
    lineage = trace(board)
    assert lineage.steps == () and [row.result.model.id for row in lineage.without_base] == ["a/tuned"]


def test_p_values_are_adjusted_for_all_steps_of_the_board():
    tuned = [model(f"a/tuned-{number}", 1.05, "fine-tuned", base_model="a/base") for number in range(6)]
    steps = trace(make_board([model("a/base", 1.0), *tuned])).steps
    assert len(steps) == 6
    assert all(step.adjusted[metric] >= step.differences[metric].p for step in steps for metric in METRICS)
    most = min(steps, key=lambda step: step.differences["rouge_l"].p)
    assert most.adjusted["rouge_l"] == pytest.approx(min(1, 6 * most.differences["rouge_l"].p))
