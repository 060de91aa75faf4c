"""``deescalwild submissions``: the ledger's commands, a line each."""

import typer

from submissions.commands.check import check
from submissions.commands.decide import decide
from submissions.commands.export import export
from submissions.commands.queue import queue
from submissions.commands.run import run
from submissions.commands.watch import watch
from submissions.commands.withdraw import retry, withdraw

app = typer.Typer(no_args_is_help=True, help="Submissions, their queue, and the ledger of results.")
app.command()(check)
app.command()(watch)
app.command()(decide)
app.command()(export)
app.command()(run)
app.command()(queue)
app.command()(withdraw)
app.command()(retry)
