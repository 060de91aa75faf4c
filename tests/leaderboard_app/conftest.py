"""One Chromium for all of this folder's tests: it ends with them, because two at once cannot be driven from one thread."""

import pytest

from tests.leaderboard_app.browsing import chromium, new_page


@pytest.fixture(scope="package")
def browser():
    with chromium() as running:
        yield running


@pytest.fixture(scope="package")
def context(browser):
    """Pages of one context share Gradio's scripts in its cache, so that only the first one fetches them."""
    opened = browser.new_context()
    yield opened
    opened.close()


@pytest.fixture
def page(context):
    opened = new_page(context)
    yield opened
    opened.close()
