"""`deescalwild` commands as processes of their own that a test may kill, forked from one that has imported the libraries."""

import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

PRELOADED = ["deescalwild_cli.main", "eval_harness.run", "eval_harness.generation", "bert_score", "lm_eval.tasks"]
TIMEOUT_S = 300


def _command(arguments: list[str], log: Path, file_limit: int | None) -> None:
    """Runs in the child: the command line as a user types it, its output in a file."""
    from deescalwild_cli.main import run

    signal.signal(signal.SIGINT, signal.default_int_handler)
    output = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    if file_limit is not None:
        # What a full disk is to a program: a write that the kernel cuts short and then refuses.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))
    sys.argv = ["deescalwild", *arguments]
    run()


def start(arguments: list[str], log: Path, file_limit: int | None = None) -> multiprocessing.process.BaseProcess:
    """Start a command. ``file_limit``: bytes that any of its files may hold."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    process = context.Process(target=_command, args=(arguments, log, file_limit))
    process.start()
    return process


def finish(process: multiprocessing.process.BaseProcess) -> int:
    """Wait for a command; its exit code, negative for a signal."""
    process.join(TIMEOUT_S)
    assert process.exitcode is not None, "the command hangs"
    return process.exitcode


def wait_until(condition: Callable[[], bool], process: multiprocessing.process.BaseProcess) -> None:
    """Return when the condition holds, or the command has ended."""
    deadline = time.monotonic() + TIMEOUT_S
    while process.is_alive() and not condition():
        assert time.monotonic() < deadline, "the command hangs"
        time.sleep(0.002)
