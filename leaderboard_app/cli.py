"""``deescalwild leaderboard``: thin commands over ``server.py`` and ``publish.py``."""

import re
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(invoke_without_command=True)
Results = Annotated[Path | None, typer.Option(help="Results folder; the one that ships with the code unless given.")]
_REPO_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")


@app.callback()
def leaderboard(
    context: typer.Context,
    results: Results = None,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 7860,
) -> None:
    """Open the board in the browser, or publish it.

    Example: deescalwild leaderboard --results results
    """
    if context.invoked_subcommand:
        context.obj = results
        return
    folder = _folder(results)
    from leaderboard_app.server import launch

    typer.echo(f"board of {folder} on http://127.0.0.1:{port} (Ctrl-C ends it)")
    launch(folder, port)


@app.command()
def publish(
    context: typer.Context,
    space_id: Annotated[str, typer.Argument(help="ORG/NAME of the Space.")],
    results: Results = None,
    ledger: Annotated[
        str | None, typer.Option(help="Ledger on the Hub, ORG/NAME, that the Submit page opens pull requests on.")
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="Make a new Space private.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the files; upload nothing.")] = False,
    output: Annotated[Path | None, typer.Option(help="Lay the Space out in this new folder; upload nothing.")] = None,
) -> None:
    """Put the board on the Hub as a Space: app, ledger, its code, requirements without torch.

    Example: deescalwild leaderboard publish acme/deescalwild-leaderboard --dry-run
    """
    from leaderboard_app import publish as space
    from submissions.ledger import LedgerError

    for name in (space_id, *([ledger] if ledger else [])):
        if not _REPO_ID.fullmatch(name):
            raise LedgerError(f"{name!r} is no repository id. Give ORG/NAME, such as acme/deescalwild-leaderboard.")
    files = space.plan(_folder(results or context.obj), ledger)
    total = sum(file.size for file in files) / 2**20
    if dry_run:
        for file in files:
            typer.echo(f"{file.size:>12,}  {file.path}")
        typer.echo(f"{len(files)} files, {total:.1f} MiB; nothing was uploaded")
    elif output:
        space.write(files, output)
        typer.echo(f"{len(files)} files, {total:.1f} MiB, in {output}")
    else:
        typer.echo(space.publish(space_id, files, private=private))


def _folder(results: Path | None) -> Path:
    from submissions.ledger import LEDGER

    folder = results or LEDGER / "results"
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder. Give a results folder with --results.")
    return folder.resolve()
