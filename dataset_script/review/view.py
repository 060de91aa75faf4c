"""What a reviewer sees: scenarios with roles, flags and found personal data, and the state that decisions have given them. No Gradio."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from dataset_script.inputs import source_files
from dataset_script.pipeline import prepare
from dataset_script.pipeline.prepare import Guidance, Options, Refusal
from dataset_script.privacy import Mention, SpokenTurn, find_personal_data
from dataset_script.review.decisions import ReviewDecision, Subject, transcript_sha256
from dataset_script.review.settlement import Conflict, Settled, latest, settle
from dataset_script.roles import AUTHORITY, CIVILIAN_SIDE

FILTERS = ("all", "undecided", "flagged", "conflicts")
LOW_CONFIDENCE = 0.8


@dataclass(frozen=True)
class ReviewTurn:
    """One turn as released, with what the build thinks of it. ``mentions`` are places in ``text``."""

    index: int
    start_s: float | None
    speaker: str
    role: str
    rule: str
    confidence: float
    text: str
    flags: tuple[str, ...] = ()
    mentions: tuple[Mention, ...] = ()

    @property
    def side(self) -> str:
        """``authority``, ``civilian`` or ``other``: the colour."""
        return "authority" if self.role in AUTHORITY else "civilian" if self.role in CIVILIAN_SIDE else "other"

    @property
    def is_unsure(self) -> bool:
        """Whether the role deserves a second look."""
        return self.role == "unknown" or self.confidence < LOW_CONFIDENCE

    @property
    def clock(self) -> str:
        """Start time as MM:SS, or nothing."""
        return "" if self.start_s is None else f"{int(self.start_s) // 60:02d}:{int(self.start_s) % 60:02d}"

    def pieces(self) -> list[tuple[str, str]]:
        """(text, type of personal data or ""), in order: what a template needs to underline mentions."""
        found, position = [], 0
        for mention in sorted(self.mentions, key=lambda mention: mention.start):
            if mention.start < position:
                continue
            found += [(self.text[position : mention.start], ""), (self.text[mention.start : mention.end], mention.type)]
            position = mention.end
        return [(text, kind) for text, kind in [*found, (self.text[position:], "")] if text]


@dataclass(frozen=True)
class ReviewScenario:
    """A transcript to verify. ``gates`` are the reasons for which the build would leave it out."""

    transcript: str
    sha256: str
    title: str
    turns: tuple[ReviewTurn, ...]
    gates: tuple[str, ...] = ()

    @property
    def is_flagged(self) -> bool:
        """Whether anything about it asks for a look."""
        return bool(self.gates) or any(turn.flags or turn.is_unsure for turn in self.turns)


def load_scenarios(
    source: Path,
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_refused: Callable[[str], None] = lambda sentence: None,
) -> list[ReviewScenario]:
    """All transcripts of a folder that can be read, in the order of their paths, as the build sees them before redaction.

    Args:
        source: the folder.
        on_progress: called with (read, total) files.
        on_refused: called with a sentence for each file that cannot be read.

    Raises:
        DataError: no folder, or no transcript in it.
    """
    found = []
    files = source_files(source)
    for done, file in enumerate(files, start=1):
        draft = prepare.read(file.path, file.number, file.row)
        on_progress(done, len(files))
        if isinstance(draft, Refusal):
            on_refused(draft.error)
            continue
        released = [(turn.speaker, turn.text) for turn in draft.scenario.turns]
        draft = prepare.resolve(draft, Options(), Guidance())
        spoken = [SpokenTurn(turn.speaker, turn.role, turn.text) for turn in draft.scenario.turns]
        mentions = find_personal_data(spoken)
        draft = prepare.assess(prepare.repair(draft), Options(), Guidance())
        turns = tuple(
            ReviewTurn(
                turn.index,
                turn.start_s,
                turn.speaker,
                turn.role,
                turn.role_rule,
                turn.role_confidence,
                released[turn.index][1],
                turn.flags,
                tuple(mention for mention in mentions if mention.turn == turn.index),
            )
            for turn in draft.scenario.turns
        )
        found.append(ReviewScenario(draft.name, transcript_sha256(released), file.row.title, turns, tuple(draft.gates)))
    return found


@dataclass(frozen=True)
class State:
    """Where a scenario stands: my verdict, others', and conflicts."""

    mine: str
    others: int
    conflicts: tuple[Conflict, ...]

    @property
    def word(self) -> str:
        """One word for the list."""
        return "conflict" if self.conflicts else self.mine or "open"


