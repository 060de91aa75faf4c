"""``deescalwild leaderboard``: a thin command over ``app.py``."""

from pathlib import Path
from typing import Annotated

import typer


def leaderboard(
    results: Annotated[
        Path | None, typer.Option(help="Results folder; the one that ships with the code unless given.")
    ] = None,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 7860,
) -> None:
    """Open the board in the browser.

    Example: deescalwild leaderboard --results results
    """
    from submissions.ledger import LEDGER

    folder = results or LEDGER / "results"
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder. Give a results folder with --results.")
    from leaderboard_app.server import launch

    typer.echo(f"board of {folder} on http://127.0.0.1:{port} (Ctrl-C ends it)")
    launch(folder, port)
