"""Loops: a run of words inside a turn, or of lines over turns, that a transcriber hallucinated again and again.

13 % of the words of the released train split and 25 % of test's are exact in-turn repetition (CORPUS.md § 3).
Pure functions on words and lines; linear in their length for a fixed longest period.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MAX_PERIOD_WORDS = 30
MIN_REPEATS = 4
MIN_REPEATS_OF_ONE_WORD = 8
"""Single repeated words ("no no no no") are speech; eight are not."""
KEPT_OF_ONE_WORD = 3

MAX_PERIOD_LINES = 40
MIN_CYCLE_REPEATS = 3
MIN_CYCLE_LINES = 12


@dataclass(frozen=True)
class Loop:
    """Words ``start`` to ``end`` (exclusive) repeat with ``period`` words."""

    start: int
    end: int
    period: int


@dataclass(frozen=True)
class Repair:
    """A text whose loops were collapsed to their first round, and how many words that took away."""

    text: str
    removed_words: int


def _periodic_runs(tokens: Sequence[str], period: int, min_length: int) -> Iterator[tuple[int, int]]:
    """Maximal runs (start, end) of at least ``min_length`` tokens that repeat with ``period``."""
    equal = 0
    for i in range(period, len(tokens) + 1):
        if i < len(tokens) and tokens[i] == tokens[i - period]:
            equal += 1
            continue
        if equal and equal + period >= min_length:
            yield i - equal - period, i
        equal = 0


def _occurs(tokens: Sequence[str], times: int) -> bool:
    """Whether any token occurs often enough to be repeated that often: most turns are settled by this."""
    return bool(tokens) and max(Counter(tokens).values()) >= times


def find_loops(words: Sequence[str]) -> list[Loop]:
    """Loops of a turn's words, in order and disjoint; where two periods fit, the shorter one names the loop.

    Args:
        words: lower-cased words of one turn.
    """
    if not _occurs(words, MIN_REPEATS):
        return []
    found: list[Loop] = []
    taken: list[tuple[int, int]] = []
    for period in range(1, min(MAX_PERIOD_WORDS, len(words) // MIN_REPEATS) + 1):
        repeats = MIN_REPEATS_OF_ONE_WORD if period == 1 else MIN_REPEATS
        for start, end in _periodic_runs(words, period, period * repeats):
            if not any(start < other_end and other_start < end for other_start, other_end in taken):
                found.append(Loop(start, end, period))
                taken.append((start, end))
    return sorted(found, key=lambda loop: loop.start)


def is_periodic(text: str) -> bool:
    """Whether a text holds a loop."""
    return bool(find_loops(text.lower().split()))


def collapse_loops(text: str) -> Repair:
    """Collapse every loop of a text to its first round (to three words where a single word repeats).

    The repair is certain: what goes is an exact repetition of what stays. A text without a loop comes back as it was.
    """
    words = text.split()
    if len(words) < MIN_REPEATS_OF_ONE_WORD:
        return Repair(text, 0)
    loops = find_loops([word.lower() for word in words])
    if not loops:
        return Repair(text, 0)
    kept: list[str] = []
    position = 0
    for loop in loops:
        kept += words[position : loop.start + (KEPT_OF_ONE_WORD if loop.period == 1 else loop.period)]
        position = loop.end
    kept += words[position:]
    return Repair(" ".join(kept), len(words) - len(kept))


def find_cycles(lines: Sequence[str]) -> list[tuple[int, int, int]]:
    """Cycles over turns: (first line, end exclusive, period in lines), in order and disjoint.

    At least three rounds and at least twelve lines, with a period of at most forty lines (CORPUS.md § 3).

    Args:
        lines: one key a turn, such as "speaker: text" in lower case.
    """
    if not _occurs(lines, MIN_CYCLE_REPEATS):
        return []
    found: list[tuple[int, int, int]] = []
    for period in range(1, min(MAX_PERIOD_LINES, len(lines) // MIN_CYCLE_REPEATS) + 1):
        shortest = max(period * MIN_CYCLE_REPEATS, MIN_CYCLE_LINES)
        for start, end in _periodic_runs(lines, period, shortest):
            if not any(start < other_end and other_start < end for other_start, other_end, _ in found):
                found.append((start, end, period))
    return sorted(found)
