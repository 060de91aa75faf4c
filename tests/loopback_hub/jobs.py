"""Hugging Face Jobs and the buckets that they write into, as far as a worker uses them.

What a job does is the test's: ``store.jobs.program`` gets the posted specification and writes into ``store.jobs.buckets``.
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass
class Job:
    """A posted job. ``polls``: times it is still running when asked."""

    spec: dict[str, Any]
    owner: str
    stage: str = "RUNNING"
    message: str | None = None
    logs: tuple[str, ...] = ()
    polls: int = 1


@dataclass
class Jobs:
    """All jobs by id, and all buckets: id → path → content.

    ``program``: runs a job at its end; sets ``stage``, ``message`` and ``logs``.
    """

    program: Callable[[Job, "Jobs"], None] = lambda job, jobs: None
    by_id: dict[str, Job] = field(default_factory=dict)
    buckets: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def post(self, spec: dict[str, Any], owner: str) -> dict[str, Any]:
        """Start a job."""
        number = secrets.token_hex(12)
        self.by_id[number] = Job(spec, owner)
        return self.info(number)

    def ask(self, number: str) -> dict[str, Any]:
        """A job's state; the last time that it is running, it does its work."""
        job = self.by_id[number]
        if job.stage == "RUNNING":
            job.polls -= 1
            if job.polls < 0:
                job.stage = "COMPLETED"
                self.program(job, self)
        return self.info(number)

    def info(self, number: str) -> dict[str, Any]:
        """A job as the Hub describes it; of secrets only their names."""
        job = self.by_id[number]
        return {
            **job.spec,
            "secrets": dict.fromkeys(job.spec.get("secrets", {})),
            "id": number,
            "createdAt": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "owner": {"id": job.owner, "name": job.owner, "type": "user"},
            "status": {"stage": job.stage, "message": job.message},
        }

    def log(self, number: str) -> bytes:
        """A job's log as server-sent events."""
        lines = [
            json.dumps({"timestamp": "2026-01-01T00:00:00.000Z", "data": line}) for line in self.by_id[number].logs
        ]
        return "".join(f"data: {line}\n\n" for line in lines).encode()

    def files(self, bucket: str, prefix: str) -> list[dict[str, Any]]:
        """A bucket's files below a folder."""
        return [
            {"type": "file", "path": path, "size": len(content), "xetHash": "0" * 64}
            for path, content in sorted(self.buckets.get(bucket, {}).items())
            if path.startswith(f"{prefix}/")
        ]
