"""A ledger in a folder, shared by the processes of one machine or of a cluster's file system.

A write compares and swaps: under a lock of the request it reads the entry, applies the transition, and renames the
new file over the old one. The lock is the kernel's (``flock``), so it ends with its process, whatever ended it; a reader
needs no lock. Machines that share the folder need a file system that carries ``flock`` (NFS 4, Lustre, GPFS do).
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from submissions.ledger import LedgerError, Problem, printable, write_new, write_whole
from submissions.queue import Refused
from submissions.request import MAX_REQUEST_BYTES
from submissions.states import MAX_ENTRY_BYTES, QueueEntry, parse_entry, queue_path
from submissions.stores import Change, RequestFile, Snapshot

LOCK_TIMEOUT_S = 30


class QueueBusy(OSError):
    """Another process has held the lock of a request for long: it is stopped, or its disk hangs."""


class Stamp(NamedTuple):
    """What changes when a file is replaced."""

    inode: int
    size: int
    mtime_ns: int


class LocalStore:
    """The folder with ``requests/``, ``queue/`` and ``results/``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._read: dict[str, tuple[Stamp, RequestFile | QueueEntry | Problem]] = {}

    def snapshot(self) -> Snapshot:
        """See :class:`~submissions.stores.Store`. A request's age is its file's, until its first attempt writes it down."""
        seen: dict[str, tuple[Stamp, RequestFile | QueueEntry | Problem]] = {}
        for path, status in (*self._listed("requests", ".yaml"), *self._listed("queue", ".json")):
            stamp = Stamp(status.st_ino, status.st_size, status.st_mtime_ns)
            known = self._read.get(path)
            with suppress(FileNotFoundError):  # removed by its author in this very moment
                seen[path] = known if known and known[0] == stamp else (stamp, self._parse(Path(path)))
        self._read = seen
        found = [value for _, value in seen.values()]
        return Snapshot(
            {each.path: each for each in found if isinstance(each, RequestFile)},
            {each.request: each for each in found if isinstance(each, QueueEntry)},
            tuple(each for each in found if isinstance(each, Problem)),
        )

    def update(self, entry: QueueEntry, change: Change, files: Mapping[str, bytes] | None = None) -> QueueEntry:
        """See :class:`~submissions.stores.Store`."""
        path = self._folder / queue_path(entry.request)
        with self._locked(entry.request):
            stored = parse_entry(path.read_bytes()) if path.exists() else None
            changed = change(stored or entry)
            if changed == stored:
                return changed
            self._write_files(files or {})
            write_whole(path, f"{changed.model_dump_json(indent=1)}\n".encode())
        return changed

    def results(self, pattern: str) -> Mapping[str, bytes]:
        """See :class:`~submissions.stores.Store`."""
        root = self._folder / "results"
        paths = [path for path in sorted(root.glob(pattern)) if path.is_file() and not path.is_symlink()]
        return {str(path.relative_to(self._folder)): path.read_bytes() for path in paths if path.name[0] != "."}

    def _listed(self, folder: str, suffix: str) -> Iterator[tuple[str, os.stat_result]]:
        """Files ``folder/*/*suffix``, with what ``lstat`` says. Plain ``scandir``: this is read before every attempt."""
        root = self._folder / folder
        for inner in os.scandir(root) if root.is_dir() else ():
            if inner.name.startswith(".") or not inner.is_dir(follow_symlinks=False):
                continue
            for file in os.scandir(inner):
                if file.name.endswith(suffix) and not file.name.startswith("."):
                    with suppress(FileNotFoundError):
                        yield file.path, file.stat(follow_symlinks=False)

    def _parse(self, path: Path) -> RequestFile | QueueEntry | Problem:
        name = str(path.relative_to(self._folder))
        is_request = path.suffix == ".yaml"
        limit = MAX_REQUEST_BYTES if is_request else MAX_ENTRY_BYTES
        if path.is_symlink() or not path.is_file():
            return Problem(printable(name), "not a plain file")
        if path.stat().st_size > limit:
            return Problem(printable(name), f"larger than {limit // 2**10} KiB")
        content = path.read_bytes()
        if is_request:
            begun = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            return RequestFile(name, content, hashlib.sha256(content).hexdigest(), begun)
        try:
            found = parse_entry(content)
        except LedgerError as error:
            return Problem(printable(name), str(error))
        return found if queue_path(found.request) == name else Problem(printable(name), "belongs to another request")

    def _write_files(self, files: Mapping[str, bytes]) -> None:
        paths = [self._folder / name for name in files]
        if paths and paths[-1].exists():
            raise Refused(f"{paths[-1].name} exists. Results are never overwritten.")
        for path, content in zip(paths, files.values(), strict=True):
            path.unlink(missing_ok=True)  # left by a worker that died before it wrote the result
            write_new(path, content)

    @contextmanager
    def _locked(self, request: str) -> Iterator[None]:
        from filelock import FileLock, Timeout

        lock = (self._folder / "queue" / ".locks" / request.removeprefix("requests/").replace("/", "__")).with_suffix(
            ".lock"
        )
        lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(lock, timeout=LOCK_TIMEOUT_S, poll_interval=0.01):
                yield
        except Timeout:
            raise QueueBusy(
                f"{request}: another process has held its lock for {LOCK_TIMEOUT_S} s. Look for a stopped worker."
            ) from None
