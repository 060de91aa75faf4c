"""The ranking as HTML: a view of a snapshot → the form with live counts and the table. Plain data in, escaped markup out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

from leaderboard_app.columns import CHOICES, COLUMNS, DEFAULT, FIXED, Column
from leaderboard_app.filters import Selection, select
from leaderboard_app.rendering import render, render_notice
from leaderboard_app.row_keys import key_of
from leaderboard_app.site import Site
from leaderboard_app.snapshot import Board, Row, Snapshot
from leaderboard_app.view_state import FIRST_ROWS, PRESETS, View, parse_view, query_of

ORDER_NAMES = {"mean_rank": "Mean rank", "borda": "Borda count", "weights": "My weights"}
ORDER_NOTES = {
    "borda": "Borda: each scenario, by each metric, is a ballot; the column shows the share of models beaten, in percent.",
    "weights": "By your own weights of the four metrics' ranks.",
}
KEY_TITLES = {"mean_rank": "Mean rank", "borda": "Borda", "weights": "Weighted rank"}
FACET_TITLES = {"kind": "Kind", "family": "Family", "licence": "Licence", "precision": "Precision", "tier": "Checked"}
TIERS = {
    "verified": ("✓✓ verified", "we ran the model ourselves"),
    "recomputed": ("✓ recomputed", "theirs; every score was recomputed from the predictions"),
    "unchecked": ("unchecked", "nobody but the submitter has checked it yet"),
}


@dataclass(frozen=True)
class Shown:
    """A view put on a snapshot. ``notes``: what the reader should know about the address. ``board``: ``None`` of an empty ledger."""

    snapshot: Snapshot
    view: View
    notes: tuple[str, ...]
    board: Board | None
    selection: Selection | None


def open_view(site: Site, query: str) -> Shown:
    """What an address's query shows; of the ledger it pins where that is kept, else of today's, saying so."""
    view, notes = parse_view(query)
    snapshot = site.snapshot
    if view.ledger and not snapshot.digest.startswith(view.ledger):
        pinned = site.cache.pinned(view.ledger)
        if pinned:
            snapshot = pinned
            notes += (f"Pinned to ledger {view.ledger}: results that came later are not shown.",)
        else:
            notes += (f"Ledger {view.ledger} is not kept here: this is today's board, ledger {snapshot.digest[:12]}.",)
    return show(snapshot, view, notes)


def show(snapshot: Snapshot, view: View, notes: tuple[str, ...] = ()) -> Shown:
    """A view put on a snapshot."""
    board = snapshot.board(view.board or None)
    if board and view.board and view.board != board.key:
        notes += (f"There is no board {view.board!r} here: this is {board.label}.",)
    return Shown(snapshot, view, notes, board, select(board, view) if board else None)


def render_leaderboard(shown: Shown) -> str:
    """Form and table, or a word on how to fill an empty board."""
    return render_notice(shown.snapshot) + render("leaderboard", **_values(shown))


def render_part(shown: Shown) -> dict[str, object]:
    """What changes with the view: the table's markup, and the counts beside the filters by their names in the form."""
    if shown.selection is None:
        return {"table": render("leaderboard", **_values(shown)), "counts": {}}
    counts = {f"{name}={value}": count for name, own in shown.selection.counts.items() for value, count in own.items()}
    return {"table": render("table", **_values(shown)), "counts": counts}


def _values(shown: Shown) -> Mapping[str, object]:
    board, selection, view = shown.board, shown.selection, shown.view
    if board is None or selection is None:
        return {"board": None, "withheld": shown.snapshot.withheld_from(None), "tiers": TIERS}
    entries = selection.entries
    return {
        "board": board,
        "boards": shown.snapshot.boards,
        "snapshot": shown.snapshot,
        "view": view,
        "notes": shown.notes,
        "selection": selection,
        "counts": selection.counts,
        "shown": entries if view.all_rows else entries[:FIRST_ROWS],
        "columns": [COLUMNS[name] for name in (*FIXED, *view.columns) if name != "held_out" or has_held_out(board)],
        "withheld": shown.snapshot.withheld_from(board),
        "column_title": lambda column: _title(column, view),
        "model_link": _model_link,
        "links": _links(shown, board),
        "choices": CHOICES,
        "all_columns": COLUMNS,
        "default_columns": DEFAULT,
        "presets": PRESETS,
        "order_names": ORDER_NAMES,
        "order_notes": ORDER_NOTES,
        "facet_titles": FACET_TITLES,
        "tiers": TIERS,
    }


def has_held_out(board: Board) -> bool:
    """Whether any row was measured on the private split: without one the column would be dashes."""
    return any(row.held_out for row in board.rows)


def _title(column: Column, view: View) -> str:
    return KEY_TITLES[view.order] if column.name == "key" else column.title


def _model_link(row: Row) -> str:
    return f"model?id={quote(key_of(row), safe='')}"


def _links(shown: Shown, board: Board) -> dict[str, object]:
    """Queries of the views that the page links to, ready for an attribute."""
    view = shown.view
    pinned = replace(view, board=board.key, ledger=shown.snapshot.digest[:12])
    plain = View(board=view.board, ledger=view.ledger)
    kept = {"order": view.order, "weights": view.weights, "columns": view.columns, "below": view.below}
    unfiltered = replace(plain, **kept, sort=view.sort, direction=view.direction)  # type: ignore[arg-type]
    return {
        "sort": ("-" if view.direction == "descending" else "") + view.sort,
        "sorted": {name: query_of(_sorted_by(view, name)) for name in COLUMNS},
        "unfiltered": query_of(unfiltered),
        "all_rows": query_of(replace(view, all_rows=True)),
        "pinned": query_of(pinned),
        "everything": f"{query_of(View(board=board.key, ledger=pinned.ledger))}&scope=all",
    }


def _sorted_by(view: View, name: str) -> View:
    """Sorted by a column: its own direction first, the other one on a second click."""
    direction = COLUMNS[name].direction
    if view.sort == name:
        direction = "ascending" if view.direction == "descending" else "descending"
    return replace(view, sort=name, direction=direction)
