"""Entry point: assembles the sub-commands and turns errors into one clear line and an exit code.

0 done · 1 the input is wrong · 2 the environment is (missing file, no network, no token) · 130 interrupted by Ctrl-C.
"""

import errno
import sys

import typer

from dataset_script.cli import app as data_app
from deescalwild_cli.demo import demo
from deescalwild_cli.finetune_demo import finetune_demo
from eval_harness.commands.evaluate import evaluate
from eval_harness.commands.judge import judge
from eval_harness.commands.score import score
from eval_harness.commands.verify import verify
from finetune.cli import finetune
from leaderboard_app.cli import app as leaderboard_app
from submissions.cli import app as submissions_app
from submissions.commands.submit import submit

INTERRUPTED = 130
_HOW_TO_MEND = {
    errno.ENOENT: "Check the path.",
    errno.EACCES: "Check its permissions.",
    errno.EISDIR: "Give a file.",
    errno.ENOTDIR: "Give a folder.",
    errno.ENOSPC: "Free some space and run the same command again; finished work is kept.",
}

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
app.add_typer(data_app, name="data")
app.add_typer(submissions_app, name="submissions")
submissions_app.command()(verify)  # it scores, so it lives in eval_harness, which submissions does not know
app.command()(submit)
app.command()(evaluate)
app.command()(score)
app.command()(judge)
app.command()(finetune)
app.add_typer(leaderboard_app, name="leaderboard")
app.command()(demo)
app.command()(finetune_demo)


@app.callback()
def _root(debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error.")) -> None:
    """DeEscalWild: dataset, evaluation and leaderboard for models that play the civilian."""


def _sentence(error: Exception) -> str:
    """What is wrong, where, and how to mend it; also of an error of the operating system, which says "[Errno 2] …"."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror.lower()}. {_HOW_TO_MEND.get(error.errno or 0, '')}".rstrip()
    return str(error)


def run() -> None:
    """Run the command line."""
    try:
        app()
    except SystemExit as end:
        if end.code == INTERRUPTED:  # typer's for KeyboardInterrupt, which it does not let through
            print("interrupted; finished work is kept, run the same command again to go on", file=sys.stderr)
        raise
    except Exception as error:
        if "--debug" in sys.argv[1:]:
            raise
        code = getattr(error, "exit_code", 2 if isinstance(error, OSError) else None)
        if code is None:
            print(
                f"error: {type(error).__name__}: {error} (a fault of ours; --debug shows where)",
                file=sys.stderr,
            )
        else:
            print(f"error: {_sentence(error)}", file=sys.stderr)
        sys.exit(code or 2)
