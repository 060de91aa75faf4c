"""Every page in a real browser: what people do there, for everybody, without data, and with a hostile ledger."""

import gzip
import re
from types import SimpleNamespace

import pytest
from axe_playwright_python.sync_playwright import Axe

from leaderboard_app.app import PAGES
from leaderboard_app.samples import MAX_UNPACKED_BYTES
from submissions.ledger import pack_items, write_new
from tests.leaderboard_app.browsing import CHROMIUM, PHONE, WIDE, new_page, serving, visit
from tests.rich_ledger import add_entry, add_model, attempt, write_rich_ledger

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
SCRIPT = "<img src=x onerror=\"window.canary='hit'\"><script>window.canary='hit'</script>${window.canary='hit'}{{7*7}}"


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
        attempt(outcome="failed", reason=SCRIPT[:200], log_tail=log[:3900]),
    )
    write_new(ledger / "requests" / "evil__x" / "<img src=x onerror=window.canary=1>.yaml", SCRIPT.encode())
    write_new(ledger / "queue" / "evil__x" / "y.json", b'{"state": "<script>window.canary=1</script>"}')


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    ledger = tmp_path_factory.mktemp("ledger")
    results = write_rich_ledger(ledger)
    write_hostile(ledger)
    with serving(results) as running:
        yield running


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    results = tmp_path_factory.mktemp("empty") / "results"
    results.mkdir()
    with serving(results) as running:
        yield running


def choose(page, label, option):
    page.get_by_label(label, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()


def field(page, label):
    """A text field by the first words of its label; Gradio puts the explanation into the label too."""
    return page.get_by_label(re.compile(rf"^\s*{label}"))


# -- what people do -----------------------------------------------------------------------------------------------------------


def test_a_link_opens_a_comparison_and_a_choice_changes_the_link(page, address):
    visit(page, address, "compare", "models=acme/pico-0.5b,acme/pico-0.5b-civilian&metric=meteor")
    assert "acme/pico-0.5b-civilian against acme/pico-0.5b" in page.locator("#dw-compare h2").first.inner_text()
    assert page.get_by_label("METEOR").is_checked()
    assert page.locator("#dw-words .dw-reference").count() == 10
    page.get_by_role("button", name="Show more").click()
    page.wait_for_selector("#dw-words li:nth-child(20)")
    choose(page, "Models", "umbra/large-8b")
    page.get_by_text("umbra/large-8b against acme/pico-0.5b").wait_for()
    page.wait_for_function("new URL(location).searchParams.get('models').split(',').length === 3")


def test_one_model_alone_asks_for_another(page, address):
    page.goto(f"{address}/compare?models=acme/pico-0.5b")
    page.get_by_text("Choose two to four models").wait_for()


def test_a_model_opens_from_a_link_with_its_checks_its_command_and_its_badge(page, address):
    visit(page, address, "model", "id=initech/mid-3b-overtrained")
    shown = page.locator("#dw-model").inner_text()
    for wanted in (
        "✓ recomputed", "31 replies repeat twelve words", "no answer yet. (ada", "spoke as the officer (role break)", "By depth of the turn",
        "deescalwild evaluate initech/mid-3b-overtrained", "img.shields.io/badge/DeEscalWild",
    ):  # fmt: skip
        assert wanted in shown
    page.get_by_role("link", name="Compare with initech/mid-3b").click()
    page.get_by_text("initech/mid-3b-overtrained against initech/mid-3b").wait_for()


def test_replies_come_worst_first_and_are_searched_literally(page, address):
    visit(page, address, "model", "id=initech/mid-3b")
    scores = [float(text) for text in page.locator("#dw-samples .dw-item-score").all_inner_texts()]
    assert scores == sorted(scores)
    field(page, "Search the replies").fill("parrot")
    page.wait_for_function(
        "[...document.querySelectorAll('#dw-samples li')].every(li => li.innerText.includes('parrot'))"
    )
    field(page, "Search the replies").fill("(parrot|")
    page.get_by_text("No reply holds these words").wait_for()


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("acme/nobody", "No result of acme/nobody on this board"),
        ("evil/bomb", "No replies to show: its predictions file unpacks to more than 64 MiB"),
    ],
)
def test_what_cannot_be_shown_says_why(page, address, model, said):
    page.goto(f"{address}/model?id={model}")
    page.get_by_text(said).wait_for()


