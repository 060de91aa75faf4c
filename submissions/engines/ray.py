"""The evaluation as a Ray task: on the cluster of ``RAY_ADDRESS``, or on this machine where there is none.

The work folder, the dataset and the Hub cache must lie on a file system that all nodes share. ``DEESCALWILD_RAY_GPUS``: GPUs
that one evaluation takes.
"""

import os
from threading import Event
from typing import Any

from submissions.engines import EngineMissing, EvaluationFailed, Job, Stopped
from submissions.engines.command import offline_step
from submissions.engines.process import run

POLL_S = 1.0
GPUS = "DEESCALWILD_RAY_GPUS"


class RayEngine:
    """One task an attempt; the queue, not Ray, tries again."""

    shares_private_data = True

    def __init__(self) -> None:
        try:
            import ray
        except ImportError:
            raise EngineMissing("--on ray needs Ray. Install it with `pip install ray`.") from None
        if not ray.is_initialized():
            address = os.environ.get("RAY_ADDRESS")
            try:
                ray.init(address=address or None, log_to_driver=False, include_dashboard=False, configure_logging=False)
            except ConnectionError:
                raise EngineMissing(
                    f"No Ray cluster answers at RAY_ADDRESS={address}. Start it, or unset it."
                ) from None
        self._gpus = float(os.environ.get(GPUS) or 0)

    def evaluate(self, job: Job, stop: Event) -> None:
        """See :class:`~submissions.engines.Engine`."""
        import ray

        command, env = offline_step(job)
        task = ray.remote(num_cpus=1, num_gpus=self._gpus, max_retries=0)(_run_on_node).remote(command, env, job)
        try:
            while not ray.wait([task], timeout=POLL_S)[0]:
                if stop.is_set():
                    raise Stopped
            failure = ray.get(task)
        except ray.exceptions.RayError as error:
            raise EvaluationFailed(f"The cluster lost the evaluation ({type(error).__name__}).") from None
        except BaseException:
            ray.cancel(task, force=True)
            raise
        if failure:
            raise EvaluationFailed(failure["reason"], failure["log_tail"], is_final=failure["is_final"])


def _run_on_node(command: list[str], env: dict[str, str], job: Job) -> dict[str, Any] | None:
    """What went wrong on the node, as plain data; None where nothing did. Ray chose the node's GPUs for this process."""
    gpus = os.environ.get("CUDA_VISIBLE_DEVICES")
    try:
        run(command, env | ({"CUDA_VISIBLE_DEVICES": gpus} if gpus else {}), job.log, job.limits, Event())
    except EvaluationFailed as error:
        return {"reason": error.reason, "log_tail": error.log_tail, "is_final": error.is_final}
    return None
