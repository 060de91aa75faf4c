"""A browser on a running board: which page is there when, and Chromium as the tests and the pictures use it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from leaderboard_app.server import launch

CHROMIUM = shutil.which("chromium")
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
READY = {
    "": "#dw-board table",
    "latency": ".js-plotly-plot .main-svg",
    "fine-tuned": "#dw-lineage .dw-step, #dw-lineage .dw-empty",
    "compare": "#dw-words li",
    "model": "#dw-samples li",
    "queue": "#dw-queue table",
    "submit": "#dw-request h2",
    "paper": "table",
    "about": "#dw-about table",
}
"""Route → what stands on the page once its data has come."""


@contextmanager
def serving(results: Path) -> Iterator[str]:
    """Address of a running board of a results folder, on a free port: several test runs may share a machine."""
    server = launch(results, port=0, block=False)
    try:
        yield server.address
    finally:
        server.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium without a window."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield running
        finally:
            running.close()


def new_page(context: BrowserContext, size: dict[str, int] = WIDE) -> Page:
    """A page of that size; pages of one context share Gradio's scripts in its cache."""
    page = context.new_page()
    page.set_viewport_size(size)
    page.set_default_timeout(60_000)
    return page


def visit(page: Page, address: str, route: str, query: str = "") -> None:
    """Open a page of the board and wait for its data."""
    page.goto(f"{address}/{route}?{query}")
    page.wait_for_selector(READY[route])
    # The plot's placeholder and the overlays that Gradio lays over what is being updated.
    page.wait_for_function(
        "!document.querySelector('.wrap.generating, .wrap.translucent, .wrap.default.full:not(.hide)')"
    )
