"""What a pull request changes, as plain data: read from git's object store here, from the Hub in ``hub_ledger.py``.

Nothing of the pull request is ever checked out: its files are blobs, so a link is never followed and no attribute, hook or filter runs.
"""

import stat
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, TypeAdapter, ValidationError

from submissions.request import MAX_REQUEST_BYTES

PLAIN_FILE, EXECUTABLE, LINK, SUBMODULE = "100644", "100755", "120000", "160000"
"""Git's modes."""
KINDS = {"A": "added", "M": "modified", "D": "deleted", "R": "renamed", "C": "copied", "T": "turned into another type"}


class GitError(OSError):
    """Git cannot answer. The message says what to do."""

    exit_code = 2


@dataclass(frozen=True)
class Change:
    """One changed path. ``mode`` is git's after the change, ``blob`` its object.

    ``size`` in bytes and ``content`` are read for the one file that may be the request; no content where it is too large for one.
    """

    kind: str
    path: str
    mode: str = PLAIN_FILE
    blob: str = ""
    size: int = 0
    content: bytes | None = None


@dataclass(frozen=True)
class Proposal:
    """A pull request or files that may become one. ``author``: account that opened it, never what a file says."""

    changes: tuple[Change, ...]
    head: str | None = None
    author: str | None = None
    number: int | None = None
    created_at: datetime | None = None


@dataclass(frozen=True)
class Earlier:
    """Another pull request: who opened it when, and which paths it adds if it is still open."""

    number: int
    author: str
    created_at: datetime
    adds: tuple[str, ...] = ()


def candidate(changes: Sequence[Change], root: str) -> Change | None:
    """The one added file that may be the request: below ``requests/`` if there are any, None where there are several."""
    added = [change for change in changes if change.kind == "added" and change.mode in (PLAIN_FILE, EXECUTABLE)]
    below = [change for change in added if change.path.startswith(f"{root}requests/")] or added
    return below[0] if len(below) == 1 else None


class _Account(BaseModel):
    login: str


class _File(BaseModel):
    path: str


class _Listed(BaseModel):
    """An entry of ``gh pr list --state all --json number,author,createdAt,state,files``."""

    number: int
    author: _Account
    createdAt: datetime
    state: str
    files: list[_File]


def read_history(content: bytes) -> list[Earlier]:
    """Pull requests as ``gh pr list --state all --json number,author,createdAt,state,files`` writes them.

    Raises:
        GitError: it is something else.
    """
    try:
        listed = TypeAdapter(list[_Listed]).validate_json(content)
    except ValidationError as error:
        raise GitError(f"the history is not what gh writes: {str(error).splitlines()[0]}.") from None
    return [
        Earlier(
            each.number,
            each.author.login,
            each.createdAt,
            tuple(file.path for file in each.files) if each.state == "OPEN" else (),
        )
        for each in listed
    ]


# -- git ----------------------------------------------------------------------------------------------------------------------


def _git(repo: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(repo), *arguments], capture_output=True, check=False, timeout=120)
    except FileNotFoundError:
        raise GitError("git is not installed. Install it, or name files instead of --base.") from None
    except subprocess.TimeoutExpired:
        raise GitError(f"git {arguments[0]} took longer than two minutes.") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise GitError(f"git {arguments[0]}: {said[-1]}")
    return done.stdout


def commit_of(repo: Path, revision: str) -> str:
    """The commit that a revision names.

    Raises:
        GitError: there is none.
    """
    try:
        return (
            _git(repo, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
            .decode()
            .strip()
        )
    except GitError:
        raise GitError(f"{revision!r} is no commit of {repo}. Fetch it first: `git fetch origin {revision}`.") from None


def is_in_git(path: Path) -> bool:
    """Whether a path, which need not exist, lies in a checkout."""
    folder = next(parent for parent in path.absolute().parents if parent.is_dir())
    try:
        _git(folder, "rev-parse", "--show-toplevel")
    except GitError:
        return False
    return True


def changes_in_git(repo: Path, base: str, head: str, root: str) -> tuple[Change, ...]:
    """What ``head`` changes since it left ``base`` (``git diff base...head``), in path order. Both are commits.

    However much that is, the content of one file at most is read.

    Raises:
        GitError: no common ancestor, or git fails.
    """
    fields = _git(
        repo,
        "diff",
        "--raw",
        "-z",
        "--no-abbrev",
        "--no-ext-diff",
        "--no-textconv",
        "--ignore-submodules=none",
        "--find-renames=100%",
        f"{base}...{head}",
    ).split(b"\0")
    changes = tuple(_changes(iter(fields)))
    request = candidate(changes, root)
    return tuple(_with_content(repo, change) if change is request else change for change in changes)


def _changes(fields: Iterator[bytes]) -> Iterator[Change]:
    """``:mode mode oid oid kind`` NUL ``path`` NUL, for a rename two paths."""
    for field in fields:
        if not field:
            return
        _, mode, _, oid, letter = field.decode().split(" ")
        path = next(fields)
        if letter[0] in "RC":
            path = next(fields)
        yield Change(KINDS.get(letter[0], "changed"), path.decode(errors="replace"), mode, oid)


def _with_content(repo: Path, change: Change) -> Change:
    size = int(_git(repo, "cat-file", "-s", change.blob))
    content = _git(repo, "cat-file", "blob", change.blob) if size <= MAX_REQUEST_BYTES else None
    return replace(change, size=size, content=content)


def paths_in_git(repo: Path, commit: str, folder: str) -> list[str]:
    """Paths of all files below a folder in a commit."""
    found = _git(repo, "ls-tree", "-r", "-z", "--name-only", commit, "--", folder)
    return [path.decode(errors="replace") for path in found.split(b"\0") if path]


# -- files on disk ------------------------------------------------------------------------------------------------------------


def added_file(path: Path, place: str) -> Change:
    """A file on disk as if a pull request added it at ``place``."""
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        return Change("added", place, LINK)
    if not stat.S_ISREG(found.st_mode):
        return Change("added", place, SUBMODULE if stat.S_ISDIR(found.st_mode) else "000000")
    mode = EXECUTABLE if found.st_mode & stat.S_IXUSR else PLAIN_FILE
    content = path.read_bytes() if found.st_size <= MAX_REQUEST_BYTES else None
    return Change("added", place, mode, size=found.st_size, content=content)


def place_of(path: Path) -> str:
    """Where a file on disk lies below its ledger: from the last folder ``requests`` on, or its bare name."""
    parts = PurePosixPath(path.absolute().as_posix()).parts
    if "requests" not in parts[:-1]:
        return path.name
    start = len(parts) - 1 - parts[::-1].index("requests", 1)
    return "/".join(parts[start:])
