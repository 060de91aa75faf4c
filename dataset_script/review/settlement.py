"""Decisions of several reviewers → what holds, and where they disagree. Pure, and the same for any order of the reviewers' lines."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from dataset_script.privacy import Mention
from dataset_script.review.decisions import ReviewDecision, Seen, Span, Subject

ADJUDICATION = ""
"""The voice of adjudications, whoever makes them; no reviewer can be called that."""

Status = Literal["undecided", "accepted", "rejected", "conflict"]
Voices = Mapping[str, ReviewDecision]
"""Voice (a reviewer, or :data:`ADJUDICATION`) → its standing decision on one subject."""
Standing = Mapping[Seen, Mapping[Subject, Voices]]


@dataclass(frozen=True)
class Mark:
    """Personal data that people marked. ``place`` is in the text that they saw; ``surface`` is what stood there."""

    place: Mention
    surface: str


@dataclass(frozen=True)
class SettledScenario:
    """What reviewers agree on for one transcript. ``label_roles``: speaker → role; ``turn_roles``, ``texts``: turn index → …"""

    status: Status = "undecided"
    reasons: tuple[str, ...] = ()
    label_roles: Mapping[str, str] = field(default_factory=dict)
    turn_roles: Mapping[int, str] = field(default_factory=dict)
    texts: Mapping[int, str] = field(default_factory=dict)
    marks: tuple[Mark, ...] = ()

    @property
    def personal_data(self) -> tuple[Mention, ...]:
        """The marks as places in the texts that people saw."""
        return tuple(mark.place for mark in self.marks)

    def placed(self, texts: Sequence[str]) -> tuple[list[Mention], list[Mark]]:
        """The marks as places in the turns' texts as they are now, and those whose words are gone."""
        placed, gone = [], []
        for mark in self.marks:
            text = texts[mark.place.turn] if mark.place.turn < len(texts) else ""
            spans = find_again(mark.place, mark.surface, text)
            placed += [Mention(mark.place.turn, *span, mark.place.type, mark.place.rule) for span in spans]
            if not spans:
                gone.append(mark)
        return placed, gone


def find_again(place: Mention, surface: str, text: str) -> list[Span]:
    """Where words that stood at ``place`` stand in a text that may have changed: there, else wherever they are said."""
    if text[place.start : place.end] == surface:
        return [(place.start, place.end)]
    before, after = (r"(?<!\w)" if surface[0].isalnum() else ""), (r"(?!\w)" if surface[-1].isalnum() else "")
    return [match.span() for match in re.finditer(before + re.escape(surface) + after, text)]


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


def _order(subject: Subject) -> tuple:
    turn = -1 if subject.turn is None else subject.turn
    return subject.seen, subject.kind, turn, subject.speaker or "", subject.span or ()


def standing(decisions: Iterable[ReviewDecision]) -> Standing:
    """What each voice last said on each subject and did not withdraw, in a fixed order.

    "Last" is by time, and for one reviewer at one time by place in the file, so that lines of different reviewers may be in any order.
    """
    found: dict[Subject, dict[str, ReviewDecision]] = defaultdict(dict)
    for decision in sorted(decisions, key=lambda each: (each.time, each.reviewer)):
        found[decision.subject][ADJUDICATION if decision.adjudication else decision.reviewer] = decision
    kept: dict[Seen, dict[Subject, Voices]] = defaultdict(dict)
    for subject in sorted(found, key=_order):
        voices = {who: said for who, said in sorted(found[subject].items()) if not said.withdrawn}
        if voices:
            kept[subject.seen][subject] = voices
    return dict(kept)


def agreed(voices: Voices) -> ReviewDecision | None:
    """The decision that holds: the adjudication, or what all reviewers say; None where they disagree."""
    if ADJUDICATION in voices:
        return voices[ADJUDICATION]
    first = next(iter(voices.values()))
    return first if all(each.value == first.value for each in voices.values()) else None


def conflicts(subjects: Mapping[Subject, Voices]) -> tuple[Conflict, ...]:
    """The subjects on which voices disagree. Comments do not."""
    return tuple(
        Conflict(subject, {who: said.value for who, said in voices.items()})
        for subject, voices in subjects.items()
        if subject.kind != "comment" and agreed(voices) is None
    )


def settle(decisions: Iterable[ReviewDecision]) -> Settled:
    """Settle all decisions. Comments settle nothing."""
    scenarios: dict[str, dict[str, SettledScenario]] = defaultdict(dict)
    disputed: list[Conflict] = []
    for seen, subjects in standing(decisions).items():
        scenarios[seen.transcript][seen.sha256] = settle_one(subjects)
        disputed += conflicts(subjects)
    return Settled(dict(scenarios), tuple(disputed))


def settle_one(subjects: Mapping[Subject, Voices]) -> SettledScenario:
    """Settle one transcript."""
    held = {subject: said for subject, voices in subjects.items() if (said := agreed(voices))}
    roles = {subject: said.value for subject, said in held.items() if subject.kind == "role"}
    status, reasons = _verdict(subjects)
    return SettledScenario(
        status=status,
        reasons=reasons,
        label_roles={subject.speaker: role for subject, role in roles.items() if subject.speaker is not None},
        turn_roles={subject.turn: role for subject, role in roles.items() if subject.turn is not None},
        texts={
            subject.turn: said.value
            for subject, said in held.items()
            if subject.kind == "text" and subject.turn is not None
        },
        marks=tuple(mark_of(said) for subject, said in held.items() if subject.kind == "personal_data"),
    )


def mark_of(decision: ReviewDecision) -> Mark:
    """The mark that a decision on personal data makes."""
    assert decision.turn is not None and decision.span is not None and decision.surface is not None
    return Mark(Mention(decision.turn, *decision.span, decision.value, "reviewer"), decision.surface)


def _verdict(subjects: Mapping[Subject, Voices]) -> tuple[Status, tuple[str, ...]]:
    """Status of a scenario, and the reasons of all who hold it."""
    voices = next((voices for subject, voices in subjects.items() if subject.kind == "verdict"), None)
    if voices is None:
        return "undecided", ()
    held = agreed(voices)
    if held is None:
        return "conflict", ()
    reasons = {said.reason: None for said in voices.values() if said.value == held.value and said.reason}
    return ("accepted" if held.value == "accept" else "rejected"), tuple(reasons)
