"""One released transcript file → its rows.

In: a CSV with the columns ``start_time,speaker_label,transcript``, the same as JSON, or text lines
``[MM:SS] Speaker: text``. Out: a :class:`Transcript`, rows in file order, nothing changed but
surrounding white space. What cannot be read raises :class:`DataError` with file and line.
"""

import csv
import io
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from dataset_script.errors import DataError

CSV_COLUMNS = ("start_time", "speaker_label", "transcript")
SUFFIXES = (".csv", ".json", ".txt")

# Two cells of the release are longer than Python's default limit of 131,072 characters.
csv.field_size_limit(sys.maxsize)

_LINE = re.compile(r"\[(?P<time>[\d:.,]+)\]\s*(?P<speaker>[^:]+):\s*(?P<text>.*\S)\s*")
_TIME = re.compile(r"(?:(?P<h>\d{1,3}):)?(?P<m>\d{1,4}):(?P<s>\d{1,2})(?:[.,](?P<fraction>\d{1,6}))?")


@dataclass(frozen=True)
class Row:
    """One line of a transcript. ``start_s`` is in seconds, None where the file gives no readable time."""

    line: int
    start_s: float | None
    speaker: str
    text: str


@dataclass(frozen=True)
class Transcript:
    """A file's rows, and ``problems``: one sentence for each row that was mended or left out."""

    name: str
    rows: tuple[Row, ...]
    problems: tuple[str, ...]


def parse_time(text: str) -> float | None:
    """Seconds for ``MM:SS``, ``M:SS``, ``H:MM:SS``, each with an optional ``.mmm`` or ``,mmm``; else None.

    Minutes above 59 are accepted: the release counts them on (``75:10``).
    """
    match = _TIME.fullmatch(text.strip())
    if not match or int(match["s"]) > 59:
        return None
    seconds = int(match["h"] or 0) * 3600 + int(match["m"]) * 60 + int(match["s"])
    return seconds + float(f"0.{match['fraction'] or 0}")


def read_transcript(path: Path) -> Transcript:
    """Read one transcript file.

    Raises:
        DataError: not UTF-8, not of a known form, or without a single usable row.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start} is not UTF-8. Save the file as UTF-8 and build again.") from None
    reader = {".csv": _read_csv, ".json": _read_json, ".txt": _read_lines}.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path}: unknown kind of file. Transcripts end in {', '.join(SUFFIXES)}.")
    rows: list[Row] = []
    problems: list[str] = []
    for line, time, speaker, spoken in reader(path, text):
        if not (speaker := str(speaker).strip()) or not (spoken := str(spoken).strip()):
            problems.append(f"{path.name}:{line}: no speaker or no text; row left out")
            continue
        start_s = parse_time(str(time))
        if start_s is None:
            problems.append(f"{path.name}:{line}: no readable time in {str(time)[:20]!r}; row kept without one")
        rows.append(Row(line, start_s, speaker, spoken))
    if not rows:
        raise DataError(f"{path}: no row with a speaker and a text. Remove the file or fill it.")
    return Transcript(path.stem, tuple(rows), tuple(problems))


def _read_csv(path: Path, text: str):
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        missing = [column for column in CSV_COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            raise DataError(
                f"{path}:1: column {', '.join(missing)} is missing. The header must be {','.join(CSV_COLUMNS)}."
            )
        for cells in reader:
            yield reader.line_num, *(cells[column] or "" for column in CSV_COLUMNS)
    except csv.Error as error:
        line = reader.reader.line_num
        raise DataError(f"{path}:{line}: not valid CSV ({error}). Quote the cell and build again.") from None


def _read_json(path: Path, text: str):
    try:
        rows = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"{path}:{error.lineno}: not valid JSON ({error.msg}).") from None
    except (RecursionError, ValueError):
        raise DataError(f"{path}: JSON nested too deeply, or with a number too long.") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError(f"{path}: expected a list of objects with the keys {', '.join(CSV_COLUMNS)}.")
    for number, row in enumerate(rows, start=1):
        yield number, *(row.get(column) or "" for column in CSV_COLUMNS)


def _read_lines(path: Path, text: str):
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.strip())
        if not match:
            raise DataError(f"{path}:{number}: expected '[MM:SS] Speaker: text', found {line[:40]!r}.")
        yield number, match["time"], match["speaker"], match["text"]