def test_a_fine_tuned_model_leads_from_its_arrow_to_its_page(page, address):
    visit(page, address, "fine-tuned")
    arrow = page.get_by_role("img", name="acme/pico-0.5b-civilian: from")
    assert arrow.get_attribute("aria-label").endswith(", told apart")
    page.locator(".dw-step a", has_text="pico-0.5b-civilian").click()
    page.wait_for_selector("#dw-samples li")
    assert page.locator("#dw-model h2").first.inner_text() == "acme/pico-0.5b-civilian"


def test_latency_is_shown_one_machine_at_a_time_and_the_link_keeps_it(page, address):
    visit(page, address, "latency")
    assert "initech/mid-3b-scenarios" not in page.locator("#dw-frontier").inner_text()
    page.get_by_label("Machine and engine").click()
    page.get_by_role("option", name="jetson-orin-nano").click()
    page.locator("#dw-frontier", has_text="initech/mid-3b-scenarios").wait_for()
    page.wait_for_url("**machine=jetson*")
    page.goto(page.url)
    page.locator("#dw-frontier", has_text="initech/mid-3b-scenarios").wait_for()
    assert page.get_by_label("Machine and engine").input_value().startswith("jetson-orin-nano")
    assert "acme/pico-0.5b" not in page.locator("#dw-frontier").inner_text()


def test_a_failed_request_shows_its_reason_and_by_keyboard_the_end_of_its_log(page, address):
    visit(page, address, "queue")
    row = page.locator("tr", has_text="umbra/too-large-9b")
    assert "The model needs 18 GiB" in row.inner_text()
    row.get_by_text("End of the log").focus()
    page.keyboard.press("Enter")
    assert row.locator("pre").is_visible() and "OutOfMemoryError" in row.inner_text()
    assert "next in the queue" in page.locator("tr", has_text="acme/waits-first").inner_text()


def test_the_form_says_what_is_wrong_and_then_shows_the_file(page, address):
    visit(page, address, "submit")
    field(page, "Model").fill("acme/civilian-3b")
    field(page, r"Revision\s+The").fill("main")
    page.get_by_text("things to mend").wait_for()
    field(page, r"Revision\s+The").fill("a" * 40)
    for label, option in (("Kind", "base"), ("Precision", "bfloat16"), ("Trained on the corpus", "no")):
        choose(page, label, option)
    field(page, "Licence").fill("apache-2.0")
    field(page, "Contact").fill("ada")
    page.get_by_role("heading", name="Valid so far").wait_for()
    shown = page.locator("#dw-request").inner_text()
    assert "requests/acme__civilian-3b/aaaaaaaaaaaa-bfloat16-deescalwild.yaml" in shown
    assert "hf auth login" in shown and "--create-pr" in shown
    page.get_by_role("button", name="Ask the Hub too").click()
    page.get_by_text("HF_HUB_OFFLINE is set").wait_for()


def test_the_about_page_tells_what_the_board_can_tell(page, address):
    visit(page, address, "about")
    shown = page.locator("#dw-about").inner_text()
    assert "Smallest difference found" in shown and "are one word" in shown and "rouge_l|f1|nostem" in shown


def test_a_metric_is_chosen_by_keyboard_alone(page, address):
    visit(page, address, "fine-tuned")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.value") == "bleu_4":
            break
    page.keyboard.press("Space")  # Gradio's radios are no group of the browser's: each is a stop
    page.get_by_role("heading", name="BLEU-4, base → fine-tuned").wait_for()
    page.wait_for_url("**metric=bleu_4*")


EMPTY = {
    "": "No results yet", "latency": "No result of this board has a measured latency", "fine-tuned": "No fine-tuned model",
    "compare": "There are no results yet", "model": "No results yet", "queue": "Nothing waits, nothing runs",
    "about": "What is measured",
}  # fmt: skip


@pytest.mark.parametrize("route", EMPTY)
def test_a_page_without_data_says_what_will_be_there(page, empty, route):
    page.goto(f"{empty}/{route}")
    page.locator("main").get_by_text(EMPTY[route]).first.wait_for()
    assert page.locator(".js-plotly-plot").count() == 0


# -- for everybody ------------------------------------------------------------------------------------------------------------

