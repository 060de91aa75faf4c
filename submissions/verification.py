"""What maintainers found out about a result: its tier and its flags, in a file beside it.

``results/<org>__<model>/<stem>-verification.json``. Results are never overwritten, so what is learnt later lies beside
them, bound to them by digest. Never part of a contributor's pull request.
"""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import Field

from submissions.ledger import MAX_RESULT_BYTES, LedgerError, parse_as, verification_path
from submissions.schema import METRICS, Line, Result, Scores, Sha256, Slug, Strict

Tier = Literal["verified", "recomputed"]
"""``verified``: we ran it. ``recomputed``: theirs, scores reproduced from the predictions. A result without this file is ``unchecked``."""


class Flag(Strict):
    """A reason to look twice, with its evidence. ``value`` beyond ``threshold`` raised it."""

    name: Slug
    evidence: Line
    value: float
    threshold: float


class HeldOut(Strict):
    """Scores of the same model over the private split, and nothing else of it.

    ``digest_sha256``: hash of the split's digest; scores of two models may be compared where it is equal.
    """

    digest_sha256: Sha256
    n_scenarios: int = Field(gt=0, le=20_000)
    n_items: int = Field(gt=0, le=10_000_000)
    scores: Scores

    @classmethod
    def of(cls, result: Result) -> "HeldOut":
        """The aggregates of a result that itself stays with the maintainers."""
        benchmark = result.benchmark
        return cls(
            digest_sha256=hashlib.sha256(benchmark.digest.encode()).hexdigest(),
            n_scenarios=benchmark.n_scenarios,
            n_items=benchmark.n_items_clean,
            scores=result.scores,
        )


class Verification(Strict):
    """Outcome of checking one result against its predictions and the benchmark.

    ``heldout``: where the worker had a private split (``DEESCALWILD_HELDOUT``).
    """

    schema_version: Literal[1] = 1
    result_sha256: Sha256
    items_sha256: Sha256
    tier: Tier
    checked_at: datetime
    code_version: Line
    flags: list[Flag] = Field(default_factory=list, max_length=50)
    heldout: HeldOut | None = None

    @property
    def held_out(self) -> dict[str, float] | None:
        """Metric → score over the private split, to be set beside the public ones."""
        if self.heldout is None:
            return None
        return {metric: getattr(self.heldout.scores, metric).value for metric in METRICS}


def read_verification(result: Path) -> Verification | None:
    """What maintainers found out about a result file; None where nobody looked, or it is broken or about other bytes."""
    beside = verification_path(result)
    if not beside.is_file() or beside.is_symlink() or beside.stat().st_size > MAX_RESULT_BYTES:
        return None
    try:
        found = parse_as(Verification, beside.read_bytes(), MAX_RESULT_BYTES)
    except LedgerError:
        return None
    return found if found.result_sha256 == hashlib.sha256(result.read_bytes()).hexdigest() else None
