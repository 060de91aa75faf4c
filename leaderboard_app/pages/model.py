"""One model in depth: ``/model?id=org/name`` or ``?id=org/name@revision12-precision``."""

import os

import gradio as gr

from leaderboard_app.board_page import TIERS
from leaderboard_app.model_view import (
    badge,
    faults,
    judgements_on,
    length_ratio,
    rival,
    tops,
    worst_first,
)
from leaderboard_app.pages.controls import board_menu, metric_of, metric_radio, query, row_choices, to_address
from leaderboard_app.rendering import render
from leaderboard_app.row_keys import find, find_withheld, key_of
from leaderboard_app.samples import read_samples
from leaderboard_app.site import Site, page_head
from leaderboard_app.snapshot import Board, Row, Withheld
from submissions.ledger import LedgerError
from submissions.schema import MEAN_METRICS

PER_PAGE = 10
MAX_SEARCH = 200


def address_of(request: gr.Request) -> str:
    """Where this board is served: the Space's own host, or what the browser asked for."""
    if host := os.environ.get("SPACE_HOST"):
        return f"https://{host}"
    return str(request.request.base_url).rstrip("/") if request.request else ""


def about_model(
    row: Row | None, board: Board | None, metric: str, address: str, asked: str = "", withheld: Withheld | None = None
) -> str:
    """Everything but the replies. ``withheld``: what was asked for, if it is not ranked."""
    if row is None or board is None:
        return render("no_model", asked=asked, board=board, withheld=withheld)
    judgements, unread = judgements_on(row)
    try:
        return render(
            "model",
            row=row,
            n_rows=len(board.rows),
            rival=rival(row, board),
            tops=tops(board),
            metric_shown=metric,
            tier=TIERS[row.tier],
            judgements=judgements,
            unread=unread,
            faults=faults(row),
            length_ratio=length_ratio(row),
            badge=badge(row, board, address),
        )
    except LedgerError as error:
        return render("trouble", what="This result cannot be shown", why=str(error))


def replies_of(site: Site, row: Row | None, metric: str, search: str, shown: int) -> tuple[str, bool]:
    """Replies worst first, and whether there are more than ``shown``."""
    if row is None:
        return "", False
    try:
        found = worst_first(read_samples(site.results, row.result), metric, search[:MAX_SEARCH])
    except LedgerError as error:
        return render("trouble", what="No replies to show", why=str(error)), False
    html = render(
        "samples",
        samples=found[:shown],
        total=len(found),
        metric=metric if metric in MEAN_METRICS else MEAN_METRICS[0],
        stands_in=metric not in MEAN_METRICS,
    )
    return html, len(found) > shown


def build(site: Site, page: gr.Blocks) -> None:
    """Choice of the model; its page; its replies with a literal search."""

    def replies(board_key: str | None, key: str | None, metric: str, search: str, shown: int = PER_PAGE):
        html, more = replies_of(site, find(site.board(board_key), key or ""), metric_of(metric), search, shown)
        return html, gr.Button(visible=more), shown

    def draw(board_key: str | None, key: str | None, metric: str, search: str, request: gr.Request):
        board = site.board(board_key)
        row = find(board, key or "")
        about = about_model(row, board, metric_of(metric), address_of(request))
        return about, *replies(board_key, key, metric, search)

    def opened(request: gr.Request):
        asked, metric = query(request, "id"), metric_of(query(request, "metric"))
        board = site.board(query(request, "board"))
        row = find(board, asked) if asked else (board.rows[0] if board else None)
        key, board_key = key_of(row) if row else None, board.key if board else None
        withheld = find_withheld(site.snapshot.withheld, asked)
        about = about_model(row, board, metric, address_of(request), asked, withheld)
        choice = gr.Dropdown(choices=row_choices(board), value=key)
        found = gr.Textbox(visible=row is not None)
        return board_menu(site.snapshot, board), choice, metric, about, found, *replies(board_key, key, metric, "")

    def another_board(board_key: str, metric: str, request: gr.Request):
        choices = row_choices(site.board(board_key))
        key = choices[0][1] if choices else None
        return gr.Dropdown(choices=choices, value=key), *draw(board_key, key, metric, "", request)

    def more(board_key: str | None, key: str | None, metric: str, search: str, shown: int):
        return replies(board_key, key, metric, search, shown + PER_PAGE)

    page_head("Model", "One result in depth: where it does well, how it fails, and what it said.")
    with gr.Row(elem_classes="dw-controls"):
        model = gr.Dropdown(label="Model", choices=[], interactive=True)
        metric = metric_radio()
        board_choice = gr.Dropdown(label="Board", choices=[], visible=False, interactive=True)
    about = gr.HTML(apply_default_css=False, elem_id="dw-model")
    search = gr.Textbox(
        label="Search the replies", placeholder="words that a reply, its reference or the officer's line holds",
        max_length=MAX_SEARCH, max_lines=1, visible=False, elem_classes="dw-search",
    )  # fmt: skip
    samples = gr.HTML(apply_default_css=False, elem_id="dw-samples")
    button = gr.Button("Show more", visible=False, elem_classes="dw-more")
    shown = gr.State(PER_PAGE)

    chosen, listed = [board_choice, model, metric, search], [samples, button, shown]
    page.load(
        opened,
        None,
        [board_choice, model, metric, about, search, *listed],
        api_visibility="private",
        show_progress="hidden",
    )
    gr.on([model.input, metric.input], draw, chosen, [about, *listed], api_visibility="private")
    board_choice.input(another_board, [board_choice, metric], [model, about, *listed], api_visibility="private")
    search.change(replies, chosen, listed, api_visibility="private", trigger_mode="always_last", show_progress="hidden")
    button.click(more, [*chosen, shown], listed, api_visibility="private")
    gr.on(
        [board_choice.input, model.input, metric.input],
        None, [board_choice, model, metric], None, js=to_address("board", "id", "metric"), api_visibility="private",
    )  # fmt: skip
