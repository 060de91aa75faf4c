"""People's corrections of roles: a CSV table → label → role by transcript."""

import csv
from pathlib import Path

from dataset_script.errors import DataError
from dataset_script.roles.taxonomy import ROLES

COLUMNS = ("transcript", "speaker_label", "role")


def read_overrides(path: Path) -> dict[str, dict[str, str]]:
    """Read ``transcript,speaker_label,role[,comment]``; ``transcript`` is the file's name without its suffix.

    Returns:
        transcript → speaker label, as released → role.

    Raises:
        DataError: a column is missing, a cell is empty, a role is unknown, or a label is corrected twice; with file and line.
    """
    table: dict[str, dict[str, str]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                raise DataError(
                    f"{path}:1: column {', '.join(missing)} is missing. The header must be {','.join(COLUMNS)}."
                )
            for row in reader:
                transcript, label, role = (_cell(path, reader.line_num, row, column) for column in COLUMNS)
                if role not in ROLES:
                    raise DataError(
                        f"{path}:{reader.line_num}: role {role!r} is unknown. Use one of {', '.join(sorted(ROLES))}."
                    )
                if label in table.setdefault(transcript, {}):
                    raise DataError(
                        f"{path}:{reader.line_num}: {label!r} of {transcript!r} is corrected twice. Remove one line."
                    )
                table[transcript][label] = role
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start} is not UTF-8. Save the table as UTF-8.") from None
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: not valid CSV ({error}). Quote the cell.") from None
    return table


def _cell(path: Path, line: int, row: dict[str, str | None], column: str) -> str:
    if not (value := (row[column] or "").strip()):
        raise DataError(f"{path}:{line}: {column} is empty. Fill the cell or remove the line.")
    return value
