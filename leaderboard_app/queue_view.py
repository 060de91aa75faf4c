"""Requests and their states → what the Queue page shows. Reads ``requests/`` and ``queue/`` beside ``results/``.

Strangers write requests: what cannot be read is named, and nothing here stops at it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from submissions.ledger import LedgerError, printable
from submissions.queue import Policy, expire, new_entry, positions
from submissions.request import MAX_REQUEST_BYTES
from submissions.request_file import parse_request
from submissions.states import QueueEntry

MAX_ENTRY_BYTES = 2**20
MAX_FILES = 20_000
NO_DIGEST = "0" * 64
LAST = datetime.max.replace(tzinfo=UTC)
"""When a request without a state was submitted, as far as its place in the queue goes: after all whose time is known."""

Shown = Literal["running", "stalled", "pending", "failed", "finished", "withdrawn", "unreadable"]
ORDER: tuple[Shown, ...] = ("running", "stalled", "pending", "failed", "unreadable", "finished", "withdrawn")


@dataclass(frozen=True)
class Waiting:
    """One submission. ``position``: in the order in which workers take requests, from 1. ``stalled``: its worker's lease ran out.

    ``reason`` and ``log_tail`` are of the last attempt that has them.
    """

    model: str
    path: str
    state: Shown
    precision: str = ""
    protocol: str = ""
    submitted_at: datetime | None = None
    updated_at: datetime | None = None
    n_attempts: int = 0
    reason: str = ""
    log_tail: str = ""
    result: str = ""
    position: int | None = None


def _files(folder: Path, pattern: str, max_bytes: int) -> Iterator[tuple[str, bytes | None]]:
    """Path below the ledger and content of each plain file; no content for a link or a file that is too large."""
    for path in sorted(folder.glob(pattern))[:MAX_FILES]:
        name = f"{folder.name}/{path.parent.name}/{path.name}"
        usable = path.is_file() and not path.is_symlink() and path.stat().st_size <= max_bytes
        yield name, path.read_bytes() if usable else None


def _unreadable(name: str, reason: str) -> Waiting:
    return Waiting(printable(name), printable(name), "unreadable", reason=printable(reason, 400))


def _request(name: str, content: bytes | None) -> Waiting:
    """A request by itself: pending, with no attempt."""
    try:
        if content is None:
            raise LedgerError(f"is not a plain file of at most {MAX_REQUEST_BYTES // 2**10} KiB")
        request = parse_request(content)
    except LedgerError as error:
        return _unreadable(name, str(error))
    return Waiting(request.model, name, "pending", request.precision, request.protocol)


def _apply(own: Waiting, entry: QueueEntry, now: datetime) -> Waiting:
    """A request with what its queue entry says."""
    last = entry.attempts[-1] if entry.attempts else None
    stalled = entry.state == "running" and last is not None and last.lease_until < now
    told = [attempt for attempt in entry.attempts if attempt.reason or attempt.log_tail]
    reason = entry.reason or (told[-1].reason if told else None) or ""
    return Waiting(
        own.model,
        own.path,
        "stalled" if stalled else entry.state,
        own.precision,
        own.protocol,
        entry.submitted_at,
        entry.updated_at,
        len(entry.attempts),
        reason,
        (told[-1].log_tail if told else None) or "",
        entry.result or "",
    )


def _aware(entry: QueueEntry) -> QueueEntry:
    """An entry whose times can be compared: one without a time zone is taken for UTC."""
    times = {name: _in_utc(getattr(entry, name)) for name in ("submitted_at", "updated_at")}
    attempts = [
        attempt.model_copy(
            update={
                name: moment and _in_utc(moment)
                for name, moment in dict(attempt).items()
                if name in ("started_at", "lease_until", "ended_at")
            }
        )
        for attempt in entry.attempts
    ]
    return entry.model_copy(update={**times, "attempts": attempts})


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _entries(ledger: Path) -> Iterator[QueueEntry | Waiting]:
    for name, content in _files(ledger / "queue", "*/*.json", MAX_ENTRY_BYTES):
        try:
            if content is None:
                raise LedgerError(f"is not a plain file of at most {MAX_ENTRY_BYTES // 2**20} MiB")
            yield _aware(QueueEntry.model_validate_json(content))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            yield _unreadable(name, f"{'.'.join(map(str, first['loc'])) or 'file'}: {first['msg']}")
        except LedgerError as error:
            yield _unreadable(name, str(error))


def read_queue(ledger: Path, now: datetime) -> list[Waiting]:
    """All submissions: running first, then pending in the order in which they are taken, failed, finished; the latest first within each.

    Args:
        ledger: the folder that holds ``requests``, ``queue`` and ``results``.
        now: with a time zone; decides which leases have run out.
    """
    found = {
        name: _request(name, content) for name, content in _files(ledger / "requests", "*/*.yaml", MAX_REQUEST_BYTES)
    }
    untouched = [new_entry(own.path, NO_DIGEST, LAST) for own in found.values() if own.state == "pending"]
    standing = {entry.request: entry for entry in untouched}
    broken: list[Waiting] = []
    for entry in _entries(ledger):
        if isinstance(entry, Waiting):
            broken.append(entry)
            continue
        # A withdrawn request may be gone; its entry still tells what became of it.
        own = found.get(entry.request) or Waiting(_model_of(entry.request), entry.request, "pending")
        found[entry.request] = _apply(own, entry, now)
        standing[entry.request] = entry
    places = positions(expire(entry, now, Policy()) for entry in standing.values())
    placed = [replace(own, position=places.get(path)) for path, own in found.items()]
    return sorted([*placed, *broken], key=_order)


def _order(own: Waiting) -> tuple[int, int, float]:
    updated = own.updated_at.timestamp() if own.updated_at else 0.0
    return ORDER.index(own.state), own.position or 0, -updated


def _model_of(path: str) -> str:
    return path.split("/")[1].replace("__", "/", 1)


def counts(found: list[Waiting]) -> Mapping[str, int]:
    """State → number of submissions, in the order of the page; states that nothing is in are left out."""
    numbers = {state: sum(own.state == state for own in found) for state in ORDER}
    return {state: number for state, number in numbers.items() if number}
