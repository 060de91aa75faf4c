"""Path that a user gave → folder."""

import hashlib
from pathlib import Path

from filelock import FileLock

from dataset_script.download.archives import ARCHIVE_SUFFIXES, is_archive, unpack_once
from dataset_script.download.cache import cache_folder
from dataset_script.errors import DataError


def open_source(source: str | Path, *, cache: Path | None = None) -> Path:
    """A folder as it is; an archive unpacked once into the cache, under its sha256.

    Args:
        cache: folder for unpacked archives; the user's cache unless given.

    Raises:
        DataError: neither a folder nor an archive, or an archive that is unsafe or damaged.
    """
    path = Path(source).expanduser()
    if path.is_dir():
        return path
    if not path.exists():
        raise DataError(f"{path} does not exist. Give a folder or an archive of transcripts, 'sample', or doi:….")
    if not (path.is_file() and is_archive(path.name)):
        raise DataError(f"{path} is neither a folder nor an archive ({', '.join(ARCHIVE_SUFFIXES)}).")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    folder = (cache or cache_folder()) / "archives" / digest
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        unpack_once(path, folder, folder.with_suffix(".seal"))
    return folder
