"""The running app in a real browser: what people see and do, and a hostile ledger that stays harmless."""

import shutil
from urllib.request import urlopen

import pytest

from leaderboard_app.app import launch
from submissions.ledger import write_result
from tests.results import make_result

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
SCRIPT = "<img src=x onerror=\"window.canary='hit'\"><script>window.canary='hit'</script>${window.canary='hit'}"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ledger") / "results"
    write_result(folder, make_result("baseline/constant", 1.0), b"")
    write_result(folder, make_result("acme/civilian-3b", 1.6, latency_s=0.4), b"")
    hostile = make_result("acme/hostile", 0.7, latency_s=0.8, kind="base")
    hostile = hostile.model_copy(
        update={
            "model": hostile.model.model_copy(update={"quantisation": SCRIPT}),
            "provenance": hostile.provenance.model_copy(update={"command": SCRIPT}),
        }
    )
    write_result(folder, hostile, b"")
    (folder / "evil__x").mkdir()
    (folder / "evil__x" / "<img src=x onerror=window.canary=1>.json").write_text(
        '{"model": "<script>window.canary=1</script>"}'
    )
    app = launch(folder, port=7899, block=False)
    yield "http://127.0.0.1:7899"
    app.close()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()


@pytest.fixture
def page(browser):
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    opened.set_default_timeout(60_000)
    yield opened
    opened.close()


def names(page):
    return page.locator("#dw-board tbody .dw-id").all_inner_texts()


def test_the_table_is_ranked_and_sorts_by_a_clicked_column(page, address):
    page.goto(address)
    page.wait_for_selector("#dw-board table")
    assert names(page) == ["acme/civilian-3b", "baseline/constant", "acme/hostile"]
    page.get_by_role("button", name="Latency p50").click()
    assert names(page) == ["acme/civilian-3b", "acme/hostile", "baseline/constant"]
    page.get_by_role("button", name="Model").click()
    assert names(page) == ["acme/civilian-3b", "acme/hostile", "baseline/constant"]
    page.get_by_role("button", name="ROUGE-L").click()
    assert names(page)[0] == "acme/civilian-3b"
    page.get_by_role("button", name="ROUGE-L").click()
    assert names(page)[0] == "acme/hostile"


def test_gains_replace_intervals_on_request(page, address):
    page.goto(address)
    page.wait_for_selector("#dw-board table")
    assert page.locator(".dw-interval").first.is_visible() and not page.locator(".dw-gain").first.is_visible()
    page.get_by_label("gain over best baseline").check()
    page.wait_for_selector(".dw-gain", state="visible")
    assert not page.locator(".dw-interval").first.is_visible()


def test_a_left_out_file_is_named(page, address):
    page.goto(address)
    page.wait_for_selector(".dw-notice")
    assert "1 result file left out" in page.locator(".dw-notice").inner_text()


@pytest.mark.parametrize("path", ["/", "/latency", "/paper", "/about"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_fit_a_phone_run_without_errors_and_execute_nothing(page, address, path, theme):
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{address}{path}?__theme={theme}")
    page.wait_for_selector({"/latency": ".js-plotly-plot", "/about": ".dw-prose"}.get(path, "table"))
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("window.canary") is None
    assert errors == []


def test_the_keyboard_reaches_the_sort_buttons(page, address):
    page.goto(address)
    page.wait_for_selector("#dw-board table")
    page.get_by_role("button", name="METEOR").focus()
    page.keyboard.press("Enter")
    assert page.locator("th[aria-sort]").inner_text().startswith("METEOR")


def test_the_server_answers(address):
    with urlopen(address, timeout=30) as answer:
        assert answer.status == 200
