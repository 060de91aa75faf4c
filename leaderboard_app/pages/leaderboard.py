"""The ranking: the first page, so the lightest. Form, table and counts are made by ``board_page``; ``board.js`` swaps them."""

import gradio as gr

from leaderboard_app.board_page import open_view, render_leaderboard
from leaderboard_app.site import STATIC, Site, page_head

SCRIPT = (STATIC / "board.js").read_text("utf-8")


def build(site: Site, page: gr.Blocks) -> None:
    """The form and the table, and what was left out, as the address asks for them."""

    def opened(request: gr.Request) -> str:
        return render_leaderboard(open_view(site, str(request.query_params)))

    page_head()
    board = gr.HTML(apply_default_css=False, elem_id="dw-board", js_on_load=SCRIPT)
    page.load(opened, None, board, api_visibility="private", show_progress="hidden", queue=False)
