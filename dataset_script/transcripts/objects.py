"""JSON and JSON lines → rows."""

import json
import re
from typing import Any, NoReturn

from dataset_script.transcripts.model import CSV_COLUMNS, Cells, Malformed, Note, RawRows

_WRAPPERS = ("turns", "transcript", "segments")
_LONE_SURROGATE_OR_NUL = re.compile(r"[\ud800-\udfff\x00]")


def read_json(text: str) -> RawRows:
    """Rows of a JSON file: a list of objects, or an object with that list under ``turns``, ``transcript`` or ``segments``.

    ``start_time`` is text like ``MM:SS`` or a number of seconds.

    Raises:
        Malformed: not JSON, another form, or a value that is not text; the place is the object's number, from 1.
    """
    if not text.strip():
        raise Malformed("the file is empty")
    value = _loads(text)
    if isinstance(value, dict):
        value = next((value[key] for key in _WRAPPERS if isinstance(value.get(key), list)), value)
    if not isinstance(value, list):
        raise Malformed(f"expected a list of objects with the keys {', '.join(CSV_COLUMNS)}")
    notes: list[Note] = []
    return RawRows([_cells(number, row, notes) for number, row in enumerate(value, start=1)], notes)


def read_json_lines(text: str) -> RawRows:
    """Rows of a file with one JSON object a line; a line that is not JSON is left out with a note.

    Raises:
        Malformed: empty, or a line that is JSON of another form.
    """
    if not text.strip():
        raise Malformed("the file is empty")
    rows: list[Cells] = []
    notes: list[Note] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = _loads(line)
        except Malformed as error:
            notes.append(Note(number, f"{error.what}; row left out"))
            continue
        rows.append(_cells(number, row, notes))
    return RawRows(rows, notes)


def _loads(text: str) -> Any:
    def refuse(constant: str) -> NoReturn:
        raise Malformed(f"{constant} is not valid JSON")

    try:
        return json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise Malformed(f"not valid JSON ({error.msg})", error.lineno) from None
    except Malformed:
        raise
    except (RecursionError, ValueError):
        raise Malformed("JSON nested too deeply, or with a number too long") from None


def _cells(number: int, row: Any, notes: list[Note]) -> Cells:
    if not isinstance(row, dict):
        raise Malformed(f"expected an object with the keys {', '.join(CSV_COLUMNS)}, found {_kind(row)}", number)
    time, speaker, text = (row.get(column) for column in CSV_COLUMNS)
    if isinstance(time, bool) or not isinstance(time, str | int | float | None):
        raise Malformed(f"start_time is {_kind(time)}, not text or a number", number)
    clean = []
    for column, value in (("speaker_label", speaker), ("transcript", text)):
        if not isinstance(value, str | None):
            raise Malformed(f"{column} is {_kind(value)}, not text", number)
        repaired = _LONE_SURROGATE_OR_NUL.sub(_replacement, value or "")
        if repaired != (value or ""):
            notes.append(Note(number, "characters that cannot be written replaced"))
        clean.append(repaired)
    return Cells(number, "" if time is None else time, *clean)


def _replacement(match: re.Match[str]) -> str:
    return "" if match[0] == "\0" else "\N{REPLACEMENT CHARACTER}"


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
