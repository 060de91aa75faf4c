"""A run that is killed, interrupted or out of disk loses nothing that was finished, and ends as if nothing had happened."""

import gzip
import os
import random
import signal
from pathlib import Path

import pytest

from submissions.ledger import items_path, read_ledger, result_files
from tests.eval_harness.crashing import finish, start, wait_until

TIMES = {"latency": True, "provenance": True}
"""What of a result is not the same twice: when, how long, how fast."""


@pytest.fixture(scope="module")
def command(tiny_model, tiny_data):
    """The command line of a run in batches of two, without its output folder."""
    return [
        "evaluate", str(tiny_model), "--data", str(tiny_data), "--name", "acme/crashing", "--batch-size", "2",
        "--device", "cpu",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(command, tmp_path_factory):
    """The results folder of a run that nothing disturbs."""
    results = tmp_path_factory.mktemp("uninterrupted") / "results"
    assert finish(start([*command, "--output", str(results)], results.with_suffix(".log"))) == 0
    return results


@pytest.fixture(scope="module")
def uninterrupted(undisturbed):
    """Its outcome."""
    return outcome(undisturbed)


def outcome(results: Path):
    """The one result's content and the bytes of its predictions; no unfinished work may be left."""
    (path,) = result_files(results)
    (result,) = read_ledger(results).results
    assert not list((results / ".work").glob("*"))
    return result.model_dump(exclude=TIMES), gzip.decompress(items_path(path).read_bytes())


def finished(results: Path) -> int:
    """Replies that lie on disk."""
    return sum(file.read_bytes().count(b"\n") for file in (results / ".work").glob("*.jsonl"))


def test_random_kills_end_in_the_bytes_of_an_uninterrupted_run(command, uninterrupted, tmp_path):
    """Three kills between any two batches, one while the finished replies are scored."""
    results, log, chance = tmp_path / "killed", tmp_path / "killed.log", random.Random()
    n_items = uninterrupted[0]["benchmark"]["n_items_as_released"]
    targets = [*sorted(chance.sample(range(1, n_items - 2), 3)), n_items]
    for target in targets:
        process = start([*command, "--output", str(results)], log)
        wait_until(lambda target=target: finished(results) >= target, process)
        os.kill(process.pid, signal.SIGKILL)
        assert finish(process) == -signal.SIGKILL
        assert finished(results) >= target
    assert finish(start([*command, "--output", str(results)], log)) == 0
    (first, *_) = (line for line in log.read_text("utf-8").splitlines() if line.startswith("acme/crashing: "))
    assert first == f"acme/crashing: {n_items}/{n_items}", "a finished reply was generated again"
    assert outcome(results) == uninterrupted


def test_ctrl_c_ends_in_one_sentence_and_the_run_goes_on_where_it_was(command, uninterrupted, tmp_path):
    results, log = tmp_path / "interrupted", tmp_path / "interrupted.log"
    process = start([*command, "--output", str(results)], log)
    wait_until(lambda: finished(results) >= 3, process)
    os.kill(process.pid, signal.SIGINT)
    assert finish(process) == 130
    last = log.read_text("utf-8").splitlines()[-1]
    assert last == "interrupted; finished work is kept, run the same command again to go on"
    assert finished(results) >= 3 and not result_files(results)
    assert finish(start([*command, "--output", str(results)], log)) == 0
    assert outcome(results) == uninterrupted


@pytest.mark.parametrize("full_for", ["the journal", "the result"])
def test_a_full_disk_ends_in_one_sentence_and_the_run_goes_on_where_it_was(
    command, undisturbed, uninterrupted, full_for, tmp_path
):
    """Either the journal's fourth line or so is torn, or all replies fit and the result does not."""
    results, log = tmp_path / "full", tmp_path / "full.log"
    (whole,) = result_files(undisturbed)
    room = 700 if full_for == "the journal" else whole.stat().st_size - 200
    assert finish(start([*command, "--output", str(results)], log, file_limit=room)) == 2
    last = log.read_text("utf-8").splitlines()[-1]
    assert last.startswith(f"error: {results}: ") and last.endswith("make room and run the same command again.")
    assert "Traceback" not in log.read_text("utf-8")
    n_items = uninterrupted[0]["benchmark"]["n_items_as_released"]
    assert (0 < finished(results) < n_items) if full_for == "the journal" else finished(results) == n_items
    assert not result_files(results) and not list(results.glob("acme__crashing/.*"))
    assert finish(start([*command, "--output", str(results)], log)) == 0
    assert outcome(results) == uninterrupted
