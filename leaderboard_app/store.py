"""Snapshots on disk and in memory: made once for each state of the ledger, found again by its digest.

``<folder>/<digest12>-<code8>/snapshot.json`` and ``ranks-<board>.npy``; JSON and plain arrays only, nothing that can run. A folder is
written whole or not at all. Old ones stay, newest ``KEEP``, so that a permalink to an older ledger still opens.
"""

import os
import shutil
import subprocess
import tempfile
import threading
from concurrent.futures import Future, ThreadPoolExecutor, TimeoutError
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

from leaderboard_app.findings import read_findings
from leaderboard_app.snapshot import Snapshot, make_snapshot, placed
from submissions.decisions import FILE as DECISIONS
from submissions.ledger import MAX_RESULT_BYTES, read_ledger, result_files, verification_path

KEEP = 8
COMMIT_FILE = "ledger-commit.txt"
"""Beside the results folder in a published Space, which is no checkout."""
SHIPPED = "snapshots"
"""Beside it too: the snapshots that were made when the Space was published."""


def cache_folder() -> Path:
    """Where snapshots are kept: ``DEESCALWILD_CACHE``, or the user's cache folder."""
    own = os.environ.get("DEESCALWILD_CACHE")
    base = Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "deescalwild"
    return base / "board"


def ledger_files(results: Path) -> list[Path]:
    """Every file that a snapshot depends on: results, their verifications, the log of decisions."""
    found = result_files(results)
    beside = (verification_path(path) for path in found)
    return [*found, *(own for own in (*beside, results.parent / DECISIONS) if own.is_file())]


