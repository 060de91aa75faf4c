"""The ranking: the first page, so the lightest."""

import gradio as gr

from leaderboard_app.pages import SORTING
from leaderboard_app.rendering import render_board, render_notice
from leaderboard_app.site import Site, page_head


def build(site: Site, page: gr.Blocks) -> None:
    """Board menu, what was left out, and the table."""

    def menu():
        labels = [board.label for board in site.snapshot.boards]
        return gr.Dropdown(choices=labels, value=labels[0] if labels else None, visible=len(labels) > 1)

    def table(label: str | None) -> str:
        return render_board(site.board(label))

    page_head()
    notice = gr.HTML(apply_default_css=False)
    label = gr.Dropdown(label="Board", choices=[], visible=False, interactive=True)
    below = gr.Radio(
        [("95 % interval", "interval"), ("gain over best baseline", "gain")],
        value="interval",
        label="Below each score",
        elem_classes="dw-below",
    )
    board = gr.HTML(apply_default_css=False, elem_id="dw-board", js_on_load=SORTING)
    below.change(
        None,
        below,
        None,
        js="(shown) => { document.body.classList.toggle('dw-gains', shown === 'gain'); }",
    )
    page.load(lambda: render_notice(site.snapshot), None, notice, api_visibility="private")
    page.load(menu, None, label, api_visibility="private").then(table, label, board, api_visibility="private")
    label.input(table, label, board, api_visibility="private")