@dataclass(frozen=True)
class Desk:
    """Everything on one reviewer's desk: scenarios, the decisions so far, and what they settle.

    Who adjudicates sees the adjudications as their own, whoever made them.
    """

    scenarios: tuple[ReviewScenario, ...]
    decisions: tuple[ReviewDecision, ...]
    settled: Settled
    reviewer: str
    adjudicates: bool = False

    @classmethod
    def of(
        cls,
        scenarios: Iterable[ReviewScenario],
        decisions: Iterable[ReviewDecision],
        reviewer: str,
        *,
        adjudicates: bool = False,
    ) -> "Desk":
        """Lay out a desk."""
        decided = tuple(decisions)
        return cls(tuple(scenarios), decided, settle(decided), reviewer, adjudicates)

    @property
    def _voice(self) -> str:
        return "" if self.adjudicates else self.reviewer

    @cached_property
    def _standing(self) -> dict[tuple[str, str], dict[Subject, dict[str, ReviewDecision]]]:
        """(transcript, digest) → what stands on it, by subject and reviewer."""
        found: dict[tuple[str, str], dict[Subject, dict[str, ReviewDecision]]] = defaultdict(dict)
        for subject, own in latest(self.decisions).items():
            found[subject[:2]][subject] = own
        return dict(found)

    @cached_property
    def _conflicts(self) -> dict[tuple[str, str], list[Conflict]]:
        found: dict[tuple[str, str], list[Conflict]] = defaultdict(list)
        for conflict in self.settled.conflicts:
            found[conflict.subject[:2]].append(conflict)
        return dict(found)

    def state(self, scenario: ReviewScenario) -> State:
        """State of a scenario."""
        place = (scenario.transcript, scenario.sha256)
        verdicts = {
            who: decision.value
            for subject, own in self._standing.get(place, {}).items()
            if subject[2] == "verdict"
            for who, decision in own.items()
        }
        mine = {"accept": "accepted", "reject": "rejected"}.get(verdicts.pop(self._voice, ""), "")
        return State(mine, len(verdicts.keys() - {""}), tuple(self._conflicts.get(place, ())))

    def shown(self, chosen: str) -> list[ReviewScenario]:
        """Scenarios that a filter shows; all of them for a filter that does not exist."""
        checks = {
            "undecided": lambda scenario: not self.state(scenario).mine,
            "flagged": lambda scenario: scenario.is_flagged,
            "conflicts": lambda scenario: bool(self.state(scenario).conflicts),
        }
        return [scenario for scenario in self.scenarios if checks.get(chosen, lambda scenario: True)(scenario)]

    def corrected(self, scenario: ReviewScenario) -> ReviewScenario:
        """The scenario with my corrections in place."""
        mine = [
            own[self._voice]
            for own in self._standing.get((scenario.transcript, scenario.sha256), {}).values()
            if self._voice in own
        ]
        labels = {each.speaker: each.value for each in mine if each.kind == "role" and each.speaker is not None}
        single = {each.turn: each.value for each in mine if each.kind == "role" and each.turn is not None}
        texts = {each.turn: each.value for each in mine if each.kind == "text"}
        marks = [each for each in mine if each.kind == "personal_data"]
        turns = []
        for turn in scenario.turns:
            role = single.get(turn.index) or labels.get(turn.speaker)
            if role:
                turn = replace(turn, role=role, rule="you", confidence=1.0)
            if turn.index in texts:
                turn = replace(turn, text=texts[turn.index], mentions=())
            own = tuple(
                Mention(turn.index, *each.span, each.value, "you")
                for each in marks
                if each.turn == turn.index and each.span
            )
            turns.append(replace(turn, mentions=(*turn.mentions, *own)) if own else turn)
        return replace(scenario, turns=tuple(turns))
