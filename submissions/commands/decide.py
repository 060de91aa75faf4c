"""``deescalwild submissions decide``: a thin command over ``decisions.py``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Verdict(StrEnum):
    """What can be decided about a result."""

    accept = "accept"
    withhold = "withhold"
    note = "note"


def decide(
    result: Annotated[Path, typer.Argument(help="Result file of the ledger.")],
    action: Annotated[Verdict, typer.Argument(help="withhold: shown, not ranked. accept: ranked again. note: a word.")],
    reason: Annotated[str, typer.Option(help="Why, in a sentence that the board shows.")],
    by: Annotated[str, typer.Option(help="Who decides.")],
    flag: Annotated[str | None, typer.Option(help="Flag that this answers.")] = None,
    ledger: Annotated[Path | None, typer.Option(help="Folder with results/; the one that ships unless given.")] = None,
) -> None:
    """Append a maintainers' decision to the ledger's log. Lines are never changed or removed.

    Example: deescalwild submissions decide submissions/results/acme__civilian-3b/0123.json withhold --reason "Trained on test, says its card." --by ada
    """
    from submissions.decisions import decide as append
    from submissions.ledger import LEDGER

    decision = append(ledger or LEDGER, result, action.value, reason, decided_by=by, flag=flag)
    typer.echo(f"{decision.result}: {decision.action} ({decision.reason})")
