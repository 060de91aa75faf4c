"""Delimited text → rows: found delimiter and columns, and recovery after a broken quote."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dataset_script.transcripts.model import CSV_COLUMNS, Cells, Malformed, Note, RawRows, column_name
from dataset_script.transcripts.times import parse_time

# Two cells of the release are longer than Python's default limit of 131,072 characters (CORPUS.md § 3).
csv.field_size_limit(2**31 - 1)

_DELIMITERS = (",", ";", "\t", "|")
# A cell with this inside has swallowed rows: a quote was opened and the next one, rows later, closed it.
_SWALLOWED_ROW = re.compile(r"\n\"?[0-9]{1,4}:[0-9]{2}[0-9:.,]*\"?[,;\t|]")


@dataclass(frozen=True)
class _Layout:
    """Where things are in a table: ``places`` of :data:`CSV_COLUMNS`, cells in a row, first line of data (from 0)."""

    delimiter: str
    places: tuple[int, ...]
    width: int
    begin: int

    @property
    def text_is_last(self) -> bool:
        """Whether what follows the last delimiter is spoken text."""
        return self.places[2] == self.width - 1


def read_table(text: str) -> RawRows:
    """Rows of delimited text.

    Columns are found by name, in any order. Rows with too many cells are mended where the text is the last column: its
    commas were not quoted. A row whose quotes are broken is read without quoting where that gives the right number of
    cells; else it is left out. Nothing is left out without a note.

    Raises:
        Malformed: empty, or no header with the three columns and no rows that show what they are.
    """
    lines = [f"{line}\n" for line in text.split("\n")]
    layout, notes = _find_layout(lines)
    rows = []
    for line, cells in _records(lines, layout):
        if isinstance(cells, str):
            notes.append(Note(line, cells))
            continue
        if not any(cell.strip() for cell in cells):
            continue
        mended, what = _fit(cells, layout)
        if what:
            notes.append(Note(line, what))
        if mended is None:
            continue
        row = Cells(line, *(mended[place] for place in layout.places))
        if (row.time, row.speaker, row.text) == CSV_COLUMNS:
            notes.append(Note(line, "the header again; row left out"))
            continue
        rows.append(row)
    return RawRows(rows, notes)


def _find_layout(lines: Sequence[str]) -> tuple[_Layout, list[Note]]:
    begin = next((index for index, line in enumerate(lines) if line.strip()), None)
    if begin is None:
        raise Malformed("the file is empty")
    first = {delimiter: _cells_of_line(lines[begin], delimiter) for delimiter in _DELIMITERS}
    for delimiter, cells in first.items():
        names = [column_name(cell) for cell in cells]
        if set(CSV_COLUMNS) <= set(names):
            return _layout_of_header(delimiter, cells, names, begin)
    for delimiter, cells in first.items():
        if len(cells) >= len(CSV_COLUMNS) and parse_time(cells[0]) is not None:
            note = Note(begin + 1, f"no header; columns taken to be {', '.join(CSV_COLUMNS)}")
            return _Layout(delimiter, (0, 1, 2), 3, begin), [note]
    if not first[","]:
        raise Malformed("the header is not valid CSV: a quote is not closed", begin + 1)
    headers = [{column_name(cell) for cell in cells} for cells in first.values()]
    present = max(headers, key=lambda names: len(names.intersection(CSV_COLUMNS)))
    missing = [column for column in CSV_COLUMNS if column not in present]
    raise Malformed(f"column {', '.join(missing)} is missing. The header must be {','.join(CSV_COLUMNS)}", begin + 1)


def _layout_of_header(delimiter: str, cells: list[str], names: list[str], begin: int) -> tuple[_Layout, list[Note]]:
    twice = [column for column in CSV_COLUMNS if names.count(column) > 1]
    if twice:
        raise Malformed(f"column {twice[0]} occurs twice. Remove one", begin + 1)
    notes = []
    if not set(CSV_COLUMNS) <= set(cells):
        notes.append(Note(begin + 1, f"header written differently, read as {', '.join(CSV_COLUMNS)}"))
    extra = len(names) - len(CSV_COLUMNS)
    if extra:
        notes.append(Note(begin + 1, f"{extra} more column{'s' * (extra > 1)} not read"))
    places = tuple(names.index(column) for column in CSV_COLUMNS)
    return _Layout(delimiter, places, len(names), begin + 1), notes


def _cells_of_line(line: str, delimiter: str) -> list[str]:
    """Cells of one line; none where its quotes are broken."""
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def _records(lines: Sequence[str], layout: _Layout) -> Iterator[tuple[int, list[str] | str]]:
    """Line number and cells of each record, or what happened to it.

    After a broken quote the reader starts anew on the *next line*, so that a quote that never closes costs its own row
    and not the rows that it swallowed.
    """
    begin = layout.begin
    while begin < len(lines):
        reader = csv.reader(map(lines.__getitem__, range(begin, len(lines))), delimiter=layout.delimiter, strict=True)
        start, offset = begin, begin
        try:
            for cells in reader:
                end = offset + reader.line_num
                if end - start > 1 and any(_SWALLOWED_ROW.search(cell) for cell in cells):
                    raise csv.Error("a quote is closed rows later")
                yield start + 1, cells
                start = end
            return
        except csv.Error:
            unquoted = lines[start].rstrip("\n").split(layout.delimiter)
            if len(unquoted) == layout.width and parse_time(unquoted[layout.places[0]]) is not None:
                yield start + 1, "broken quotes; row read without quoting"
                yield start + 1, unquoted
            else:
                yield start + 1, "broken quotes; row left out"
            begin = start + 1


def _fit(cells: list[str], layout: _Layout) -> tuple[list[str] | None, str | None]:
    """A row with as many cells as there are columns, or None where that is uncertain; and what was done."""
    spare = cells[layout.width :]
    if not spare:
        lacking = layout.width - len(cells)
        if lacking and max(layout.places) >= len(cells):
            return None, f"{len(cells)} cells where {layout.width} are expected; row left out"
        return cells + [""] * lacking, None
    if not any(cell.strip() for cell in spare):
        return cells[: layout.width], "empty cells at the end of the row ignored"
    if layout.text_is_last:
        text = layout.delimiter.join(cells[layout.width - 1 :])
        return [*cells[: layout.width - 1], text], f"unquoted {_NAMES[layout.delimiter]} in the text; its parts joined"
    return None, f"{len(cells)} cells where {layout.width} are expected; row left out"


_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
