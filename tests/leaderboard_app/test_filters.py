"""Which rows a view shows; that ranks stay what they are."""

from pathlib import Path

import pytest

from leaderboard_app.columns import COLUMNS, family_of
from leaderboard_app.filters import select
from leaderboard_app.findings import Findings
from leaderboard_app.snapshot import make_snapshot
from leaderboard_app.view_state import parse_view
from submissions.ledger import Ledger, path_of
from submissions.verification import Flag, Verification
from tests.results import make_result


def result(model_id, quality=1.0, parameters=None, **model):
    own = make_result(model_id, quality, kind=model.pop("kind", None), latency_s=model.pop("latency_s", None))
    return own.model_copy(update={"model": own.model.model_copy(update={"parameters": parameters, **model})})


RESULTS = (
    result("acme/Qwen2.5-0.5B-civil", 1.4, 500_000_000, licence="apache-2.0", latency_s=0.2),
    result("acme/llama-3B", 2.0, 3_000_000_000, licence="llama3.2", latency_s=0.9, kind="base"),
    result("other/big-7B", 2.5, 7_600_000_000, licence="apache-2.0", precision="int4", base_model="Qwen/Qwen2.5-7B"),
    result("vendor/closed", 1.7, None, kind="api"),
    result("baseline/constant", 1.0),
)
FLAG = Flag(name="copies", evidence="12 replies are the reference", value=0.07, threshold=0.01)
CHECKED = Verification(
    result_sha256="0" * 64, items_sha256="0" * 64, tier="recomputed", checked_at="2026-11-23T00:00:00Z", code_version="1", flags=[FLAG]
)  # fmt: skip


@pytest.fixture(scope="module")
def board():
    checked = path_of(Path(), RESULTS[3]).as_posix()
    return make_snapshot(Ledger(RESULTS, (), ()), Findings({checked: CHECKED})).boards[0]


def shown(board, query):
    view, notes = parse_view(query)
    assert notes == ()
    return [entry.row.model.id.split("/")[1] for entry in select(board, view).entries]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["big-7B", "llama-3B", "closed", "Qwen2.5-0.5B-civil", "constant"]),
        ("q=QWEN", ["big-7B", "Qwen2.5-0.5B-civil"]),
        ("q=qwen civil", ["Qwen2.5-0.5B-civil"]),
        ("q=llama; closed", ["llama-3B", "closed"]),
        ("q=.*", []),
        ("q=[", []),
        ("size=phone", ["Qwen2.5-0.5B-civil"]),
        ("size=headset", ["llama-3B", "Qwen2.5-0.5B-civil"]),
        ("size=laptop", ["big-7B", "llama-3B", "Qwen2.5-0.5B-civil"]),
        ("min=1&max=3", ["llama-3B"]),
        ("kind=api&kind=baseline", ["closed", "constant"]),
        ("family=qwen", ["big-7B", "Qwen2.5-0.5B-civil"]),
        ("licence=not stated", ["closed", "constant"]),
        ("precision=int4", ["big-7B"]),
        ("tier=recomputed", ["closed"]),
        ("flags=hide", ["big-7B", "llama-3B", "Qwen2.5-0.5B-civil", "constant"]),
        ("sort=size", ["Qwen2.5-0.5B-civil", "llama-3B", "big-7B", "closed", "constant"]),
        ("sort=-size", ["big-7B", "llama-3B", "Qwen2.5-0.5B-civil", "closed", "constant"]),
        ("sort=-latency", ["llama-3B", "Qwen2.5-0.5B-civil", "big-7B", "closed", "constant"]),
        ("sort=rouge_l", ["constant", "Qwen2.5-0.5B-civil", "closed", "llama-3B", "big-7B"]),
        ("sort=model", ["llama-3B", "Qwen2.5-0.5B-civil", "constant", "big-7B", "closed"]),
    ],
)  # fmt: skip
def test_a_view_shows(board, query, expected):
    assert shown(board, query) == expected


def test_no_filter_moves_a_rank_a_range_or_a_group(board):
    whole = {entry.row.path: (entry.place, entry.row.standing) for entry in select(board, parse_view("")[0]).entries}
    for query in ("size=phone", "q=qwen", "kind=api", "sort=-size"):
        for entry in select(board, parse_view(query)[0]).entries:
            assert whole[entry.row.path] == (entry.place, entry.row.standing)


@pytest.mark.parametrize("query", ["", "q=acme", "licence=apache-2.0", "kind=base&size=phone"])
def test_a_count_is_what_choosing_it_would_leave(board, query):
    counts = select(board, parse_view(query)[0]).counts
    for facet in ("kind", "family", "licence", "precision", "tier", "size"):
        rest = "&".join(part for part in query.split("&") if not part.startswith(facet + "="))
        for value, count in counts[facet].items():
            assert len(shown(board, f"{rest}&{facet}={value}")) == count


@pytest.mark.parametrize("order", ["borda", "weights"])
def test_another_order_ranks_the_whole_board_and_says_how_far_it_is_from_the_usual_one(board, order):
    selection = select(board, parse_view(f"order={order}&weights=0,1,0,0")[0])
    assert sorted(entry.row.path for entry in selection.entries) == sorted(row.path for row in board.rows)
    assert selection.entries[0].place.rank == 1
    assert -1 <= selection.stability.tau <= 1 and 0 <= selection.stability.keeps_top <= 1


def test_the_family_is_the_architecture_or_what_the_names_say(board):
    families = {row.model.id.split("/")[1]: family_of(row) for row in board.rows}
    assert families["big-7B"] == "qwen" and families["closed"] == "other" and families["constant"] == "baseline"


def test_every_column_gives_a_number_or_says_that_it_is_none(board):
    entry = select(board, parse_view("")[0]).entries[0]
    for column in COLUMNS.values():
        value = column.value(entry)
        assert value is None or isinstance(value, int | float) == column.is_number
