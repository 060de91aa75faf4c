"""The audit: figures of transcripts and of what was built from them."""

import json

import pytest
from playwright.sync_api import sync_playwright
from typer.testing import CliRunner

from dataset_script.audit.reading import audit
from dataset_script.audit.rendering import as_html, as_json, as_text
from dataset_script.build import SAMPLE, build_dataset
from dataset_script.cli import app
from dataset_script.errors import DataError
from tests.built_folders import build_small, edit_rows
from tests.synthetic_corpus import generate


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus") / "released"
    truth = generate(folder, files=80, seed=9)
    return folder, truth


@pytest.fixture(scope="module")
def before(corpus):
    return audit(corpus[0])


def figures(found):
    return {line.name: line for section in found.sections for line in section.lines}


def line_of(found, beginning):
    return next(line for name, line in figures(found).items() if name.startswith(beginning))


def test_what_was_put_into_a_corpus_is_counted(corpus, before):
    _, truth = corpus
    defects = truth["defects"]
    read = figures(before)["files read"].value + figures(before)["files refused"].value
    assert read == 80
    assert line_of(before, "turns that loop").value == pytest.approx(defects["in_turn_loop"], abs=2)
    assert line_of(before, "cycle").value == pytest.approx(defects["cycle"], rel=0.1)
    assert line_of(before, "repeats_own_line").value >= defects["repeats_own_line"]
    assert line_of(before, "an advert").value == pytest.approx(defects["advert"], abs=1)
    assert line_of(before, "near-duplicate links").value <= len(truth["cuts"]) + 1
    assert line_of(before, "words of exact in-turn repetition").share > 0.02


def test_the_build_mends_what_the_audit_finds(corpus, before, tmp_path):
    build_dataset(corpus[0], tmp_path / "deescalwild")
    after = audit(tmp_path / "deescalwild")
    assert after.is_built and not before.is_built
    assert line_of(after, "words of exact in-turn repetition").value == 0
    assert line_of(after, "links across splits").value == 0
    assert line_of(after, "test pairs that occur in train").value == 0
    gone = ("no_authority", "no_civilian", "few_items", "single_speaker", "mostly_narration")
    assert [name for name in figures(after) if name.startswith(gone)] == []


def test_two_processes_count_what_one_counts(corpus, before):
    assert audit(corpus[0], workers=2) == before


def test_text_and_json_hold_every_measure(before):
    text, parsed = as_text(before), json.loads(as_json(before))
    names = [line["name"] for section in parsed["sections"] for line in section["lines"]]
    assert len(names) > 50 and all(name in text for name in names)


def test_the_page_is_self_contained_readable_at_390_px_and_harmless(tmp_path):
    folder = tmp_path / "<img src=x onerror=document.title='owned'>"
    folder.mkdir()
    (folder / "a.txt").write_text(
        "[00:01] [Police Officer]: <img src=x onerror=\"document.title='owned'\">\n[00:02] Dana: Sir?\n"
    )
    page_file = tmp_path / "audit.html"
    page_file.write_text(as_html(audit(folder)), "utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 390, "height": 800})
        requests = []
        page.on("request", lambda request: requests.append(request.url))
        page.goto(page_file.as_uri())
        assert page.title().startswith("Audit of") and "owned" not in page.title()[:8]
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.locator("svg").count() == 4
        assert requests == [page_file.as_uri()]
        browser.close()


def test_a_folder_without_transcripts_is_refused(tmp_path):
    with pytest.raises(DataError, match="holds no transcript"):
        audit(tmp_path)


def test_the_command_writes_a_page(tmp_path):
    page = tmp_path / "audit.html"
    run = CliRunner().invoke(app, ["audit", str(SAMPLE), "--html", str(page)])
    assert run.exit_code == 0, run.output
    assert "Fitness of files" in run.output and page.read_text("utf-8").startswith("<!doctype html>")


def test_a_built_dataset_is_counted_by_the_items_that_it_lists(tmp_path):
    folder = build_small(tmp_path, is_sample=True)
    all_pairs = line_of(audit(folder), "officer → civilian pairs").value
    edit_rows(folder, "items", "train", lambda rows: rows.pop())
    edit_rows(folder, "items", "train", lambda rows: rows[0].update(flags=["over_share"]))
    found = audit(folder)
    assert line_of(found, "officer → civilian pairs").value == all_pairs - 1
    assert line_of(found, "not ranked: over_share").value == 1


def test_a_damaged_dataset_is_refused_in_one_sentence(tmp_path):
    folder = build_small(tmp_path, is_sample=True)
    (folder / "scenarios" / "train-00000-of-00001.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"cannot be read as a built dataset .* Run `deescalwild data check"):
        audit(folder)


def test_what_is_said_how_is_counted(tmp_path):
    lines = [
        "Yeah, okay.",
        "[inaudible]",
        "You f**k off.",
        "Tom &amp; me.",
        "Since June 3rd, 2019.",
        "A 40-year-old man.",
    ]
    (tmp_path / "a_part_2.txt").write_text("".join(f"[00:0{n}] [Driver]: {line}\n" for n, line in enumerate(lines)))
    found = audit(tmp_path)
    for beginning in ("back-channel", "[inaudible]", "masked", "mojibake", "a full date", "“nn-year-old”"):
        assert line_of(found, beginning).value == 1, beginning
    assert line_of(found, "no officer by the keyword rule").value == 1
    assert line_of(found, "of them longer than one row").value == 1
    assert line_of(found, "rows in those").value == len(lines)
