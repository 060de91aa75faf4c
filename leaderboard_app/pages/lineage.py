"""What fine-tuning brought, base by base."""

import gradio as gr

from leaderboard_app.lineage import Lineage, trace
from leaderboard_app.pages import SORTING
from leaderboard_app.pages.controls import board_menu, metric_of, metric_radio, query, to_address
from leaderboard_app.rendering import render
from leaderboard_app.site import Site, page_head
from leaderboard_app.snapshot import Board
from submissions.ledger import LedgerError


def span_of(lineage: Lineage, metric: str) -> tuple[float, float]:
    """Ends of the axis: all scores of the figure with a little room, so that an arrow's head is not cut."""
    values = [row.score(metric).value for step in lineage.steps for row in (step.base, step.tuned)]
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = 0.06 * (high - low or 1.0)
    return max(0.0, low - room), high + room


def build(site: Site, page: gr.Blocks) -> None:
    """Board, metric, and the figure with its table."""
    kept: dict[str, tuple[Board, Lineage]] = {}

    def traced(board: Board) -> Lineage:
        # Every pair is a bootstrap: done once for a board as it stands, not once a reader.
        if board.key not in kept or kept[board.key][0] is not board:
            kept[board.key] = board, trace(board)
        return kept[board.key][1]

    def draw(board_key: str | None, metric: str) -> str:
        board, metric = site.board(board_key), metric_of(metric)
        try:
            lineage = traced(board) if board else None
        except LedgerError as error:
            return render("trouble", what="The pairs cannot be drawn", why=str(error))
        span = span_of(lineage, metric) if lineage else (0.0, 1.0)
        return render("lineage", lineage=lineage, metric=metric, span=span)

    def opened(request: gr.Request):
        board, metric = site.board(query(request, "board")), metric_of(query(request, "metric"))
        return board_menu(site.snapshot, board), metric, draw(board.key if board else None, metric)

    page_head("Base → fine-tuned", "Each fine-tuned model beside the model it started from, on the same scenarios.")
    with gr.Row(elem_classes="dw-controls"):
        metric = metric_radio()
        board_choice = gr.Dropdown(label="Board", choices=[], visible=False, interactive=True)
    figure = gr.HTML(apply_default_css=False, elem_id="dw-lineage", js_on_load=SORTING)

    chosen = [board_choice, metric]
    page.load(opened, None, [*chosen, figure], api_visibility="private", show_progress="hidden")
    gr.on([board_choice.input, metric.input], draw, chosen, figure, api_visibility="private")
    gr.on(
        [board_choice.input, metric.input],
        None,
        chosen,
        None,
        js=to_address("board", "metric"),
        api_visibility="private",
    )
