"""A report as text: lines for a terminal, and the Markdown of the one comment that a pull request gets.

What a stranger wrote stands in a fenced block only, where neither Markdown nor HTML nor mentions mean anything. The comment begins with a
hidden marker that names the head it is about, so it is found again and written over, never repeated.
"""

import re
from dataclasses import dataclass

from submissions.ledger import printable
from submissions.report import CHECKS, Report, State, Status

MAX_LINES = 30
"""Of a block: a comment has at most 65,536 characters on GitHub."""
_MARKER = re.compile(r"<!-- deescalwild:submission head=([0-9a-f]{40}|none) status=(valid|invalid|incomplete) -->")
_TITLES: dict[Status, str] = {
    "valid": "### This submission is valid",
    "invalid": "### This submission needs a change",
    "incomplete": "### Nothing is wrong so far, but not all could be checked",
}
_WHAT_NEXT: dict[Status, str] = {
    "valid": "A maintainer merges it; then it waits in the queue, where its state and its place are always visible.",
    "invalid": "Push a commit to this branch: the check runs again and this comment changes. `deescalwild submissions check` says the same at home.",
    "incomplete": "The check runs again by itself.",
}
_SIGNS: dict[State, str] = {"passed": "✅", "failed": "❌", "skipped": "⏳"}


@dataclass(frozen=True)
class Marker:
    """What a comment of ours is about."""

    head: str | None
    status: Status


def marker_of(comment: str) -> Marker | None:
    """The marker of a comment, if it begins with one."""
    found = _MARKER.match(comment)
    if found is None:
        return None
    status: Status = "valid" if found[2] == "valid" else "invalid" if found[2] == "invalid" else "incomplete"
    return Marker(None if found[1] == "none" else found[1], status)


def is_settled(comment: str, head: str) -> bool:
    """Whether a comment of ours says all there is to say of a head."""
    marker = marker_of(comment)
    return marker is not None and marker.head == head and marker.status != "incomplete"


def as_lines(report: Report) -> list[str]:
    """For a terminal: a fault a line, or what was checked and what was not."""
    where = report.path or "submission"
    if report.status == "invalid":
        return [f"{where}: {line}" for line in report.faults]
    missing = "; ".join(report.skipped_by_reason)
    verdict = (
        f"nothing wrong so far. Not checked: {missing}" if missing else f"valid, {len(report.outcomes)} checks passed"
    )
    return [f"{where}: {verdict}", *(f"  {note}" for note in report.notes)]


def as_markdown(report: Report) -> str:
    """The comment. The same report gives the same bytes."""
    parts = [
        f"<!-- deescalwild:submission head={report.head or 'none'} status={report.status} -->",
        _TITLES[report.status],
        "",
    ]
    if report.faults:
        parts += [_fenced(report.faults), ""]
    parts += ["| | check | holds when |", "|---|---|---|"]
    parts += [f"| {_SIGNS[each.state]} | {each.check} | {CHECKS[each.check]} |" for each in report.outcomes]
    notes = [*(f"not checked: {line}" for line in report.skipped_by_reason), *report.notes]
    if notes:
        parts += ["", _fenced(notes)]
    parts += ["", _WHAT_NEXT[report.status], ""]
    return "\n".join(parts)


def _fenced(lines: list[str]) -> str:
    """The first lines in a block whose fence is longer than any run of its character inside."""
    more = [f"and {len(lines) - MAX_LINES} more"] if len(lines) > MAX_LINES else []
    text = "\n".join(printable(line, 400) for line in [*lines[:MAX_LINES], *more])
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"
