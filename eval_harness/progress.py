"""Progress of long work: a bar with the time left on a terminal, a plain line now and then elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PLAIN_INTERVAL_S = 15.0

Progress = Callable[[int, int], None]
"""Called with (finished, total)."""


@contextmanager
def progress_bar(label: str) -> Iterator[Progress]:
    """A reporter to call with (finished, total)."""
    if sys.stderr.isatty():
        with _rich_bar(label) as report:
            yield report
    else:
        yield _plain_lines(label)


@contextmanager
def _rich_bar(label: str) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _plain_lines(label: str) -> Progress:
    last = float("-inf")
    first: tuple[float, int] | None = None

    def report(done: int, total: int) -> None:
        nonlocal last, first
        now = time.monotonic()
        started, kept = first = first or (now, done)
        if done == total or now - last >= PLAIN_INTERVAL_S:
            last = now
            left = (
                f", about {(now - started) / (done - kept) * (total - done):.0f} s left" if kept < done < total else ""
            )
            print(f"{label}: {done}/{total}{left}", file=sys.stderr, flush=True)

    return report
