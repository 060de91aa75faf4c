"""Flags, tiers, decisions and the private split on the board: every one with its reason, and nothing gone without a word."""

import csv
import io
import json
from hashlib import sha256
from pathlib import Path

import pytest

from leaderboard_app import api
from leaderboard_app.board_page import open_view, render_leaderboard
from leaderboard_app.findings import read_findings
from leaderboard_app.pages.model import about_model
from leaderboard_app.rendering import render_notice
from leaderboard_app.row_keys import find, find_withheld
from leaderboard_app.server import export
from leaderboard_app.site import Site
from leaderboard_app.store import SnapshotCache
from submissions.decisions import FILE, decide
from submissions.ledger import path_of, verification_path, write_new, write_result
from submissions.schema import METRICS
from submissions.verification import Flag, Verification
from tests.results import make_result

SUSPECT, REASON = "acme/suspect", "Its card says that it was trained on the test split."
COPIES = Flag(name="copies-references", evidence="41 of 52 replies are the reference", value=0.79, threshold=0.1)


@pytest.fixture
def ledger(tmp_path):
    for model, quality in (("baseline/constant", 1.0), ("acme/honest", 1.5), (SUSPECT, 2.5)):
        write_result(tmp_path / "results", make_result(model, quality), b"")
    return tmp_path


@pytest.fixture
def site(ledger):
    results = ledger / "results"
    return Site(results, SnapshotCache(results, ledger / "cache", patience_s=60))


def file_of(ledger, model=SUSPECT):
    return path_of(ledger / "results", make_result(model))


def verify(ledger, model=SUSPECT, **changes):
    path = file_of(ledger, model)
    facts = {"result_sha256": sha256(path.read_bytes()).hexdigest(), "items_sha256": "0" * 64, "tier": "recomputed"}
    found = Verification(**facts | {"checked_at": "2026-11-23T00:00:00Z", "code_version": "1"} | changes)
    write_new(verification_path(path), found.model_dump_json().encode())


def private(value):
    """Scores on a private split, all of them ``value``."""
    score = {"value": value, "low": value, "high": value, "macro": value, "signature": "x"}
    return {"digest_sha256": "0" * 64, "n_scenarios": 3, "n_items": 9, "scores": dict.fromkeys(METRICS, score)}


def ranked(site):
    return [row.model.id for row in site.snapshot.boards[0].rows]


def page(site, query=""):
    return render_leaderboard(open_view(site, query))


def test_a_withheld_result_loses_its_rank_and_stays_in_sight_with_its_reason(ledger, site):
    assert ranked(site)[0] == SUSPECT
    decide(ledger, file_of(ledger), "withhold", REASON, decided_by="ada")
    assert ranked(site) == ["acme/honest", "baseline/constant"]
    for query in ("", "q=honest", "size=phone"):
        assert SUSPECT in page(site, query) and REASON in page(site, query) and "shown, not ranked" in page(site, query)


def test_accepting_it_brings_it_back_and_the_whole_story_stays(ledger, site):
    decide(ledger, file_of(ledger), "withhold", REASON, decided_by="ada")
    decide(
        ledger,
        file_of(ledger),
        "accept",
        "The card was wrong; the author showed the data.",
        decided_by="bo",
        flag="overlap",
    )
    assert ranked(site)[0] == SUSPECT
    html = page(site)
    assert REASON in html and "The card was wrong" in html and "in spite of <b>overlap</b>" in html


def test_a_note_is_shown_and_moves_nothing(ledger, site):
    before = ranked(site)
    decide(ledger, file_of(ledger), "note", "The author asked for a second look.", decided_by="ada")
    assert ranked(site) == before and "asked for a second look" in page(site)


def test_a_board_all_of_whose_results_are_withheld_is_no_blank_page(ledger, site):
    for model in ("baseline/constant", "acme/honest", SUSPECT):
        decide(ledger, file_of(ledger, model), "withhold", f"{REASON} {model}", decided_by="ada")
    assert site.snapshot.boards == () and page(site).count(REASON) == 3


def edited(ledger):
    """A log whose first line was changed, so that the second no longer follows from it."""
    decide(ledger, file_of(ledger), "withhold", REASON, decided_by="ada")
    decide(ledger, file_of(ledger), "accept", "Let it in, never mind the rules.", decided_by="eve")
    log = ledger / FILE
    log.write_text(log.read_text().replace('"ada"', '"eve"'))


