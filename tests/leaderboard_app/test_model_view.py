"""One row in depth: whom to compare it with, what a language model judged of it, its badge."""

import pytest

from leaderboard_app.model_view import badge, judgements_on, rival, tops
from leaderboard_app.pages.model import about_model
from leaderboard_app.row_keys import find
from leaderboard_app.store import SnapshotCache
from submissions.ledger import write_new
from tests.rich_ledger import add_judgement, add_model, write_rich_ledger


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    ledger = tmp_path_factory.mktemp("ledger")
    return SnapshotCache(write_rich_ledger(ledger), tmp_path_factory.mktemp("cache")).get().boards[0]


@pytest.mark.parametrize(
    ("model", "other"),
    [
        ("acme/pico-0.5b-civilian", "acme/pico-0.5b"),  # what it was made from
        ("hooli/orphan-2b-tuned", "umbra/large-8b"),  # its base is not here: the next better one
        ("hooli/cloud-xl", "initech/mid-3b-scenarios"),  # the best one: the next
    ],
)
def test_a_row_is_compared_with_its_base_or_its_neighbour(board, model, other):
    assert rival(find(board, model), board).model.id == other


def test_the_axes_hold_every_interval_of_the_board(board):
    assert all(row.score(metric).high <= top for metric, top in tops(board).items() for row in board.rows)


def test_a_badge_names_board_place_and_page(board):
    row = find(board, "acme/pico-0.5b-civilian")
    text = badge(row, board, "https://example.org")
    assert text.startswith(
        "[![DeEscalWild v1.0.0: rank 6 of 13](https://img.shields.io/badge/DeEscalWild%20v1.0.0-rank%206"
    )
    assert "(https://example.org/model?id=acme%2Fpico-0.5b-civilian%40" in text


def test_a_judgement_is_shown_with_its_judge_and_what_people_got(board):
    html = about_model(find(board, "initech/mid-3b-overtrained"), board, "rouge_l", "https://example.org")
    assert "initech/judge-70b" in html and "same maker as the judged one" in html
    assert "41.0" in html and "74.0" in html and "+33.0" in html


def test_a_judgement_that_cannot_be_taken_is_named_and_hides_nothing(tmp_path):
    results = tmp_path / "results"
    result = add_model(results, "acme/one", 1.0, "base")
    add_judgement(results, result, "umbra/judge-32b", 60.0)
    (row,) = SnapshotCache(results, tmp_path / "cache").get().boards[0].rows
    path = row.root / row.path
    write_new(path.with_name(f"{path.stem}-judge-evil-realism.v1.json"), b'{"judge": "<script>"}')
    found, problems = judgements_on(row)
    assert [own.judge.model for own in found] == ["umbra/judge-32b"] and len(problems) == 1
    html = about_model(
        row, SnapshotCache(results, tmp_path / "cache").get().boards[0], "rouge_l", "https://example.org"
    )
    assert "is left out" in html and "<script>" not in html


def test_a_row_without_judgements_has_no_section_for_them(board):
    html = about_model(find(board, "acme/pico-0.5b"), board, "rouge_l", "https://example.org")
    assert "What a language model judged" not in html
