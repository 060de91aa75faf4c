"""Where a ledger lies: a folder (``local.py``) or a dataset repository on the Hub (``hub.py``), behind one small interface.

In: pure transitions of ``queue.py``. Out: entries, each written only over the state that the transition saw.
Open ``local.py`` first.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Protocol

from submissions.ledger import Problem
from submissions.queue import new_entry
from submissions.states import QueueEntry

Change = Callable[[QueueEntry], QueueEntry]


@dataclass(frozen=True)
class RequestFile:
    """A request as it lies in the ledger. ``path``: ``requests/<org>__<model>/<stem>.yaml``."""

    path: str
    content: bytes
    sha256: str
    submitted_at: datetime

    @cached_property
    def untouched(self) -> QueueEntry:
        """Its state while nobody has taken it."""
        return new_entry(self.path, self.sha256, self.submitted_at)


@dataclass(frozen=True)
class Snapshot:
    """The queue at one moment, by path of the request; ``problems`` are files that cannot be read, never fatal."""

    requests: Mapping[str, RequestFile]
    entries: Mapping[str, QueueEntry]
    problems: tuple[Problem, ...]

    def standing(self) -> list[QueueEntry]:
        """One entry a request, in path order."""
        paths = sorted({*self.requests, *self.entries})
        return [self.entries.get(path) or self.requests[path].untouched for path in paths]


class Store(Protocol):
    """A ledger that several workers on several machines may use at the same time."""

    def snapshot(self) -> Snapshot:
        """Everything that is queued."""

    def update(self, entry: QueueEntry, change: Change, files: Mapping[str, bytes] | None = None) -> QueueEntry:
        """Apply a transition to the entry as it is stored at the moment of writing.

        Args:
            entry: names the request, and stands in where nothing is stored yet.
            change: pure; may be called several times. Its :class:`~submissions.queue.Refused` is passed on, and nothing is written.
            files: path in the ledger → content, written with the entry and never over another file. The last of them is
                the result: while it is missing, the others are leftovers of a worker that died.

        Raises:
            Refused: by ``change``, or because the result is there already.
            OSError: the place cannot be reached or written; nothing that a reader would take for whole was written.
        """

    def results(self, pattern: str) -> Mapping[str, bytes]:
        """Files below ``results/`` whose path matches (``fnmatch``): path in the ledger → content."""


def open_store(ledger: str) -> Store:
    """A folder, or else the id of a dataset repository on the Hub.

    Raises:
        LedgerError: it is neither.
    """
    import re

    from submissions.ledger import LedgerError

    if Path(ledger).is_dir():
        from submissions.stores.local import LocalStore

        return LocalStore(Path(ledger))
    if re.fullmatch(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", ledger, re.ASCII):
        from submissions.stores.hub import HubStore

        return HubStore(ledger)
    raise LedgerError(
        f"{ledger} is neither a folder nor a dataset repository ORG/NAME. Create the folder, or check the id."
    )
