"""Which rows of a board a view shows, in which order, and how many each further filter would leave.

Filters choose rows; they never move a row's rank, range or group, which belong to the whole board.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from leaderboard_app.columns import Entry, family_of, sort_entries
from leaderboard_app.snapshot import Board, Place, Row, Stability
from leaderboard_app.view_state import FACETS, PRESETS, View
from submissions.ranking import weighted_order

NOT_STATED = "not stated"


@dataclass(frozen=True)
class Selection:
    """What a view shows. ``counts``: facet → value → rows that would be left with this value and all other filters on.

    ``stability``: of the order chosen, compared with the board's own.
    """

    board: Board
    entries: tuple[Entry, ...]
    counts: Mapping[str, Mapping[str, int]]
    stability: Stability


def facet_of(row: Row, facet: str) -> str:
    """A row's value in a facet."""
    values = {
        "kind": row.model.kind,
        "family": family_of(row),
        "licence": row.model.licence or NOT_STATED,
        "precision": row.model.quantisation or row.model.precision,
        "tier": row.tier,
    }
    return values[facet]


def matches(row: Row, search: str) -> bool:
    """Whether a row holds the search: words by spaces must all occur, alternatives are parted by semicolons; literal, case aside."""
    model = row.model
    text = " ".join(
        part
        for part in (model.id, model.base_model, family_of(row), model.quantisation, model.precision, model.licence)
        if part
    ).casefold()
    alternatives = [part.split() for part in search.casefold().split(";") if part.strip()]
    return not alternatives or any(all(word in text for word in words) for words in alternatives)


def fits(row: Row, smallest: float | None, largest: float | None) -> bool:
    """Whether a row's size, in billions, is within limits; a row without a size fits only where there are none."""
    if smallest is None and largest is None:
        return True
    if row.model.parameters is None:
        return False
    billions = row.model.parameters / 1e9
    return (smallest is None or billions >= smallest) and (largest is None or billions <= largest)


def select(board: Board, view: View) -> Selection:
    """The rows of a board that a view shows, sorted, with live counts."""
    masks = _masks(board, view)
    kept = np.logical_and.reduce(list(masks.values()))
    entries, stability = _ordered(board, view.order, view.weights)
    shown = [entry for entry, keep in zip(entries, kept, strict=True) if keep]
    # The order's own key may be one that is better when higher; it is sorted by place, which never is.
    by = "rank" if view.sort == "key" else view.sort
    return Selection(board, tuple(sort_entries(shown, by, view.direction)), _counts(board, masks), stability)


def _masks(board: Board, view: View) -> dict[str, np.ndarray]:
    """Filter → which rows it lets through."""
    masks = {
        "search": np.array([matches(row, view.search) for row in board.rows], bool),
        "size": np.array([fits(row, None, PRESETS.get(view.size)) for row in board.rows], bool),
        "limits": np.array([fits(row, view.smallest, view.largest) for row in board.rows], bool),
        "flags": np.array([not (view.hide_flagged and row.flags) for row in board.rows], bool),
    }
    for facet in FACETS:
        chosen = view.facets.get(facet)
        masks[facet] = np.array([not chosen or facet_of(row, facet) in chosen for row in board.rows], bool)
    return masks


def _counts(board: Board, masks: Mapping[str, np.ndarray]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for facet in FACETS:
        others = np.logical_and.reduce([mask for name, mask in masks.items() if name != facet])
        found: dict[str, int] = {}
        for row, keep in zip(board.rows, others, strict=True):
            value = facet_of(row, facet)
            found[value] = found.get(value, 0) + int(keep)
        counts[facet] = dict(sorted(found.items(), key=lambda item: item[0].casefold()))
    others = np.logical_and.reduce([mask for name, mask in masks.items() if name != "size"])
    counts["size"] = {"": int(others.sum())}
    for name, largest in PRESETS.items():
        fitting = np.array([fits(row, None, largest) for row in board.rows], bool)
        counts["size"][name] = int((others & fitting).sum())
    return counts


def _ordered(board: Board, order: str, weights: tuple[float, ...]) -> tuple[list[Entry], Stability]:
    """The whole board in the order chosen: each row with its place and what the order goes by; rows stay in board order."""
    if order == "borda":
        return [Entry(row, row.borda, row.borda.points) for row in board.rows], board.borda
    if order == "weights":
        places, keys, stability = _weighted(board, weights)
        return [Entry(*own) for own in zip(board.rows, places, keys, strict=True)], stability
    return [Entry(row, row.standing, row.standing.mean_rank) for row in board.rows], board.overall


class _ByIdentity:
    """A board as a cache's key: boards hold lists of thousands of numbers, which nobody should hash at each click."""

    def __init__(self, board: Board) -> None:
        self.board = board

    def __hash__(self) -> int:
        return id(self.board)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByIdentity) and other.board is self.board


def _weighted(board: Board, weights: tuple[float, ...]) -> tuple[list[Place], list[float], Stability]:
    return _cached_weighted(_ByIdentity(board), weights)


@lru_cache(maxsize=64)
def _cached_weighted(held: _ByIdentity, weights: tuple[float, ...]) -> tuple[list[Place], list[float], Stability]:
    board = held.board
    default = np.array([row.standing.mean_rank for row in board.rows])
    found = weighted_order(board.drawn_ranks, weights, default)
    places = [Place(*map(int, own)) for own in zip(found.place, found.low, found.high, strict=True)]
    return places, [float(key) for key in found.key], Stability(found.keeps_top, found.tau)
