"""The Gradio app: a table of pages over one ``Site``. ``build_app`` and ``launch`` are all there is to call."""

from pathlib import Path

import gradio as gr

from leaderboard_app.pages import STATIC, about, compare, latency, leaderboard, lineage, model, paper, queue, submit
from leaderboard_app.site import Site

# (name in the navigation, route – None: the first page –, what lays it out)
PAGES = (
    ("Leaderboard", None, leaderboard.build),
    ("Quality × latency", "latency", latency.build),
    ("Base → fine-tuned", "fine-tuned", lineage.build),
    ("Compare", "compare", compare.build),
    ("Model", "model", model.build),
    ("Queue", "queue", queue.build),
    ("Submit", "submit", submit.build),
    ("Paper", "paper", paper.build),
    ("About", "about", about.build),
)
CSS = "\n".join((STATIC / name).read_text("utf-8") for name in ("board.css", "pages.css"))
THEME = gr.themes.Base(
    primary_hue=gr.themes.colors.blue,
    neutral_hue=gr.themes.colors.slate,
    font=["ui-sans-serif", "system-ui", "sans-serif"],
    font_mono=["ui-monospace", "monospace"],
)


def build_app(results: Path) -> gr.Blocks:
    """The app over a results folder; pages are made again when the folder changes and the page is reloaded."""
    site = Site.over(results)
    app = gr.Blocks(title="DeEscalWild leaderboard", analytics_enabled=False)
    for name, route, build in PAGES:
        with app.route(name, route) if route else app as page:
            build(site, page)
    return app


def launch(results: Path, port: int = 7860, *, block: bool = True) -> gr.Blocks:
    """Serve the board on 127.0.0.1.

    Raises:
        OSError: the port is taken.
    """
    app = build_app(results)
    app.launch(
        server_name="127.0.0.1",
        server_port=port,
        prevent_thread_lock=not block,
        quiet=True,
        share=False,
        ssr_mode=False,
        run_history=False,
        footer_links=["gradio", "settings"],
        theme=THEME,
        css=CSS,
    )
    return app
