"""Ledger → boards → HTML, without a browser."""

import ast
from pathlib import Path

import pytest

from leaderboard_app.board_page import TIERS, render_leaderboard, show
from leaderboard_app.figures.latency import quality_against_latency
from leaderboard_app.pages.model import about_model
from leaderboard_app.rendering import (
    format_gain,
    format_score,
    format_size,
    render,
    render_notice,
    render_reported,
)
from leaderboard_app.snapshot import make_snapshot
from leaderboard_app.store import SnapshotCache
from leaderboard_app.view_state import View
from submissions.ledger import Ledger, Problem, write_result
from submissions.schema import Provenance
from tests.results import make_result

PACKAGE = Path(__file__).parents[2] / "leaderboard_app"


def snapshot_of(*results, problems=()):
    return make_snapshot(Ledger(results, (), problems))


def test_rows_are_ranked_and_gains_are_over_the_best_baseline_of_each_metric():
    results = [
        make_result("baseline/salad", 0.5),
        make_result("acme/good", 2.0),
        make_result("baseline/constant", 1.0),
    ]
    (board,) = snapshot_of(*results).boards
    assert [row.model.id for row in board.rows] == ["acme/good", "baseline/constant", "baseline/salad"]
    best = max(row.score("rouge_l").value for row in board.rows[1:])
    assert board.rows[0].gains["rouge_l"] == pytest.approx(board.rows[0].score("rouge_l").value - best)


@pytest.mark.parametrize("change", ["digest", "signature", "protocol"])
def test_results_that_cannot_be_compared_are_on_boards_of_their_own(change):
    first, second = make_result("acme/one"), make_result("acme/two")
    if change == "digest":
        second = make_result("acme/two", digest="d" * 64)
    elif change == "signature":
        score = second.scores.meteor.model_copy(update={"signature": "meteor|nltk:4"})
        second = second.model_copy(update={"scores": second.scores.model_copy(update={"meteor": score})})
    else:
        second = second.model_copy(update={"protocol": second.protocol.model_copy(update={"version": "2"})})
    assert [len(board.rows) for board in snapshot_of(first, second).boards] == [1, 1]


def test_partial_runs_are_counted_and_never_ranked():
    whole, part = make_result("acme/one"), make_result("acme/two")
    partial = Provenance(**{**part.provenance.model_dump(), "limit_scenarios": 3})
    snapshot = snapshot_of(whole, part.model_copy(update={"provenance": partial}))
    assert snapshot.n_partial == 1 and len(snapshot.boards[0].rows) == 1
    assert "1 partial run" in render_notice(snapshot)


def test_a_result_that_claims_the_benchmark_over_other_scenarios_is_named_and_left_out():
    forged = make_result("evil/easy", n_scenarios=3)
    snapshot = snapshot_of(make_result("acme/one"), make_result("acme/two"), forged)
    assert [row.model.id for row in snapshot.boards[0].rows] != []
    assert all(row.model.id != "evil/easy" for row in snapshot.boards[0].rows)
    assert snapshot.problems[0].where == "evil/easy"


def test_new_results_appear_without_a_restart(results_folder):
    cache = SnapshotCache(results_folder)
    before = cache.get()
    assert cache.get() is before
    write_result(results_folder, make_result("acme/new", 1.2), b"")
    assert len(cache.get().boards[0].rows) == len(before.boards[0].rows) + 1


def about(snapshot):
    return render("about", board=snapshot.boards[0], snapshot=snapshot, validity=None, tiers=TIERS)


def one_model(snapshot):
    board = snapshot.boards[0]
    return about_model(board.rows[0], board, "rouge_l", "https://example.org")


def test_what_strangers_wrote_is_escaped_everywhere():
    script = "<script>alert(1)</script><img src=x onerror=alert(1)>${alert(1)}{{7*7}}"
    result = make_result("acme/one")
    model = result.model.model_copy(update={"quantisation": script})
    provenance = result.provenance.model_copy(update={"command": script})
    snapshot = snapshot_of(
        result.model_copy(update={"model": model, "provenance": provenance}),
        problems=(Problem(script, script),),
    )
    for html in (render_leaderboard(show(snapshot, View())), render_notice(snapshot), one_model(snapshot)):
        assert "<script>alert" not in html and "<img" not in html
        assert "&lt;script&gt;" in html and "{{7*7}}" in html


def test_an_empty_ledger_says_how_to_fill_it():
    snapshot = snapshot_of()
    assert snapshot.boards == ()
    assert "deescalwild evaluate" in render_leaderboard(show(snapshot, View()))
    assert render_notice(snapshot).strip() == ""
    assert "No result with a measured latency" in str(quality_against_latency([]).layout.annotations)


def test_the_about_page_gives_signatures():
    html = about(snapshot_of(make_result("acme/one")))
    assert "rouge_l|f1|nostem|rouge_score:0.1.2|v1" in html


def test_reported_rows_are_shown_as_reported():
    html = render_reported(SnapshotCache(Path("nowhere")).get())
    assert "reported, not measured here" in html and "Qwen/Qwen2.5-3B-Instruct" in html and "0.38 s" in html


@pytest.mark.parametrize(
    ("found", "printed"),
    [
        (format_score(11.25, "rouge_l"), "11.2"), (format_score(0.8754, "bertscore"), "0.875"), (format_score(None, "meteor"), "–"),
        (format_gain(-3.21, "rouge_l"), "−3.2"), (format_gain(0.0, "rouge_l"), "+0.0"), (format_size(134_515_008), "135 M"),
        (format_size(3_090_000_000), "3.1 B"), (format_size(None), "–"),
    ],
)  # fmt: skip
def test_numbers_for_people(found, printed):
    assert found == printed


def test_the_app_imports_neither_torch_nor_the_harness():
    """DESIGN: the Space must start without them."""
    imported = set()
    for path in [*PACKAGE.rglob("*.py"), *(PACKAGE.parent / "submissions").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {name.name.split(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").split(".")[0])
    assert imported.isdisjoint({"torch", "transformers", "eval_harness", "dataset_script", "datasets", "lm_eval"})


def test_many_results_give_one_board():
    results = [make_result(f"acme/model-{number}", 0.5 + number / 40) for number in range(40)]
    (board,) = snapshot_of(*results).boards
    places = [row.standing.rank for row in board.rows]
    assert places == sorted(places) and places[0] == 1
