"""Defects of single turns (``flags.py`` names them all): repair where the repair is certain, a flag where it is not.

In: the turns of one transcript, as released. Out: the same turns, loops collapsed, flags added. No turn is dropped here:
a defective turn stays in the dataset with its flag, and stays out of histories, training messages and ranked references.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dataset_script.dialogue import Turn
from dataset_script.quality.languages import is_foreign
from dataset_script.quality.loops import collapse_loops, find_cycles
from dataset_script.quality.patterns import normalised, pattern

RUNAWAY_WORDS = 200
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
    words = text.count(" ") + 1
    if words > RUNAWAY_WORDS:
        flags.append("runaway")
    if len(text) >= MIN_COMPRESSION_CHARACTERS:
        data = text.encode()
        if len(data) / len(zlib.compress(data, 6)) > MAX_COMPRESSION:
            flags.append("compressible")
    lowered = normalised(text)
    flags += [name for name in ("debris", "prompt_like", "promotion") if pattern(name).search(lowered)]
    if is_foreign(text):
        flags.append("not_english")
    return flags


def _neighbour_flags(turns: Sequence[Turn]) -> list[list[str]]:
    """Flags that depend on the turns before: cycles, repeated and echoed lines, clocks that run backwards."""
    flags: list[list[str]] = [[] for _ in turns]
    lines = [f"{turn.speaker}\0{turn.text.casefold()}" for turn in turns]
    for start, end, period in find_cycles(lines):
        for index in range(start + period, end):
            flags[index].append("cycle")
    last_line: dict[str, str] = {}
    latest = 0.0
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
        elif turn.start_s < latest:
            flags[index].append("time_backwards")
        else:
            latest = turn.start_s
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
