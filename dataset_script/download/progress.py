"""Progress of a download: a bar on a terminal, a line for every hundred files elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

LINE_EVERY = 100


@dataclass(frozen=True)
class Progress:
    """What to call: ``add_bytes`` with how many came (negative where some were thrown away), ``end_file`` after each file."""

    add_bytes: Callable[[int], None]
    end_file: Callable[[], None]


@contextmanager
def progress(label: str, n_files: int, n_bytes: int, *, is_shown: bool) -> Iterator[Progress]:
    """Show on stderr how a download gets on."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    console, ended = Console(stderr=True, quiet=not is_shown), 0

    def end_file() -> None:
        nonlocal ended
        ended += 1
        if not console.is_terminal and (ended % LINE_EVERY == 0 or ended == n_files):
            console.print(f"{label}: {ended} of {n_files} files", highlight=False)

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=console, transient=True, disable=not (is_shown and console.is_terminal)) as bar:
        task = bar.add_task(label, total=n_bytes)
        yield Progress(lambda count: bar.advance(task, count), end_file)
