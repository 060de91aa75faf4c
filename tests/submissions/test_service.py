"""The check as a service: one comment on each pull request of a Hub ledger, which follows its head."""

import socket
import threading

import httpx
import pytest
from huggingface_hub import HfApi
from typer.testing import CliRunner

from submissions import hub as hub_module
from submissions.cli import app
from submissions.comment import as_markdown, is_settled, marker_of
from submissions.hub import HubUnreachable
from submissions.hub_ledger import HubLedger
from submissions.report import Outcome, Report
from submissions.request import request_path
from submissions.request_file import request_bytes
from submissions.service import poll, watch, webhook
from tests.hub_models import publish
from tests.loopback_hub import File, loopback_hub, use_hub
from tests.loopback_hub.store import MAIN
from tests.requests import make_request

LEDGER = "acme/ledger"


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A Hub with a ledger of acme's; alice of acme runs the service."""
    with loopback_hub() as running:
        use_hub(monkeypatch, running, cache=tmp_path / "cache", token="hf_alice")
        running.store.create("dataset", LEDGER, "alice")
        yield running


@pytest.fixture
def ledger(hub) -> HubLedger:
    return HubLedger(HfApi(token="hf_alice"), LEDGER)


def request_of(hub, model="acme/civilian"):
    return make_request(model, revision=publish(hub, model), precision="float16")


def propose(hub, *requests, author="bob", files=None) -> int:
    """A pull request that adds these requests; returns its number."""
    repo = hub.store.repos["dataset", LEDGER]
    opened = repo.open_discussion("Submit", author, repo.resolve(MAIN).oid)
    push(hub, opened.num, *requests, files=files)
    return opened.num


def push(hub, number, *requests, files=None) -> str:
    repo = hub.store.repos["dataset", LEDGER]
    ref = repo.discussions[number - 1].ref
    new = {str(request_path(request)): File(request_bytes(request)) for request in requests}
    return repo.commit(ref, {**repo.resolve(ref).files, **new, **(files or {})}, "more", "bob").oid


def comments(hub, number) -> list[str]:
    events = hub.store.repos["dataset", LEDGER].discussions[number - 1].events
    return [event["data"]["latest"]["raw"] for event in events if event["type"] == "comment"]


def statuses(reviews) -> list[str | None]:
    return [each.report.status if each.report else None for each in reviews]


def test_a_pull_request_gets_one_comment_for_a_head(hub, ledger):
    number = propose(hub, request_of(hub))
    assert statuses(poll(ledger, hub_module.ask)) == ["valid"]
    before = list(hub.requests)
    assert statuses(poll(ledger, hub_module.ask)) == [None], "its head has its verdict"
    assert len(comments(hub, number)) == 1
    assert not [path for method, path in hub.requests[len(before) :] if method == "POST"]


def test_a_push_changes_the_same_comment(hub, ledger):
    request = request_of(hub)
    path = str(request_path(request))
    number = propose(hub, files={path: File(request_bytes(request).replace(b"float16", b"fp16"))})
    assert statuses(poll(ledger, hub_module.ask)) == ["invalid"]
    assert "precision: is 'fp16'. Write" in comments(hub, number)[0]
    head = push(hub, number, request)
    assert statuses(poll(ledger, hub_module.ask)) == ["valid"]
    (only,) = comments(hub, number)
    assert is_settled(only, head) and "### This submission is valid" in only


def test_what_could_not_be_checked_is_checked_again(hub, ledger):
    def unreachable(request):
        raise HubUnreachable("the Hub asks to slow down. Try again in some minutes.")

    number = propose(hub, request_of(hub))
    assert statuses(poll(ledger, unreachable)) == ["incomplete"]
    assert statuses(poll(ledger, unreachable)) == ["incomplete"]
    assert statuses(poll(ledger, hub_module.ask)) == ["valid"]
    assert len(comments(hub, number)) == 1


def test_a_forged_marker_of_somebody_else_counts_for_nothing(hub, ledger):
    number = propose(hub, request_of(hub))
    head = ledger.head_of(number)
    HfApi(token="hf_bob").comment_discussion(
        LEDGER, number, f"<!-- deescalwild:submission head={head} status=valid -->", repo_type="dataset"
    )
    assert statuses(poll(ledger, hub_module.ask)) == ["valid"]
    assert len(comments(hub, number)) == 2


def test_of_two_for_one_place_the_first_has_it(hub, ledger):
    request = request_of(hub)
    first, second = propose(hub, request), propose(hub, request)
    assert statuses(poll(ledger, hub_module.ask)) == ["valid", "invalid"]
    assert f"is asked for by pull request {first}" in comments(hub, second)[0]


def test_a_closed_one_gives_its_place_back(hub, ledger):
    request = request_of(hub)
    propose(hub, request)
    propose(hub, request)
    hub.store.repos["dataset", LEDGER].discussions[0].status = "closed"
    assert statuses(poll(ledger, hub_module.ask)) == ["valid"]


