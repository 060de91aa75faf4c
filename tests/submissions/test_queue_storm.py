"""1,000 requests, 8 workers, one of them killed (SIGKILL) every third of a second."""

import multiprocessing
import os
import random
import time
from datetime import timedelta
from pathlib import Path

from submissions.ledger import read_ledger, result_files
from submissions.queue import Policy
from submissions.stores.local import LocalStore
from submissions.worker import Setup, Worker
from tests.results import make_result
from tests.submissions.queued import QuickEngine, add_request, make_request, unchecked

REQUESTS = 1000
WORKERS = 8
POLICY = Policy(attempts=3, lease=timedelta(seconds=4), backoff=timedelta(milliseconds=50))


def work(ledger: Path, engine: QuickEngine, seed: int) -> None:
    """One worker process; its temporary files lie beside the ledger."""
    random.seed(seed)
    setup = Setup(data=ledger, work=ledger.parent / "work", policy=POLICY, check=unchecked)
    Worker(LocalStore(ledger), engine, setup).run(once=False, poll_s=0.05)


def test_every_request_ends_exactly_once_and_none_is_lost(tmp_path):
    seed = int(os.environ.get("DEESCALWILD_SEED") or random.randrange(2**32))
    print(f"DEESCALWILD_SEED={seed}")
    dice = random.Random(seed)
    ledger, seen = tmp_path / "ledger", tmp_path / "seen"
    for folder in (ledger, seen, tmp_path / "work"):
        folder.mkdir()
    asked = {add_request(ledger, make_request(f"org-{n % 37}/model-{n}"), age_s=REQUESTS - n) for n in range(REQUESTS)}

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["submissions.worker", "tests.submissions.queued"])
    engine = QuickEngine(make_result("acme/any", n_scenarios=2), seen)

    def start() -> multiprocessing.Process:
        worker = context.Process(target=work, args=(ledger, engine, dice.randrange(2**32)), daemon=True)
        worker.start()
        return worker

    store, kills, begun = LocalStore(ledger), 0, time.monotonic()
    workers = [start() for _ in range(WORKERS)]
    try:
        while any(entry.state in ("pending", "running") for entry in store.snapshot().standing()):
            time.sleep(dice.uniform(0.1, 0.5))
            number = dice.randrange(WORKERS)
            workers[number].kill()
            workers[number].join()
            workers[number] = start()
            kills += 1
    finally:
        for worker in workers:
            worker.kill()
    print(f"{kills} kills in {time.monotonic() - begun:.0f} s")

    snapshot = store.snapshot()
    assert set(snapshot.entries) == asked and not snapshot.problems
    finished = {entry.result for entry in snapshot.entries.values() if entry.state == "finished"}
    failed = [entry for entry in snapshot.entries.values() if entry.state == "failed"]
    assert len(finished) + len(failed) == REQUESTS
    assert finished == {str(path.relative_to(ledger / "results")) for path in result_files(ledger / "results")}
    assert read_ledger(ledger / "results").problems == ()
    for entry in snapshot.entries.values():
        assert [each.outcome for each in entry.attempts].count("finished") == (entry.state == "finished")
        assert entry.attempts[-1].outcome in ("finished", "failed")
    assert all(entry.reason == "The dice said so." for entry in failed)
    assert kills > 10
    assert any(each.outcome == "interrupted" for entry in snapshot.entries.values() for each in entry.attempts)
    assert not list(seen.glob("overlap-*")), "two living workers ran one request"
