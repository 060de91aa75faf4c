"""What the readers of one file hand on."""

import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from dataset_script.errors import DataError

CSV_COLUMNS = ("start_time", "speaker_label", "transcript")


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


def column_name(cell: str) -> str:
    """A column's name or an object's key without what people write differently: case, blanks, hyphens."""
    return re.sub(r"[\s-]+", "_", cell.strip().casefold())


def transcript_name(path: Path) -> str:
    """A transcript's name: that of its file without the suffix, the same text whatever system wrote it.

    macOS parts letters from their accents (NFD), and Linux takes bytes that are no text, which no report could hold.
    """
    return unicodedata.normalize("NFC", os.fsencode(path.stem).decode("utf-8", "backslashreplace"))


@dataclass(frozen=True)
class Cells:
    """A row as it stands in the file: ``time`` is text as written, or a JSON number of seconds."""

    line: int
    time: str | float
    speaker: str
    text: str


@dataclass(frozen=True)
class Note:
    """Something that was mended or left out, and the line (in JSON the object, from 1) where."""

    line: int
    what: str


@dataclass(frozen=True)
class RawRows:
    """Rows of a file before times are read, and notes on how they were got."""

    cells: list[Cells]
    notes: list[Note]


class Malformed(ValueError):
    """A file that cannot be read. ``line`` is None where the fault has no line."""

    def __init__(self, what: str, line: int | None = None) -> None:
        super().__init__(what)
        self.what, self.line = what, line


class UnreadableTranscript(DataError):
    """A transcript that cannot be read. ``reason`` lacks its name, which tells a real video and must not be published."""

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason
