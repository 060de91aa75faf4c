"""``deescalwild submissions``: the ledger's commands, a line each."""

import typer

from submissions.commands.check import check
from submissions.commands.decide import decide
from submissions.commands.export import export
from submissions.commands.watch import watch

app = typer.Typer(no_args_is_help=True, help="Submissions, their queue, and the ledger of results.")
app.command()(check)
app.command()(watch)
app.command()(decide)
app.command()(export)