def fingerprint(results: Path) -> tuple:
    """Changes when a file of the ledger does; costs one directory scan, reads nothing."""
    marks = []
    for model in sorted(_scan(results), key=lambda entry: entry.name):
        if model.is_dir(follow_symlinks=False):
            for file in sorted(_scan(Path(model.path)), key=lambda entry: entry.name):
                if file.name.endswith(".json"):
                    stat = file.stat(follow_symlinks=False)
                    marks.append((model.name, file.name, stat.st_mtime_ns, stat.st_size))
    log = results.parent / DECISIONS
    if log.is_file():
        marks.append(("", log.name, log.stat().st_mtime_ns, log.stat().st_size))
    return tuple(marks)


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def ledger_digest(results: Path) -> str:
    """SHA-256 over names and contents of the ledger's files: the same wherever the ledger lies."""
    whole = sha256()
    for path in ledger_files(results):
        name = path.relative_to(results).as_posix() if path.is_relative_to(results) else path.name
        whole.update(name.encode("utf-8", "surrogateescape") + b"\0")
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= MAX_RESULT_BYTES:
            whole.update(sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def ledger_commit(results: Path) -> str | None:
    """Commit of the checkout in which the ledger lies, if it does, or the one noted when the Space was published."""
    noted = results.parent / COMMIT_FILE
    if noted.is_file():
        return noted.read_text("utf-8").strip()[:40] or None
    try:
        answer = subprocess.run(
            ["git", "-C", str(results), "log", "-1", "--format=%H", "--", ".", f"../{DECISIONS}"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None


@cache
def code_digest() -> str:
    """Of the code that makes a snapshot: one made by other code is not taken for one of ours."""
    from leaderboard_app import findings, snapshot
    from submissions import decisions, ranking, schema, statistics, verification

    modules = (snapshot, findings, ranking, statistics, schema, verification, decisions)
    return sha256(b"".join(Path(str(module.__file__)).read_bytes() for module in modules)).hexdigest()[:8]


def _name(digest: str) -> str:
    return f"{digest[:12]}-{code_digest()}"


@cache
def _adapter() -> TypeAdapter[Snapshot]:
    return TypeAdapter(Snapshot)


def save(snapshot: Snapshot, folder: Path) -> None:
    """Write a snapshot below ``folder`` under its digest, unless it is there."""
    target = folder / _name(snapshot.digest)
    folder.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".writing-", dir=folder))
    try:
        for board in snapshot.boards:
            np.save(temporary / f"ranks-{board.key}.npy", board.drawn_ranks, allow_pickle=False)
        (temporary / "snapshot.json").write_bytes(_adapter().dump_json(snapshot))
        temporary.chmod(0o755)
        if target.exists():  # a damaged one, or another process was faster
            shutil.rmtree(target, ignore_errors=True)
        temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    for old in sorted(_kept(folder), key=lambda path: path.stat().st_mtime)[:-KEEP]:
        shutil.rmtree(old, ignore_errors=True)


def _kept(folder: Path) -> list[Path]:
    return [path.parent for path in folder.glob("[0-9a-f]*/snapshot.json")]


def load(digest: str, folder: Path, results: Path) -> Snapshot | None:
    """The snapshot of a digest (or its first 12 digits), ``None`` where it is not kept or not readable."""
    own = folder / _name(digest)
    try:
        found = _adapter().validate_json((own / "snapshot.json").read_bytes())
    except (OSError, ValidationError):
        return None
    whole = all((own / f"ranks-{board.key}.npy").is_file() for board in found.boards)
    return placed(found, results, lambda board: own / f"ranks-{board.key}.npy") if whole else None


def find(digest: str, results: Path, folder: Path) -> Snapshot | None:
    """The snapshot of a digest, shipped with the ledger or kept in ``folder``."""
    return load(digest, results.parent / SHIPPED, results) or load(digest, folder, results)


def build(results: Path, folder: Path) -> Snapshot:
    """The snapshot of the ledger as it is now: found on disk, or made and kept there where that is possible."""
    digest = ledger_digest(results)
    if kept := find(digest, results, folder):
        return kept
    ledger = read_ledger(results)
    made = replace(
        make_snapshot(ledger, read_findings(results)),
        digest=digest,
        commit=ledger_commit(results),
    )
    try:
        save(made, folder)
    except OSError:
        return placed(made, results, lambda board: Path())
    return load(digest, folder, results) or made


class SnapshotCache:
    """The snapshot of a results folder, made again in the background when a file in it changes.

    ``patience_s``: how long a reader waits for a new one before it is shown the old one.
    """

    def __init__(self, results: Path, folder: Path | None = None, patience_s: float = 2.0) -> None:
        self.results = results
        self.folder = folder or cache_folder()
        self.patience_s = patience_s
        self._lock = threading.Lock()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="snapshot")
        self._mark: tuple | None = None
        self._snapshot: Snapshot | None = None
        self._building: Future[Snapshot] | None = None
        self._pinned: dict[str, Snapshot | None] = {}

    def get(self) -> Snapshot:
        """The current snapshot."""
        mark = fingerprint(self.results)
        with self._lock:
            if mark != self._mark:
                self._mark = mark
                self._building = self._worker.submit(build, self.results, self.folder)
            building = self._building
        if building is not None:
            try:
                # Nothing to show yet: wait as long as it takes.
                found = building.result(self.patience_s if self._snapshot else None)
            except TimeoutError:
                assert self._snapshot is not None
                return self._snapshot
            except OSError:  # a file went away while it was read: the next reader tries again
                with self._lock:
                    self._mark = None
                if self._snapshot is None:
                    raise
                return self._snapshot
            with self._lock:
                if self._building is building:
                    self._snapshot, self._building = found, None
                return self._snapshot or found
        assert self._snapshot is not None
        return self._snapshot

    def pinned(self, digest: str) -> Snapshot | None:
        """The kept snapshot of an older ledger; ``None`` where it is not kept here."""
        if digest not in self._pinned:
            if len(self._pinned) >= KEEP:
                self._pinned.clear()
            self._pinned[digest] = find(digest, self.results, self.folder)
        return self._pinned[digest]
