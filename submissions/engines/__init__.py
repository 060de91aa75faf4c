"""Where a model runs: on this machine, on a Slurm or Ray cluster, or on Hugging Face Jobs.

In: a :class:`Job`. Out: a result file and its predictions below ``job.output``, made without any token. What comes back is not
believed: the worker recomputes it in a process of its own (``scoring.py``). Open ``command.py`` first, then ``local.py``.
"""

from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Protocol

from submissions.request import Request


class EvaluationFailed(Exception):
    """An attempt gave no result. ``reason``: one sentence for the author. ``is_final``: another attempt cannot help."""

    def __init__(self, reason: str, log_tail: str = "", *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.log_tail, self.is_final = reason, log_tail, is_final


class Stopped(Exception):
    """The worker asked the engine to stop: the attempt is no longer its own."""


class EngineMissing(OSError):
    """What an engine needs is not on this machine."""


@dataclass(frozen=True)
class Limits:
    """What one attempt may use. ``memory_gib``: of the evaluation with all its processes, without GPU memory."""

    time_s: float = 12 * 3600
    memory_gib: float | None = None


@dataclass(frozen=True)
class Job:
    """One attempt at one request.

    Attributes:
        folder: of this attempt alone; the worker removes it. On a cluster it lies on the shared file system.
        data: the built dataset.
        encoder: BERTScore encoder as MODEL:LAYER, where it is not the protocol's.
        weights: folder of the model's files, where they do not come from the Hub.
    """

    request: Request
    folder: Path
    data: Path
    limits: Limits
    encoder: str | None = None
    weights: Path | None = None

    @property
    def output(self) -> Path:
        """The results folder that the evaluation writes into."""
        return self.folder / "results"

    @property
    def log(self) -> Path:
        """What the evaluation printed."""
        return self.folder / "log.txt"


class Engine(Protocol):
    """A way to run the inference step."""

    @property
    def shares_private_data(self) -> bool:
        """Whether the private split may be given to it: only where nothing leaves the maintainers' own machines."""

    def evaluate(self, job: Job, stop: Event) -> None:
        """Leave a result and its predictions below ``job.output``.

        Raises:
            EvaluationFailed: with the reason.
            Stopped: ``stop`` was set meanwhile.
        """


def open_engine(name: str) -> Engine:
    """An engine by its name on the command line: local, slurm, ray or hf-jobs.

    Raises:
        EngineMissing: this machine cannot run it; found before any request is taken.
        LedgerError: its settings are missing.
    """
    if name == "slurm":
        from submissions.engines.slurm import SlurmEngine

        return SlurmEngine()
    if name == "ray":
        from submissions.engines.ray import RayEngine

        return RayEngine()
    if name == "hf-jobs":
        from submissions.engines.hf_jobs import HfJobsEngine

        return HfJobsEngine.from_environment()
    from submissions.engines.local import LocalEngine

    return LocalEngine()
