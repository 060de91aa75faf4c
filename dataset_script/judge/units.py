"""What is judged in one request: a whole transcript, or a window of its turns. Pure.

A transcript is untrusted: ``untrusted.py`` keeps its words from passing for instructions, marks or other turns.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from dataset_script.judge.client import Message
from dataset_script.judge.rubrics import Kind, Rubric
from dataset_script.judge.untrusted import fenced, flat
from dataset_script.review.decisions import transcript_sha256
from dataset_script.transcripts import Row, Transcript

MAX_TURN_CHARACTERS = 2000
"""Shown of one turn. The longest in the release has 241,384, nearly all of it a loop (CORPUS.md § 3)."""
MAX_LABEL_CHARACTERS = 120


@dataclass(frozen=True)
class Unit:
    """One request's worth. ``turns`` are the indices of the rows judged, none for a whole scenario; ``left_out`` rows were not shown."""

    kind: Kind
    transcript: str
    turns: tuple[int, ...]
    content: str
    left_out: int = 0
    transcript_sha256: str = ""

    @cached_property
    def content_sha256(self) -> str:
        """Digest of the text that the judge is shown."""
        return hashlib.sha256(self.content.encode()).hexdigest()


def _line(mark: str, row: Row) -> str:
    return f"[{mark}] {flat(row.speaker, MAX_LABEL_CHARACTERS)}: {flat(row.text, MAX_TURN_CHARACTERS)}"


def _digest(transcript: Transcript) -> str:
    return transcript_sha256((row.speaker, row.text) for row in transcript.rows)


def _fitting(lengths: Sequence[int], budget: int) -> int:
    """How many leading elements sum to at most ``budget``."""
    total = 0
    for count, length in enumerate(lengths):
        total += length
        if total > budget:
            return count
    return len(lengths)


def scenario_unit(transcript: Transcript, *, max_words: int) -> Unit:
    """A whole transcript. One longer than ``max_words`` loses turns from its middle: openings tell who is there, ends how it went."""
    lines = [_line(str(index), row) for index, row in enumerate(transcript.rows)]
    lengths = [len(line.split()) for line in lines]
    left_out = 0
    if sum(lengths) > max_words:
        head = _fitting(lengths, max_words * 2 // 3)
        tail = _fitting(lengths[:head:-1], max_words - sum(lengths[:head]))
        left_out = len(lines) - head - tail
        lines = [*lines[:head], f"(… {left_out} turns left out)", *lines[len(lines) - tail :]]
    return Unit("scenario", transcript.name, (), "\n".join(lines), left_out, _digest(transcript))


def window_units(transcript: Transcript, *, window: int, context: int) -> Iterator[Unit]:
    """A transcript's turns in windows of ``window``, each after up to ``context`` turns that are shown and not judged."""
    rows, sha256 = transcript.rows, _digest(transcript)
    for start in range(0, len(rows), window):
        judged = range(start, min(start + window, len(rows)))
        before = [_line("before", row) for row in rows[max(0, start - context) : start]]
        numbered = [_line(str(number), rows[index]) for number, index in enumerate(judged, start=1)]
        yield Unit("turn", transcript.name, tuple(judged), "\n".join(before + numbered), 0, sha256)


def messages(unit: Unit, rubric: Rubric) -> list[Message]:
    """The request: the rubric, then the transcript between marks that it cannot forge."""
    data = fenced("transcript", unit.content, "Now give your answer as one JSON object.")
    return [{"role": "system", "content": rubric.instructions}, {"role": "user", "content": data}]
