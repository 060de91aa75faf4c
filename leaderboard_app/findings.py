"""What maintainers found out about results and what they decided: read from beside the results, as plain data.

In: ``…-verification.json`` files and the log ``decisions.jsonl``. Out: :class:`Findings`. Nothing here stops at a broken file.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from pydantic import ValidationError

from submissions.decisions import FILE, Decision, read_decisions
from submissions.ledger import LedgerError, Problem, result_files
from submissions.verification import Verification, read_verification


@dataclass(frozen=True)
class Findings:
    """Path of a result below the results folder → its verification, and the decisions on it, oldest first. ``problems``: of the log."""

    verifications: Mapping[str, Verification] = field(default_factory=dict)
    decisions: Mapping[str, tuple[Decision, ...]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def withheld(self, path: str) -> Decision | None:
        """The decision by which a result is shown and not ranked, if that is what holds."""
        standing = [decision for decision in self.decisions.get(path, ()) if decision.action != "note"]
        return standing[-1] if standing and standing[-1].action == "withhold" else None


def read_findings(results: Path) -> Findings:
    """What stands beside a results folder."""
    decisions, problems = _decisions(results)
    return Findings(_verifications(results), decisions, problems)


def _verifications(results: Path) -> dict[str, Verification]:
    """One about other bytes than the result's, or that is broken, counts for nothing."""
    found = {path.relative_to(results).as_posix(): read_verification(path) for path in result_files(results)}
    return {name: own for name, own in found.items() if own is not None}


def _decisions(results: Path) -> tuple[dict[str, tuple[Decision, ...]], tuple[Problem, ...]]:
    """A withholding holds for the place whatever lies there now; a word in a result's favour only for the bytes it was said of.

    Of a log whose chain is broken only withholdings count: an edit of it must not bring a result back.
    """
    problems: tuple[Problem, ...] = ()
    try:
        said = read_decisions(results.parent)
    except LedgerError as error:
        problems = (Problem(FILE, f"{error} Until then only what it withholds counts."),)
        said = [own for own in _readable(results.parent / FILE) if own.action == "withhold"]
    found: dict[str, list[Decision]] = defaultdict(list)
    for decision in said:
        if decision.action == "withhold" or decision.result_sha256 == _sha256(results / decision.result):
            found[decision.result].append(decision)
    return {path: tuple(own) for path, own in found.items()}, problems


def _readable(log: Path) -> list[Decision]:
    found = []
    for line in log.read_bytes().splitlines():
        try:
            found.append(Decision.model_validate_json(line))
        except ValidationError:
            continue
    return found


def _sha256(path: Path) -> str | None:
    return sha256(path.read_bytes()).hexdigest() if path.is_file() and not path.is_symlink() else None
