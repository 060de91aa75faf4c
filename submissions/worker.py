"""The worker: takes the next request, runs it in an engine, has it scored, writes what came of it, and goes on.

In: a :class:`~submissions.stores.Store` and an :class:`~submissions.engines.Engine`. Out: entries and results of the ledger.
It may be killed between any two instructions: what it holds is freed when its lease runs out, what it wrote is whole.
"""

import os
import shutil
import socket
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex

from submissions import queue, scoring
from submissions.engines import Engine, EvaluationFailed, Job, Limits, Stopped
from submissions.ledger import LedgerError
from submissions.queue import Policy, Refused
from submissions.request import Request, request_path
from submissions.request_file import parse_request
from submissions.states import QueueEntry
from submissions.stores import RequestFile, Snapshot, Store

Report = Callable[[str], None]
Check = Callable[[Job, scoring.Measured, Store, threading.Event, Path | None], dict[str, bytes]]
RENEWALS = 3
"""Signs of life in the time of one lease."""
FRESH_S = 2.0
"""How long a look at the queue is good for; many quick attempts share one. Claims are checked against what is stored."""


def now() -> datetime:
    """The time, to the microsecond, in UTC."""
    return datetime.now(UTC)


def worker_name() -> str:
    """A name that no other process has or had: attempts are fenced by it."""
    host = "".join(char if char.isascii() and char.isalnum() else "-" for char in socket.gethostname().lower())
    return f"{host.strip('-')[:40] or 'host'}-{os.getpid()}-{token_hex(4)}"


@dataclass(frozen=True)
class Setup:
    """What all attempts of a worker share.

    Attributes:
        data: the built dataset.
        held_out: the private split, built; only the scores over it leave the attempt's folder.
        weights: model → folder of its files, for models that are not on the Hub; a request's revision is then the files' digest.
        work: folder for the attempts' own folders; on a cluster on the shared file system.
        check: recomputes a result and returns the files to write.
    """

    data: Path
    work: Path | None = None
    held_out: Path | None = None
    encoder: str | None = None
    weights: Mapping[str, Path] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    policy: Policy = field(default_factory=Policy)
    check: Check = scoring.verify


