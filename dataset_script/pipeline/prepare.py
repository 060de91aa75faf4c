"""One transcript → one prepared scenario: roles, corrections, repair, relevance, gates, redaction, items. Pure.

A :class:`Draft` is handed from function to function; each adds what it found out and a line to ``decisions`` for whatever it changed.
The order matters: people's corrections come before repair, shingles are taken before redaction (placeholders would make
strangers alike), and items are listed on the text that is published.
"""

import hashlib
import hmac
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import xxhash

from dataset_script import dialogue
from dataset_script.dialogue import Item, Scenario, Turn
from dataset_script.duplicates import comparable_text, shingles
from dataset_script.judge.judgements import ScenarioJudgement
from dataset_script.privacy import PLACEHOLDER, Mention, NameFinder, SpokenTurn, redact
from dataset_script.quality.defects import mark_defects
from dataset_script.quality.gates import OFF_BY_DEFAULT, Measures, gates, held, measure
from dataset_script.quality.relevance import Relevance, judged_relevance, lexical_relevance
from dataset_script.review.decisions import transcript_sha256
from dataset_script.review.settlement import Mark, Settled, SettledScenario
from dataset_script.roles import resolve_roles
from dataset_script.roles.resolve import Mode
from dataset_script.sidecar import SidecarRow
from dataset_script.transcripts import UnreadableTranscript, read_transcript, transcript_name

ID_KEY_VARIABLE = "DEESCALWILD_ID_KEY"
"""Secret for the ids of scenarios. Without one, whoever has the list of videos can compute their ids."""


@dataclass(frozen=True)
class Decision:
    """One line of the build report: what was done to a file, turn or item, and why."""

    where: str
    action: str
    reason: str


@dataclass(frozen=True)
class Refusal:
    """A file that cannot be read. ``error`` names it, for the maintainer; the published report has the id and the reason only."""

    scenario_id: str
    reason: str
    error: str


@dataclass(frozen=True)
class Options:
    """What the maintainer chose. ``gates_off`` names gates that do not hold; ``ner_model`` a spaCy model for names."""

    roles: Mode = "resolver"
    privacy: bool = True
    ner_model: str | None = None
    gates_off: frozenset[str] = OFF_BY_DEFAULT


@dataclass(frozen=True)
class Guidance:
    """What people and judges said, by transcript name: role overrides (label → role), settled reviews, judgements."""

    overrides: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    reviews: Settled = field(default_factory=lambda: Settled({}, ()))
    judgements: Mapping[str, ScenarioJudgement] = field(default_factory=dict)


@dataclass
class Draft:
    """A transcript on its way to a scenario. ``number`` counts the source's files in the order of their paths."""

    number: int
    name: str
    row: SidecarRow
    scenario: Scenario
    decisions: list[Decision]
    review: SettledScenario = field(default_factory=SettledScenario)
    sha256: str = ""
    loop_words: int = 0
    relevance: Relevance | None = None
    measures: Measures | None = None
    gates: list[str] = field(default_factory=list)
    shingles: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint64))
    items: list[Item] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The recording's title, or what the file's name says."""
        return self.row.title or self.name.replace("_", " ")

    def note(self, where: int | None, action: str, reason: str) -> None:
        """Add a line to the report; ``where`` is a turn's index, or None for the whole file."""
        place = self.scenario.scenario_id if where is None else f"{self.scenario.scenario_id}:{where}"
        self.decisions.append(Decision(place, action, reason))


def scenario_id(name: str, row: SidecarRow) -> str:
    """Id of a scenario: as the sidecar gives it, else a hash, because the name of a file identifies a real video."""
    if row.scenario_id:
        return row.scenario_id
    key = os.environ.get(ID_KEY_VARIABLE, "").encode()
    platform = re.sub(r"[^a-z0-9]+", "-", row.source.lower()).strip("-")[:40] or "unknown"
    return f"{platform}-{hmac.new(key, name.encode(), hashlib.sha256).hexdigest()[:12]}"


