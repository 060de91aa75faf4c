"""The review page in a real browser: keyboard only, reload, hostile text, a phone."""

import shutil

import httpx
import pytest

from dataset_script.review.decisions import read_decisions
from dataset_script.review.page import ReviewDesk, launch
from dataset_script.review.view import load_scenarios

CHROMIUM = shutil.which("chromium")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")]
SCRIPT = "<img src=x onerror=\"window.canary='hit'\"><script>window.canary='hit'</script>${window.canary='hit'}{{7*7}} \u202e reversed"
LINES = (
    "[Police Officer]: Evening, what's going on?",
    f"Dana: {SCRIPT}",
    "[Police Officer]: Call me back at 555-0142, okay?",
    "Dana: Fine.",
)


@pytest.fixture
def desk(tmp_path):
    for name in ("first", "second"):
        lines = [f"[00:{number:02d}] {line}\n" for number, line in enumerate(LINES)]
        (tmp_path / f"{name}.txt").write_text("".join(lines), "utf-8")
    (tmp_path / "third.txt").write_text(
        "[00:01] [Police Officer]: Hey.\n[00:02] Dana: " + "no way man " * 10_000, "utf-8"
    )
    return ReviewDesk(load_scenarios(tmp_path), tmp_path / "decisions.jsonl", "ada")


@pytest.fixture
def address(desk):
    app = launch(desk, port=7897, block=False)
    yield "http://127.0.0.1:7897"
    app.close()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()


def opened(browser, address, width=1280):
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_default_timeout(60_000)
    page.goto(address)
    page.wait_for_selector(".rv-turn.rv-chosen")
    return page


def wait_for(desk, count):
    """Until the file holds that many decisions; they are on disk before the page shows them."""
    import time

    for _ in range(300):
        if desk.decisions.exists() and len(read_decisions(desk.decisions)) >= count:
            return read_decisions(desk.decisions)
        time.sleep(0.1)
    raise AssertionError(f"{desk.decisions} never held {count} decisions")


def test_a_scenario_is_reviewed_with_the_keyboard_alone_and_a_reload_shows_it(desk, browser, address):
    page = opened(browser, address)
    answers = iter(["somebody's joke", "Whatever."])
    page.on("dialog", lambda dialog: dialog.accept(next(answers)))
    page.keyboard.press("j")
    page.keyboard.press("6")
    wait_for(desk, 1)
    page.wait_for_selector(".rv-turn:nth-child(2) .rv-role[title^=you]")
    page.keyboard.press("r")
    wait_for(desk, 2)
    page.wait_for_selector(".rv-open[aria-current=true] .rv-is-rejected")
    page.keyboard.press("u")
    wait_for(desk, 3)
    page.wait_for_selector(".rv-open[aria-current=true] .rv-is-open")
    page.keyboard.press("a")
    decisions = wait_for(desk, 4)
    assert [(each.kind, each.value, each.withdrawn) for each in decisions] == [
        ("role", "civilian", False), ("verdict", "reject", False), ("verdict", "reject", True), ("verdict", "accept", False),
    ]  # fmt: skip
    assert decisions[0].speaker == "Dana" and decisions[1].reason == "somebody's joke"
    page.wait_for_selector(".rv-open[aria-current=true] .rv-is-accepted")
    page.reload()
    page.wait_for_selector(".rv-open[aria-current=true] .rv-is-accepted")
    page.keyboard.press("n")
    page.wait_for_selector(".rv[data-transcript=second]")
    page.close()