def test_an_author_is_counted_over_open_and_closed(hub, ledger):
    for number in range(3):
        propose(hub, request_of(hub, f"acme/m{number}"))
    hub.store.repos["dataset", LEDGER].discussions[0].status = "closed"
    assert statuses(poll(ledger, hub_module.ask, per_day=2)) == ["valid", "invalid"]


@pytest.mark.parametrize(
    "files, line",
    [
        ({"results/acme__old/x.json": File(b'{"better": 1}')}, "results/acme__old/x.json: is modified"),
        ({"README.md": File(b"x")}, "README.md: is no requests/….yaml"),
        ({"requests/acme__x/y.yaml": File(b"/etc/passwd", mode="120000")}, "y.yaml: is a symbolic link"),
        ({"requests/acme__x/y.yaml": File(b"a: 1\n", mode="100755")}, "y.yaml: is executable"),
    ],
)
def test_anything_else_in_it_is_refused(hub, ledger, files, line):
    repo = hub.store.repos["dataset", LEDGER]
    repo.commit(MAIN, {**repo.resolve(MAIN).files, "results/acme__old/x.json": File(b"{}")}, "a result", "alice")
    number = propose(hub, files=files)
    poll(ledger, hub_module.ask)
    assert line in comments(hub, number)[0]


def test_what_main_did_since_is_not_the_pull_requests(hub, ledger):
    propose(hub, request_of(hub))
    repo = hub.store.repos["dataset", LEDGER]
    repo.commit(MAIN, {**repo.resolve(MAIN).files, "queue/x/y.json": File(b"{}")}, "the queue moves", "alice")
    assert statuses(poll(ledger, hub_module.ask)) == ["valid"]


def test_a_fault_of_ours_on_one_does_not_keep_the_others_waiting(hub, ledger, caplog):
    requests = [request_of(hub, f"acme/m{number}") for number in range(2)]
    for request in requests:
        propose(hub, request)

    def breaks_on_the_first(request):
        if request == requests[0]:
            raise KeyError("ours")
        return hub_module.ask(request)

    assert [each.number for each in poll(ledger, breaks_on_the_first)] == [2]
    assert "pull request 1: a fault of ours" in caplog.text


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def test_a_webhook_wakes_the_poll_and_only_with_its_secret():
    wake, stop, polled = threading.Event(), threading.Event(), threading.Semaphore(0)
    address = webhook(wake, "s3cret", host="127.0.0.1", port=free_port())
    worker = threading.Thread(target=watch, args=(polled.release, wake, stop, 600), daemon=True)
    worker.start()
    assert polled.acquire(timeout=20), "it looks at once"
    assert httpx.post(address, json={}).status_code == 401
    assert httpx.post(address, json={}, headers={"X-Webhook-Secret": "wrong"}).status_code == 403
    assert not polled.acquire(timeout=0.3)
    payload = {"event": {"action": "create", "scope": "discussion"}, "repo": {"name": "evil/other"}}
    assert httpx.post(address, json=payload, headers={"X-Webhook-Secret": "s3cret"}).status_code == 200
    assert polled.acquire(timeout=20)
    stop.set()
    wake.set()
    worker.join(10)


def test_without_a_secret_no_webhook_is_served():
    with pytest.raises(HubUnreachable, match="WEBHOOK_SECRET is not set"):
        webhook(threading.Event(), "", host="127.0.0.1", port=0)


class TestCommands:
    def run(self, *arguments: str):
        return CliRunner().invoke(app, list(arguments), env={"DEESCALWILD_LEDGER": LEDGER})

    def test_watch_once_writes_the_comment(self, hub):
        number = propose(hub, request_of(hub))
        done = self.run("watch", "--once")
        assert (done.exit_code, done.stdout) == (0, "pull request 1: valid, 0 faults\n"), done.output
        assert len(comments(hub, number)) == 1

    def test_check_reads_a_pull_request_and_writes_nothing(self, hub):
        number = propose(hub, request_of(hub), files={"README.md": File(b"x")})
        done = self.run("check", "--number", str(number))
        assert done.exit_code == 1 and "README.md: is no requests/….yaml" in done.stderr
        assert hub.writes() == []


class TestComment:
    HOSTILE = "contact: is '```\u202e</details><script>@everyone ![x](http://x) | a <!-- -->'. Write"

    def report(self, *lines: str) -> Report:
        outcomes = (Outcome("files", "passed"), Outcome("content", "failed" if lines else "passed", lines))
        return Report(outcomes, "requests/x/y.yaml", "0" * 40)

    def test_the_same_report_gives_the_same_bytes(self):
        assert as_markdown(self.report("a")) == as_markdown(self.report("a"))

    def test_the_marker_is_found_again(self):
        assert marker_of(as_markdown(self.report())).head == "0" * 40
        assert marker_of("quoted:\n" + as_markdown(self.report())) is None

    def test_a_strangers_text_stays_inside_its_fence(self):
        text = as_markdown(self.report(self.HOSTILE, "`" * 50))
        fence = "`" * 51
        before, inside, after = text.split(fence)
        assert "@everyone" in inside and "@everyone" not in before + after and "\u202e" not in text
        assert not any(line.startswith(fence) for line in inside.splitlines()[1:])
