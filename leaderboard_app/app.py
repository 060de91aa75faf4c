"""The Gradio app: a table of pages over one ``Site``. Served by ``server``."""

import warnings

import gradio as gr
from fastapi import FastAPI

from leaderboard_app import api
from leaderboard_app.pages import about, compare, latency, leaderboard, lineage, model, paper, queue, submit
from leaderboard_app.site import STATIC, TITLE, Site
from leaderboard_app.theme import theme

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
# In the head, not as ``css``: Gradio prefixes each selector of that, splits ``:is(a, b)`` at its comma and loses media queries.
STYLE = "".join(f"<style>{(STATIC / name).read_text('utf-8')}</style>" for name in ("board.css", "pages.css"))


def build_app(site: Site) -> gr.Blocks:
    """The app over a site; pages are made again when the ledger changes and the page is reloaded."""
    app = gr.Blocks(title=TITLE, analytics_enabled=False)
    for name, route, build in PAGES:
        with app.route(name, route) if route else app as page:
            build(site, page)
    with app:
        api.bind(site)
    return app


def mount(site: Site) -> FastAPI:
    """The app as an ASGI app, for ``server``."""
    with warnings.catch_warnings():
        # Said of every app with several pages, whether it asks for server-side rendering or, as here, not.
        warnings.filterwarnings("ignore", message="SSR mode is not supported")
        return gr.mount_gradio_app(
            FastAPI(),
            build_app(site),
            "/",
            ssr_mode=False,
            run_history=False,
            show_error=False,
            footer_links=["api", "gradio", "settings"],
            theme=theme(),
            head=STYLE,
        )
