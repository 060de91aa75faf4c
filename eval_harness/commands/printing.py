"""What several commands print and record."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import typer


def print_scores(path: Path) -> None:
    """The scores of a result file with their intervals, and where it is."""
    from submissions.ledger import parse_result
    from submissions.schema import METRICS

    result = parse_result(path.read_bytes())
    for metric in METRICS:
        score = getattr(result.scores, metric)
        digits = 3 if metric == "bertscore" else 1
        typer.echo(f"{metric:<10} {score.value:6.{digits}f}  [{score.low:.{digits}f}, {score.high:.{digits}f}]")
    typer.echo(path)


def recorded_command(words: Sequence[str] | None = None) -> str:
    """The command line as a result records it for everybody: without the folders of this machine.

    Args:
        words: after the program's name; this process's own unless given.
    """
    return shlex.join(["deescalwild", *map(_without_folders, sys.argv[1:] if words is None else words)])[:1000]


def _without_folders(word: str) -> str:
    """A path below the working directory becomes relative, any other absolute one its last name."""
    option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
    path = Path(value)
    if path.is_absolute():
        value = str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else path.name
    return f"{option}{equals}{value}"
