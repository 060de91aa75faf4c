"""``deescalwild submissions queue``: where every request stands."""

from typing import Annotated

import typer


def queue(
    ledger: Annotated[
        str | None,
        typer.Option(
            envvar="DEESCALWILD_LEDGER",
            help="Folder or dataset repository of the ledger; the one that ships unless given.",
        ),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Only requests of this model, with their log's end.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a request.")] = False,
) -> None:
    """Show where every request stands: state, position, attempt, reason.

    Example: deescalwild submissions queue --model acme/civilian-3b
    """
    import json

    from submissions.ledger import LEDGER
    from submissions.standing import as_line, standings
    from submissions.stores import open_store

    snapshot = open_store(ledger or str(LEDGER)).snapshot()
    for row in standings(snapshot):
        if model and row.model != model:
            continue
        if as_json:
            typer.echo(json.dumps(row.as_dict(), ensure_ascii=False))
            continue
        typer.echo(as_line(row))
        if model and row.log_tail:
            typer.echo("\n".join(f"  | {line}" for line in row.log_tail.splitlines()))
    for problem in snapshot.problems:
        typer.echo(f"{problem.where}: left out, {problem.message}", err=True)
