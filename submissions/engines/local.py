"""The evaluation as a subprocess of the worker, on this machine."""

from threading import Event

from submissions.engines import Job
from submissions.engines.command import offline_step
from submissions.engines.process import run


class LocalEngine:
    """Weights are fetched first; the evaluation then runs offline, without tokens, and dies with the worker."""

    shares_private_data = True

    def evaluate(self, job: Job, stop: Event) -> None:
        """See :class:`~submissions.engines.Engine`."""
        command, env = offline_step(job)
        run(command, env, job.log, job.limits, stop)
