"""Outcome of checking a submission, as plain data."""

from dataclasses import dataclass
from typing import Any, Literal

from submissions.request import Request

CHECKS = {
    "files": "one new file and nothing else",
    "content": "strict schema, at most 64 KiB",
    "place": "where its content says, and taken by nobody",
    "rate": "not too many by one author",
    "model": "is on the Hub under this name",
    "revision": "a commit of the repository's own branches",
    "access": "public, without a gate",
    "code": "no code of its own",
    "weights": "safetensors or GGUF, of a size we can run",
    "licence": "the one that the repository states",
    "base": "the base model is on the Hub",
    "chat_template": "there is one, or a note",
}
"""Name → what holds where it passes, in the order of the report."""
HUB_CHECKS = tuple(CHECKS)[4:]

State = Literal["passed", "failed", "skipped"]
Status = Literal["valid", "invalid", "incomplete"]


@dataclass(frozen=True)
class Outcome:
    """One check. ``lines``: each fault and how to mend it, or why it was skipped."""

    check: str
    state: State
    lines: tuple[str, ...] = ()


def outcome(check: str, faults: list[str] | tuple[str, ...]) -> Outcome:
    """Passed where there is no fault."""
    return Outcome(check, "failed" if faults else "passed", tuple(faults))


def skipped(checks: tuple[str, ...], reason: str) -> list[Outcome]:
    """Checks that could not be made, all for one reason."""
    return [Outcome(check, "skipped", (reason,)) for check in checks]


@dataclass(frozen=True)
class Report:
    """All outcomes of one submission. ``notes`` are shown, they decide nothing."""

    outcomes: tuple[Outcome, ...]
    path: str
    head: str | None = None
    request: Request | None = None
    notes: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """``incomplete``: nothing is wrong so far, and not all could be checked."""
        states = {each.state for each in self.outcomes}
        return "invalid" if "failed" in states else "incomplete" if "skipped" in states else "valid"

    @property
    def faults(self) -> list[str]:
        """Every fault, a line each."""
        return [line for each in self.outcomes if each.state == "failed" for line in each.lines]

    @property
    def skipped(self) -> dict[str, str]:
        """Check → why it was not made."""
        return {each.check: each.lines[0] for each in self.outcomes if each.state == "skipped"}

    @property
    def skipped_by_reason(self) -> list[str]:
        """``check, check (reason)``, a line a reason."""
        reasons = dict.fromkeys(self.skipped.values())
        return [
            f"{', '.join(name for name, own in self.skipped.items() if own == reason)} ({reason})" for reason in reasons
        ]

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "status": self.status,
            "path": self.path,
            "head": self.head,
            "faults": [
                {"check": each.check, "line": line}
                for each in self.outcomes
                if each.state == "failed"
                for line in each.lines
            ],
            "passed": [each.check for each in self.outcomes if each.state == "passed"],
            "skipped": self.skipped,
            "notes": list(self.notes),
            "request": self.request.model_dump(mode="json") if self.request else None,
        }


def worst(reports: list[Report]) -> Status:
    """The status of several submissions together."""
    found = {report.status for report in reports}
    return "invalid" if "invalid" in found else "incomplete" if "incomplete" in found else "valid"
