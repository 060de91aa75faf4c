"""Requests in a ledger, and an engine that answers them at once: the queue is what is tested, not the evaluation."""

import hashlib
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from submissions import scoring
from submissions.engines import EvaluationFailed, Job
from submissions.ledger import pack_items, write_result
from submissions.request import Request, request_path
from submissions.request_file import request_bytes
from submissions.schema import Result
from tests.results import make_result


def make_request(model: str = "acme/civilian-3b", **changes) -> Request:
    """A valid request."""
    values = {
        "model": model,
        "revision": hashlib.sha256(model.encode()).hexdigest()[:40],
        "precision": "float32",
        "kind": "base",
        "licence": "apache-2.0",
        "contact": "acme",
        "trained_on_corpus": "no",
    }
    return Request(**{**values, **changes})


def add_request(ledger: Path, request: Request, age_s: float = 0) -> str:
    """Put a request into a ledger's folder, so many seconds ago; returns its path there."""
    name = str(request_path(request))
    path = ledger / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(request_bytes(request))
    moment = time.time() - age_s
    os.utime(path, (moment, moment))
    return name


def result_for(request: Request, like: Result) -> Result:
    """``like`` as if it had been measured for ``request``."""
    model = like.model.model_copy(
        update={"id": request.model, "revision": request.revision, "precision": request.precision, "kind": request.kind}
    )
    return like.model_copy(update={"model": model})


@dataclass
class QuickEngine:
    """Answers with ``like`` after up to ``longest_s``; every ``fails_every``-th attempt on average fails.

    ``seen``: a folder with a file for each request that is running; who finds one of a living process notes an overlap there.
    """

    like: Result
    seen: Path
    longest_s: float = 0.02
    fails_every: int = 20
    shares_private_data: bool = False

    @classmethod
    def plain(cls, seen: Path) -> "QuickEngine":
        """One that never fails and does not wait."""
        seen.mkdir(exist_ok=True)
        return cls(make_result("acme/any"), seen, longest_s=0, fails_every=0)

    def evaluate(self, job: Job, stop: Event) -> None:
        marker = self.seen / request_path(job.request).parent.name
        self._enter(marker)
        time.sleep(random.uniform(0, self.longest_s))
        if self.fails_every and random.randrange(self.fails_every) == 0:
            marker.unlink()
            raise EvaluationFailed("The dice said so.", "a log\nof two lines")
        write_result(job.output, result_for(job.request, self.like), pack_items([]))
        marker.unlink()

    def _enter(self, marker: Path) -> None:
        if marker.exists() and (text := marker.read_text()) and _is_alive(int(text)):
            (self.seen / f"overlap-{marker.name}").touch()
        marker.write_text(str(os.getpid()))


def unchecked(job, found, store, stop, held_out) -> dict[str, bytes]:
    """In place of the recomputation: the result as it is."""
    return scoring.as_files(found.path, job.output.resolve())


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
