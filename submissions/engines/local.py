"""The evaluation as a subprocess of the worker, on this machine."""

import os
from threading import Event

from submissions.engines import Job
from submissions.engines.command import PROGRAM, evaluation_command, without_secrets
from submissions.engines.process import run
from submissions.engines.weights import fetch_weights


class LocalEngine:
    """Weights are fetched first; the evaluation then runs offline, without tokens, and dies with the worker."""

    shares_private_data = True

    def evaluate(self, job: Job, stop: Event) -> None:
        """See :class:`~submissions.engines.Engine`."""
        command = evaluation_command(job.request, job.data, job.output, job.encoder)
        cache = fetch_weights(job.request)
        home = job.folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        run([*PROGRAM, *command], without_secrets(os.environ, home=home, cache=cache), job.log, job.limits, stop)
