"""Where submissions stand; a failed one says why."""

from datetime import UTC, datetime

import gradio as gr

from leaderboard_app.queue_view import counts, read_queue
from leaderboard_app.rendering import render
from leaderboard_app.site import Site, page_head

REFRESH_S = 60
MAX_SHOWN = 300
SIGNS = {
    "running": "▶", "stalled": "‖", "pending": "○", "failed": "✕", "unreadable": "✕", "finished": "✓", "withdrawn": "–",
}  # fmt: skip


def build(site: Site, page: gr.Blocks) -> None:
    """The table, read again at each load and every minute while the page is open."""

    def table() -> str:
        found = read_queue(site.results.parent, datetime.now(UTC))
        hidden = len(found) - len(found[:MAX_SHOWN])
        return render("queue", submissions=found[:MAX_SHOWN], counts=counts(found), signs=SIGNS, n_hidden=hidden)

    page_head(
        "Queue", "What waits, what runs, and what became of the rest. A model that failed stays here with the reason."
    )
    queue = gr.HTML(apply_default_css=False, elem_id="dw-queue")
    page.load(table, None, queue, api_visibility="private", show_progress="hidden")
    gr.Timer(REFRESH_S).tick(table, None, queue, api_visibility="private", show_progress="hidden")
