"""JSON and JSON lines → rows."""

import json
import re
from collections.abc import Iterable
from typing import Any, NoReturn

from dataset_script.transcripts.model import CSV_COLUMNS, Cells, Malformed, Note, RawRows, column_name

_COLUMNS = frozenset(CSV_COLUMNS)
_SPOKEN = frozenset(CSV_COLUMNS[1:])
_WRAPPERS = ("turns", "transcript", "segments")
_LONE_SURROGATE_OR_NUL = re.compile(r"[\ud800-\udfff\x00]")


def read_json(text: str) -> RawRows:
    """Rows of a JSON file: a list of objects, or an object with that list under ``turns``, ``transcript`` or ``segments``.

    ``start_time`` is text like ``MM:SS`` or a number of seconds. JSON lines under the other's name are read too.

    Raises:
        Malformed: not JSON, another form, or a value that is not text; the place is the object's number, from 1.
    """
    if not text.strip():
        raise Malformed("the file is empty")
    try:
        value = _loads(text)
    except Malformed:
        if not _is_object(text.lstrip().partition("\n")[0]):
            raise
        return read_json_lines(text)
    if isinstance(value, dict):
        value = next((value[key] for key in _WRAPPERS if isinstance(value.get(key), list)), value)
    if not isinstance(value, list):
        raise Malformed(f"expected a list of objects with the keys {', '.join(CSV_COLUMNS)}")
    return _rows(enumerate(value, start=1), [])


def read_json_lines(text: str) -> RawRows:
    """Rows of a file with one JSON object a line; a line that is not JSON is left out with a note. A list is read as JSON.

    Raises:
        Malformed: empty, or a line that is JSON of another form.
    """
    if not text.strip():
        raise Malformed("the file is empty")
    if text.lstrip().startswith("["):
        return read_json(text)
    rows: list[tuple[int, Any]] = []
    notes: list[Note] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            rows.append((number, _loads(line)))
        except Malformed as error:
            notes.append(Note(number, f"{error.what}; row left out"))
    return _rows(rows, notes)


def _rows(objects: Iterable[tuple[int, Any]], notes: list[Note]) -> RawRows:
    has_keys = False
    rows = []
    for number, row in objects:
        named = row if not isinstance(row, dict) or row.keys() >= _COLUMNS else _renamed(row)
        rows.append(_cells(number, named, notes))
        has_keys = has_keys or named.keys() >= _SPOKEN
    if rows and not has_keys:
        raise Malformed(f"no object has the keys {', '.join(CSV_COLUMNS)}")
    return RawRows(rows, notes)


def _renamed(row: dict[str, Any]) -> dict[str, Any]:
    """An object with its keys as the header of a table is read; a key that is right as it stands wins."""
    return {column_name(key): value for key, value in row.items()} | row


def _is_object(text: str) -> bool:
    try:
        return isinstance(_loads(text), dict)
    except Malformed:
        return False


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
