"""The queue's rules as pure functions: an entry and an event → the entry after it, or :class:`Refused`.

Nothing here reads a clock or a file. Stores apply these functions to the state they find when they write
(``stores/``), so that of two workers which want the same thing one is refused. Calling a function twice as the same
worker gives the same entry: a write whose answer was lost can be repeated.

Fencing: an attempt has a number and a worker. Once another attempt began, or the request was withdrawn, whatever the
earlier worker wants to write is refused, however long it slept.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter

from submissions.ledger import LedgerError, printable
from submissions.states import MAX_ATTEMPTS, Attempt, QueueEntry

MAX_REASON = 300
NEVER = datetime.min.replace(tzinfo=UTC)


class Refused(LedgerError):
    """The request is no longer in a state in which this may happen."""


@dataclass(frozen=True)
class Policy:
    """How patient the queue is.

    Attributes:
        attempts: failures after which a request has failed.
        interruptions: attempts lost with their workers after which a request has failed: it may be what kills them.
        lease: time after the last sign of life when another worker may take over. Clocks of workers may differ by
            less than half of it.
        backoff: pause after the first failure; it doubles with each.
    """

    attempts: int = 3
    interruptions: int = 10
    lease: timedelta = timedelta(minutes=30)
    backoff: timedelta = timedelta(minutes=1)


def new_entry(request: str, sha256: str, submitted_at: datetime) -> QueueEntry:
    """A request that nobody has touched."""
    return QueueEntry(
        request=request, request_sha256=sha256, state="pending", submitted_at=submitted_at, updated_at=submitted_at
    )


def claim(entry: QueueEntry, worker: str, now: datetime, policy: Policy) -> QueueEntry:
    """Begin an attempt; one whose lease has run out is closed as interrupted first.

    Where that was one loss too many, the entry comes back failed instead of running.

    Raises:
        Refused: somebody else has it, it is done, or it has to wait.
    """
    if entry.state == "running" and entry.attempts[-1].worker == worker:
        return entry
    present = expire(entry, now, policy)
    if present.state == "failed" and entry.state == "running":
        return present
    entry = present
    if entry.state != "pending":
        raise Refused(f"{entry.request} is {entry.state}.")
    if now < (begin := not_before(entry, policy)):
        raise Refused(f"{entry.request} waits until {begin:%H:%M:%S} after a failure.")
    attempt = Attempt(number=len(entry.attempts) + 1, worker=worker, started_at=now, lease_until=now + policy.lease)
    return _changed(entry, now, state="running", attempts=[*entry.attempts, attempt], reason=None)


def renew(entry: QueueEntry, worker: str, number: int, now: datetime, policy: Policy) -> QueueEntry:
    """Prolong the lease of the running attempt.

    Raises:
        Refused: the attempt is no longer the running one.
    """
    attempt = _own(entry, worker, number)
    return _with_attempt(entry, now, attempt.model_copy(update={"lease_until": now + policy.lease}))


def finish(entry: QueueEntry, worker: str, number: int, now: datetime, result: str) -> QueueEntry:
    """The attempt gave a result, at this path below ``results/``.

    Raises:
        Refused: the attempt is no longer the running one.
    """
    if entry.state == "finished" and _is_last(entry, worker, number) and entry.result == result:
        return entry
    attempt = _ended(_own(entry, worker, number), now, "finished")
    return _with_attempt(entry, now, attempt, state="finished", result=result)


def fail(
    entry: QueueEntry,
    worker: str,
    number: int,
    now: datetime,
    policy: Policy,
    reason: str,
    log_tail: str = "",
    *,
    is_final: bool = False,
) -> QueueEntry:
    """The attempt failed. The request waits for the next one, or has failed for good.

    Args:
        is_final: trying again cannot help, because the request itself is wrong.

    Raises:
        Refused: the attempt is no longer the running one.
    """
    if entry.state in ("pending", "failed") and _is_last(entry, worker, number):
        return entry
    attempt = _ended(_own(entry, worker, number), now, "failed", reason, log_tail)
    return _settled(_with_attempt(entry, now, attempt, state="pending"), now, policy, is_final=is_final)


def release(entry: QueueEntry, worker: str, number: int, now: datetime, policy: Policy, reason: str) -> QueueEntry:
    """The worker stops in good order; the request waits for another one, at once.

    Raises:
        Refused: the attempt is no longer the running one.
    """
    if entry.state in ("pending", "failed") and _is_last(entry, worker, number):
        return entry
    attempt = _ended(_own(entry, worker, number), now, "interrupted", reason)
    return _settled(_with_attempt(entry, now, attempt, state="pending"), now, policy)


def expire(entry: QueueEntry, now: datetime, policy: Policy) -> QueueEntry:
    """Close an attempt whose worker gave no sign of life for the length of its lease; any other entry stays as it is."""
    if entry.state != "running" or now <= entry.attempts[-1].lease_until:
        return entry
    last = entry.attempts[-1]
    attempt = _ended(last, now, "interrupted", f"Worker {last.worker} gave no sign of life since its lease began.")
    return _settled(_with_attempt(entry, now, attempt, state="pending"), now, policy)


def withdraw(entry: QueueEntry, now: datetime, reason: str) -> QueueEntry:
    """Take a request out of the queue; a worker that runs it is stopped at its next sign of life.

    Raises:
        Refused: it has a result, or is withdrawn already.
    """
    if entry.state in ("finished", "withdrawn"):
        raise Refused(f"{entry.request} is {entry.state} and cannot be withdrawn.")
    if entry.state == "running":
        entry = _with_attempt(entry, now, _ended(entry.attempts[-1], now, "interrupted", reason), state="pending")
    return _changed(entry, now, state="withdrawn", reason=_line(reason))


def retry(entry: QueueEntry, now: datetime, request_sha256: str) -> QueueEntry:
    """Queue a failed or withdrawn request again, with the bytes it has now; earlier attempts stay visible and no longer count.

    Raises:
        Refused: it is neither failed nor withdrawn.
    """
    if entry.state not in ("failed", "withdrawn"):
        raise Refused(f"{entry.request} is {entry.state}; only a failed or withdrawn request can be queued again.")
    if len(entry.attempts) >= MAX_ATTEMPTS:
        raise Refused(f"{entry.request} has had {MAX_ATTEMPTS} attempts, which is all that the queue allows.")
    return _changed(
        entry, now, state="pending", reason=None, forgiven=len(entry.attempts), request_sha256=request_sha256
    )


def reject(entry: QueueEntry, now: datetime, reason: str) -> QueueEntry:
    """A pending request that can never run, for instance because its file was changed after it was queued.

    Raises:
        Refused: it is not pending.
    """
    if entry.state != "pending":
        raise Refused(f"{entry.request} is {entry.state}.")
    return _changed(entry, now, state="failed", reason=_line(reason))


def not_before(entry: QueueEntry, policy: Policy) -> datetime:
    """When the next attempt may begin: after a pause that doubles with each failure."""
    failures = _counted(entry, "failed")
    last = entry.attempts[-1] if entry.attempts else None
    if not failures or last is None or last.outcome != "failed" or last.ended_at is None:
        return entry.submitted_at
    return last.ended_at + policy.backoff * 2 ** (len(failures) - 1)


def in_order(entries: Iterable[QueueEntry]) -> list[QueueEntry]:
    """Pending requests in the order in which they are taken.

    One request of each organisation in turn. Of one organisation the oldest first; what an organisation has running counts
    as a turn it has had. Within a turn, whoever was served longest ago comes first.
    """
    pending: list[tuple[datetime, str, str, QueueEntry]] = []
    served: dict[str, datetime] = defaultdict(lambda: NEVER)
    turns: dict[str, int] = defaultdict(int)
    for entry in entries:
        org = entry.organisation
        turns[org] += entry.state == "running"
        if entry.attempts:
            served[org] = max(served[org], entry.attempts[-1].started_at)
        if entry.state == "pending":
            pending.append((entry.submitted_at, entry.request, org, entry))
    keyed = []
    for submitted_at, request, org, entry in sorted(pending, key=itemgetter(0, 1)):
        keyed.append((turns[org], served[org], submitted_at, request, entry))
        turns[org] += 1
    return [key[-1] for key in sorted(keyed, key=itemgetter(0, 1, 2, 3))]


def candidates(entries: Sequence[QueueEntry], now: datetime, policy: Policy) -> list[QueueEntry]:
    """What a worker may take now, best first: pending requests in order, with those whose worker vanished among them."""
    present = [expire(entry, now, policy) for entry in entries]
    return [entry for entry in in_order(present) if not_before(entry, policy) <= now]


def positions(entries: Iterable[QueueEntry]) -> Mapping[str, int]:
    """Request → its place among the pending ones, from 1."""
    return {entry.request: place for place, entry in enumerate(in_order(entries), start=1)}


def _counted(entry: QueueEntry, outcome: str) -> list[Attempt]:
    return [each for each in entry.attempts if each.outcome == outcome and each.number > entry.forgiven]


def _settled(entry: QueueEntry, now: datetime, policy: Policy, *, is_final: bool = False) -> QueueEntry:
    """A pending entry after an attempt: failed for good, if it has had its tries. Its reason is the last attempt's."""
    failures, losses = len(_counted(entry, "failed")), len(_counted(entry, "interrupted"))
    reason = entry.attempts[-1].reason or ""
    if is_final or failures >= policy.attempts or len(entry.attempts) >= MAX_ATTEMPTS:
        return _changed(entry, now, state="failed", reason=reason)
    if losses >= policy.interruptions:
        text = f"Its worker was lost {losses} times while it ran; it may need more memory or time than there is."
        return _changed(entry, now, state="failed", reason=text)
    return _changed(entry, now, reason=reason)


def _is_last(entry: QueueEntry, worker: str, number: int) -> bool:
    return bool(entry.attempts) and (entry.attempts[-1].worker, entry.attempts[-1].number) == (worker, number)


def _own(entry: QueueEntry, worker: str, number: int) -> Attempt:
    if entry.state != "running" or not _is_last(entry, worker, number):
        raise Refused(f"Attempt {number} of {entry.request} by {worker} is over: the request is {entry.state}.")
    return entry.attempts[-1]


def _ended(attempt: Attempt, now: datetime, outcome: str, reason: str = "", log_tail: str = "") -> Attempt:
    return Attempt.model_validate(
        attempt.model_dump()
        | {"ended_at": now, "outcome": outcome, "reason": _line(reason) or None, "log_tail": log_tail or None}
    )


def _with_attempt(entry: QueueEntry, now: datetime, attempt: Attempt, **changes: object) -> QueueEntry:
    return _changed(entry, now, attempts=[*entry.attempts[:-1], attempt], **changes)


def _changed(entry: QueueEntry, now: datetime, **changes: object) -> QueueEntry:
    return QueueEntry.model_validate(dict(entry) | {"updated_at": now} | changes)


def _line(text: str) -> str:
    return printable(text.strip(), MAX_REASON)
