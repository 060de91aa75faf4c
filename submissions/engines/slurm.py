"""The evaluation as a Slurm job: weights are fetched here, the job runs offline and without tokens on a node.

``sbatch`` itself reads the partition, account, GPUs and the like from its own variables (``SBATCH_PARTITION``, ``SBATCH_ACCOUNT``,
``SBATCH_GPUS`` …). The work folder, the dataset and the Hub cache must lie on the shared file system.
"""

import math
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Event

from submissions.engines import EngineMissing, EvaluationFailed, Job, Limits, Stopped
from submissions.engines.command import offline_step
from submissions.engines.process import run
from submissions.logs import error_line, log_tail

QUEUE_TIME_S = 7 * 24 * 3600.0
"""How long a job may wait for its node; its time limit counts from its start, and is Slurm's to keep."""


def script(command: Sequence[str], env: Mapping[str, str]) -> str:
    """A batch script that runs a command with exactly this environment."""
    variables = " ".join(shlex.quote(f"{name}={value}") for name, value in sorted(env.items()))
    return f"#!/bin/bash\nset -u\nexec env --ignore-environment {variables} {shlex.join(command)}\n"


def submission(path: Path, log: Path, limits: Limits, name: str) -> list[str]:
    """The ``sbatch`` command, which ends with the job and with its exit code."""
    memory = [f"--mem={math.ceil(limits.memory_gib * 1024)}M"] if limits.memory_gib else []
    return [
        *("sbatch", "--wait", "--parsable", "--export=NONE", "--no-requeue", f"--job-name={name}"),
        *(f"--time={max(1, math.ceil(limits.time_s / 60))}", f"--output={log}", *memory, str(path)),
    ]


class SlurmEngine:
    """One job an attempt."""

    shares_private_data = True

    def __init__(self) -> None:
        if shutil.which("sbatch") is None:
            raise EngineMissing(
                "--on slurm needs the command sbatch. Run the worker on a node of the cluster that has it."
            )

    def evaluate(self, job: Job, stop: Event) -> None:
        """See :class:`~submissions.engines.Engine`."""
        batch, answer = job.folder / "job.sh", job.folder / "sbatch.txt"
        batch.write_text(script(*offline_step(job)))
        name = f"deescalwild-{job.request.revision[:12]}"
        try:
            run(submission(batch, job.log, job.limits, name), os.environ, answer, Limits(QUEUE_TIME_S), stop)
        except Stopped:
            self._cancel(answer)
            raise
        except EvaluationFailed as error:
            self._cancel(answer)
            tail = log_tail(job.log)
            reason = error_line(tail) or f"The Slurm job failed: {error.reason}"
            raise EvaluationFailed(reason, tail or error.log_tail, is_final=error.is_final and bool(tail)) from None

    def _cancel(self, answer: Path) -> None:
        """End a job that nobody waits for any more; ``sbatch --parsable`` printed its number first."""
        number = (answer.read_text().split(";")[0].split() or [""])[0]
        if number.isdecimal():
            subprocess.run(["scancel", number], check=False, capture_output=True)
