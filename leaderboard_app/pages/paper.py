"""The paper's published table: shown, never ranked with measured rows."""

import gradio as gr

from leaderboard_app.pages import SORTING
from leaderboard_app.rendering import render_reported
from leaderboard_app.site import Site, page_head


def build(site: Site, page: gr.Blocks) -> None:
    """The table."""
    page_head(
        "The paper's table",
        "As published with the paper: another protocol, another split, another BLEU. Shown, never ranked with what is measured here.",
    )
    reported = gr.HTML(apply_default_css=False, js_on_load=SORTING)
    page.load(lambda: render_reported(site.snapshot), None, reported, api_visibility="private", show_progress="hidden")
