"""Where each submission stands: one JSON a request in ``queue/<org>__<model>/<stem>.json``.

pending → running → finished | failed | withdrawn. A request without a file here is pending with no attempt.
What may follow what is in ``queue.py``.
"""

from pathlib import PurePosixPath
from typing import Literal

from pydantic import AwareDatetime, Field, model_validator

from submissions.ledger import parse_as
from submissions.schema import Line, Sha256, Slug, Strict

State = Literal["pending", "running", "finished", "failed", "withdrawn"]
MAX_LOG_TAIL = 4000
MAX_ATTEMPTS = 100
MAX_ENTRY_BYTES = 2 * 2**20


class Attempt(Strict):
    """One try of a worker. ``lease_until``: another worker may take over after it. ``reason``: one line, for the author."""

    number: int = Field(gt=0, le=MAX_ATTEMPTS)
    worker: Slug
    started_at: AwareDatetime
    lease_until: AwareDatetime
    ended_at: AwareDatetime | None = None
    outcome: Literal["finished", "failed", "interrupted"] | None = None
    reason: Line | None = None
    log_tail: str | None = Field(None, max_length=MAX_LOG_TAIL)

    @model_validator(mode="after")
    def _ended_with_an_outcome(self) -> "Attempt":
        if (self.ended_at is None) != (self.outcome is None):
            raise ValueError("ended_at and outcome belong together")
        return self


class QueueEntry(Strict):
    """State of one request. ``request_sha256`` binds it to the file's bytes; ``result``: path below ``results/`` once finished.

    ``forgiven``: attempts up to this number no longer count, because somebody queued the request again.
    """

    schema_version: Literal[1] = 1
    request: str = Field(pattern=r"^requests/[A-Za-z0-9._-]{1,200}/[A-Za-z0-9._-]{1,120}\.yaml$")
    request_sha256: Sha256
    state: State
    submitted_at: AwareDatetime
    updated_at: AwareDatetime
    attempts: list[Attempt] = Field(default_factory=list, max_length=MAX_ATTEMPTS)
    forgiven: int = Field(0, ge=0, le=MAX_ATTEMPTS)
    result: Line | None = None
    reason: Line | None = None

    @model_validator(mode="after")
    def _state_and_attempts_agree(self) -> "QueueEntry":
        if [attempt.number for attempt in self.attempts] != list(range(1, len(self.attempts) + 1)):
            raise ValueError("attempts are numbered from 1 without gaps")
        open_attempts = [attempt.number for attempt in self.attempts if attempt.outcome is None]
        if open_attempts != ([len(self.attempts)] if self.state == "running" else []):
            raise ValueError("exactly the last attempt of a running request is open")
        if (self.state == "finished") != (self.result is not None):
            raise ValueError("a finished request names its result, and no other does")
        return self

    @property
    def organisation(self) -> str:
        """Namespace of the model, the unit of fairness."""
        return self.request.split("/")[1].partition("__")[0]


def queue_path(request: str) -> str:
    """Place of a request's state in the ledger, from the place of the request."""
    return str(PurePosixPath("queue", *PurePosixPath(request).parts[1:]).with_suffix(".json"))


def parse_entry(content: bytes) -> QueueEntry:
    """Parse the file of a request's state.

    Raises:
        LedgerError: what is wrong, in one line.
    """
    return parse_as(QueueEntry, content, MAX_ENTRY_BYTES)
