"""What maintainers decided about results: an append-only log, one JSON a line, each line bound to the one before.

``decisions.jsonl`` of the ledger. A row is never removed from the board without a line here; a line is never changed: its
digest stands in the next one, so an edit breaks the chain and is named.
"""

import fcntl
import hashlib
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError

from submissions.ledger import LedgerError, printable
from submissions.schema import Line, Sha256, Strict

FILE = "decisions.jsonl"
FIRST = hashlib.sha256(b"").hexdigest()
"""What the first line names as the line before it."""

Action = Literal["accept", "withhold", "note"]
"""``withhold``: shown with its reason, not ranked. ``accept``: ranked, whatever flags it has. ``note``: a word on the row."""


class Decision(Strict):
    """One decision. ``result``: path below ``results/``. ``flag``: the flag it answers, if any."""

    previous: Sha256
    decided_at: datetime
    decided_by: Line = Field(min_length=1)
    result: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,200}/[A-Za-z0-9._-]{1,200}\.json$")]
    result_sha256: Sha256
    action: Action
    flag: Line | None = None
    reason: Line = Field(min_length=10)


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def parse_decisions(content: bytes) -> list[Decision]:
    """The decisions of a log, oldest first.

    Raises:
        LedgerError: a line that is no decision, or whose predecessor was changed or removed.
    """
    previous, found = FIRST, []
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            decision = Decision.model_validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"])) or "line"
            raise LedgerError(printable(f"{FILE}:{number}: {where}: {first['msg']}")) from None
        if decision.previous != previous:
            raise LedgerError(
                f"{FILE}:{number}: the line before it was changed or removed. Restore the log from its history."
            )
        found.append(decision)
        previous = _digest(line)
    return found


def read_decisions(ledger: Path) -> list[Decision]:
    """The decisions of a ledger's folder, oldest first; none where there is no log.

    Raises:
        LedgerError: the chain is broken.
    """
    path = ledger / FILE
    return parse_decisions(path.read_bytes()) if path.exists() else []


def standing_decisions(decisions: Sequence[Decision]) -> dict[str, Decision]:
    """Result path → the last decision other than a note: what holds now."""
    return {decision.result: decision for decision in decisions if decision.action != "note"}


def decide(
    ledger: Path, result: Path, action: Action, reason: str, *, decided_by: str, flag: str | None = None
) -> Decision:
    """Append a decision on a result of the ledger.

    Args:
        ledger: the folder that holds ``results/`` and the log.
        result: the result's file, below ``ledger/results``.

    Raises:
        LedgerError: no such result, a reason too short, or a broken chain.
    """
    results = (ledger / "results").resolve()
    path = result.resolve()
    if not path.is_file() or not path.is_relative_to(results):
        raise LedgerError(f"{result} is not a result below {results}. Give the path of its JSON file.")
    # Two maintainers may decide at once: the chain allows one at a time.
    with (ledger / FILE).open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        content = file.read()
        parse_decisions(content)
        try:
            decision = Decision(
                previous=_digest(content.splitlines()[-1]) if content else FIRST,
                decided_at=datetime.now(UTC).replace(microsecond=0),
                decided_by=decided_by,
                result=path.relative_to(results).as_posix(),
                result_sha256=_digest(path.read_bytes()),
                action=action,
                flag=flag,
                reason=reason,
            )
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise LedgerError(
                f"--{str(first['loc'][0]).replace('_', '-')}: {first['msg']}. Say why in a sentence."
            ) from None
        file.write(decision.model_dump_json().encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return decision
