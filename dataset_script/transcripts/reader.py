"""Path of a transcript → :class:`Transcript`: the only place of the package that touches a file."""

import re
from collections.abc import Callable
from pathlib import Path

from dataset_script.errors import DataError
from dataset_script.transcripts.encoding import decode
from dataset_script.transcripts.lines import read_lines
from dataset_script.transcripts.model import Cells, Malformed, Note, RawRows, Row, Transcript
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

_LINE_BREAK = re.compile(r"[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")
_LIKE_A_TIME = re.compile(r"-?[0-9]{1,6}:[0-9:.,]{1,12}")


def read_transcript(path: Path) -> Transcript:
    """Read one transcript file. Surrounding white space goes, a line break inside a cell becomes a space.

    Raises:
        DataError: cannot be opened or decoded, is of no known form, or has not a single usable row.
    """
    read_rows = _READERS.get(path.suffix.lower())
    if read_rows is None:
        raise DataError(f"{path}: unknown kind of file. Transcripts end in {', '.join(SUFFIXES)}.")
    try:
        text, notes = decode(path.read_bytes())
        raw = read_rows(text)
    except OSError as error:
        raise DataError(f"{path}: cannot be opened ({error.strerror}).") from None
    except Malformed as error:
        place = path if error.line is None else f"{path}:{error.line}"
        raise DataError(f"{place}: {error.what}.") from None
    rows, row_notes = _finish(raw.cells)
    problems = sorted([*notes, *raw.notes, *row_notes], key=lambda note: note.line)
    if not rows:
        first = f" First: line {problems[0].line}, {problems[0].what}." if problems else ""
        raise DataError(f"{path}: no row with a speaker and a text. Remove the file or fill it.{first}")
    return Transcript(path.stem, tuple(rows), tuple(f"{path.name}:{note.line}: {note.what}" for note in problems))


def _finish(cells: list[Cells]) -> tuple[list[Row], list[Note]]:
    """Rows with times in seconds; rows without speaker or text are left out."""
    rows, notes = [], []
    for cell in cells:
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
