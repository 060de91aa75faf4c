"""What several pages lay out: choices of rows, metric and board, and the address bar that follows them."""

import gradio as gr

from leaderboard_app.rendering import METRIC_NAMES
from leaderboard_app.row_keys import key_of
from leaderboard_app.snapshot import Board, Snapshot
from submissions.schema import METRICS

MAX_QUERY = 600


def query(request: gr.Request, name: str) -> str:
    """A parameter of the page's address, cut to a sane length; empty where it is not there."""
    return dict(request.query_params).get(name, "")[:MAX_QUERY]


def metric_of(value: str | None) -> str:
    """A metric's name; the first one for anything else a caller may send."""
    return value if value in METRICS else METRICS[0]


def metric_radio() -> gr.Radio:
    """The choice of one metric."""
    return gr.Radio([(METRIC_NAMES[m], m) for m in METRICS], value=METRICS[0], label="Metric", elem_classes="dw-choice")


def board_menu(snapshot: Snapshot, board: Board | None, always: bool = False) -> gr.Dropdown:
    """The menu of boards at a load; not shown where there is no choice, unless ``always``."""
    choices = [(own.label, own.key) for own in snapshot.boards]
    return gr.Dropdown(choices=choices, value=board.key if board else None, visible=always or len(choices) > 1)


def row_choices(board: Board | None) -> list[tuple[str, str]]:
    """(label, key) of each row of a board, best first. A model that stands there twice is told apart by precision and revision."""
    rows = board.rows if board else ()
    ids = [row.model.id for row in rows]
    return [
        (
            row.model.id
            if ids.count(row.model.id) == 1
            else f"{row.model.id} · {row.model.precision} · {row.model.revision[:8]}",
            key_of(row),
        )
        for row in rows
    ]


def to_address(*names: str) -> str:
    """JavaScript of an event that writes its inputs' values into the address, so that the view can be sent to somebody."""
    sets = "".join(f'put("{name}", values[{place}]);' for place, name in enumerate(names))
    return (
        "(...values) => { const url = new URL(window.location); const put = (name, value) => {"
        "const text = Array.isArray(value) ? value.join(',') : value ?? '';"
        "if (text) url.searchParams.set(name, text); else url.searchParams.delete(name); };"
        f"{sets} window.history.replaceState(null, '', url); return values; }}"
    )
