"""What maintainers found out about a result: its tier and its flags, in a file beside it.

``results/<org>__<model>/<stem>-verification.json``. Results are never overwritten, so what is learnt later lies beside
them, bound to them by digest. Never part of a contributor's pull request.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from submissions.schema import Line, Sha256, Slug, Strict

Tier = Literal["verified", "recomputed"]
"""``verified``: we ran it. ``recomputed``: theirs, scores reproduced from the predictions. A result without this file is ``unchecked``."""


class Flag(Strict):
    """A reason to look twice, with its evidence. ``value`` beyond ``threshold`` raised it."""

    name: Slug
    evidence: Line
    value: float
    threshold: float


class Verification(Strict):
    """Outcome of checking one result against its predictions and the benchmark.

    ``held_out``: metric → score on the private split, where there is one; only aggregates leave the worker.
    """

    schema_version: Literal[1] = 1
    result_sha256: Sha256
    items_sha256: Sha256
    tier: Tier
    checked_at: datetime
    code_version: Line
    flags: list[Flag] = Field(default_factory=list, max_length=50)
    held_out: (
        dict[Literal["rouge_l", "bleu_4", "meteor", "bertscore"], Annotated[float, Field(ge=-1, le=100)]] | None
    ) = None
    n_held_out_items: int | None = Field(None, gt=0)
