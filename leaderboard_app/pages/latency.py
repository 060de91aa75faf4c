"""Quality against latency, one machine and engine at a time."""

import gradio as gr

from leaderboard_app.figures.latency import quality_against_latency
from leaderboard_app.frontier import places, points
from leaderboard_app.pages import SORTING
from leaderboard_app.pages.controls import board_menu, metric_of, metric_radio, query, to_address
from leaderboard_app.rendering import render
from leaderboard_app.site import Site, page_head
from leaderboard_app.snapshot import Board


def best_baseline(board: Board, metric: str) -> tuple[str, float] | None:
    """Name and score of the best trivial baseline of a board."""
    found = [(row.score(metric).value, row.model.id.split("/")[1]) for row in board.rows if row.is_baseline]
    return (max(found)[1], max(found)[0]) if found else None


def build(site: Site, page: gr.Blocks) -> None:
    """Board, machine, metric; the plot, and the same as a table."""

    def draw(board_key: str | None, where: str | None, metric: str):
        board, metric = site.board(board_key), metric_of(metric)
        found = places(board) if board else []
        place = next((own for own in found if own.label == where), found[0] if found else None)
        shown = points(board, place, metric) if board and place else []
        line = best_baseline(board, metric) if board else None
        figure = gr.Plot(quality_against_latency(shown, metric, line), visible=bool(shown))
        return figure, render("frontier", points=shown, metric=metric)

    def machines(board: Board | None, where: str | None = None) -> gr.Dropdown:
        labels = [place.label for place in places(board)] if board else []
        value = where if where in labels else (labels[0] if labels else None)
        return gr.Dropdown(choices=labels, value=value, visible=bool(labels))

    def opened(request: gr.Request):
        board, metric = site.board(query(request, "board")), metric_of(query(request, "metric"))
        where = query(request, "machine")
        return (
            board_menu(site.snapshot, board), machines(board, where), metric,
            *draw(board.key if board else None, where, metric),
        )  # fmt: skip

    def another_board(board_key: str, metric: str):
        return machines(site.board(board_key)), *draw(board_key, None, metric)

    page_head(
        "Quality × latency", "What a reply costs in time on one machine, and what it is worth. Up and left is better."
    )
    with gr.Row(elem_classes="dw-controls"):
        machine = gr.Dropdown(label="Machine and engine", choices=[], interactive=True)
        metric = metric_radio()
        board_choice = gr.Dropdown(label="Board", choices=[], visible=False, interactive=True)
    figure = gr.Plot(
        show_label=False,
        label="Score against median seconds a reply; the same figures are in the table below",
        elem_id="dw-plot",
    )
    table = gr.HTML(apply_default_css=False, elem_id="dw-frontier", js_on_load=SORTING)

    chosen, drawn = [board_choice, machine, metric], [figure, table]
    page.load(opened, None, [*chosen, *drawn], api_visibility="private", show_progress="hidden")
    gr.on([machine.input, metric.input], draw, chosen, drawn, api_visibility="private")
    board_choice.input(another_board, [board_choice, metric], [machine, *drawn], api_visibility="private")
    gr.on(
        [board_choice.input, machine.input, metric.input],
        None, chosen, None, js=to_address("board", "machine", "metric"), api_visibility="private",
    )  # fmt: skip
