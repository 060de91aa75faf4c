"""The running app in a real browser: what people see and do, and a hostile ledger that stays harmless."""

import re
from hashlib import sha256

import pytest

from submissions.decisions import decide
from submissions.ledger import path_of, verification_path, write_new, write_result
from submissions.verification import Flag, Verification
from tests.leaderboard_app.browsing import CHROMIUM, serving
from tests.results import make_result
from tests.rich_ledger import NOW

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
RANKING = "[data-dw-part] > .dw-scroll table"
MARKS = "\u200f**bold** [x](javascript:window.canary=1) ~~~\u061c $$x$$"
SCRIPT = "<img src=x onerror=\"window.canary='hit'\"><script>window.canary='hit'</script>${window.canary='hit'}"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ledger") / "results"
    write_result(folder, make_result("baseline/constant", 1.0), b"")
    write_result(folder, make_result("acme/civilian-3b", 1.6, latency_s=0.4), b"")
    hostile = make_result("acme/hostile", 0.7, latency_s=0.8, kind="base")
    hostile = hostile.model_copy(
        update={
            "model": hostile.model.model_copy(update={"quantisation": SCRIPT, "licence": MARKS}),
            "provenance": hostile.provenance.model_copy(update={"command": SCRIPT}),
        }
    )
    write_result(folder, hostile, b"")
    (folder / "evil__x").mkdir()
    (folder / "evil__x" / "<img src=x onerror=window.canary=1>.json").write_text(
        '{"model": "<script>window.canary=1</script>"}'
    )
    flag = Flag(name="copies", evidence=SCRIPT, value=1, threshold=0.5)
    path = path_of(folder, hostile)
    digest = sha256(path.read_bytes()).hexdigest()
    found = Verification(
        result_sha256=digest, items_sha256=digest, tier="recomputed", checked_at=NOW, code_version=SCRIPT, flags=[flag]
    )
    write_new(verification_path(path), found.model_dump_json().encode())
    decide(folder.parent, path, "note", SCRIPT, decided_by=SCRIPT)
    write_result(folder, make_result("evil/withheld", 2.0), b"")
    decide(
        folder.parent, path_of(folder, make_result("evil/withheld")), "withhold", f"{MARKS} {SCRIPT}", decided_by=SCRIPT
    )
    huge = path_of(folder, make_result("evil/huge"))
    huge.parent.mkdir()
    huge.write_text('{"model": "' + "<script>window.canary=1</script>" * 40_000 + '"}')
    with serving(folder) as running:
        yield running


def names(page):
    return page.locator(f"{RANKING} tbody .dw-id").all_inner_texts()


def test_the_table_is_ranked_and_sorts_by_a_clicked_column_in_the_direction_that_column_has(page, address):
    page.goto(address)
    page.wait_for_selector("#dw-board table")
    assert names(page) == ["acme/civilian-3b", "baseline/constant", "acme/hostile"]
    for column, expected in (
        ("Latency", ["acme/civilian-3b", "acme/hostile", "baseline/constant"]),
        ("Model", ["acme/civilian-3b", "acme/hostile", "baseline/constant"]),
        ("ROUGE-L", ["acme/civilian-3b", "baseline/constant", "acme/hostile"]),
        ("ROUGE-L", ["acme/hostile", "baseline/constant", "acme/civilian-3b"]),
    ):
        with page.expect_response("**/view?**"):
            page.locator("thead a", has_text=column).click()
        page.wait_for_selector(f'thead th[aria-sort]:has-text("{column}")')
        page.wait_for_selector("[data-dw-part]:not([aria-busy])")
        assert names(page) == expected


