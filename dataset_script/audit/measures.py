"""One file → its figures. Pure; everything that CORPUS.md measures in a single transcript."""

import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dataset_script import dialogue
from dataset_script.dialogue import Scenario, Turn
from dataset_script.duplicates import comparable_text, series_of, shingles
from dataset_script.privacy import SpokenTurn, find_personal_data
from dataset_script.privacy.minors import has_minors
from dataset_script.quality.defects import mark_defects
from dataset_script.quality.gates import Measures, gates, measure
from dataset_script.quality.patterns import normalised
from dataset_script.quality.relevance import Relevance, lexical_relevance
from dataset_script.roles import AUTHORITY, CIVILIAN_SIDE, classify_label, resolve_roles

UNKNOWN_LIKE = frozenset({"unknown"})
BARE_NAME = "bare name"
LONG_TURNS = (200, 500, 2000)
"""Words; a turn above the first is a runaway."""
_BACK_CHANNEL = re.compile(
    r"(?:(?:yeah|yes|yep|yup|no|nope|okay|ok|right|uh|um|oh|ah|hmm?|mm|mhm|uh-huh|mm-hmm|huh|sure|alright|all right|got it|i see)[\s,.!?-]*)+"
)
_UNCERTAIN = re.compile(
    r"[\[(](?:inaudible|unintelligible|indistinct|crosstalk|laughs?|laughter|music|applause|sighs?)\b|^\W*(?:\.\.\.|…)\W*$"
)
_MASKED = re.compile(r"\b\w\*{2,}\w*|\*{3,}|[\[(](?:bleep(?:ed)?|expletive|beep)[\])]")
_BROKEN_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd]|Ã[\x80-\xbf©¨±¶¼]|â€|&(?:amp|lt|gt|quot|nbsp|#\d+);")
_FULL_DATE = re.compile(
    r"\b(?:january|february|march|april|may|june|july|august|september|october|november|december) \d{1,2}(?:st|nd|rd|th)?,? (?:19|20)\d\d\b"
)
_YEAR_OLD = re.compile(r"\b[\w-]+[- ]year[- ]olds?\b")


@dataclass(frozen=True)
class ReferenceFigures:
    """One item's reference, as far as the audit counts it."""

    words: int
    text: str
    rows: int
    flags: tuple[str, ...]
    history_words: int
    pair: tuple[str, str]


@dataclass(frozen=True)
class FileFigures:
    """Figures of one file. ``split`` is empty for transcripts that are not built."""

    name: str
    split: str
    measures: Measures
    gates: tuple[str, ...]
    relevance: Relevance
    source: str
    series: str | None
    minors: bool
    mended_rows: int
    keyword_pairs: int
    keyword_sides: tuple[bool, bool]
    keyword_references: tuple[int, int, int]
    keyword_neither: int
    labels: Counter
    names_as: Counter
    texts: Counter
    long_turns: tuple[int, ...]
    longest_characters: int
    repeated_runs: tuple[int, int]
    roles: Counter
    keyword_misses: int
    keyword_false: int
    labels_of_names: int
    turns_of_names: int
    turns_of_unknown_labels: int
    flags: Counter
    loop_turns: int
    turn_words: Counter
    longest_turn: int
    runs: tuple[int, int]
    times: tuple[int, int, int]
    personal_data: Counter
    references: tuple[ReferenceFigures, ...]
    shingles: np.ndarray


def _keyword_pairs(turns: Sequence[Turn], keyword_roles: dict[str, str]) -> int:
    """Pairs by the published script: officer run followed by a civilian run."""
    sides = [keyword_roles[turn.speaker] == "officer" for turn in turns]
    return sum(first and not second for first, second in itertools.pairwise(sides))


def _keyword_references(turns: Sequence[Turn], keyword_roles: dict[str, str]) -> tuple[int, int, int]:
    """The published script's references that hold another voice than the civilian side's, a narrator or machine, two labels."""
    other = narrated = mixed = 0
    runs = [list(run) for _, run in itertools.groupby(turns, lambda turn: keyword_roles[turn.speaker] == "officer")]
    for number, run in enumerate(runs):
        if number and keyword_roles[run[0].speaker] != "officer":
            other += any(turn.role not in CIVILIAN_SIDE for turn in run)
            narrated += any(turn.role in ("narrator", "machine") for turn in run)
            mixed += len({turn.speaker for turn in run}) > 1
    return other, narrated, mixed


def _texts(turns: Sequence[Turn]) -> Counter:
    """Turns whose text is of a kind."""
    found: Counter = Counter()
    for turn in turns:
        lowered = normalised(turn.text)
        found["back-channel"] += _BACK_CHANNEL.fullmatch(lowered) is not None
        found["uncertain"] += _UNCERTAIN.search(lowered) is not None
        found["masked"] += _MASKED.search(lowered) is not None
        found["broken"] += _BROKEN_TEXT.search(turn.text) is not None
        found["full date"] += _FULL_DATE.search(lowered) is not None
        found["year-old"] += _YEAR_OLD.search(lowered) is not None
    return found


def _references(scenario: Scenario, published: Mapping[int, Sequence[str]] | None) -> tuple[ReferenceFigures, ...]:
    turns = scenario.turns
    heard = list(itertools.accumulate((len(turn.text.split()) for turn in turns), initial=0))
    found = []
    for item in dialogue.items(scenario):
        if published is not None and item.turn_index not in published:
            continue
        first = end = item.turn_index
        while end < len(turns) and turns[end].speaker == turns[first].speaker:
            end += 1
        found.append(
            ReferenceFigures(
                words=len(item.reference.split()),
                text=dialogue.plain(item.reference)[:80],
                rows=end - first,
                flags=item.flags if published is None else tuple(published[item.turn_index]),
                history_words=heard[first],
                pair=(dialogue.plain(item.officer_text), dialogue.plain(item.reference)),
            )
        )
    return tuple(found)


def _times(turns: Sequence[Turn]) -> tuple[int, int, int]:
    """Turns without a time, before the one above, and at the same second as it."""
    known = [turn.start_s for turn in turns if turn.start_s is not None]
    backwards = sum(second < first for first, second in itertools.pairwise(known))
    equal = sum(second == first for first, second in itertools.pairwise(known))
    return len(turns) - len(known), backwards, equal


def figures(
    scenario: Scenario,
    *,
    title: str = "",
    duration_s: float | None = None,
    split: str = "",
    published: Mapping[int, Sequence[str]] | None = None,
) -> FileFigures:
    """Everything the audit counts in one file.

    Args:
        scenario: with roles; its turns as released, or as built.
        published: turn index → flags of the items that a built dataset lists; the others were left out.
    """
    keyword = {
        label: guess.role
        for label, guess in resolve_roles([(t.speaker, t.text) for t in scenario.turns], mode="keyword").items()
    }
    repaired = mark_defects([replace(turn, flags=()) for turn in scenario.turns])
    turns = repaired.turns
    clean = replace(scenario, turns=turns)
    references = _references(clean, published)
    measures = measure(
        turns, items=len(references), loop_words=sum(repaired.removed_words.values()), duration_s=duration_s
    )
    relevance = lexical_relevance(turns)
    by_label = {turn.speaker: classify_label(turn.speaker) for turn in turns}
    names = {label for label, guess in by_label.items() if guess is None}
    unknown = {label for label, guess in by_label.items() if guess is not None and guess.role in UNKNOWN_LIKE}
    mentions = find_personal_data([SpokenTurn(turn.speaker, turn.role, turn.text) for turn in turns])
    lengths = [len(turn.text.split()) for turn in scenario.turns]
    in_row = [len(list(run)) for _, run in itertools.groupby(turns, lambda turn: turn.speaker)]
    joined = dialogue.join_turns(turns)
    return FileFigures(
        name=scenario.scenario_id,
        split=split,
        measures=measures,
        gates=tuple(gates(turns, measures, relevance, title)),
        relevance=relevance,
        source=scenario.source,
        series=series_of(title or scenario.scenario_id.replace("_", " ")),
        minors=bool(scenario.quality.get("minors"))
        or has_minors([SpokenTurn(t.speaker, t.role, t.text) for t in turns]),
        mended_rows=scenario.quality.get("n_mended_rows", 0),
        keyword_pairs=_keyword_pairs(turns, keyword),
        keyword_sides=("officer" in keyword.values(), any(role != "officer" for role in keyword.values())),
        keyword_references=_keyword_references(turns, keyword),
        keyword_neither=sum(
            turn.role not in AUTHORITY | CIVILIAN_SIDE and keyword[turn.speaker] != "officer" for turn in turns
        ),
        labels=Counter(BARE_NAME if (guess := by_label[turn.speaker]) is None else guess.role for turn in turns),
        names_as=Counter(turn.role for turn in turns if turn.speaker in names),
        texts=_texts(turns),
        long_turns=tuple(sum(length > limit for length in lengths) for limit in LONG_TURNS),
        longest_characters=max((len(turn.text) for turn in scenario.turns), default=0),
        repeated_runs=(sum(length > 1 for length in in_row), sum(length for length in in_row if length > 1)),
        roles=Counter(turn.role for turn in turns),
        keyword_misses=sum(turn.role in AUTHORITY and keyword[turn.speaker] != "officer" for turn in turns),
        keyword_false=sum(turn.role not in AUTHORITY and keyword[turn.speaker] == "officer" for turn in turns),
        labels_of_names=len(names),
        turns_of_names=sum(turn.speaker in names for turn in turns),
        turns_of_unknown_labels=sum(turn.speaker in unknown for turn in turns),
        flags=Counter(flag for turn in turns for flag in turn.flags),
        loop_turns=len(repaired.removed_words),
        turn_words=Counter(min(length, 500) for length in lengths),
        longest_turn=max(lengths, default=0),
        runs=(len(joined), sum(1 for a, b in itertools.pairwise(turns) if a.speaker == b.speaker)),
        times=_times(turns),
        personal_data=Counter(mention.type for mention in mentions),
        references=references,
        shingles=shingles(comparable_text(turn.text for turn in turns)),
    )


def sides(figures_of_file: FileFigures) -> tuple[int, int]:
    """Turns of authority and of the civilian side."""
    roles = figures_of_file.roles
    return sum(roles[role] for role in AUTHORITY), sum(roles[role] for role in CIVILIAN_SIDE)
