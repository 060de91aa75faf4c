"""How the numbers come about, how to read them, and what they cannot tell."""

import gradio as gr

from leaderboard_app.board_page import TIERS
from leaderboard_app.pages.controls import board_menu, query, to_address
from leaderboard_app.rendering import render
from leaderboard_app.site import Site, page_head
from leaderboard_app.snapshot import Board
from leaderboard_app.validity import Validity, assess
from submissions.ledger import LedgerError


def build(site: Site, page: gr.Blocks) -> None:
    """The text, with the signatures and the validity figures of one board."""
    kept: dict[str, tuple[Board, Validity | None]] = {}

    def validity_of(board: Board) -> Validity | None:
        # A bootstrap and a predictions file: once for a board as it stands, not once a reader.
        if board.key not in kept or kept[board.key][0] is not board:
            try:
                found = assess(board, site.results)
            except LedgerError:
                found = None
            kept[board.key] = board, found
        return kept[board.key][1]

    def draw(board_key: str | None) -> str:
        board = site.board(board_key)
        validity = validity_of(board) if board else None
        return render("about", board=board, snapshot=site.snapshot, validity=validity, tiers=TIERS)

    def opened(request: gr.Request):
        board = site.board(query(request, "board"))
        return board_menu(site.snapshot, board, always=True), draw(board.key if board else None)

    page_head("About", "What is measured, how to read it, and what it cannot tell.")
    with gr.Row(elem_classes="dw-controls"):
        board_choice = gr.Dropdown(label="Board", choices=[], interactive=True)
    text = gr.HTML(apply_default_css=False, elem_id="dw-about")
    page.load(opened, None, [board_choice, text], api_visibility="private", show_progress="hidden")
    board_choice.input(draw, board_choice, text, api_visibility="private")
    board_choice.input(None, board_choice, None, js=to_address("board"), api_visibility="private")
