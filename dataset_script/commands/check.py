"""``deescalwild data check``."""

from pathlib import Path
from typing import Annotated

import typer


def check(
    folder: Annotated[Path, typer.Argument(help="Built dataset.")] = Path("deescalwild"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Is a built folder sound: schema, counts, digests, leaks, personal data, card. One problem a line; exit code 1 if one is an error.

    Example: deescalwild data check deescalwild
    """
    import json
    from dataclasses import asdict

    from dataset_script.publishing.checks import check as check_folder
    from dataset_script.publishing.checks import has_errors

    problems = check_folder(folder, show_progress=True)
    if as_json:
        typer.echo(json.dumps([asdict(problem) for problem in problems], indent=2, ensure_ascii=False))
    else:
        for problem in problems:
            typer.echo(problem)
        errors = sum(problem.severity == "error" for problem in problems)
        typer.echo(
            f"{folder}: {'sound' if not errors else 'not sound'}, {errors} errors, {len(problems) - errors} warnings"
        )
    if has_errors(problems):
        raise typer.Exit(1)