def test_the_whole_view_is_in_the_address_and_comes_back_from_it(page, address):
    page.goto(address)
    page.wait_for_selector("#dw-board table")
    page.get_by_label("Search").fill("acme")
    page.wait_for_url("**q=acme*")
    page.locator("summary", has_text="More filters").click()
    page.get_by_label(re.compile("^base 1")).check()
    page.wait_for_url("**kind=base*")
    page.locator("summary", has_text="Order and columns").click()
    page.get_by_label("gain over baselines").check(force=True)
    page.get_by_role("checkbox", name="METEOR").uncheck()
    page.wait_for_url("**cols=*")
    page.wait_for_selector("[data-dw-part]:not([aria-busy])")
    before = page.locator(RANKING).inner_text()
    assert names(page) == ["acme/hostile"] and "METEOR" not in before
    page.goto(page.url)
    page.wait_for_selector("#dw-board table")
    assert page.locator(RANKING).inner_text() == before
    assert page.get_by_label("Search").input_value() == "acme" and page.get_by_label("gain over baselines").is_checked()


def test_counts_beside_the_filters_follow_the_search(page, address):
    page.goto(address)
    page.wait_for_selector("#dw-board table")
    headset = page.locator('[data-dw-count="size=headset"]')
    assert headset.inner_text() == "2"
    page.get_by_label("Search").fill("civilian-3b")
    page.wait_for_function("document.querySelector('[data-dw-count=\"size=headset\"]').textContent === '1'")


def test_a_search_without_a_hit_says_so_and_can_be_cleared(page, address):
    page.goto(f"{address}/?q=nobody")
    page.wait_for_selector(".dw-empty")
    page.get_by_role("link", name="Clear the filters").click()
    page.wait_for_selector("#dw-board table")
    assert len(names(page)) == 3 and page.get_by_label("Search").input_value() == ""


def test_a_left_out_file_is_named(page, address):
    page.goto(address)
    page.wait_for_selector(".dw-notice")
    assert "2 result files left out" in page.locator(".dw-notice").inner_text()


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


def test_the_name_column_stays_in_sight_when_the_table_is_scrolled(page, address):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address)
    page.wait_for_selector(RANKING)
    name = page.locator(f"{RANKING} tbody th.dw-name").first
    page.evaluate("document.querySelector('[data-dw-part] > .dw-scroll').scrollLeft = 400")
    box = name.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    assert page.locator(f"{RANKING} tbody td").first.bounding_box()["x"] < 0


def test_the_keyboard_reaches_the_headers_and_stays_there(page, address):
    page.goto(address)
    page.wait_for_selector("#dw-board table")
    page.locator("thead a", has_text="METEOR").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector('thead th[aria-sort]:has-text("METEOR")')
    page.wait_for_function("document.activeElement.textContent === 'METEOR'")


def test_the_files_of_the_view_can_be_had(page, address):
    page.goto(f"{address}/?q=acme")
    page.wait_for_selector("#dw-board table")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").first.click()
    lines = download.value.path().read_text("utf-8").splitlines()
    assert len(lines) == 3 and lines[0].startswith("rank,rank_low,rank_high")


def test_hostile_words_arrive_as_words(page, address):
    page.goto(f"{address}/?cols=rouge_l.tier.licence.precision")
    page.wait_for_selector("#dw-board table")
    for summary in page.locator("#dw-board summary").all():
        summary.click()
    text = page.locator("#dw-board").inner_text()
    assert text.count("<script>window.canary") >= 4 and "[x](javascript:" in text and "evil/withheld" in text
    assert page.locator("#dw-board img, #dw-board script, #dw-board a[href^=javascript]").count() == 0
    assert page.evaluate("window.canary") is None
    assert len(page.content()) < 500_000


def test_the_first_page_with_all_it_loads_is_less_than_a_megabyte(browser, address):
    fresh = browser.new_context().new_page()
    session = fresh.context.new_cdp_session(fresh)
    session.send("Network.enable")
    sizes = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    fresh.goto(address)
    fresh.wait_for_selector("#dw-board table")
    fresh.wait_for_timeout(1000)
    fresh.context.close()
    assert 50_000 < sum(sizes) < 2**20
