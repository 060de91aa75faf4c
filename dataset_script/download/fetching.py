"""DOI → folder in the user's cache, verified and pinned.

The folder ``<cache>/<doi>/<version>/`` holds ``files/`` (what :func:`fetch` returns: files under their directory labels,
and each archive as a folder of its name), ``archives/`` (as downloaded) and ``parts/`` (what is under way).
"""

import hashlib
import os
import re
import shutil
import sys
from pathlib import Path

from filelock import FileLock

from dataset_script.download.archives import is_archive, unpack_once
from dataset_script.download.cache import cache_folder
from dataset_script.download.client import Client
from dataset_script.download.dataverse import LATEST, Release, RemoteFile, check_names, find_release, pinned_release
from dataset_script.download.lock import LOCK_NAME, Lock, PinnedDataset, PinnedFile, pin, read_lock
from dataset_script.download.progress import Progress, progress
from dataset_script.download.refusals import DownloadError
from dataset_script.errors import DataError

HARVARD = "https://dataverse.harvard.edu"
BASE_URL_VARIABLE = "DEESCALWILD_DATAVERSE"
TOKEN_VARIABLE = "DATAVERSE_API_TOKEN"

_ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-512": "sha512"}


def fetch(
    doi: str,
    *,
    version: str | None = None,
    base_url: str | None = None,
    cache: Path | None = None,
    lock: Path = Path(LOCK_NAME),
    backoff_s: float = 1.0,
    show_progress: bool = True,
) -> Path:
    """Download a version of a dataset, or find it in the cache; the token comes from ``$DATAVERSE_API_TOKEN``.

    What the lock file pins is verified by sha256; a version that it does not know is added to it. A complete, pinned
    copy in the cache needs no network.

    Args:
        doi: ``doi:10.7910/DVN/CWMCZI``.
        version: ``1.0``, or ``:latest-published``. Unless given, the newest that is pinned, else the latest.
        base_url: the Dataverse; ``$DEESCALWILD_DATAVERSE``, else Harvard's.
        cache: the user's cache unless given.
        lock: the lock file.
        backoff_s: first pause between retries, in seconds.
        show_progress: tell on stderr how it gets on.

    Raises:
        DataError: no such dataset, version or name; a file is not the one that was pinned; an unsafe archive.
        DownloadError: the server cannot be reached, or refuses; the message says how to go on.
    """
    check_names(doi, version)
    address = base_url or os.environ.get(BASE_URL_VARIABLE) or HARVARD
    client = Client(address, os.environ.get(TOKEN_VARIABLE), backoff_s=backoff_s)
    release = _resolve(client, doi, version, read_lock(lock))
    folder = (cache or cache_folder()) / re.sub(r"[^\w.]+", "-", doi) / release.version
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        files = _download_all(client, release, folder, lock, show_progress=show_progress)
        if not release.is_pinned:
            pin(lock, PinnedDataset(doi=doi, version=release.version, files=files))
        for path in filter(is_archive, files):
            archive = folder / "archives" / path
            unpack_once(archive, folder / "files" / path, archive.with_name(f"{archive.name}.seal"))
    if show_progress:
        print(f"{doi} version {release.version}: {len(files)} files, pinned in {lock}", file=sys.stderr)
    return folder / "files"


def _resolve(client: Client, doi: str, version: str | None, lock: Lock) -> Release:
    """The files of the version, from the lock file where it pins them, else from the server."""
    pinned = None if version == LATEST else lock.find(doi, version)
    if pinned is None:
        found = find_release(client, doi, version or LATEST)
        pinned = lock.find(doi, found.version)
        if pinned is None:
            return found
    return pinned_release(pinned)


def _download_all(
    client: Client, release: Release, folder: Path, lock: Path, *, show_progress: bool
) -> dict[str, PinnedFile]:
    """Bring every file of a release into ``folder``, in order; files that are there and right are left alone."""
    (folder / "parts").mkdir(exist_ok=True)
    (folder / "files").mkdir(exist_ok=True)
    label, n_bytes = f"{release.doi} {release.version}", sum(file.size or 0 for file in release.files)
    pinned = {}
    with progress(label, len(release.files), n_bytes, is_shown=show_progress) as shown:
        for file in release.files:
            place = folder / ("archives" if is_archive(file.path) else "files") / file.path
            if place.exists() and _is_right(place, file):
                shown.add_bytes(place.stat().st_size)
            else:
                part = folder / "parts" / str(file.file_id)
                _download(client, release, file, part, lock, shown)
                place.parent.mkdir(parents=True, exist_ok=True)
                part.replace(place)
                if is_archive(file.path):  # what an earlier, spoilt copy was unpacked to
                    shutil.rmtree(folder / "files" / file.path, ignore_errors=True)
            pinned[file.path] = PinnedFile(
                file_id=file.file_id,
                size=place.stat().st_size,
                sha256=_digest(place, "sha256"),
                is_original=file.is_original,
                checksum=file.checksum,
            )
            shown.end_file()
    return pinned


def _download(client: Client, release: Release, file: RemoteFile, part: Path, lock: Path, shown: Progress) -> None:
    """Bring one file to ``part``. One that comes wrong is asked for once more: a resumed body may have been spoilt."""
    for _ in range(2):
        shown.add_bytes(part.stat().st_size if part.exists() else 0)
        client.download(file.resource(client.page(release.doi)), part, file.size, shown.add_bytes)
        if _is_right(part, file):
            return
        shown.add_bytes(-part.stat().st_size)
        found = _digest(part, "sha256")
        part.unlink()
    if file.sha256:
        raise DataError(
            f"{file.path} of {release.doi} {release.version} is no longer the file that {lock} pins "
            f"(sha256 {found[:12]}…, not {file.sha256[:12]}…). Ask its authors what changed before you pin it anew."
        )
    raise DownloadError(
        f"{file.path} came twice with another checksum than {client.host} states. Run the command later."
    )


def _is_right(path: Path, file: RemoteFile) -> bool:
    """Whether a file on disk is the one that the lock file, or else the server, describes."""
    if file.size is not None and path.stat().st_size != file.size:
        return False
    if file.sha256:
        return _digest(path, "sha256") == file.sha256
    if file.checksum is None:
        return True
    algorithm = _ALGORITHMS.get(file.checksum.type.upper())
    if algorithm is None:
        raise DownloadError(f"{file.path} has a checksum of the unknown kind {file.checksum.type!r}.")
    return _digest(path, algorithm) == file.checksum.value.lower()


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()
