"""What a version of a Dataverse dataset holds: the part of the native API that a download needs.

Source: https://guides.dataverse.org/en/latest/api/native-api.html (JSON of a version) and
https://guides.dataverse.org/en/latest/api/dataaccess.html (``format=original``).
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from pydantic import BaseModel, ValidationError

from dataset_script.download.client import Client
from dataset_script.download.lock import Checksum, PinnedDataset
from dataset_script.download.names import Names, UnsafeName
from dataset_script.download.refusals import DownloadError, Resource
from dataset_script.errors import DataError

LATEST = ":latest-published"

_DOI = re.compile(r"doi:10\.\d{4,9}/[-._;()/:A-Za-z0-9]+")
_VERSION = re.compile(r"\d+\.\d+|:latest-published")


@dataclass(frozen=True)
class RemoteFile:
    """One file of a dataset.

    ``size`` is in bytes, None where an old installation does not state that of an upload. ``checksum`` is None for
    uploads that became tables: what Dataverse states there is that of its own table (IQSS/dataverse#9501).
    ``sha256`` is known of pinned files.
    """

    path: str
    file_id: int
    size: int | None
    is_original: bool = False
    checksum: Checksum | None = None
    sha256: str | None = None

    def resource(self, page: str) -> Resource:
        """Where its bytes are, in the form in which they were uploaded."""
        params = {"format": "original"} if self.is_original else {}
        return Resource(f"/api/access/datafile/{self.file_id}", params, self.path, page)


@dataclass(frozen=True)
class Release:
    """A stated version of a dataset, such as ``1.0``; ``is_pinned`` where it was read off the lock file."""

    doi: str
    version: str
    files: tuple[RemoteFile, ...]
    is_pinned: bool = False


class _DataFile(BaseModel):
    id: int
    filesize: int
    checksum: Checksum | None = None
    tabularData: bool = False
    originalFileName: str | None = None
    originalFileSize: int | None = None


class _File(BaseModel):
    label: str
    directoryLabel: str | None = None
    dataFile: _DataFile


class _Version(BaseModel):
    versionNumber: int
    versionMinorNumber: int
    files: list[_File]


def check_names(doi: str, version: str | None) -> None:
    """Refuse what is no DOI and no version that stays as it is.

    Raises:
        DataError: one of them is not.
    """
    if not _DOI.fullmatch(doi):
        raise DataError(f"{doi!r} is not a DOI. Write it as doi:10.7910/DVN/CWMCZI.")
    if version is not None and not _VERSION.fullmatch(version):
        raise DataError(f"{version!r} is not a published version. Write 1.0, or {LATEST}.")


def find_release(client: Client, doi: str, version: str) -> Release:
    """Ask for the files of a version; ``version`` is ``1.0`` or :data:`LATEST`.

    Raises:
        DataError: no such dataset or version, or a file with a name that must not be written.
        DownloadError: the server refuses, or does not speak the API.
    """
    path = f"/api/datasets/:persistentId/versions/{version}"
    what = f"the list of files of {doi}"
    data = client.get_json(Resource(path, {"persistentId": doi}, what, client.page(doi)))
    if data is None:
        raise DataError(f"{client.host} has no published version {version} of {doi}. See {client.page(doi)}.")
    try:
        listed = _Version.model_validate(data)
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise DownloadError(f"{client.host} describes {doi} in a way that is not known ({place}).") from None
    files = tuple(sorted((_remote_file(file) for file in listed.files), key=lambda file: file.path))
    _refuse_unsafe(doi, files)
    return Release(doi, f"{listed.versionNumber}.{listed.versionMinorNumber}", files)


def pinned_release(pinned: PinnedDataset) -> Release:
    """The files of a version as the lock file tells them; no question to the server.

    Raises:
        DataError: a path in the lock file must not be written.
    """
    files = tuple(
        RemoteFile(path, file.file_id, file.size, file.is_original, file.checksum, file.sha256)
        for path, file in sorted(pinned.files.items())
    )
    _refuse_unsafe(pinned.doi, files)
    return Release(pinned.doi, pinned.version, files, is_pinned=True)


def _remote_file(file: _File) -> RemoteFile:
    folder, data = file.directoryLabel or "", file.dataFile
    if not data.tabularData:
        return RemoteFile(str(PurePosixPath(folder, file.label)), data.id, data.filesize, checksum=data.checksum)
    # The label is unique in its folder and may have been changed since; the upload's name lends its ending.
    suffix = PurePosixPath(data.originalFileName or "upload.csv").suffix
    path = PurePosixPath(folder, PurePosixPath(file.label).stem + suffix)
    return RemoteFile(str(path), data.id, data.originalFileSize, is_original=True)


def _refuse_unsafe(doi: str, files: tuple[RemoteFile, ...]) -> None:
    names = Names()
    for file in files:
        try:
            names.take(file.path)
        except UnsafeName as error:
            raise DataError(f"{doi}: the file name {file.path!r} {error}. Nothing was downloaded.") from None
