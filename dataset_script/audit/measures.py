"""One file → its figures. Pure; everything that CORPUS.md measures in a single transcript."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dataset_script import dialogue
from dataset_script.dialogue import Scenario, Turn
from dataset_script.duplicates import comparable_text, shingles
from dataset_script.privacy import SpokenTurn, find_personal_data
from dataset_script.quality.defects import mark_defects
from dataset_script.quality.gates import Measures, gates, measure
from dataset_script.quality.relevance import Relevance, lexical_relevance
from dataset_script.roles import AUTHORITY, CIVILIAN_SIDE, classify_label, resolve_roles

UNKNOWN_LIKE = frozenset({"unknown"})


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
    keyword_pairs: int
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


def _references(scenario: Scenario) -> tuple[ReferenceFigures, ...]:
    turns = scenario.turns
    heard = list(itertools.accumulate((len(turn.text.split()) for turn in turns), initial=0))
    found = []
    for item in dialogue.items(scenario):
        first = end = item.turn_index
        while end < len(turns) and turns[end].speaker == turns[first].speaker:
            end += 1
        found.append(
            ReferenceFigures(
                words=len(item.reference.split()),
                text=dialogue.plain(item.reference)[:80],
                rows=end - first,
                flags=item.flags,
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


def figures(scenario: Scenario, *, title: str = "", duration_s: float | None = None, split: str = "") -> FileFigures:
    """Everything the audit counts in one file.

    Args:
        scenario: with roles; its turns as released, or as built.
    """
    keyword = {
        label: guess.role
        for label, guess in resolve_roles([(t.speaker, t.text) for t in scenario.turns], mode="keyword").items()
    }
    repaired = mark_defects([replace(turn, flags=()) for turn in scenario.turns])
    turns = repaired.turns
    clean = replace(scenario, turns=turns)
    references = _references(clean)
    measures = measure(
        turns, items=len(references), loop_words=sum(repaired.removed_words.values()), duration_s=duration_s
    )
    relevance = lexical_relevance(turns)
    by_label = {turn.speaker: classify_label(turn.speaker) for turn in turns}
    names = {label for label, guess in by_label.items() if guess is None}
    unknown = {label for label, guess in by_label.items() if guess is not None and guess.role in UNKNOWN_LIKE}
    mentions = find_personal_data([SpokenTurn(turn.speaker, turn.role, turn.text) for turn in turns])
    lengths = [len(turn.text.split()) for turn in scenario.turns]
    joined = dialogue.join_turns(turns)
    return FileFigures(
        name=scenario.scenario_id,
        split=split,
        measures=measures,
        gates=tuple(gates(turns, measures, relevance, title)),
        relevance=relevance,
        keyword_pairs=_keyword_pairs(turns, keyword),
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
