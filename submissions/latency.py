"""Latency that somebody measured on a device of theirs: a file beside the result it belongs to, never part of it.

Whoever has the device runs ``deescalwild evaluate MODEL --latency-only``; the file it writes lies beside the model's result, there or in another
ledger, under the result's name. It never changes a rank, and is compared with measurements on the same machine and engine only.
"""

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import StringConstraints

from submissions.ledger import LedgerError, parse_as
from submissions.schema import Latency, Line, ModelId, Result, Sha40, Sha256, Slug, Strict

MAX_BYTES = 64 * 2**10


class LatencyFile(Strict):
    """One measurement. Model, revision, precision and the benchmark's digest bind it to its result."""

    schema_version: Literal[1] = 1
    model_id: ModelId
    revision: Sha40
    precision: Slug
    benchmark_digest: Sha256
    latency: Latency
    created_at: datetime
    command: Annotated[str, StringConstraints(max_length=1000)]
    versions: dict[Slug, Line]

    def belongs_to(self, result: Result) -> bool:
        """Whether it measured what the result scored."""
        return (self.model_id, self.revision, self.precision, self.benchmark_digest) == (
            result.model.id,
            result.model.revision,
            result.model.precision,
            result.benchmark.digest,
        )


def latency_path(result: Path, latency: Latency) -> Path:
    """Where a measurement lies: beside its result, named by machine and engine."""
    machine = re.sub(r"[^a-z0-9_.]+", "-", f"{latency.machine.profile}-{latency.engine}")
    return result.with_name(f"{result.stem}-latency-{machine}.json")


def read_latency(path: Path) -> LatencyFile:
    """Read one file.

    Raises:
        LedgerError: what is wrong with it, in one line.
    """
    if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_BYTES:
        raise LedgerError(f"{path.name}: not a plain file of at most {MAX_BYTES // 2**10} KiB")
    try:
        return parse_as(LatencyFile, path.read_bytes(), MAX_BYTES)
    except LedgerError as error:
        raise LedgerError(f"{path.name}: {error}") from None


def attached(path: Path, result: Result) -> list[LatencyFile]:
    """The measurements beside a result file, by name.

    Raises:
        LedgerError: one is unreadable, or measured another model, revision or dataset.
    """
    found = []
    for file in sorted(path.parent.glob(f"{path.stem}-latency-*.json")):
        own = read_latency(file)
        if not own.belongs_to(result):
            raise LedgerError(f"{file.name}: measured {own.model_id}@{own.revision[:12]}, not what {path.name} scored")
        found.append(own)
    return found