def read(path: Path, number: int, row: SidecarRow) -> Draft | Refusal:
    """A file's rows as turns whose roles nobody has looked at."""
    name = scenario_id(transcript_name(path), row)
    try:
        transcript = read_transcript(path)
    except UnreadableTranscript as error:
        return Refusal(name, error.reason, str(error))
    turns = tuple(
        Turn(index, released.start_s, released.speaker, "unknown", "", 0.0, released.text)
        for index, released in enumerate(transcript.rows)
    )
    scenario = Scenario(
        scenario_id=name,
        source=row.source,
        category=row.category,
        context=row.context,
        civilian_profile=row.civilian_profile,
        incident_id="",
        turns=turns,
        provenance=row.provenance,
        quality={
            "outcome": row.outcome,
            "n_mended_rows": len(transcript.problems),
            "n_redactions": 0,
            "minors": False,
            "keyword_officers": [],
        },
    )
    # Problems name the file; the report that is published must not.
    mended = [Decision(name, "row mended", problem.removeprefix(f"{path.name}:")) for problem in transcript.problems]
    return Draft(number, transcript.name, row, scenario, mended)


def resolve(draft: Draft, options: Options, guidance: Guidance) -> Draft:
    """Roles by the resolver, the override table and the reviewers, and the reviewers' words in place of misheard ones."""
    turns = draft.scenario.turns
    seen = draft.sha256 = transcript_sha256((turn.speaker, turn.text) for turn in turns)
    review = draft.review = guidance.reviews.of(draft.name, seen)
    if guidance.reviews.scenarios.get(draft.name, {}).keys() - {seen}:
        draft.note(None, "review not applied", "the transcript has changed since it was reviewed")
    _note_what_cannot_be_applied(draft, guidance.reviews)
    overrides = {**guidance.overrides.get(draft.name, {}), **review.label_roles}
    guesses = resolve_roles([(t.speaker, t.text) for t in turns], overrides=overrides, mode=options.roles)
    resolved = []
    for turn in turns:
        guess, flags = guesses[turn.speaker], turn.flags
        role, rule, confidence = guess.role, guess.rule, round(guess.confidence, 3)
        if turn.index in review.turn_roles:
            role, rule, confidence = review.turn_roles[turn.index], "reviewer", 1.0
        if turn.speaker in overrides or turn.index in review.turn_roles:
            flags = (*flags, "role_corrected")
        text = review.texts.get(turn.index, turn.text)
        if text != turn.text:
            flags = (*flags, "text_corrected")
            draft.note(turn.index, "text corrected", "by a reviewer")
        resolved.append(replace(turn, role=role, role_rule=rule, role_confidence=confidence, text=text, flags=flags))
    draft.scenario = replace(draft.scenario, turns=tuple(resolved))
    keyword = resolve_roles([(t.speaker, "") for t in turns], mode="keyword")
    draft.scenario.quality["keyword_officers"] = [label for label, guess in keyword.items() if guess.role == "officer"]
    return draft


def _note_what_cannot_be_applied(draft: Draft, reviews: Settled) -> None:
    """Decisions that wait for adjudication, and those on what the file does not hold, which only a hand can have written."""
    review, turns = draft.review, draft.scenario.turns
    for conflict in reviews.conflicts:
        if conflict.subject[:2] == (draft.name, draft.sha256):
            _, _, kind, turn, *_ = conflict.subject
            draft.note(turn, "review not applied", f"reviewers disagree on the {kind.replace('_', ' ')}")
    named = {*review.turn_roles, *review.texts, *(mark.turn for mark in review.personal_data)}
    for index in sorted(index for index in named if index >= len(turns)):
        draft.note(index, "review not applied", "there is no such turn")
    # A label may be a name, and the report is published: it is counted, not quoted.
    unknown = len(review.label_roles.keys() - {turn.speaker for turn in turns})
    if unknown:
        draft.note(None, "review not applied", f"{unknown} roles are for speakers who are not in the file")


def repair(draft: Draft) -> Draft:
    """Collapse loops and flag defects."""
    repaired = mark_defects(draft.scenario.turns)
    draft.scenario = replace(draft.scenario, turns=repaired.turns)
    draft.loop_words = sum(repaired.removed_words.values())
    for index, words in repaired.removed_words.items():
        draft.note(index, "loop collapsed", f"{words} words of exact repetition removed")
    for turn in repaired.turns:
        defects = [flag for flag in turn.flags if flag != "loop_collapsed"]
        if defects:
            draft.note(turn.index, "turn flagged", ", ".join(defects))
    draft.shingles = shingles(comparable_text(turn.text for turn in repaired.turns))
    return draft


