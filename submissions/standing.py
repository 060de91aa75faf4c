"""The queue as people see it: a row a request, for the command line and the board."""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from submissions.ledger import LEDGER, LedgerError
from submissions.queue import positions
from submissions.states import QueueEntry, State
from submissions.stores import RequestFile, Snapshot, Store, open_store

ORDER: tuple[State, ...] = ("running", "pending", "failed", "withdrawn", "finished")


@dataclass(frozen=True)
class Standing:
    """Where one request stands. ``position``: place among the pending ones, from 1. ``attempt``: attempts begun so far.

    ``reason`` and ``log_tail`` are of the last attempt, or of whoever withdrew the request.
    """

    request: str
    model: str
    state: State
    position: int | None
    attempt: int
    submitted_at: datetime
    updated_at: datetime
    reason: str | None
    log_tail: str | None
    result: str | None

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        times = {"submitted_at": self.submitted_at.isoformat(), "updated_at": self.updated_at.isoformat()}
        return asdict(self) | times


def standings(snapshot: Snapshot) -> list[Standing]:
    """One row a request: running first, then pending in the order of the queue, then what is over, newest first."""
    entries = snapshot.standing()
    places = positions(entries)
    rows = [_standing(entry, places.get(entry.request)) for entry in entries]
    return sorted(rows, key=lambda row: (ORDER.index(row.state), row.position or 0, -row.updated_at.timestamp()))


def as_line(row: Standing) -> str:
    """One row as a line of text."""
    state = f"{row.state} #{row.position}" if row.position else row.state
    attempt = f", attempt {row.attempt}" if row.attempt else ""
    why = f": {row.reason}" if row.reason else f": {row.result}" if row.result else ""
    return f"{row.request}  {state}{attempt}{why}"


def find(ledger: str | None, request: str) -> tuple[Store, QueueEntry, RequestFile | None]:
    """The store, the state and the file of one request.

    Raises:
        LedgerError: there is no such request.
    """
    store = open_store(ledger or str(LEDGER))
    snapshot = store.snapshot()
    entries = {entry.request: entry for entry in snapshot.standing()}
    if request not in entries:
        raise LedgerError(f"{request} is not in this ledger. `deescalwild submissions queue` lists what is.")
    return store, entries[request], snapshot.requests.get(request)


def _standing(entry: QueueEntry, position: int | None) -> Standing:
    last = entry.attempts[-1] if entry.attempts else None
    return Standing(
        request=entry.request,
        model=PurePosixPath(entry.request).parent.name.replace("__", "/", 1),
        state=entry.state,
        position=position,
        attempt=len(entry.attempts),
        submitted_at=entry.submitted_at,
        updated_at=entry.updated_at,
        reason=entry.reason,
        log_tail=last.log_tail if last else None,
        result=entry.result,
    )