HOSTILE_QUERY = {
    "compare": "models=evil/script,evil/script-tuned",
    "model": "id=evil/script",
    "about": "board=<script>window.canary=1</script>",
}
COUNT_SHIFTS = """window.shift = 0;
new PerformanceObserver(list => list.getEntries().forEach(own => window.shift += own.value))
    .observe({type: 'layout-shift', buffered: true});"""
BEYOND_THE_EDGE = """[...document.querySelectorAll('main *')].filter(own => {
    const box = own.getBoundingClientRect();
    return own.checkVisibility() && box.width && box.right > innerWidth + 1
        && !own.closest('.dw-scroll, .dw-segments, .dw-sr, svg');
}).map(own => own.outerHTML.slice(0, 120))"""
FOCUSED = """() => {
    const own = document.activeElement;
    (window.stops ??= []).push(own);
    const shown = own.type === 'radio' ? own.closest('label') : own;
    const style = [shown, shown.closest('.wrap, label') ?? shown, own.nextElementSibling ?? shown].map(each => getComputedStyle(each));
    return {
        name: own.outerHTML.slice(0, 160),
        visible: style.some(each => each.outlineStyle !== 'none' || each.boxShadow !== 'none'),
    };
}"""


IN_READING_ORDER = """() => window.stops.every((own, place) => place === 0
    || window.stops[place - 1].compareDocumentPosition(own) & Node.DOCUMENT_POSITION_FOLLOWING)"""


@pytest.fixture(scope="module", params=[route or "" for _, route, _ in PAGES])
def at(request, context, address):
    """Each page once, with hostile rows where it takes a choice; its errors and its layout shifts are counted."""
    page, errors = new_page(context), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script(COUNT_SHIFTS)
    visit(page, address, request.param, HOSTILE_QUERY.get(request.param, ""))
    page.wait_for_timeout(400)
    page.add_style_tag(content="* { transition: none !important; }")
    yield SimpleNamespace(page=page, errors=errors, shift=page.evaluate("window.shift"))
    page.close()


def serious(page):
    """What axe-core finds serious or critical, with the first places of each."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        (own["id"], [node["html"][:120] for node in own["nodes"][:3]])
        for own in found
        if own["impact"] in ("serious", "critical")
    ]


def test_a_page_does_not_jump_while_it_opens(at):
    assert at.shift <= 0.1


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_a_page_is_accessible_and_fits(at, size, theme):
    at.page.set_viewport_size(size)
    at.page.evaluate("dark => document.body.classList.toggle('dark', dark)", theme == "dark")
    at.page.wait_for_timeout(150)
    assert serious(at.page) == []
    assert at.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert at.page.evaluate(BEYOND_THE_EDGE) == []


def test_the_keyboard_goes_through_a_page_and_shows_where_it_is(at):
    at.page.set_viewport_size(WIDE)
    at.page.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")
    wanted = at.page.evaluate(
        """() => [...document.querySelectorAll('a[href], button, input, summary, select, [tabindex="0"]')]
            .filter(own => own.checkVisibility() && own.tabIndex >= 0 && !own.disabled)
            .length"""
    )
    seen = []
    for _ in range(min(wanted, 40)):
        at.page.keyboard.press("Tab")
        seen.append(at.page.evaluate(FOCUSED))
    assert [own["name"] for own in seen if not own["visible"]] == []
    assert at.page.evaluate(IN_READING_ORDER)  # so there is no trap either


def test_a_hostile_ledger_executes_nothing(at):
    assert at.page.evaluate("window.canary") is None
    assert at.errors == []


def test_the_accessibility_run_finds_what_is_wrong(page, address):
    visit(page, address, "about")
    page.evaluate("document.querySelector('#dw-about p').style.color = '#bbbbbb'")
    assert [name for name, _ in serious(page)] == ["color-contrast"]


def luminance(colour):
    """Relative luminance of ``rgb(r, g, b)``, WCAG 2.2."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_words_of_a_plot_are_readable_in_the_theme_that_the_link_asks_for(page, address, theme):
    visit(page, address, "latency", f"__theme={theme}")
    text, ground = page.evaluate(
        """() => [getComputedStyle(document.querySelector('.js-plotly-plot .xtick text')).fill,
                  getComputedStyle(document.body).backgroundColor]"""
    )
    dark, light = sorted((luminance(text), luminance(ground)))
    assert (light + 0.05) / (dark + 0.05) >= 4.5
    assert (luminance(ground) < 0.5) == (theme == "dark")
