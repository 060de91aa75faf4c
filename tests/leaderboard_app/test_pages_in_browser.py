"""The pages beside the Leaderboard in a real browser: what people do there, for everybody, and with a hostile ledger."""

import gzip
import re

import pytest

from leaderboard_app.app import PAGES
from leaderboard_app.samples import MAX_UNPACKED_BYTES
from leaderboard_app.server import launch
from submissions.ledger import pack_items, write_new
from tests.leaderboard_app.browsing import CHROMIUM, visit
from tests.rich_ledger import NOW, add_entry, add_model, attempt, write_rich_ledger

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
PORT = 7897
SCRIPT = "<img src=x onerror=\"window.canary='hit'\"><script>window.canary='hit'</script>${window.canary='hit'}{{7*7}}"
ROUTES = [route or "" for _, route, _ in PAGES]


def hostile_items(model_id, sums):
    """One reply a scenario: script, Markdown, right-to-left marks, a very long line."""
    words = f"{SCRIPT} [x](javascript:window.canary=1) \u202egnorw\u202c\x07 {'A' * 150_000}"
    return pack_items(
        {
            "item_id": f"{row.scenario_id}:{SCRIPT}"[:200], "scenario_id": row.scenario_id, "subset": "clean",
            "officer_text": words, "reference": words, "prediction": words, "dropped_tokens": 0, "had_thoughts": False,
            "scores": {"rouge_l": 0.0, "meteor": 0.0, "bertscore": 0.0},
        }
        for row in sums
    )  # fmt: skip


def write_hostile(ledger):
    """Rows, predictions, requests and states by somebody who means harm."""
    from tests.results import make_sums

    results = ledger / "results"
    items = hostile_items("evil/script", make_sums(1.0, 3, 1))
    slices = {"quantisation": SCRIPT, "licence": SCRIPT}
    add_model(results, "evil/script", 1.3, "base", None, 10**9, None, items, **slices)
    add_model(results, "evil/script-tuned", 1.4, "fine-tuned", "evil/script", 10**9, None, items, **slices)
    bomb = gzip.compress(b"0" * (MAX_UNPACKED_BYTES + 1), 1)
    add_model(results, "evil/bomb", 1.2, "base", None, 10**9, None, bomb)
    log = f"{SCRIPT}\n" * 20
    add_entry(
        ledger,
        "evil/failed",
        "failed",
        attempt(ended_at=NOW, outcome="failed", reason=SCRIPT[:200], log_tail=log[:3900]),
    )
    write_new(ledger / "requests" / "evil__x" / "<img src=x onerror=window.canary=1>.yaml", SCRIPT.encode())
    write_new(ledger / "queue" / "evil__x" / "y.json", b'{"state": "<script>window.canary=1</script>"}')


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    ledger = tmp_path_factory.mktemp("ledger")
    results = write_rich_ledger(ledger)
    write_hostile(ledger)
    app = launch(results, port=PORT, block=False)
    yield f"http://127.0.0.1:{PORT}"
    app.close()


