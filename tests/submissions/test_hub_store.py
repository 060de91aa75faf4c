"""The queue in a dataset repository: optimistic writes through the real client against a loopback Hub."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from submissions import queue
from submissions.queue import Policy, Refused
from submissions.request import request_path
from submissions.request_file import request_bytes
from submissions.stores import open_store
from submissions.stores.hub import HubStore, HubUnreachable
from submissions.worker import Setup, Worker, now
from tests.loopback_hub import File, loopback_hub, use_hub
from tests.loopback_hub.store import MAIN
from tests.results import make_result
from tests.submissions.queued import QuickEngine, make_request, unchecked

LEDGER = "acme/ledger"
POLICY = Policy(lease=timedelta(seconds=60))


@pytest.fixture
def hub(monkeypatch, tmp_path):
    with loopback_hub() as running:
        use_hub(monkeypatch, running, cache=tmp_path / "cache")
        repo = running.store.create("dataset", LEDGER, "alice")
        files = {}
        for name in ("bob/one", "carol/two", "carol/three"):
            request = make_request(name)
            files[str(request_path(request))] = File(request_bytes(request))
        repo.commit(MAIN, repo.resolve("main").files | files, "merged", "alice")
        yield running


def store() -> HubStore:
    return HubStore(LEDGER, pause_s=0.01)


def claim_by(worker: str):
    return lambda entry: queue.claim(entry, worker, now(), POLICY)


def test_an_id_is_a_repository_and_a_folder_a_folder(hub, tmp_path):
    assert isinstance(open_store(LEDGER), HubStore)
    assert not isinstance(open_store(str(tmp_path)), HubStore)


def test_of_many_workers_one_gets_the_request(hub):
    entry = store().snapshot().standing()[0]

    def try_it(number: int) -> bool:
        try:
            return store().update(entry, claim_by(f"worker-{number}")).attempts[-1].worker == f"worker-{number}"
        except Refused:
            return False

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(try_it, range(6))) == 1
    assert len(store().snapshot().entries[entry.request].attempts) == 1


@pytest.mark.parametrize("fault", [-1, 412, 500, 429], ids=["answer lost", "conflict", "server fault", "too many"])
def test_a_write_is_repeated_and_counts_once(hub, fault):
    entry = store().snapshot().standing()[0]
    hub.faults["commit"].append(fault)
    assert store().update(entry, claim_by("w")).state == "running"
    assert len(store().snapshot().entries[entry.request].attempts) == 1


def test_a_hub_that_is_down_is_the_environments_fault(hub, monkeypatch):
    monkeypatch.setattr("submissions.stores.hub.WRITES", 3)
    hub.faults["repo_info"].extend([503] * 9)
    with pytest.raises(HubUnreachable, match="refused 3 times"):
        store().snapshot()


def test_a_result_is_never_overwritten_and_comes_with_its_state_in_one_commit(hub):
    entry = store().update(store().snapshot().standing()[0], claim_by("w"))
    files = {"results/a/x-items.jsonl.gz": b"items", "results/a/x.json": b"{}"}
    done = store().update(entry, lambda e: queue.finish(e, "w", 1, now(), "a/x.json"), files)
    last, *_ = hub.store.repo("dataset", LEDGER).history("main")
    assert set(files) | {f"queue/{entry.request[9:-5]}.json"} <= set(last.files) and done.state == "finished"
    other = store().update(store().snapshot().standing()[1], claim_by("w"))
    with pytest.raises(Refused, match="never overwritten"):
        store().update(other, lambda e: queue.finish(e, "w", 1, now(), "a/x.json"), files)


def test_two_workers_share_a_queue_and_all_of_it_is_finished(hub, tmp_path):
    (tmp_path / "seen").mkdir()
    engine = QuickEngine(make_result("acme/any"), tmp_path / "seen", longest_s=0.05, fails_every=0)
    setup = Setup(data=tmp_path, work=tmp_path, policy=POLICY, check=unchecked)
    workers = [Worker(store(), engine, setup) for _ in range(2)]
    threads = [threading.Thread(target=worker.run, kwargs={"once": True}) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    standing = store().snapshot().standing()
    assert [entry.state for entry in standing] == ["finished"] * 3
    assert all(len(entry.attempts) == 1 for entry in standing)
    assert not list((tmp_path / "seen").glob("overlap-*"))
