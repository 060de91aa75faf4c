"""``sources.lock.json``: what was downloaded, pinned, so that the same DOI gives the same bytes or an error.

Written on the first fetch of a version and kept under version control; never changed by a later fetch.
"""

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dataset_script.atomic import replacing
from dataset_script.errors import DataError

LOCK_NAME = "sources.lock.json"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Checksum(_Strict):
    """A checksum as Dataverse states it: ``type`` is MD5, SHA-1, SHA-256 or SHA-512."""

    type: str
    value: str


class PinnedFile(_Strict):
    """One file as it came. ``is_original``: the upload, from which Dataverse made a table of its own."""

    file_id: int
    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    is_original: bool = False
    checksum: Checksum | None = None


class PinnedDataset(_Strict):
    """One version of a dataset, its files by path."""

    doi: str
    version: str = Field(pattern=r"^\d+\.\d+$")
    files: dict[str, PinnedFile]


class Lock(_Strict):
    """All pinned versions."""

    format: Literal[1] = 1
    datasets: tuple[PinnedDataset, ...] = ()

    def find(self, doi: str, version: str | None) -> PinnedDataset | None:
        """The pinned version; the newest one where ``version`` is None."""
        found = [each for each in self.datasets if each.doi == doi and version in (None, each.version)]
        return max(found, key=_order, default=None)


def _order(dataset: PinnedDataset) -> tuple[str, int, int]:
    major, minor = dataset.version.split(".")
    return dataset.doi, int(major), int(minor)


def read_lock(path: Path) -> Lock:
    """Read a lock file; one that does not exist pins nothing.

    Raises:
        DataError: the file is not a lock file.
    """
    if not path.exists():
        return Lock()
    try:
        return Lock.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "file"
        raise DataError(f"{path}: not a lock file ({place}: {first['msg']}). Restore it, or move it away.") from None


def pin(path: Path, dataset: PinnedDataset) -> None:
    """Add a version to the lock file."""
    lock = read_lock(path)
    others = [each for each in lock.datasets if (each.doi, each.version) != (dataset.doi, dataset.version)]
    datasets = tuple(sorted([*others, dataset], key=_order))
    content = lock.model_copy(update={"datasets": datasets}).model_dump(mode="json", exclude_none=True)
    for each in content["datasets"]:
        each["files"] = dict(sorted(each["files"].items()))
    with replacing(path) as file:
        file.write(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