def choose(page, label, option):
    page.get_by_label(label, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()


# -- what people do -----------------------------------------------------------------------------------------------------------


def test_a_link_opens_a_comparison_and_a_choice_changes_the_link(page, address):
    visit(page, address, "compare", "models=acme/pico-0.5b,acme/pico-0.5b-civilian&metric=meteor")
    assert "acme/pico-0.5b-civilian against acme/pico-0.5b" in page.locator("#dw-compare h2").first.inner_text()
    assert page.get_by_label("METEOR").is_checked()
    assert page.locator("#dw-words .dw-reference").count() == 10
    choose(page, "Models", "umbra/large-8b")
    page.get_by_text("umbra/large-8b against acme/pico-0.5b").wait_for()
    page.wait_for_function("new URL(location).searchParams.get('models').split(',').length === 3")


def test_more_words_are_shown_on_request(page, address):
    visit(page, address, "compare", "models=acme/pico-0.5b,acme/pico-0.5b-civilian")
    page.get_by_role("button", name="Show more").click()
    page.wait_for_selector("#dw-words li:nth-child(20)")


def test_one_model_alone_asks_for_another(page, address):
    page.goto(f"{address}/compare?models=acme/pico-0.5b")
    page.get_by_text("Choose two to four models").wait_for()


def test_a_model_opens_from_a_link_with_its_command_and_its_badge(page, address):
    visit(page, address, "model", "id=initech/mid-3b-scenarios")
    shown = page.locator("#dw-model").inner_text()
    assert "deescalwild evaluate initech/mid-3b-scenarios" in shown and "img.shields.io/badge/DeEscalWild" in shown
    assert "spoke as the officer (role break)" in shown and "By depth of the turn" in shown


def test_replies_are_searched_literally(page, address):
    visit(page, address, "model", "id=initech/mid-3b")
    page.get_by_label("Replies, worst first").fill("parrot")
    page.wait_for_function(
        "[...document.querySelectorAll('#dw-samples li')].every(li => li.innerText.includes('parrot'))"
    )
    page.get_by_label("Replies, worst first").fill("(parrot|")
    page.get_by_text("No reply holds these words").wait_for()


def test_an_unknown_model_says_so(page, address):
    page.goto(f"{address}/model?id=acme/nobody")
    page.get_by_text("No result of acme/nobody on this board").wait_for()


def test_a_result_whose_predictions_cannot_be_read_says_why(page, address):
    page.goto(f"{address}/model?id=evil/bomb")
    page.get_by_text("No replies to show: its predictions file unpacks to more than 64 MiB").wait_for()


def test_a_fine_tuned_model_leads_from_its_arrow_to_its_page(page, address):
    visit(page, address, "fine-tuned")
    arrow = page.get_by_role("img", name="acme/pico-0.5b-civilian: from")
    assert arrow.get_attribute("aria-label").endswith(", told apart")
    page.locator(".dw-step a", has_text="pico-0.5b-civilian").click()
    page.wait_for_selector("#dw-samples li")
    assert page.locator("#dw-model h2").first.inner_text() == "acme/pico-0.5b-civilian"


def test_latency_is_shown_one_machine_at_a_time(page, address):
    visit(page, address, "latency")
    assert "initech/mid-3b-scenarios" not in page.locator("#dw-frontier").inner_text()
    page.get_by_label("Machine and engine").click()
    page.get_by_role("option", name="jetson-orin-nano").click()
    page.locator("#dw-frontier", has_text="initech/mid-3b-scenarios").wait_for()
    assert "acme/pico-0.5b" not in page.locator("#dw-frontier").inner_text()


def test_a_failed_request_shows_its_reason_and_the_end_of_its_log(page, address):
    visit(page, address, "queue")
    row = page.locator("tr", has_text="umbra/too-large-9b")
    assert "The model needs 18 GiB" in row.inner_text()
    row.get_by_text("End of the log").click()
    assert row.locator("pre").is_visible() and "OutOfMemoryError" in row.inner_text()


def test_the_form_says_what_is_wrong_and_then_shows_the_file(page, address):
    visit(page, address, "submit")
    page.get_by_label(re.compile(r"^\s*Model")).fill("acme/civilian-3b")
    page.get_by_label(re.compile(r"^\s*Revision\s+The")).fill("main")
    page.get_by_text("things to mend").wait_for()
    page.get_by_label(re.compile(r"^\s*Revision\s+The")).fill("a" * 40)
    for label, option in (("Kind", "base"), ("Precision", "bfloat16"), ("Trained on the corpus", "no")):
        choose(page, label, option)
    page.get_by_label(re.compile(r"^\s*Licence")).fill("apache-2.0")
    page.get_by_label(re.compile(r"^\s*Contact")).fill("ada")
    page.get_by_text("✓ Valid.").wait_for()
    shown = page.locator("#dw-request").inner_text()
    assert "requests/acme__civilian-3b/aaaaaaaaaaaa-bfloat16-deescalwild.yaml" in shown
    assert "hf auth login" in shown and "--create-pr" in shown


def test_the_about_page_tells_what_the_board_can_tell(page, address):
    visit(page, address, "about")
    shown = page.locator("#dw-about").inner_text()
    assert "Smallest difference found" in shown and "are one word" in shown and "rouge_l|f1|nostem" in shown


# -- for everybody ------------------------------------------------------------------------------------------------------------


def serious(page):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        (own["id"], [node["html"][:120] for node in own["nodes"][:3]])
        for own in found
        if own["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("route", ROUTES)
def test_pages_are_accessible_fit_a_phone_and_execute_nothing(page, address, route, theme):
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    visit(page, address, route, f"__theme={theme}{HOSTILE_QUERY.get(route, '')}")
    page.wait_for_timeout(300)
    assert serious(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("window.canary") is None
    assert errors == []


HOSTILE_QUERY = {
    "compare": "&models=evil/script,evil/script-tuned",
    "model": "&id=evil/script",
    "about": "&board=<script>window.canary=1</script>",
}


def test_the_accessibility_run_finds_what_is_wrong(page, address):
    visit(page, address, "about")
    page.evaluate("document.querySelector('#dw-about p').style.color = '#bbbbbb'")
    assert [name for name, _ in serious(page)] == ["color-contrast"]


@pytest.mark.parametrize("route", ["compare", "model", "queue", "fine-tuned", "about"])
def test_the_keyboard_reaches_every_control(page, address, route):
    visit(page, address, route)
    wanted = "main a[href], main button, main input, main summary, main [tabindex='0']"
    unreachable = page.evaluate(
        """selector => [...document.querySelectorAll(selector)]
            .filter(own => own.checkVisibility() && own.tabIndex < 0 && !own.disabled && own.type !== 'radio')
            .map(own => own.outerHTML.slice(0, 120))""",
        wanted,
    )
    assert unreachable == []
    page.keyboard.press("Tab")
    seen = set()
    for _ in range(25):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.outerHTML.slice(0, 200)"))
    assert len(seen) > 10


@pytest.mark.parametrize("route", ["fine-tuned", "queue"])
def test_a_page_does_not_jump_once_its_frame_stands(page, address, route):
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver(list => list.getEntries().forEach(own => window.shift += own.value))"
        ".observe({type: 'layout-shift', buffered: true});"
    )
    visit(page, address, route)
    page.wait_for_timeout(500)
    assert page.evaluate("window.shift") < 0.1
