"""Where each submission stands: one JSON a request in ``queue/<org>__<model>/<stem>.json``.

pending → running → finished | failed | withdrawn. A request without a file here is pending with no attempt.
"""

from datetime import datetime
from typing import Literal

from pydantic import Field

from submissions.schema import Line, Sha256, Slug, Strict

State = Literal["pending", "running", "finished", "failed", "withdrawn"]
MAX_LOG_TAIL = 4000


class Attempt(Strict):
    """One try of a worker. ``lease_until``: another worker may take over after it. ``reason``: one line, for the author."""

    number: int = Field(gt=0, le=100)
    worker: Slug
    started_at: datetime
    lease_until: datetime
    ended_at: datetime | None = None
    outcome: Literal["finished", "failed", "interrupted"] | None = None
    reason: Line | None = None
    log_tail: str | None = Field(None, max_length=MAX_LOG_TAIL)


class QueueEntry(Strict):
    """State of one request. ``request_sha256`` binds it to the file's bytes; ``result``: path below ``results/`` once finished."""

    schema_version: Literal[1] = 1
    request: str = Field(pattern=r"^requests/[A-Za-z0-9._-]{1,200}/[A-Za-z0-9._-]{1,120}\.yaml$")
    request_sha256: Sha256
    state: State
    submitted_at: datetime
    updated_at: datetime
    attempts: list[Attempt] = Field(default_factory=list, max_length=100)
    result: Line | None = None
    reason: Line | None = None
