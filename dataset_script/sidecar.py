"""``scenarios.jsonl``: what is known of each transcript beside its words."""

import unicodedata
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dataset_script.errors import DataError
from dataset_script.transcripts.encoding import decode
from dataset_script.transcripts.model import Malformed

SIDECAR = "scenarios.jsonl"


class SidecarRow(BaseModel):
    """One line of ``scenarios.jsonl``. ``title`` and ``duration_s`` are the recording's."""

    model_config = ConfigDict(extra="forbid")

    transcript: str = Field(description="file name without its suffix")
    scenario_id: str | None = Field(None, pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")
    source: str = "unknown"
    category: str = "uncategorised"
    context: str = ""
    civilian_profile: str = ""
    outcome: str = ""
    event: str | None = Field(None, description="name of the real event, the same for all its parts and cuts")
    title: str = ""
    duration_s: float | None = Field(None, gt=0)
    provenance: str = ""


def read_sidecar(folder: Path) -> dict[str, SidecarRow]:
    """Rows of a folder's ``scenarios.jsonl`` by transcript name; empty where there is no such file.

    Raises:
        DataError: a line that is no such row, or describes a transcript for the second time; or no text.
    """
    path = folder / SIDECAR
    if not path.is_file():
        return {}
    try:
        text, _ = decode(path.read_bytes())
    except Malformed as error:
        raise DataError(f"{path}{'' if error.line is None else f':{error.line}'}: {error.what}.") from None
    rows: dict[str, SidecarRow] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = SidecarRow.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])) or "line"
            raise DataError(f"{path}:{number}: {field}: {first['msg']}.") from None
        name = unicodedata.normalize("NFC", row.transcript)
        if name in rows:
            raise DataError(f"{path}:{number}: transcript {row.transcript!r} is described twice. Remove one line.")
        rows[name] = row
    return rows


_SOURCES = ("youtube", "tiktok", "facebook", "instagram")


def source_of(path: Path, root: Path) -> str:
    """The platform that a transcript's folder tells, else its file name, else ``unknown``. A title may name another one."""
    place = path.relative_to(root)
    parts = (place.parent.as_posix().lower(), place.name.lower())
    return next((name for part in parts for name in _SOURCES if name in part), "unknown")
