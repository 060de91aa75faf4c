"""``scenarios.jsonl``: what is known of each transcript beside its words."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dataset_script.errors import DataError

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


def read_sidecar(source: Path) -> dict[str, SidecarRow]:
    """Rows of ``scenarios.jsonl`` by transcript name; empty where there is no such file.

    Raises:
        DataError: a line that is no such row, or describes a transcript for the second time.
    """
    path = source / SIDECAR
    if not path.exists():
        return {}
    rows: dict[str, SidecarRow] = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = SidecarRow.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])) or "line"
            raise DataError(f"{path}:{number}: {field}: {first['msg']}.") from None
        if row.transcript in rows:
            raise DataError(f"{path}:{number}: transcript {row.transcript!r} is described twice. Remove one line.")
        rows[row.transcript] = row
    return rows


_SOURCES = ("youtube", "tiktok", "facebook", "instagram")


def source_of(path: Path, root: Path) -> str:
    """The platform that a transcript's folder or file name tells, or ``unknown``."""
    place = path.relative_to(root).as_posix().lower()
    return next((name for name in _SOURCES if name in place), "unknown")
