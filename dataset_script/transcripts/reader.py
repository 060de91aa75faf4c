"""Path of a transcript → :class:`Transcript`: the only place of the package that touches a file."""

import re
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from dataset_script.transcripts.encoding import decode
from dataset_script.transcripts.lines import read_lines
from dataset_script.transcripts.model import (
    Cells,
    Malformed,
    Note,
    RawRows,
    Row,
    Transcript,
    UnreadableTranscript,
    transcript_name,
)
from dataset_script.transcripts.objects import read_json, read_json_lines
from dataset_script.transcripts.table import read_table
from dataset_script.transcripts.times import MAX_TIME_S, parse_time

_READERS: dict[str, Callable[[str], RawRows]] = {
    ".csv": read_table,
    ".tsv": read_table,
    ".tab": read_table,
    ".json": read_json,
    ".jsonl": read_json_lines,
    ".txt": read_lines,
}
SUFFIXES = tuple(_READERS)
MAX_FILE_BYTES = 2**28
"""A transcript is read at once. The longest of the release has 241,384 characters; a larger file than this is none."""

_LINE_BREAK = re.compile(r"[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")
"""What is left of control characters, of which a terminal would obey some."""
_LIKE_A_TIME = re.compile(r"-?[0-9]{1,6}:[0-9:.,]{1,12}")


def read_transcript(path: Path) -> Transcript:
    """Read one transcript file. Surrounding white space goes, a line break inside a cell becomes a space.

    Raises:
        UnreadableTranscript: cannot be opened or decoded, is of no known form, or has not a single usable row.
    """
    data = read_bytes(path)
    try:
        text, notes = decode(data)
        raw = _READERS[path.suffix.lower()](text)
    except Malformed as error:
        raise _unreadable(path, error) from None
    rows, row_notes = _finish(raw.cells)
    problems = sorted([*notes, *raw.notes, *row_notes], key=lambda note: note.line)
    if not rows:
        first = f". First: line {problems[0].line}, {problems[0].what}" if problems else ""
        none = f"no row with a speaker and a text. Remove the file or fill it{first}"
        raise _unreadable(path, Malformed(none))
    name = transcript_name(path)
    return Transcript(name, tuple(rows), tuple(f"{path.name}:{note.line}: {note.what}" for note in problems))


def read_bytes(path: Path) -> bytes:
    """What a transcript file holds.

    Raises:
        UnreadableTranscript: cannot be opened, or is not a transcript by its kind, name or size.
    """
    try:
        kind = path.stat()
        if stat.S_ISDIR(kind.st_mode) and path.is_symlink():
            raise Malformed("a link to a folder, which is not followed. Put the folder itself in its place")
        if not stat.S_ISDIR(kind.st_mode) and not stat.S_ISREG(kind.st_mode):
            raise Malformed("a pipe or a device, not a file")
        if stat.S_ISREG(kind.st_mode) and path.suffix.lower() not in _READERS:
            raise Malformed(
                f"unknown kind of file. Transcripts end in {', '.join(SUFFIXES)}; archives must be unpacked"
            )
        if kind.st_size > MAX_FILE_BYTES:
            raise Malformed(f"{kind.st_size:,} bytes are more than one transcript has ({MAX_FILE_BYTES:,}). Part it")
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, Malformed(f"cannot be opened ({error.strerror})")) from None
    except Malformed as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, fault: Malformed) -> UnreadableTranscript:
    place = "" if fault.line is None else f"{fault.line}: "
    return UnreadableTranscript(f"{path}:{place or ' '}{fault.what}.", f"{place}{fault.what}.")


def _finish(cells: list[Cells]) -> tuple[list[Row], list[Note]]:
    """Rows with times in seconds; rows without speaker or text are left out."""
    rows, notes = [], []
    for cell in cells:
        if _CONTROL.search(cell.speaker + cell.text):
            cell = replace(cell, speaker=_CONTROL.sub("", cell.speaker), text=_CONTROL.sub("", cell.text))
            notes.append(Note(cell.line, "control characters removed"))
        speaker, text = _on_one_line(cell.speaker), _on_one_line(cell.text)
        if not speaker or not text:
            notes.append(Note(cell.line, "no speaker or no text; row left out"))
            continue
        if (speaker, text) != (cell.speaker.strip(), cell.text.strip()):
            notes.append(Note(cell.line, "line break inside a cell; now a space"))
        start_s = _seconds(cell.time)
        if start_s is None:
            notes.append(Note(cell.line, f"{_complaint(cell.time)}; row kept without one"))
        rows.append(Row(cell.line, start_s, speaker, text))
    return rows, notes


def _on_one_line(text: str) -> str:
    if not _LINE_BREAK.search(text):
        return text.strip()
    parts = (part.strip() for part in _LINE_BREAK.split(text))
    return " ".join(part for part in parts if part)


def _seconds(time: str | float) -> float | None:
    if isinstance(time, str):
        return parse_time(time)
    return float(time) if 0 <= time <= MAX_TIME_S else None


def _complaint(time: str | float) -> str:
    """What is wrong with a time. Quoted only where it is like one: problems are published, and columns may have been swapped."""
    shown = str(time).strip()
    return f"no readable time in {shown!r}" if _LIKE_A_TIME.fullmatch(shown) else "no readable time"
