"""The board's API: typed endpoints beside the pages, for ``gradio_client`` and plain HTTP. Every argument is a stranger's.

``/ranking``, ``/model``, ``/compare``, ``/queue``; what they take and give is in the package's README and, live, under *Use via API*.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import gradio as gr

from leaderboard_app.board_page import open_view
from leaderboard_app.columns import Entry
from leaderboard_app.comparison import MAX_MODELS, MIN_MODELS
from leaderboard_app.comparison import compare as compare_rows
from leaderboard_app.exports import records, source_of, withheld_records
from leaderboard_app.limits import RateLimit
from leaderboard_app.queue_view import ORDER, Waiting, read_queue
from leaderboard_app.row_keys import find, find_withheld, key_of
from leaderboard_app.site import Site
from leaderboard_app.snapshot import Board, Row
from submissions.ledger import printable
from submissions.schema import METRICS

MAX_ROWS = 1000
LIMIT = RateLimit(per_second=5, burst=40)
COSTS = {"ranking": 1.0, "model": 1.0, "compare": 4.0, "queue": 1.0}


def whole(name: str, value: Any, least: int, most: int) -> int:
    """An argument that must be a whole number within limits; JSON may bring one as a float.

    Raises:
        ValueError: it is none.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not least <= value <= most or value != int(value):
        raise ValueError(f"{name} must be a whole number from {least} to {most}")
    return int(value)


def ranking(site: Site, query: str = "", offset: int = 0, limit: int = 100) -> dict[str, Any]:
    """Rows of a board in order. ``query``: the page's address after the question mark, such as ``size=phone&sort=-rouge_l``.

    Raises:
        ValueError: ``offset`` or ``limit`` is out of range.
    """
    offset, limit = whole("offset", offset, 0, 1_000_000), whole("limit", limit, 1, MAX_ROWS)
    shown = open_view(site, query)
    if shown.board is None or shown.selection is None:
        empty = {"source": None, "notes": list(shown.notes), "total": 0, "rows": []}
        return empty | {"withheld": withheld_records(shown.snapshot.withheld_from(None), [])}
    entries = shown.selection.entries
    return {
        "source": source_of(shown.snapshot, shown.board),
        "notes": list(shown.notes),
        "total": len(entries),
        "rows": records(entries[offset : offset + limit]),
        "withheld": withheld_records(shown.snapshot.withheld_from(shown.board), []),
    }


def model(site: Site, model_id: str, board: str = "") -> dict[str, Any]:
    """Everything the ledger's result states about one row, but for its sums; ``model_id`` may name one row as links do.

    Raises:
        ValueError: there is no such row.
    """
    found, row = _row(site, model_id, board)
    whole = row.result.model_dump(mode="json", exclude={"per_scenario"})
    record = records([Entry(row, row.standing, row.standing.mean_rank)])[0]
    return {
        "source": source_of(site.snapshot, found),
        "standing": record,
        "flags": [flag.model_dump(mode="json") for flag in row.flags],
        "decisions": [own.model_dump(mode="json") for own in row.decisions],
        "held_out": row.held_out,
        "result": whole,
    }


def compare(site: Site, model_ids: list[str], board: str = "") -> dict[str, Any]:
    """Two to four rows, each later one against the first: paired differences with intervals, scenarios won, tied and lost.

    Raises:
        ValueError: fewer or more rows, or one that there is not.
    """
    if not isinstance(model_ids, list) or len(model_ids) > MAX_MODELS:
        raise ValueError(f"give {MIN_MODELS} to {MAX_MODELS} models")
    found = [_row(site, model_id, board) for model_id in model_ids]
    against = compare_rows([row for _, row in found])
    return {
        "source": source_of(site.snapshot, found[0][0]),
        "first": key_of(found[0][1]),
        "others": [
            {
                "row": key_of(own.row),
                "metrics": {
                    metric: vars(own.differences[metric])
                    | {"adjusted_p": own.adjusted[metric], "scenarios": vars(own.tallies[metric])}
                    for metric in METRICS
                },
            }
            for own in against
        ],
    }


def queue(site: Site, state: str = "", limit: int = 100) -> dict[str, Any]:
    """Submissions in the order of the Queue page, with position, reason and log tail; of one state, or of all.

    Raises:
        ValueError: ``state`` is none, or ``limit`` is out of range.
    """
    if not isinstance(state, str) or (state and state not in ORDER):
        raise ValueError(f"state must be one of {', '.join(ORDER)}")
    limit = whole("limit", limit, 1, MAX_ROWS)
    found = [own for own in read_queue(site.results.parent, datetime.now(UTC)) if state in ("", own.state)]
    return {"total": len(found), "submissions": [_submission(own) for own in found[:limit]]}


def _submission(own: Waiting) -> dict[str, Any]:
    """Plain JSON. The file is called ``request``: what has a ``path``, gradio_client takes for a file to download."""
    values = vars(own)
    times = {
        name: value.isoformat() if value else None
        for name, value in (("submitted_at", own.submitted_at), ("updated_at", own.updated_at))
    }
    return {"model": own.model, "request": own.path} | {k: v for k, v in values.items() if k != "path"} | times


def _row(site: Site, model_id: str, board: str) -> tuple[Board, Row]:
    if not isinstance(model_id, str) or not isinstance(board, str):
        raise ValueError("names must be text")
    found = site.board(board or None)
    if board and (found is None or board not in (found.key, found.label)):
        raise ValueError(f"there is no board {printable(board, 80)!r}")
    row = find(found, model_id)
    if found is None or row is None:
        if withheld := find_withheld(site.snapshot.withheld, model_id):
            raise ValueError(f"{withheld.model.id} is withheld: {withheld.decision.reason}")
        raise ValueError(f"there is no row {printable(model_id, 80)!r} on this board")
    return found, row


ENDPOINTS: dict[str, Callable[..., dict[str, Any]]] = {
    "ranking": ranking,
    "model": model,
    "compare": compare,
    "queue": queue,
}


def _take(name: str, request: gr.Request | None) -> None:
    client = request.client.host if request and request.client else "unknown"
    if not LIMIT.allows(client, COSTS[name]):
        raise gr.Error("Too many requests at once: wait a few seconds.", print_exception=False)


def bind(site: Site) -> None:
    """Register the endpoints on the app whose context this is called in. What an endpoint cannot do it says in one line."""

    def answer(name: str, *arguments: Any, request: gr.Request | None) -> dict[str, Any]:
        _take(name, request)
        try:
            return ENDPOINTS[name](site, *arguments)
        except (ValueError, OSError) as error:
            raise gr.Error(printable(str(error)), print_exception=False) from None

    def ranking_(request: gr.Request, query: str = "", offset: int = 0, limit: int = 100) -> dict[str, Any]:
        return answer("ranking", query, offset, limit, request=request)

    def model_(request: gr.Request, model_id: str, board: str = "") -> dict[str, Any]:
        return answer("model", model_id, board, request=request)

    def compare_(request: gr.Request, model_ids: list[str], board: str = "") -> dict[str, Any]:
        return answer("compare", model_ids, board, request=request)

    def queue_(request: gr.Request, state: str = "", limit: int = 100) -> dict[str, Any]:
        return answer("queue", state, limit, request=request)

    for name, function in (("ranking", ranking_), ("model", model_), ("compare", compare_), ("queue", queue_)):
        gr.api(function, api_name=name, api_description=(ENDPOINTS[name].__doc__ or "").split("\n")[0])
