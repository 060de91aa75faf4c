"""Tasks of a stage on several processes of this machine, any of which may be killed.

datatrove's own pool waits for ever for a worker that the kernel has killed for its memory, and its manager process outlives a build that was killed.
"""

import multiprocessing
import signal
import traceback
from copy import deepcopy
from multiprocessing.connection import Connection, wait
from typing import Any

from datatrove.executor import LocalPipelineExecutor

from dataset_script.errors import DataError


class WorkerLost(Exception):
    """A process ended without a word."""


class LocalWorkers(LocalPipelineExecutor):
    """datatrove's local executor with processes of our own, each of which takes the next task until none is left."""

    pipeline: list[Any]

    def run(self) -> None:
        """Run the tasks that have not ended yet.

        Raises:
            WorkerLost: a process was killed; the tasks that had ended stay so.
            Exception: what a task raised.
        """
        ranks = self.get_incomplete_ranks()
        self.save_executor_as_json()
        if self.workers == 1:
            self._run_here(ranks)
        elif ranks:
            self._run_on_workers(ranks)

    def _run_here(self, ranks: list[int]) -> None:
        pipeline = self.pipeline
        for rank in ranks:
            self.pipeline = deepcopy(pipeline)
            self._run_for_rank(rank)

    def _run_on_workers(self, ranks: list[int]) -> None:
        context = multiprocessing.get_context(self.start_method)
        following = context.Value("i", 0)
        told, tell = context.Pipe(duplex=False)
        processes = [
            context.Process(target=_work, args=(self, ranks, following, tell), daemon=True)
            for _ in range(min(self.workers, len(ranks)))
        ]
        try:
            for process in processes:
                process.start()
            running = list(processes)
            while running:
                wait([told, *(process.sentinel for process in running)])
                if told.poll():
                    raise told.recv()
                if any(process.exitcode for process in running):
                    if told.poll():  # it spoke just before it ended
                        raise told.recv()
                    raise WorkerLost
                running = [process for process in running if process.exitcode is None]
        finally:
            for process in processes:
                if process.pid is not None:
                    process.terminate()
                    process.join()


def _work(executor: LocalWorkers, ranks: list[int], following: Any, tell: Connection) -> None:
    """What one process does. It ends early where the build itself is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the build, which ends its processes
    parent = multiprocessing.parent_process()
    pipeline = executor.pipeline
    while parent is None or parent.is_alive():
        with following.get_lock():
            number = following.value
            following.value += 1
        if number >= len(ranks):
            return
        executor.pipeline = deepcopy(pipeline)
        try:
            executor._run_for_rank(ranks[number])
        except Exception as error:
            tell.send(error if isinstance(error, DataError) else RuntimeError(traceback.format_exc()))
            raise SystemExit(1) from None