def assess(draft: Draft, options: Options, guidance: Guidance) -> Draft:
    """Relevance and gates."""
    turns = draft.scenario.turns
    judgement = guidance.judgements.get(draft.name)
    if judgement and judgement.transcript_sha256 not in (None, draft.sha256):
        draft.note(None, "judgement not applied", "the transcript has changed since it was judged")
        judgement = None
    if judgement is None:
        draft.relevance = lexical_relevance(turns)
    else:
        draft.relevance = judged_relevance(judgement.features, judgement.decided_by)
    n_items = sum(1 for _ in dialogue.items(draft.scenario))
    draft.measures = measure(turns, items=n_items, loop_words=draft.loop_words, duration_s=draft.row.duration_s)
    reasons = ["rejected_by_reviewers"] if draft.review.status == "rejected" else []
    reasons += gates(turns, draft.measures, draft.relevance, draft.row.title)
    draft.gates = held(reasons, accepted_by_reviewers=draft.review.status == "accepted", off=options.gates_off)
    return draft


def _marks_in_place(draft: Draft) -> list[Mention]:
    """Marks of people, where the words now stand: a collapsed loop or a corrected text may have moved them."""
    turns, kept = draft.scenario.turns, []
    for mark in draft.review.personal_data:
        if mark.turn >= len(turns):
            continue
        places = _places(mark, turns[mark.turn])
        kept += [Mention(mark.turn, start, end, mark.type, "reviewer") for start, end in places]
        if not places:
            draft.note(mark.turn, "mark not applied", "the words that a reviewer marked are no longer in the turn")
    return kept


def _places(mark: Mark, turn: Turn) -> list[tuple[int, int]]:
    """Where a mark holds: at its own place, or wherever else its words stand. A mark without words holds at its place alone."""
    text = turn.text
    if not mark.words:
        moved = mark.end > len(text) or "loop_collapsed" in turn.flags
        return [] if moved else [(mark.start, mark.end)]
    if text[mark.start : mark.end] in mark.words:
        return [(mark.start, mark.end)]
    return [match.span() for words in mark.words for match in re.finditer(re.escape(words), text)]


def redact_personal_data(draft: Draft, ner: NameFinder | None) -> Draft:
    """Names, numbers and addresses → stable typed placeholders; labels that are names → role pseudonyms."""
    scenario = draft.scenario
    redaction = redact(
        [SpokenTurn(turn.speaker, turn.role, turn.text) for turn in scenario.turns],
        notes=(scenario.context, scenario.civilian_profile, scenario.quality["outcome"]),
        ner=ner,
        marked=_marks_in_place(draft),
    )
    turns = tuple(
        replace(turn, speaker=redaction.speakers[turn.speaker], text=text)
        for turn, text in zip(scenario.turns, redaction.texts, strict=True)
    )
    context, profile, outcome = redaction.notes
    draft.scenario = replace(scenario, turns=turns, context=context, civilian_profile=profile)
    quality = draft.scenario.quality
    quality["keyword_officers"] = [redaction.speakers[label] for label in quality["keyword_officers"]]
    quality["outcome"] = outcome
    quality["n_redactions"] = sum(redaction.counts.values())
    quality["minors"] = redaction.minors
    if redaction.counts:
        counted = ", ".join(f"{kind} {count}" for kind, count in sorted(redaction.counts.items()))
        draft.note(None, "personal data replaced", counted)
    return draft


def list_items(draft: Draft) -> Draft:
    """Evaluation items on the text as published, and the quality columns of the row."""
    assert draft.measures is not None and draft.relevance is not None
    draft.items = list(dialogue.items(draft.scenario))
    for item in draft.items:
        if item.flags:
            draft.decisions.append(Decision(item.item_id, "item not ranked", ", ".join(item.flags)))
    relevance = draft.relevance
    draft.scenario.quality.update(
        n_words=draft.measures.words,
        loop_words=draft.loop_words,
        narration_share=round(draft.measures.narration_share, 4),
        n_defective_turns=sum(dialogue.is_defective(turn.flags) for turn in draft.scenario.turns),
        relevance={
            "police": relevance.count("police"),
            "escalation": relevance.count("escalation"),
            "deescalation": relevance.count("deescalation"),
            "is_valid": relevance.is_valid,
            "features": [feature for ids in relevance.features.values() for feature in ids],
            "decided_by": relevance.decided_by,
        },
    )
    return draft


def pair_key(item: Item) -> int:
    """64-bit key of an item's words, the officer's and the civilian's, for finding the same pair in two splits.

    Placeholders count by their type: the numbers of a scenario say nothing in another.
    """
    officer, civilian = (
        dialogue.plain(PLACEHOLDER.sub(r"[\g<type>]", said)) for said in (item.officer_text, item.reference)
    )
    return xxhash.xxh64_intdigest(f"{officer}\0{civilian}".encode())