def test_a_log_that_was_edited_is_named_and_lets_nothing_back_in(ledger, site):
    edited(ledger)
    assert SUSPECT not in ranked(site)
    assert FILE in render_notice(site.snapshot) and "changed or removed" in render_notice(site.snapshot)


def test_a_log_of_rubbish_stops_nothing(ledger, site):
    (ledger / FILE).write_bytes(b"\xff\xfe<script>\n\n{}\n")
    assert len(ranked(site)) == 3 and FILE in render_notice(site.snapshot)


def test_a_word_in_favour_counts_for_the_bytes_it_was_said_of_and_a_withholding_for_the_place(ledger):
    decide(ledger, file_of(ledger), "withhold", REASON, decided_by="ada")
    decide(ledger, file_of(ledger), "accept", "The author showed the data.", decided_by="bo")
    path = file_of(ledger).relative_to(ledger / "results").as_posix()
    assert read_findings(ledger / "results").withheld(path) is None
    file_of(ledger).write_bytes(file_of(ledger).read_bytes() + b"\n")
    assert read_findings(ledger / "results").withheld(path).reason == REASON


def test_flags_come_with_evidence_value_and_limit_and_the_row_keeps_its_rank(ledger, site):
    verify(ledger, flags=[COPIES])
    assert ranked(site)[0] == SUSPECT
    html = page(site)
    assert "1 flag" in html and COPIES.evidence in html and "0.79, limit 0.1" in html and "✓ recomputed" in html


def test_a_verification_of_other_bytes_counts_for_nothing(ledger, site):
    verify(ledger, result_sha256="f" * 64, tier="verified", flags=[COPIES])
    assert {row.tier for row in site.snapshot.boards[0].rows} == {"unchecked"} and COPIES.evidence not in page(site)


def test_the_private_split_has_a_column_as_soon_as_a_row_was_measured_on_it(ledger, site):
    assert "Public − private" not in page(site).split("<table")[1]
    verify(ledger, heldout=private(30.0))
    (row,) = [row for row in site.snapshot.boards[0].rows if row.held_out]
    assert row.excess["rouge_l"] == pytest.approx(row.score("rouge_l").value - 30)
    html = page(site, "sort=-held_out")
    assert "Public − private" in html.split("<table")[1] and "private 30.0" in html
    assert html.index("acme/<wbr>suspect") < html.index("acme/<wbr>honest")


def test_files_of_everything_hold_what_is_withheld_and_files_of_a_view_do_not(ledger, site):
    decide(ledger, file_of(ledger), "withhold", REASON, decided_by="ada")
    shown = open_view(site, "")
    rows = list(csv.DictReader(io.StringIO(export(shown, "csv", True).body.decode())))
    (withheld,) = [row for row in rows if not row["rank"]]
    assert withheld["model"] == SUSPECT and REASON in withheld["decisions"] and float(withheld["rouge_l"]) > 0
    seen = json.loads(export(shown, "json", False).body)["rows"]
    assert [row["model"] for row in seen] == ["acme/honest", "baseline/constant"]
    assert len(export(shown, "parquet", True).body) > 500


def test_the_api_tells_the_same(ledger, site):
    verify(ledger, "acme/honest", flags=[COPIES], heldout=private(0.5))
    decide(ledger, file_of(ledger), "withhold", REASON, decided_by="ada")
    decide(ledger, file_of(ledger, "acme/honest"), "note", "A second look was taken.", decided_by="ada")
    answer = api.ranking(site)
    assert answer["total"] == 2 and [REASON in own["decisions"] for own in answer["withheld"]] == [True]
    one = api.model(site, "acme/honest")
    assert one["flags"][0]["evidence"] == COPIES.evidence and one["held_out"]["rouge_l"] == 0.5
    assert (
        one["decisions"][0]["reason"] == "A second look was taken." and Path(one["standing"]["file"]).suffix == ".json"
    )


def test_the_model_s_page_says_what_was_found_and_why_it_is_not_ranked(ledger, site):
    verify(ledger, "acme/honest", flags=[COPIES], heldout=private(0.5))
    decide(ledger, file_of(ledger), "withhold", REASON, decided_by="ada")
    board = site.snapshot.boards[0]
    html = about_model(find(board, "acme/honest"), board, "rouge_l", "https://example.org")
    assert COPIES.evidence in html and "private split" in html
    gone = about_model(None, board, "rouge_l", "", SUSPECT, find_withheld(site.snapshot.withheld, SUSPECT))
    assert REASON in gone
    with pytest.raises(ValueError, match="withheld: Its card"):
        api.model(site, SUSPECT)
