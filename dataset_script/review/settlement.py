"""Decisions of several reviewers → what holds, and where they disagree. Pure, and the same for any order of the reviewers' lines."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from dataset_script.review.decisions import ReviewDecision, Subject

Status = Literal["undecided", "accepted", "rejected", "conflict"]


@dataclass(frozen=True)
class Mark:
    """Personal data that people marked in a turn. ``words``: what stood at the place when it was marked, in the texts of those who did."""

    turn: int
    start: int
    end: int
    type: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class SettledScenario:
    """What reviewers agree on for one transcript. ``label_roles``: speaker → role; ``turn_roles``, ``texts``: turn index → …"""

    status: Status = "undecided"
    reasons: tuple[str, ...] = ()
    label_roles: Mapping[str, str] = field(default_factory=dict)
    turn_roles: Mapping[int, str] = field(default_factory=dict)
    texts: Mapping[int, str] = field(default_factory=dict)
    personal_data: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Conflict:
    """Reviewers who disagree on a subject: reviewer → value. It is not applied until somebody adjudicates."""

    subject: Subject
    values: Mapping[str, str]


@dataclass(frozen=True)
class Settled:
    """``scenarios``: transcript → digest of the rows that were seen → what holds. ``conflicts`` in a fixed order."""

    scenarios: Mapping[str, Mapping[str, SettledScenario]]
    conflicts: tuple[Conflict, ...]

    def of(self, transcript: str, sha256: str) -> SettledScenario:
        """What holds for a transcript with these rows."""
        return self.scenarios.get(transcript, {}).get(sha256, SettledScenario())


def latest(decisions: Iterable[ReviewDecision]) -> dict[Subject, dict[str, ReviewDecision]]:
    """Subject → reviewer → their last decision that was not withdrawn. Adjudications stand under the reviewer ``""``.

    "Last" is by time and, within a second, by reviewer and then by place in the file: lines of different reviewers may be in any order.
    """
    found: dict[Subject, dict[str, ReviewDecision]] = defaultdict(dict)
    for decision in sorted(decisions, key=lambda decision: (decision.time, decision.reviewer)):
        found[decision.subject]["" if decision.adjudication else decision.reviewer] = decision
    kept = {
        subject: {who: decision for who, decision in sorted(own.items()) if not decision.withdrawn}
        for subject, own in found.items()
    }
    return {subject: own for subject, own in sorted(kept.items(), key=lambda entry: str(entry[0])) if own}


def _agreed(own: Mapping[str, ReviewDecision]) -> ReviewDecision | None:
    """The decision that holds: the adjudication, or what all reviewers say; None where they disagree."""
    if "" in own:
        return own[""]
    return next(iter(own.values())) if len({decision.value for decision in own.values()}) == 1 else None


def settle(decisions: Iterable[ReviewDecision]) -> Settled:
    """Settle all decisions. Comments settle nothing.

    Reviewers who disagree on the type of personal data agree that it is some: it is masked, by the first type in the alphabet, while they wait.
    """
    agreed: dict[tuple[str, str], list[ReviewDecision]] = defaultdict(list)
    marks: dict[tuple[str, str], list[Mark]] = defaultdict(list)
    conflicts = []
    for subject, own in latest(decisions).items():
        if subject[2] == "comment":
            continue
        key = subject[:2]
        decision = _agreed(own)
        holds = agreed[key]
        if decision is not None:
            holds.append(decision)
        else:
            conflicts.append(Conflict(subject, {who: each.value for who, each in own.items()}))
        if subject[2] == "personal_data":
            marks[key].append(_mark(decision or min(own.values(), key=lambda each: each.value), own))
    disputed = {conflict.subject[:2] for conflict in conflicts if conflict.subject[2] == "verdict"}
    scenarios: dict[str, dict[str, SettledScenario]] = defaultdict(dict)
    for (transcript, sha256), settled in agreed.items():
        scenarios[transcript][sha256] = _scenario(
            settled, marks[transcript, sha256], is_disputed=(transcript, sha256) in disputed
        )
    return Settled(dict(scenarios), tuple(conflicts))


def _mark(decision: ReviewDecision, own: Mapping[str, ReviewDecision]) -> Mark:
    assert decision.turn is not None and decision.span is not None
    words = tuple(sorted({each.words for each in own.values() if each.words}))
    return Mark(decision.turn, *decision.span, decision.value, words)


def _scenario(agreed: list[ReviewDecision], marks: list[Mark], *, is_disputed: bool) -> SettledScenario:
    verdict = next((decision for decision in agreed if decision.kind == "verdict"), None)
    status: Status = "conflict" if is_disputed else "undecided"
    if verdict:
        status = "accepted" if verdict.value == "accept" else "rejected"
    roles = [decision for decision in agreed if decision.kind == "role"]
    return SettledScenario(
        status=status,
        reasons=(verdict.reason,) if verdict and verdict.reason else (),
        label_roles={each.speaker: each.value for each in roles if each.speaker is not None},
        turn_roles={each.turn: each.value for each in roles if each.turn is not None},
        texts={each.turn: each.value for each in agreed if each.kind == "text" and each.turn is not None},
        personal_data=tuple(marks),
    )