class Worker:
    """One process that works the queue, one request at a time."""

    def __init__(self, store: Store, engine: Engine, setup: Setup, report: Report = lambda line: None) -> None:
        self._store, self._engine, self._setup, self._report = store, engine, setup, report
        self.name = worker_name()
        self._waiting: deque[RequestFile] = deque()
        self._looked = time.monotonic()

    def run(self, *, once: bool, until: datetime | None = None, poll_s: float = 30.0) -> int:
        """Work until told to stop; returns the number of attempts made.

        Args:
            once: stop when nothing can be taken now, instead of waiting.
            until: take nothing new after this moment.
        """
        count = 0
        while until is None or now() < until:
            if self.step() is not None:
                count += 1
            elif once:
                break
            else:
                time.sleep(poll_s)
        return count

    def step(self) -> QueueEntry | None:
        """Take the next request and carry it to the end of one attempt; None where there is nothing to take."""
        while True:
            if is_new := not self._waiting or time.monotonic() - self._looked > FRESH_S:
                self._look()
            while self._waiting:
                file = self._waiting.popleft()
                if claimed := self._claim(file):
                    return self._carry(claimed, file)
            if is_new:
                return None

    def _look(self) -> None:
        """Read the queue, and line up what may be taken."""
        snapshot = self._store.snapshot()
        self._looked = time.monotonic()
        self._close_what_cannot_run(snapshot)
        found = queue.candidates(snapshot.standing(), now(), self._setup.policy)
        files = ((entry, snapshot.requests.get(entry.request)) for entry in found)
        self._waiting = deque(file for entry, file in files if file and file.sha256 == entry.request_sha256)

    def _claim(self, file: RequestFile) -> QueueEntry | None:
        def claim(entry: QueueEntry) -> QueueEntry:
            if entry.request_sha256 != file.sha256:
                raise Refused(f"{file.path} was changed.")
            return queue.claim(entry, self.name, now(), self._setup.policy)

        try:
            claimed = self._store.update(file.untouched, claim)
        except Refused:
            return None  # another worker was faster
        return claimed if claimed.state == "running" else None

    def _close_what_cannot_run(self, snapshot: Snapshot) -> None:
        """A file that is gone was withdrawn by its author; one that was changed is another request, and not this one."""
        for entry in snapshot.entries.values():
            file = snapshot.requests.get(entry.request)
            if entry.state != "pending" or (file and file.sha256 == entry.request_sha256):
                continue
            with suppress(Refused):
                self._store.update(entry, _withdraw_removed if file is None else _reject_changed)

    def _carry(self, entry: QueueEntry, file: RequestFile) -> QueueEntry | None:
        number, policy = entry.attempts[-1].number, self._setup.policy
        self._report(f"{file.path}: attempt {number}")
        try:
            with self._alive(entry, number) as stop, self._folder() as folder:
                name, files = self._measure(file, folder, stop)
                done = self._store.update(entry, lambda e: queue.finish(e, self.name, number, now(), name), files)
            self._report(f"{file.path}: finished, {name}")
            return done
        except EvaluationFailed as error:
            reason, tail, is_final = error.reason, error.log_tail, error.is_final
        except (Refused, Stopped):
            self._report(f"{file.path}: attempt {number} was taken away (withdrawn, or its lease ran out)")
            return entry
        except BaseException as error:
            self._let_go(entry, number, f"The worker stopped ({type(error).__name__}).")
            raise
        with suppress(Refused):
            entry = self._store.update(
                entry,
                lambda e: queue.fail(e, self.name, number, now(), policy, reason, tail, is_final=is_final),
            )
        self._report(f"{file.path}: {'failed' if entry.state == 'failed' else 'failed, to be tried again'}: {reason}")
        return entry

    def _measure(self, file: RequestFile, folder: Path, stop: threading.Event) -> tuple[str, dict[str, bytes]]:
        """Path of the result below ``results/``, and the files to write; none where an earlier attempt wrote them."""
        request = _parse(file)
        if known := scoring.known_result(self._store, request):
            return known, {}
        setup = self._setup
        job = self._job(request, folder / "public", setup.data)
        self._engine.evaluate(job, stop)
        found = scoring.measured(job)
        private = self._measure_held_out(request, folder, stop)
        files = setup.check(job, found, self._store, stop, private)
        return str(found.path.relative_to(job.output.resolve())), files

    def _job(self, request: Request, folder: Path, data: Path) -> Job:
        setup = self._setup
        return Job(request, folder, data, setup.limits, setup.encoder, setup.weights.get(request.model))

    def _measure_held_out(self, request: Request, folder: Path, stop: threading.Event) -> Path | None:
        """The result on the private split, in a folder that is removed with the attempt. Its log is never quoted."""
        setup = self._setup
        if setup.held_out is None or not self._engine.shares_private_data:
            return None
        job = self._job(request, folder / "held-out", setup.held_out)
        try:
            self._engine.evaluate(job, stop)
            return scoring.verify_held_out(job, stop)
        except EvaluationFailed:
            # Neither the reason nor the log: both may quote the split.
            reason = f"The evaluation of the private split failed. Maintainers see why with `deescalwild evaluate` on {scoring.HELD_OUT}."
            raise EvaluationFailed(reason) from None

    def _let_go(self, entry: QueueEntry, number: int, reason: str) -> None:
        """Give the request back at once; where even that fails (a full disk), its lease runs out."""
        with suppress(OSError, LedgerError):
            self._store.update(entry, lambda e: queue.release(e, self.name, number, now(), self._setup.policy, reason))

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        folder = Path(tempfile.mkdtemp(prefix="deescalwild-attempt-", dir=self._setup.work))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def _alive(self, entry: QueueEntry, number: int) -> Iterator[threading.Event]:
        """Renew the lease in the background; the event is set once the attempt is no longer ours."""
        stop, ended = threading.Event(), threading.Event()
        lease = self._setup.policy.lease

        def renew() -> None:
            good_until = time.monotonic() + lease.total_seconds()
            while not ended.wait(lease.total_seconds() / RENEWALS):
                try:
                    self._store.update(entry, lambda e: queue.renew(e, self.name, number, now(), self._setup.policy))
                    good_until = time.monotonic() + lease.total_seconds()
                except Refused:
                    return stop.set()
                except OSError:
                    if time.monotonic() > good_until:
                        return stop.set()

        thread = threading.Thread(target=renew, daemon=True)
        thread.start()
        try:
            yield stop
        finally:
            ended.set()
            thread.join()


def _withdraw_removed(entry: QueueEntry) -> QueueEntry:
    return queue.withdraw(entry, now(), "The request file was removed.")


def _reject_changed(entry: QueueEntry) -> QueueEntry:
    reason = "The request file was changed after it was queued. Ask for a retry to run it as it is now."
    return queue.reject(entry, now(), reason)


def _parse(file: RequestFile) -> Request:
    try:
        request = parse_request(file.content)
    except LedgerError as error:
        raise EvaluationFailed(f"The request file is not valid: {error}", is_final=True) from None
    if str(request_path(request)) != file.path:
        raise EvaluationFailed(f"The request's content belongs at {request_path(request)}.", is_final=True)
    return request


def deadline(hours: float | None) -> datetime | None:
    """The moment so many hours from now."""
    return None if hours is None else now() + timedelta(hours=hours)


def available_memory_gib() -> float:
    """Nine tenths of this machine's memory: an evaluation that needs more would take the worker with it."""
    import psutil

    return 0.9 * psutil.virtual_memory().total / 2**30


def local_weights(given: Sequence[str]) -> dict[str, Path]:
    """``ORG/MODEL=FOLDER`` words as a mapping.

    Raises:
        LedgerError: a word has another form, or its folder is not there.
    """
    found = {}
    for word in given:
        model, _, folder = word.partition("=")
        if not folder or not Path(folder).is_dir():
            raise LedgerError(f"--weights {word}: give ORG/MODEL=FOLDER, with a folder that is there.")
        found[model] = Path(folder)
    return found


def find_dataset(given: Path | None) -> Path:
    """The built dataset: as given, ``$DEESCALWILD_DATA``, or ``deescalwild`` in the working directory.

    Raises:
        FileNotFoundError: it is not there; found before any request is taken.
    """
    folder = Path(given or os.environ.get("DEESCALWILD_DATA") or "deescalwild").resolve()
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{folder} is not there. Build the dataset with `deescalwild data build`, or name it with --data."
        )
    return folder
