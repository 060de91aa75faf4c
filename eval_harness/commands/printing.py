"""What several commands print."""

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
