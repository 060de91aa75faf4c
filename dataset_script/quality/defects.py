"""Defects of single turns (``flags.py`` names them all): repair where the repair is certain, a flag where it is not.

In: the turns of one transcript, as released. Out: the same turns, loops collapsed, flags added. No turn is dropped here:
a defective turn stays in the dataset with its flag, and stays out of histories, training messages and ranked references.
"""

import zlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dataset_script.dialogue import Turn
from dataset_script.quality.languages import is_foreign
from dataset_script.quality.loops import collapse_loops, find_cycles, is_periodic
from dataset_script.quality.patterns import normalised, pattern

RUNAWAY_WORDS = 200
OVERSIZED_CHARACTERS = 20_000
MIN_COMPRESSION_CHARACTERS = 300
MAX_COMPRESSION = 3.0
MIN_ECHO_WORDS = 3


@dataclass(frozen=True)
class Repaired:
    """Turns with flags, and what repairs took away: turn index → words removed."""

    turns: tuple[Turn, ...]
    removed_words: dict[int, int]


def _text_flags(text: str) -> list[str]:
    """Flags that one turn's text earns by itself."""
    flags = []
    if is_periodic(text):
        flags.append("repeats_itself")
    if len(text.split()) > RUNAWAY_WORDS:
        flags.append("runaway")
    if len(text) > OVERSIZED_CHARACTERS:
        flags.append("oversized")
    if len(text) >= MIN_COMPRESSION_CHARACTERS:
        data = text.encode()
        if len(data) / len(zlib.compress(data, 6)) > MAX_COMPRESSION:
            flags.append("compressible")
    lowered = normalised(text)
    flags += [name for name in ("debris", "prompt_like", "promotion") if pattern(name).search(lowered)]
    if is_foreign(text):
        flags.append("not_english")
    return flags


def _out_of_order(times: Sequence[float | None]) -> set[int]:
    """Positions of the fewest times without which the rest do not run backwards: one wrong clock is one flag, not all that follow."""
    ends: list[float] = []  # ends[n]: least time at which n + 1 times in order can end, at position `last[n]`
    last: list[int] = []
    before: dict[int, int | None] = {}
    for position, time in enumerate(times):
        if time is None:
            continue
        length = bisect_right(ends, time)
        before[position] = last[length - 1] if length else None
        ends[length : length + 1] = [time]
        last[length : length + 1] = [position]
    in_order = set()
    step = last[-1] if last else None
    while step is not None:
        in_order.add(step)
        step = before[step]
    return before.keys() - in_order


def _neighbour_flags(turns: Sequence[Turn]) -> list[list[str]]:
    """Flags that depend on the other turns: cycles, repeated and echoed lines, clocks that run backwards."""
    flags: list[list[str]] = [[] for _ in turns]
    lines = [f"{turn.speaker}\0{turn.text.casefold()}" for turn in turns]
    for start, end, period in find_cycles(lines):
        for index in range(start + period, end):
            flags[index].append("cycle")
    last_line: dict[str, str] = {}
    misplaced = _out_of_order([turn.start_s for turn in turns])
    for index, turn in enumerate(turns):
        folded = turn.text.casefold()
        if last_line.get(turn.speaker) == folded:
            flags[index].append("repeats_own_line")
        last_line[turn.speaker] = folded
        before = turns[index - 1] if index else None
        is_line = folded.count(" ") + 1 >= MIN_ECHO_WORDS
        if before and before.speaker != turn.speaker and is_line and before.text.casefold() == folded:
            flags[index].append("echo")
        if turn.start_s is None:
            flags[index].append("no_time")
        elif index in misplaced:
            flags[index].append("time_backwards")
    return flags


def mark_defects(turns: Sequence[Turn]) -> Repaired:
    """Collapse loops and flag what is wrong with each turn (CORPUS.md § 3)."""
    removed: dict[int, int] = {}
    marked: list[Turn] = []
    for turn, neighbour_flags in zip(turns, _neighbour_flags(turns), strict=True):
        repair = collapse_loops(turn.text)
        flags = [*turn.flags, *neighbour_flags]
        if repair.removed_words:
            removed[turn.index] = repair.removed_words
            flags.append("loop_collapsed")
        flags += _text_flags(repair.text)
        marked.append(replace(turn, text=repair.text, flags=tuple(dict.fromkeys(flags))))
    return Repaired(tuple(marked), removed)
