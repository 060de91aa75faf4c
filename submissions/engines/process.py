"""A command in a process of its own: time limit, memory limit, one log, and no survivor when the worker dies."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event

from submissions.engines import EvaluationFailed, Limits, Stopped
from submissions.logs import error_line, log_tail

POLL_S = 0.2
GRACE_S = 10.0
GUARD = (sys.executable, "-m", "submissions.engines.guard")
WRONG_INPUT = 1


def run(command: Sequence[str], env: Mapping[str, str], log: Path, limits: Limits, stop: Event) -> None:
    """Run a command to its end.

    Raises:
        EvaluationFailed: it failed or went over a limit; final where it says that its input is wrong (exit code 1).
        Stopped: ``stop`` was set; the command was ended.
        OSError: it could not be started, or its log not be written.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*GUARD, *command],
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        reason = _watch(process, limits, stop)
    finally:
        _end(process)
    if reason:
        raise EvaluationFailed(reason, log_tail(log))
    if process.returncode:
        tail = log_tail(log)
        raise EvaluationFailed(_explain(process.returncode, tail), tail, is_final=process.returncode == WRONG_INPUT)


def _watch(process: subprocess.Popen, limits: Limits, stop: Event) -> str | None:
    """Wait for the end; the reason to end it early, if there is one."""
    begun = time.monotonic()
    while process.poll() is None:
        if stop.wait(POLL_S):
            raise Stopped
        if time.monotonic() - begun > limits.time_s:
            return f"The evaluation took longer than {limits.time_s / 3600:.3g} hours, which is the limit."
        if limits.memory_gib is not None and _memory_gib(process.pid) > limits.memory_gib:
            return f"The evaluation needed more than {limits.memory_gib:g} GiB of memory, which is the limit."
    return None


def _memory_gib(pid: int) -> float:
    """Resident memory of a process and its descendants."""
    import psutil

    total = 0
    with suppress(psutil.Error):  # ended while we looked
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            total += process.memory_info().rss
    return total / 2**30


def _end(process: subprocess.Popen) -> None:
    """End what is left of a process and of what it started: politely first, then for certain."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _explain(code: int, tail: str) -> str:
    """One sentence for the author."""
    if said := error_line(tail):
        return said
    if code == -signal.SIGKILL:
        return "The evaluation was killed by the system, most likely for want of memory."
    if code < 0:
        return f"The evaluation was ended by signal {-code} ({signal.strsignal(-code)})."
    return f"The evaluation ended with exit code {code} and gave no reason; the log's end may tell."
