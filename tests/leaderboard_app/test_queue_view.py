"""Requests and their states as the Queue page shows them."""

from datetime import timedelta

import pytest

from leaderboard_app.queue_view import counts, read_queue
from tests.rich_ledger import NOW, add_entry, add_request, attempt, fill_queue


def by_model(ledger, now=NOW):
    return {own.model: own for own in read_queue(ledger, now)}


def test_an_empty_or_missing_ledger_has_an_empty_queue(tmp_path):
    assert read_queue(tmp_path, NOW) == read_queue(tmp_path / "missing", NOW) == []


def test_a_request_without_a_state_is_pending_behind_those_whose_time_is_known(tmp_path):
    add_request(tmp_path, "acme/new")
    add_entry(tmp_path, "zeta/older", "pending", hours_ago=5)
    add_entry(tmp_path, "beta/younger", "pending", hours_ago=1)
    found = by_model(tmp_path)
    assert {name: own.position for name, own in found.items()} == {"zeta/older": 1, "beta/younger": 2, "acme/new": 3}
    assert found["acme/new"].submitted_at is None


def test_organisations_take_turns_as_the_workers_do(tmp_path):
    for name, hours in (("acme/one", 9), ("acme/two", 8), ("zeta/one", 2)):
        add_entry(tmp_path, name, "pending", hours_ago=hours)
    assert {name: own.position for name, own in by_model(tmp_path).items()} == {
        "acme/one": 1,
        "zeta/one": 2,
        "acme/two": 3,
    }


def test_a_failed_request_keeps_its_reason_and_the_end_of_its_log(tmp_path):
    add_entry(tmp_path, "acme/large", "failed", attempt(outcome="failed", reason="Too large.", log_tail="OOM"))
    failed = by_model(tmp_path)["acme/large"]
    assert (failed.state, failed.reason, failed.log_tail, failed.n_attempts) == ("failed", "Too large.", "OOM", 1)
    assert failed.position is None


def test_the_reason_is_of_the_last_attempt_that_has_one(tmp_path):
    first, second = (attempt(n, outcome="failed", reason=why) for n, why in ((1, "first"), (2, "second")))
    add_entry(tmp_path, "acme/again", "running", first, second, attempt(3))
    assert by_model(tmp_path)["acme/again"].reason == "second"


@pytest.mark.parametrize(("hours", "state"), [(0, "running"), (2, "stalled")])
def test_a_worker_whose_lease_ran_out_is_shown_as_stalled(tmp_path, hours, state):
    add_entry(tmp_path, "acme/slow", "running", attempt())
    assert by_model(tmp_path, NOW + timedelta(hours=hours))["acme/slow"].state == state


@pytest.mark.parametrize("folder", ["requests", "queue"])
@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"{", b"[" * 5000, b"a: &x [*x]", b'{"state": "<script>"}', b"x" * 2**21]
)
def test_a_file_that_cannot_be_read_is_named_and_stops_nothing(tmp_path, folder, content):
    add_request(tmp_path, "acme/fine")
    path = tmp_path / folder / "evil__x" / ("y.yaml" if folder == "requests" else "y.json")
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    fine, broken = read_queue(tmp_path, NOW)
    assert fine.model == "acme/fine" and broken.state == "unreadable" and broken.reason
    assert "\n" not in broken.reason


def test_a_link_is_not_followed(tmp_path):
    secret = tmp_path / "secret.yaml"
    secret.write_text("model: acme/secret\n")
    (tmp_path / "requests" / "acme__x").mkdir(parents=True)
    (tmp_path / "requests" / "acme__x" / "y.yaml").symlink_to(secret)
    (own,) = read_queue(tmp_path, NOW)
    assert own.state == "unreadable" and "secret" not in own.reason


def test_a_state_whose_request_is_gone_still_tells_what_became_of_it(tmp_path):
    entry = add_entry(tmp_path, "acme/gone", "withdrawn", reason="Withdrawn by its author.")
    (tmp_path / entry.request).unlink()
    gone = by_model(tmp_path)["acme/gone"]
    assert (gone.state, gone.reason) == ("withdrawn", "Withdrawn by its author.")


def test_states_are_counted_in_the_order_of_the_page(tmp_path):
    fill_queue(tmp_path)
    found = read_queue(tmp_path, NOW)
    assert counts(found) == {
        "running": 1,
        "stalled": 1,
        "pending": 3,
        "failed": 1,
        "unreadable": 1,
        "finished": 1,
        "withdrawn": 1,
    }
    assert [own.state for own in found][:3] == ["running", "stalled", "pending"]
