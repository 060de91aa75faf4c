"""Where stages run: this process, local workers, Ray or Slurm, all by datatrove's executors.

A stage's output does not depend on the engine, nor on the number of workers. Every task leaves a completion mark in the workspace, so
a build that was killed skips what is done.
"""

import logging
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dataset_script.errors import DataError

ENGINES = ("local", "ray", "slurm")


@dataclass(frozen=True)
class Stage:
    """Steps that run one after another in each of ``tasks`` tasks."""

    name: str
    steps: list[Any]
    tasks: int = 1


@dataclass(frozen=True)
class Engine:
    """``workers`` is the number of tasks at a time; ``settings`` are the executor's own (Slurm: partition, time …)."""

    name: str = "local"
    workers: int = 1
    settings: dict[str, Any] = field(default_factory=dict)


class EngineUnavailable(OSError):
    """Ray or Slurm is not here."""

    exit_code = 2


@contextmanager
def _progress(stage: Stage, logs: Path, show: bool) -> Iterator[None]:
    """A bar that counts the completion marks of a stage's tasks."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if not show or not console.is_terminal:
        if show and stage.tasks > 1:
            console.print(f"{stage.name} …")
        yield
        return
    stop = threading.Event()
    with Progress(console=console, transient=True) as progress:
        bar = progress.add_task(stage.name, total=stage.tasks)

        def poll() -> None:
            while not stop.wait(0.3):
                progress.update(bar, completed=sum(1 for _ in (logs / "completions").glob("*")))

        thread = threading.Thread(target=poll, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def run_stages(stages: Sequence[Stage], engine: Engine, logs: Path, *, show_progress: bool = True) -> bool:
    """Run stages in order.

    Args:
        logs: folder for datatrove's logs, statistics and completion marks; a shared one for Ray and Slurm.

    Returns:
        whether the stages have run; False where Slurm has queued them.

    Raises:
        DataError: no such engine.
        EngineUnavailable: Ray is not installed, or there is no ``sbatch``.
        StageFailed: a worker was killed, or tasks failed on Ray's workers.
    """
    from dataset_script.pipeline.workers import WorkerLost

    if engine.name not in ENGINES:
        raise DataError(f"no engine {engine.name!r}. Choose one of {', '.join(ENGINES)}.")
    if engine.name == "slurm":
        _queue_on_slurm(stages, engine, logs)
        return False
    if engine.name == "ray":
        _start_ray(engine)
    for stage in stages:
        executor = _executor(stage, engine, logs / stage.name)
        try:
            with _progress(stage, logs / stage.name, show_progress):
                executor.run()
        except WorkerLost:
            raise StageFailed(
                f"a worker of stage {stage.name!r} was killed, most likely because memory ran out. "
                "Run the command again with fewer --workers; tasks that had ended are not repeated."
            ) from None
        if executor.get_incomplete_ranks():  # Ray gives a task up after three failures and says so in a log only
            raise StageFailed(
                f"stage {stage.name!r} did not end; its logs are in {logs / stage.name}. Run the command again."
            )
    return True


def _executor(stage: Stage, engine: Engine, logs: Path) -> Any:
    """The stage's executor. What is one task runs here: its errors are the user's, and Ray would try it again."""
    from datatrove.executor import RayPipelineExecutor

    from dataset_script.pipeline.workers import LocalWorkers

    workers = min(engine.workers, stage.tasks)
    if engine.name == "ray" and stage.tasks > 1:
        return RayPipelineExecutor(
            stage.steps,
            tasks=stage.tasks,
            workers=workers,
            logging_dir=str(logs),
            mem_per_cpu_gb=0.5,
            **engine.settings,
        )
    return LocalWorkers(stage.steps, tasks=stage.tasks, workers=workers, logging_dir=str(logs))


class StageFailed(OSError):
    """A stage's tasks failed on the engine's workers."""

    exit_code = 2


def _start_ray(engine: Engine) -> None:
    """Join the cluster that ``RAY_ADDRESS`` names, or start one on this machine."""
    try:
        import ray
    except ImportError:
        raise EngineUnavailable("Ray is not installed. Run `pip install ray` or choose --engine local.") from None
    if ray.is_initialized():
        return
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    address = os.environ.get("RAY_ADDRESS")
    try:
        if address:
            ray.init(address, **quiet)  # a cluster has its own number of cores
        else:
            ray.init("local", num_cpus=engine.workers, include_dashboard=False, **quiet)
    except ConnectionError:
        raise EngineUnavailable(
            f"no Ray cluster answers at RAY_ADDRESS={address}. Start it, or unset RAY_ADDRESS to use this machine alone."
        ) from None


def _queue_on_slurm(stages: Sequence[Stage], engine: Engine, logs: Path) -> None:
    """Submit all stages as job arrays, each waiting for the one before."""
    from datatrove.executor.slurm import SlurmPipelineExecutor

    if shutil.which("sbatch") is None:
        raise EngineUnavailable("there is no `sbatch` here. Run this on a Slurm login node or choose --engine local.")
    last = None
    for stage in stages:
        last = SlurmPipelineExecutor(
            stage.steps,
            tasks=stage.tasks,
            workers=engine.workers,
            job_name=f"deescalwild-{stage.name}",
            logging_dir=str(logs / stage.name),
            depends=last,
            **{"time": "02:00:00", "partition": "cpu", **engine.settings},
        )
    assert last is not None
    last.run()
