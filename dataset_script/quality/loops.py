"""Loops: a run of words inside a turn, or of lines over turns, that a transcriber hallucinated again and again.

13 % of the words of the released train split and 25 % of test's are exact in-turn repetition (CORPUS.md § 3), nearly all of it in
137 turns of thousands of words. People repeat themselves too ("Drop it! Drop it! …"), but not for fifty words on end.
Pure functions on words and lines; linear in their length for a fixed longest period.
"""

import bisect
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

MAX_PERIOD_WORDS = 30
MIN_REPEATS = 4
MIN_REPEATS_OF_ONE_WORD = 8
"""Single repeated words ("no no no no") are speech; eight are worth a flag."""
MIN_COLLAPSED_WORDS = 50
"""A shorter run is what a frightened person, a chanting crowd or an officer with a drawn weapon may really have said."""
KEPT_OF_ONE_WORD = 3

MAX_PERIOD_LINES = 40
MIN_CYCLE_REPEATS = 3
MIN_CYCLE_LINES = 12

_EDGES = re.compile(r"^\W+|\W+$")


class Loop(NamedTuple):
    """Tokens ``start`` to ``end`` (exclusive) repeat with ``period`` tokens."""

    start: int
    end: int
    period: int


@dataclass(frozen=True)
class Repair:
    """A text whose loops were collapsed to their first round, and how many words that took away."""

    text: str
    removed_words: int


def _periodic_runs(tokens: Sequence[str], period: int, min_length: int) -> Iterator[Loop]:
    """Maximal runs of at least ``min_length`` tokens that repeat with ``period``."""
    equal = 0
    for i in range(period, len(tokens) + 1):
        if i < len(tokens) and tokens[i] == tokens[i - period]:
            equal += 1
            continue
        if equal and equal + period >= min_length:
            yield Loop(i - equal - period, i, period)
        equal = 0


def _occurs(tokens: Sequence[str], times: int) -> bool:
    """Whether any token occurs often enough to be repeated that often: most turns are settled by this."""
    return bool(tokens) and max(Counter(tokens).values()) >= times


def _disjoint_runs(tokens: Sequence[str], min_length: dict[int, int]) -> list[Loop]:
    """Runs of every period (period → least length), in order, none over another.

    The longest goes first, of equal ones the shorter period; what others leave of a run counts where it is long enough.
    """
    runs = [run for period, length in min_length.items() for run in _periodic_runs(tokens, period, length)]
    starts: list[int] = []
    chosen: list[Loop] = []
    for run in sorted(runs, key=lambda run: (run.start - run.end, run.period, run.start)):
        start, end = _outside(run, starts, chosen)
        place = bisect.bisect_left(starts, start)
        is_free = place == len(starts) or starts[place] >= end
        if is_free and end - start >= min_length[run.period]:
            starts.insert(place, start)
            chosen.insert(place, Loop(start, end, run.period))
    return chosen


def _outside(run: Loop, starts: Sequence[int], chosen: Sequence[Loop]) -> tuple[int, int]:
    """What is left of a run between the chosen runs that hold its two ends; ``starts`` are theirs, in order."""
    start, end = run.start, run.end
    place = bisect.bisect_right(starts, start) - 1
    while start < end and 0 <= place < len(chosen) and chosen[place].start <= start < chosen[place].end:
        start = chosen[place].end
        place += 1
    place = bisect.bisect_left(starts, end) - 1
    while start < end and place >= 0 and chosen[place].start < end <= chosen[place].end:
        end = chosen[place].start
        place -= 1
    return start, end


def find_loops(words: Sequence[str], min_words: int = 0) -> list[Loop]:
    """Loops of a turn's words, in order and disjoint; where two periods fit, the shorter one names the loop.

    Args:
        words: lower-cased words of one turn.
        min_words: shortest run that counts.
    """
    if not _occurs(words, MIN_REPEATS):
        return []
    shortest = {
        period: max(min_words, period * (MIN_REPEATS_OF_ONE_WORD if period == 1 else MIN_REPEATS))
        for period in range(1, min(MAX_PERIOD_WORDS, len(words) // MIN_REPEATS) + 1)
    }
    return _disjoint_runs(words, shortest)


def is_periodic(text: str) -> bool:
    """Whether a text holds a loop."""
    return bool(find_loops(text.lower().split()))


def collapse_loops(text: str) -> Repair:
    """Collapse every loop of fifty words or more to its first round (to three words where a single word repeats).

    The repair is certain: what goes is a repetition of what stays, but for case and punctuation. A round that broke off stays where
    other words follow it, for it may be their beginning. A text without such a loop comes back as it was.
    """
    words = text.split()
    if len(words) < MIN_COLLAPSED_WORDS:
        return Repair(text, 0)
    loops = find_loops([_EDGES.sub("", word).lower() or word for word in words], MIN_COLLAPSED_WORDS)
    if not loops:
        return Repair(text, 0)
    kept: list[str] = []
    position = 0
    for loop in loops:
        kept += words[position : loop.start + (KEPT_OF_ONE_WORD if loop.period == 1 else loop.period)]
        is_last = loop.end == len(words)
        position = loop.end if is_last else loop.end - (loop.end - loop.start) % loop.period
    kept += words[position:]
    again = collapse_loops(" ".join(kept))  # what stays of neighbours may be a loop of its own
    return Repair(again.text, len(words) - len(kept) + again.removed_words)


def find_cycles(lines: Sequence[str]) -> list[Loop]:
    """Cycles over turns, in order and disjoint: at least three rounds, twelve lines, a period of at most forty (CORPUS.md § 3).

    Args:
        lines: one key a turn, such as "speaker: text" in lower case.
    """
    if not _occurs(lines, MIN_CYCLE_REPEATS):
        return []
    shortest = {
        period: max(period * MIN_CYCLE_REPEATS, MIN_CYCLE_LINES)
        for period in range(1, min(MAX_PERIOD_LINES, len(lines) // MIN_CYCLE_REPEATS) + 1)
    }
    return _disjoint_runs(lines, shortest)
