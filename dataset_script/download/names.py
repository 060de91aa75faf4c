"""Names that strangers gave to files → paths that stay inside a folder."""

import re
import unicodedata
from pathlib import PurePosixPath

MAX_NAME_BYTES = 255
"""Longest file name of the usual file systems."""
MAX_PATH_BYTES = 1024
MAX_DEPTH = 32

_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


LITTER_FILES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
LITTER_FOLDERS = frozenset({"__MACOSX", ".git", ".ipynb_checkpoints"})


def is_litter(name: str) -> bool:
    """Whether a relative path is what systems and tools leave in folders and archives: nobody offered it as a transcript."""
    *folders, last = name.split("/")
    return last.startswith("._") or last in LITTER_FILES or not LITTER_FOLDERS.isdisjoint(folders)


class UnsafeName(ValueError):
    """A name that must not be written. The message says why, without the name."""


class Names:
    """The paths of files below one folder, each taken once.

    Two names that differ only by case or Unicode form are one file on some file systems, so the second is refused
    everywhere: the same input must give the same folder on every machine.
    """

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def take(self, name: str) -> PurePosixPath:
        """The relative path for ``name``; back slashes part folders, as some Windows programs write them.

        Raises:
            UnsafeName: absolute, with ``..``, with control characters, too long, or taken.
        """
        path = _checked(name.replace("\\", "/"))
        keys = [unicodedata.normalize("NFC", str(each)).casefold() for each in (path, *path.parents[:-1])]
        if keys[0] in self._folders or not self._files.isdisjoint(keys):
            raise UnsafeName("is there twice, or differs from another name only by case")
        self._files.add(keys[0])
        self._folders.update(keys[1:])
        return path


def _checked(name: str) -> PurePosixPath:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or _DRIVE.match(name):
        raise UnsafeName("is an absolute path")
    if ".." in parts:
        raise UnsafeName("points outside of its folder")
    if not parts or _CONTROL.search(name):
        raise UnsafeName("is no usable file name")
    sizes = [len(part.encode()) for part in parts]
    if max(sizes) > MAX_NAME_BYTES or sum(sizes) + len(sizes) > MAX_PATH_BYTES or len(parts) > MAX_DEPTH:
        raise UnsafeName("is too long")
    return PurePosixPath(*parts)
