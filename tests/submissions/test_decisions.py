"""The log of decisions only grows, and an edit of it is seen."""

import multiprocessing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submissions.decisions import FILE, decide, parse_decisions, read_decisions, standing_decisions
from submissions.ledger import LedgerError

REASON = "Its card says that it was trained on the test split."


@pytest.fixture
def ledger(results_folder):
    return results_folder.parent


def a_result(ledger: Path, name: str = "acme__civilian-3b") -> Path:
    return next((ledger / "results" / name).glob("*.json"))


def test_the_last_decision_holds_and_notes_do_not_change_it(ledger):
    path = a_result(ledger)
    for action in ("withhold", "accept", "withhold", "note"):
        decide(ledger, path, action, REASON, decided_by="ada")
    decisions = read_decisions(ledger)
    assert [decision.action for decision in decisions] == ["withhold", "accept", "withhold", "note"]
    (standing,) = standing_decisions(decisions).values()
    assert standing.action == "withhold" and standing.result == f"acme__civilian-3b/{path.name}"


@pytest.mark.parametrize("victim", [0, 1])
def test_an_edited_line_breaks_the_chain(ledger, victim):
    for _ in range(3):
        decide(ledger, a_result(ledger), "note", REASON, decided_by="ada")
    lines = (ledger / FILE).read_text().splitlines()
    lines[victim] = lines[victim].replace('"ada"', '"eve"')
    (ledger / FILE).write_text("\n".join(lines) + "\n")
    with pytest.raises(LedgerError, match=f"{FILE}:{victim + 2}: the line before it was changed"):
        read_decisions(ledger)
    with pytest.raises(LedgerError, match="changed or removed"):
        decide(ledger, a_result(ledger), "note", REASON, decided_by="ada")


def test_a_removed_line_breaks_the_chain(ledger):
    for _ in range(3):
        decide(ledger, a_result(ledger), "note", REASON, decided_by="ada")
    lines = (ledger / FILE).read_text().splitlines()
    (ledger / FILE).write_text(lines[0] + "\n" + lines[2] + "\n")
    with pytest.raises(LedgerError, match=f"{FILE}:2"):
        read_decisions(ledger)


def test_a_decision_needs_a_reason_and_a_result_of_the_ledger(ledger, tmp_path):
    with pytest.raises(LedgerError, match="--reason"):
        decide(ledger, a_result(ledger), "note", "no", decided_by="ada")
    stray = tmp_path / "stray.json"
    stray.write_text("{}")
    with pytest.raises(LedgerError, match="is not a result below"):
        decide(ledger, stray, "note", REASON, decided_by="ada")
    assert read_decisions(ledger) == []


def _append(ledger: Path, path: Path) -> None:
    for _ in range(5):
        decide(ledger, path, "note", REASON, decided_by="many")


def test_maintainers_who_decide_at_once_keep_one_chain(ledger):
    writers = [
        multiprocessing.get_context("spawn").Process(target=_append, args=(ledger, a_result(ledger))) for _ in range(3)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(read_decisions(ledger)) == 15


@given(st.binary(max_size=200))
def test_any_bytes_are_decisions_or_one_clear_line(content):
    try:
        parse_decisions(content)
    except LedgerError as error:
        assert "\n" not in str(error)


def test_a_stranger_s_reason_stays_on_one_line(ledger):
    with pytest.raises(LedgerError):
        decide(ledger, a_result(ledger), "note", "two\nlines are not one line", decided_by="ada")
    assert read_decisions(ledger) == []
