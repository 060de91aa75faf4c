"""Archives from strangers → folders, within limits.

Only regular files are written, with the folders that they need, under names that :class:`Names` lets through, and no more than
:class:`Limits` allows. An archive inside an archive stays packed.
"""

import bz2
import errno
import gzip
import hashlib
import lzma
import os
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, Self

from dataset_script.atomic import replacing
from dataset_script.download.names import Names, UnsafeName, is_litter
from dataset_script.errors import DataError

_TAR_OPENERS: dict[str, Callable[..., Any]] = {
    ".tar": partial(Path.open, mode="rb"),
    ".tar.gz": gzip.open,
    ".tgz": gzip.open,
    ".tar.xz": lzma.open,
    ".tar.bz2": bz2.open,
}
ARCHIVE_SUFFIXES = (".zip", *_TAR_OPENERS)

MAX_TAR_HEADER_BYTES = 2**20
"""A tar header may announce gigabytes of metadata, which ``tarfile`` would hold in memory."""
_CHUNK = 2**20

_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    struct.error,
    ValueError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
)
"""What the standard library raises on archives that are damaged, encrypted or packed in a way it does not know."""


@dataclass(frozen=True)
class Limits:
    """What an archive may hold: members, bytes, and how many times its own size (from ``free_bytes`` on).

    The release is 1,500 text files of about 30 MB, which pack to a fifth; repeated words pack to less.
    """

    members: int = 2_000_000
    total_bytes: int = 64 * 2**30
    ratio: int = 200
    free_bytes: int = 64 * 2**20


@dataclass(frozen=True)
class _Member:
    """One entry: ``fault`` says why it may not be written; ``open`` gives its bytes."""

    name: str
    size: int
    is_folder: bool
    fault: str | None
    open: Callable[[], IO[bytes] | None]


def is_archive(name: str) -> bool:
    """Whether a file of this name is one that :func:`unpack` reads."""
    return name.lower().endswith(ARCHIVE_SUFFIXES)


def unpack_once(archive: Path, folder: Path, seal: Path) -> None:
    """Unpack ``archive`` as ``folder`` unless it is there as it was unpacked; ``seal`` is the file that says how that was.

    Whatever tidies a cache up takes single old files, and a folder with fewer transcripts is still a folder.

    Raises:
        DataError: see :func:`unpack`.
    """
    if folder.exists() and seal.exists() and seal.read_text("utf-8") == _digest_of_folder(folder):
        return
    shutil.rmtree(folder, ignore_errors=True)
    unpack(archive, folder)
    with replacing(seal) as file:
        file.write(_digest_of_folder(folder))


def _digest_of_folder(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(os.fsencode(path.relative_to(folder)) + b"\0")
        if path.is_file():
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def unpack(archive: Path, folder: Path, limits: Limits = Limits()) -> None:
    """Unpack ``archive`` as ``folder``, which must not exist; it appears whole or not at all.

    Raises:
        DataError: a member has an unsafe name, is a link or a device, or is encrypted; the archive is damaged or
            exceeds the limits. The message names archive and member.
    """
    draft = folder.with_name(f".{folder.name}.unpacking")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        _write_members(archive, draft, limits)
        draft.replace(folder)
    except DataError:
        raise
    except _DAMAGE as error:
        raise DataError(f"{archive}: cannot be unpacked, it is damaged or encrypted ({error}).") from None
    except OSError as error:
        if (
            error.errno != errno.EINVAL
        ):  # zipfile seeks to wherever a damaged directory sends it, before the file's start too
            raise
        raise DataError(f"{archive}: cannot be unpacked, its directory is damaged.") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write_members(archive: Path, folder: Path, limits: Limits) -> None:
    names = Names()
    total, most = 0, max(limits.free_bytes, limits.ratio * archive.stat().st_size)
    members = _zip_members(archive) if archive.name.lower().endswith(".zip") else _tar_members(archive)
    for count, member in enumerate(members, start=1):
        total += member.size
        if count > limits.members:
            raise DataError(f"{archive}: more than {limits.members:,} members. Unpack it yourself if you trust it.")
        if total > min(limits.total_bytes, most) or member.size < 0:
            raise DataError(
                f"{archive}: {member.name!r} swells it past {min(limits.total_bytes, most):,} bytes, as a zip bomb does. "
                "Unpack it yourself if you trust it."
            )
        if member.is_folder or is_litter(member.name):
            continue
        try:
            path = folder / names.take(member.name)
        except UnsafeName as error:
            raise DataError(f"{archive}: the name {member.name!r} {error}. Nothing was unpacked.") from None
        if member.fault:
            raise DataError(f"{archive}: {member.name!r} is {member.fault}. Nothing was unpacked.")
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(archive, member, path)


def _write(archive: Path, member: _Member, path: Path) -> None:
    source = member.open()
    if source is None:
        raise DataError(f"{archive}: {member.name!r} has no content. Nothing was unpacked.")
    with source, path.open("wb") as target:
        shutil.copyfileobj(source, target, _CHUNK)
    if path.stat().st_size != member.size:
        raise DataError(f"{archive}: {member.name!r} has another size than it states. Nothing was unpacked.")


def _zip_members(path: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            mode = info.external_attr >> 16
            special = stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR)
            fault = "a link or a device" if special else "encrypted" if info.flag_bits & 1 else None
            is_folder = info.filename.endswith("/")  # Python 3.11's is_dir() fails on an empty name
            yield _Member(info.filename, info.file_size, is_folder, fault, lambda info=info: archive.open(info))  # type: ignore[misc]


def _tar_members(path: Path) -> Iterator[_Member]:
    suffix = next(suffix for suffix in _TAR_OPENERS if path.name.lower().endswith(suffix))
    with _TAR_OPENERS[suffix](path) as stream:
        metered = _Metered(stream, path)
        with tarfile.open(fileobj=metered, mode="r|", tarinfo=_WholeHeader) as archive:  # type: ignore[call-overload]
            for info in archive:
                metered.left = info.size + MAX_TAR_HEADER_BYTES
                plain = (info.isreg() and not info.issparse()) or info.isdir()
                fault = None if plain else "a link, a device or sparse"
                size = 0 if info.isdir() else info.size
                yield _Member(info.name, size, info.isdir(), fault, lambda info=info: archive.extractfile(info))  # type: ignore[misc]
            metered.left = MAX_TAR_HEADER_BYTES
            while rest := archive.fileobj.read(_CHUNK):
                if rest.strip(b"\0"):
                    raise tarfile.ReadError("there is data behind its end")


class _WholeHeader(tarfile.TarInfo):
    """A header that raises where it is damaged or missing: ``tarfile`` takes both for the archive's end, and drops what follows."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        """The next header; :class:`tarfile.EOFHeaderError`, the block of zeros, is the only end."""
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(f"{error} at byte {archive.offset:,}") from None


class _Metered:
    """A stream that hands out ``left`` more bytes, and refuses the archive after that."""

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        self._stream, self._path, self.left = stream, path, MAX_TAR_HEADER_BYTES

    def read(self, size: int) -> bytes:
        try:
            data = self._stream.read(size)
        except OSError as error:
            if error.errno is None:  # gzip and bz2 say so that the data is damaged; a disk would give a number
                raise tarfile.ReadError(str(error)) from None
            raise
        self.left -= len(data)
        if self.left < 0:
            raise DataError(f"{self._path}: a header is longer than {MAX_TAR_HEADER_BYTES:,} bytes.")
        return data
