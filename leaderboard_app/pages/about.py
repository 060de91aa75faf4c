"""How the numbers come about, and how to read them."""

import gradio as gr

from leaderboard_app.rendering import render_about
from leaderboard_app.site import Site, page_head


def build(site: Site, page: gr.Blocks) -> None:
    """The text, with the signatures of the first board."""
    page_head()
    about = gr.HTML(apply_default_css=False)
    page.load(lambda: render_about(site.board()), None, about, api_visibility="private")
