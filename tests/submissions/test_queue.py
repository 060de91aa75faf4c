"""The queue's rules, the worker's steps and the commands that show and mend the queue."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from typer.testing import CliRunner

from submissions import queue
from submissions.cli import app
from submissions.engines import EvaluationFailed
from submissions.ledger import LedgerError, pack_items, write_result
from submissions.queue import Policy, Refused
from submissions.states import parse_entry
from submissions.stores.local import LocalStore
from submissions.worker import Setup, Worker
from tests.results import make_result
from tests.submissions.queued import QuickEngine, add_request, make_request, result_for, unchecked

START = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = Policy(attempts=3, interruptions=4, lease=timedelta(minutes=30), backoff=timedelta(minutes=1))


def entry_of(model: str, minutes: float = 0):
    organisation, _, name = model.partition("/")
    return queue.new_entry(f"requests/{organisation}__{name}/x.yaml", "0" * 64, START + timedelta(minutes=minutes))


def taken(entries, n: int) -> list[str]:
    """Models in the order in which a worker takes them, each finished before the next."""
    by_path, order, now = {entry.request: entry for entry in entries}, [], START + timedelta(hours=1)
    for _ in range(n):
        first = queue.candidates(list(by_path.values()), now, POLICY)[0]
        running = queue.claim(first, "w", now, POLICY)
        by_path[first.request] = queue.finish(running, "w", 1, now, "a/b.json")
        order.append(first.request.split("/")[1])
        now += timedelta(minutes=1)
    return order


def test_a_flood_of_one_organisation_does_not_hold_up_the_others():
    flood = [entry_of(f"big/m{number}", number / 10) for number in range(5)]
    order = taken([*flood, entry_of("small/a", 9), entry_of("tiny/b", 10)], 4)
    assert order == ["big__m0", "small__a", "tiny__b", "big__m1"]


def test_failures_wait_longer_each_time_and_the_last_one_is_shown():
    entry, now = entry_of("a/b"), START
    for number in (1, 2, 3):
        running = queue.claim(entry, "w", now, POLICY)
        entry = queue.fail(running, "w", number, now, POLICY, f"Reason {number}.", "the log")
        if number < 3:
            pause = timedelta(minutes=2 ** (number - 1))
            with pytest.raises(Refused, match="waits until"):
                queue.claim(entry, "w", now + pause - timedelta(seconds=1), POLICY)
            now += pause
    assert (entry.state, entry.reason, entry.attempts[-1].log_tail) == ("failed", "Reason 3.", "the log")
    assert queue.candidates([entry], now + timedelta(days=9), POLICY) == []
    again = queue.retry(entry, now, "0" * 64)
    assert queue.candidates([again], now, POLICY) == [again] and len(again.attempts) == 3


def test_a_worker_that_slept_too_long_writes_nothing():
    slow = queue.claim(entry_of("a/b"), "slow", START, POLICY)
    later = START + POLICY.lease + timedelta(seconds=1)
    quick = queue.claim(slow, "quick", later, POLICY)
    assert [attempt.outcome for attempt in quick.attempts] == ["interrupted", None]
    for late in (
        lambda: queue.renew(quick, "slow", 1, later, POLICY),
        lambda: queue.finish(quick, "slow", 1, later, "a/b.json"),
        lambda: queue.fail(quick, "slow", 1, later, POLICY, "no"),
    ):
        with pytest.raises(Refused, match="Attempt 1"):
            late()


def test_what_kills_its_workers_is_given_up_with_a_reason():
    entry, now = entry_of("a/b"), START
    for number in range(POLICY.interruptions):
        entry = queue.claim(entry, f"w{number}", now, POLICY)
        now += POLICY.lease + timedelta(seconds=1)
    entry = queue.claim(entry, "last", now, POLICY)
    assert entry.state == "failed" and "lost 4 times" in entry.reason


class TwoWorkers(RuleBasedStateMachine):
    """Two workers, a clock, a maintainer: whatever the order, one attempt at a time and one end."""

    def __init__(self):
        super().__init__()
        self.now, self.entry, self.held = START, entry_of("a/b"), {}

    def apply(self, change):
        try:
            self.entry = change(self.entry)
        except Refused:
            return False
        return True

    @rule(minutes=st.sampled_from([1, 10, 31]))
    def time_passes(self, minutes):
        self.now += timedelta(minutes=minutes)

    @rule(worker=st.sampled_from("ab"))
    def claims(self, worker):
        if self.apply(lambda e: queue.claim(e, worker, self.now, POLICY)) and self.entry.state == "running":
            self.held[worker] = self.entry.attempts[-1].number

    @rule(worker=st.sampled_from("ab"), what=st.sampled_from(["renew", "finish", "fail", "release"]))
    def acts(self, worker, what):
        number, before = self.held.get(worker), self.entry
        if number is None:
            return
        done = self.apply(
            lambda e: {
                "renew": lambda: queue.renew(e, worker, number, self.now, POLICY),
                "finish": lambda: queue.finish(e, worker, number, self.now, "a/b.json"),
                "fail": lambda: queue.fail(e, worker, number, self.now, POLICY, "It failed."),
                "release": lambda: queue.release(e, worker, number, self.now, POLICY, "It stopped."),
            }[what]()
        )
        last = before.attempts[-1]
        assert not done or self.entry == before or (last.worker, last.number) == (worker, number), "fenced"

    @rule(what=st.sampled_from(["withdraw", "retry"]))
    def a_maintainer_acts(self, what):
        changes = {
            "withdraw": lambda e: queue.withdraw(e, self.now, "Asked by its author."),
            "retry": lambda e: queue.retry(e, self.now, "0" * 64),
        }
        self.apply(changes[what])

    @invariant()
    def is_sound(self):
        assert parse_entry(self.entry.model_dump_json().encode()) == self.entry
        assert [each.outcome for each in self.entry.attempts].count("finished") == (self.entry.state == "finished")
        assert self.entry.state not in ("failed", "withdrawn") or self.entry.reason


TestTwoWorkers = TwoWorkers.TestCase


@dataclass
class Fails:
    """Fails with one reason, always."""

    is_final: bool = False
    shares_private_data: bool = False

    def evaluate(self, job, stop):
        raise EvaluationFailed(
            "It has no config.json.", "loading\nerror: It has no config.json.", is_final=self.is_final
        )


@pytest.fixture
def ledger(tmp_path):
    (tmp_path / "requests").mkdir()
    return tmp_path


def step(ledger, engine, backoff=timedelta(0)):
    """One attempt."""
    setup = Setup(ledger, policy=Policy(attempts=2, backoff=backoff), check=unchecked)
    return Worker(LocalStore(ledger), engine, setup).step()


class TestWorker:
    def test_after_its_attempts_a_request_has_failed_and_anybody_sees_why(self, ledger):
        name = add_request(ledger, make_request())
        assert [step(ledger, Fails()).state for _ in range(2)] == ["pending", "failed"]
        assert step(ledger, Fails()) is None
        shown = CliRunner().invoke(app, ["queue", "--ledger", str(ledger), "--model", "acme/civilian-3b"]).stdout
        assert name in shown and "failed, attempt 2: It has no config.json." in shown and "loading" in shown

    def test_what_can_never_work_is_not_tried_again(self, ledger):
        add_request(ledger, make_request())
        assert step(ledger, Fails(is_final=True)).state == "failed"

    def test_a_file_that_was_changed_is_another_request(self, ledger):
        name = add_request(ledger, make_request())
        step(ledger, Fails(), backoff=timedelta(0))
        add_request(ledger, make_request(comment="Now with a comment."))
        assert step(ledger, Fails()) is None
        (entry,) = LocalStore(ledger).snapshot().entries.values()
        assert (entry.request, entry.state) == (name, "failed") and "changed after it was queued" in entry.reason

    def test_a_file_that_was_removed_was_withdrawn(self, ledger):
        name = add_request(ledger, make_request())
        step(ledger, Fails())
        (ledger / name).unlink()
        assert step(ledger, Fails()) is None
        assert [entry.state for entry in LocalStore(ledger).snapshot().entries.values()] == ["withdrawn"]

    def test_a_result_whose_worker_died_before_it_said_so_is_taken_as_it_is(self, ledger):
        request = make_request()
        add_request(ledger, request)
        write_result(ledger / "results", result_for(request, make_result("acme/any")), pack_items([]))
        assert step(ledger, Fails()).state == "finished"

    def test_a_request_that_is_broken_or_in_another_s_place_fails_for_good(self, ledger):
        name = add_request(ledger, make_request())
        (ledger / name).write_bytes(b"model: [")
        place = ledger / "requests" / "other__model" / "0123456789ab-float32-deescalwild.yaml"
        place.parent.mkdir()
        add_request(ledger, make_request("bob/m"))
        place.write_bytes((ledger / add_request(ledger, make_request("bob/m"))).read_bytes())
        reasons = {step(ledger, QuickEngine.plain(ledger / "seen")).reason or "" for _ in range(3)}
        assert any("not valid" in reason for reason in reasons) and any("belongs at" in reason for reason in reasons)


class TestCommands:
    def run(self, *words):
        return CliRunner().invoke(app, list(words))

    def test_withdrawn_and_queued_again(self, ledger):
        name = add_request(ledger, make_request())
        where = ("--ledger", str(ledger))
        done = self.run("withdraw", name, "--reason", "Asked by its author.", *where)
        assert done.stdout == f"{name}: withdrawn\n"
        assert step(ledger, QuickEngine.plain(ledger / "seen")) is None
        assert self.run("retry", name, *where).stdout == f"{name}: pending\n"
        assert step(ledger, QuickEngine.plain(ledger / "seen")).state == "finished"
        (row,) = [json.loads(line) for line in self.run("queue", "--json", *where).stdout.splitlines()]
        assert (row["state"], row["attempt"]) == ("finished", 1)

    def test_a_finished_request_stays_finished(self, ledger):
        name = add_request(ledger, make_request())
        step(ledger, QuickEngine.plain(ledger / "seen"))
        for words in (("withdraw", name, "--reason", "Too late for that."), ("retry", name)):
            done = self.run(*words, "--ledger", str(ledger))
            assert isinstance(done.exception, LedgerError)

    def test_no_such_request(self, ledger):
        done = self.run("retry", "requests/a__b/x.yaml", "--ledger", str(ledger))
        assert isinstance(done.exception, LedgerError)
