"""A published split list (``--splits FILE``) → scenario id → split.

CSV or JSON lines with ``split`` and either ``scenario_id`` or ``transcript`` (a file's name without its suffix); other columns are let be.
"""

import csv
import difflib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from dataset_script.errors import DataError
from dataset_script.pipeline.prepare import scenario_id
from dataset_script.pipeline.steps import SourceFile
from dataset_script.sidecar import SidecarRow
from dataset_script.splits import SPLITS
from dataset_script.transcripts import transcript_name

_IDS = ("scenario_id", "transcript")
_COLUMNS = "Its columns must be scenario_id (or transcript) and split"


def read_split_list(path: Path, files: Iterable[SourceFile]) -> dict[str, str]:
    """Scenario id → split, as the list says; ids that no file of the source has are among them.

    Args:
        path: the list.
        files: of the source, for lists by transcript.

    Raises:
        DataError: a line that cannot be read, an unknown split, a scenario in two splits, or a list of another corpus; with file and line.
    """
    ids = {transcript_name(file.path): scenario_id(transcript_name(file.path), file.row) for file in files}
    splits: dict[str, str] = {}
    lines: dict[str, int] = {}
    for line, row in _rows(path):
        where = f"{path}:{line}"
        split = str(row.get("split") or "").strip()
        if split not in SPLITS:
            near = difflib.get_close_matches(split.lower(), SPLITS, 1, 0.5)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise DataError(f"{where}: unknown split {split!r}.{hint} Splits are {', '.join(SPLITS)}.")
        name = _id(row, ids)
        if not name:
            raise DataError(f"{where}: names no scenario. {_COLUMNS}.")
        if splits.setdefault(name, split) != split:
            said = f"line {lines[name]} puts this scenario into {splits[name]}, this line into {split}"
            raise DataError(f"{where}: {said}. Remove one of them.")
        lines.setdefault(name, line)
    if not splits:
        raise DataError(f"{path}: is empty. {_COLUMNS}.")
    if splits.keys().isdisjoint(ids.values()):
        raise DataError(
            f"{path}: none of its {len(splits)} scenarios is among the {len(ids)} transcripts of the source. "
            "Is it the list of another corpus, or was it written with another DEESCALWILD_ID_KEY?"
        )
    return splits


def _id(row: dict, ids: dict[str, str]) -> str:
    """The id that a row means. A transcript that the source lacks gets one that does not tell its name."""
    name, transcript = (str(row.get(column) or "").strip() for column in _IDS)
    if name or not transcript:
        return name
    return ids.get(transcript) or scenario_id(transcript, SidecarRow(transcript=transcript))


def _rows(path: Path) -> Iterator[tuple[int, dict]]:
    """(line, row) of a CSV table or of JSON lines."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if path.suffix.lower() == ".csv":
                reader = csv.DictReader(file, strict=True)
                header = [name.strip() for name in reader.fieldnames or ()]
                if "split" not in header or not set(header) & set(_IDS):
                    raise DataError(f"{path}:1: {_COLUMNS}.")
                reader.fieldnames = header
                for row in reader:
                    yield reader.line_num, row
                return
            for number, line in enumerate(file, start=1):
                if line.strip():
                    row = json.loads(line)
                    if not isinstance(row, dict):
                        raise DataError(f"{path}:{number}: is no JSON object. Write one a line.")
                    yield number, row
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start} is not UTF-8. Save the list as UTF-8.") from None
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: not valid CSV ({error}). Quote the cell.") from None
    except json.JSONDecodeError as error:
        raise DataError(f"{path}:{number}: not valid JSON ({error.msg}). A table must end in .csv.") from None