def test_keys_faster_than_the_server_lose_nothing(desk, browser, address):
    page = opened(browser, address)
    for key in ["1", "j", "6", "j", "2", "j", "5", "a", "n", "j"]:
        page.keyboard.press(key)
    decisions = wait_for(desk, 5)
    assert [(each.kind, each.value, each.speaker) for each in decisions] == [
        ("role", "officer", "[Police Officer]"), ("role", "civilian", "Dana"), ("role", "detective", "[Police Officer]"),
        ("role", "subject", "Dana"), ("verdict", "accept", None),
    ]  # fmt: skip
    page.wait_for_selector(".rv[data-transcript=second]")
    page.wait_for_selector(":root[data-rv-waiting='']", state="attached")
    page.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_chosen_turn_is_never_behind_the_bar_of_actions(desk, browser, address, width):
    page = opened(browser, address, width=width)
    page.set_viewport_size({"width": width, "height": 560})
    for _ in range(3):
        page.keyboard.press("j")
    chosen, bar = (page.locator(name).bounding_box() for name in (".rv-turn.rv-chosen", ".rv-keys"))
    assert chosen["y"] + chosen["height"] <= bar["y"]
    page.close()


def test_a_decisions_file_that_is_broken_by_hand_is_named_on_the_page(desk, browser, address):
    desk.decisions.write_text('{"kind": "<b>"}\n')
    page = browser.new_page()
    page.goto(address)
    page.wait_for_selector(".rv-message")
    assert "decisions.jsonl:1" in page.locator(".rv-message").inner_text()
    assert "decisions.jsonl:1" in desk.act('{"action": "go", "transcript": "first"}')
    page.close()


def test_an_adjudicator_settles_a_conflict_and_sees_it(desk, browser, address):
    for name, value in (("ben", "accept"), ("chi", "reject")):
        ReviewDesk(list(desk.scenarios), desk.decisions, name).act(
            f'{{"action": "decide", "transcript": "first", "kind": "verdict", "value": "{value}"}}'
        )
    desk.adjudicates = True
    page = opened(browser, address)
    page.wait_for_selector(".rv-open[aria-current=true] .rv-is-conflict")
    page.click(".rv-conflict button >> nth=1")
    assert wait_for(desk, 3)[-1].adjudication
    page.wait_for_selector(".rv-open[aria-current=true] .rv-is-rejected")
    assert page.locator(".rv-conflict").count() == 0
    page.close()


def test_selected_text_is_marked_as_personal_data_at_its_place(desk, browser, address):
    page = opened(browser, address)
    page.on("dialog", lambda dialog: dialog.accept("NAME"))
    page.evaluate(
        """() => { const node = document.querySelector('.rv-turn:nth-child(4) .rv-text').firstChild, range = document.createRange();
        range.setStart(node, 0); range.setEnd(node, 4); getSelection().removeAllRanges(); getSelection().addRange(range); }"""
    )
    page.keyboard.press("p")
    (mark,) = wait_for(desk, 1)
    assert (mark.kind, mark.value, mark.turn, mark.span) == ("personal_data", "NAME", 3, (0, 4))
    assert mark.words == "Fine"
    page.wait_for_selector(".rv-turn:nth-child(4) mark")
    page.close()


def test_hostile_text_stays_text(browser, address):
    page = opened(browser, address)
    assert page.evaluate("window.canary") is None
    assert "onerror" in page.locator(".rv-turn:nth-child(2) .rv-text").inner_text()
    assert "49" not in page.locator(".rv-turn:nth-child(2) .rv-text").inner_text()
    assert page.locator(".rv-turn:nth-child(3) mark").inner_text() == "555-0142"
    page.close()


def test_on_a_phone_nothing_is_wider_than_the_screen_and_buttons_do_what_keys_do(desk, browser, address):
    page = opened(browser, address, width=390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.click(".rv-keys [data-key=a]")
    assert wait_for(desk, 1)[0].value == "accept"
    page.close()


@pytest.mark.parametrize(
    ("host", "status"), [("127.0.0.1:7897", 200), ("localhost:7897", 200), ("elsewhere.example:7897", 400)]
)
def test_the_page_answers_under_this_machines_name_only(address, host, status):
    assert httpx.get(address, headers={"Host": host}).status_code == status


def test_a_strange_command_changes_nothing_and_is_answered(desk):
    html = desk.act('{"action": "decide", "transcript": "first", "kind": "verdict", "value": "<b>yes</b>"}')
    assert "cannot be decided" in html and "<b>yes</b>" not in html and not desk.decisions.exists()
