"""``deescalwild data …``: the sub-commands, each in a file of ``commands/``."""

import typer

from dataset_script.commands.audit import audit
from dataset_script.commands.build import build
from dataset_script.commands.check import check
from dataset_script.commands.judge import judge
from dataset_script.commands.publish import publish
from dataset_script.commands.review import review

app = typer.Typer(no_args_is_help=True, help="Transcripts → dataset.")
app.command()(build)
app.command()(audit)
app.command()(judge)
app.command()(review)
app.command()(check)
app.command()(publish)
