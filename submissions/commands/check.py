"""``deescalwild submissions check``: a thin command over ``checking.py``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from submissions.report import Report


def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Request files; all of ./submissions/requests unless given.")
    ] = None,
    base: Annotated[str | None, typer.Option(help="Check what a branch adds to this revision, from git.")] = None,
    head: Annotated[str, typer.Option(help="The branch, with --base.")] = "HEAD",
    number: Annotated[int | None, typer.Option(help="Number of the pull request, with --history or --ledger.")] = None,
    history: Annotated[
        Path | None,
        typer.Option(help="What `gh pr list --state all --json number,author,createdAt,state,files` wrote."),
    ] = None,
    ledger: Annotated[
        str | None, typer.Option(envvar="DEESCALWILD_LEDGER", help="ORG/NAME of a ledger on the Hub, with --number.")
    ] = None,
    per_day: Annotated[
        int, typer.Option(envvar="DEESCALWILD_PER_DAY", min=1, help="Pull requests of one author in 24 hours.")
    ] = 5,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the Hub; say what is not checked.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The reports as JSON.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="The comment for the pull request.")] = False,
) -> None:
    """Check submissions: exit code 0 valid, 1 invalid, 2 not all could be checked.

    With --offline, 0 means that nothing is wrong so far.

    Example: deescalwild submissions check submissions/requests/acme__civilian-3b/0123456789ab-bfloat16-deescalwild.yaml
    """
    from submissions.comment import as_lines, as_markdown
    from submissions.report import worst

    reports = _reports(paths or [], base, head, number, history, ledger, per_day, offline)
    status = worst(reports)
    if as_json:
        typer.echo(json.dumps({"status": status, "reports": [each.as_dict() for each in reports]}, indent=1))
    elif markdown:
        typer.echo("\n".join(as_markdown(each) for each in reports), nl=False)
    else:
        for report in reports:
            typer.echo("\n".join(as_lines(report)), err=report.status == "invalid")
    raise typer.Exit({"valid": 0, "invalid": 1, "incomplete": 0 if offline else 2}[status])


def _reports(
    paths: list[Path],
    base: str | None,
    head: str,
    number: int | None,
    history: Path | None,
    ledger: str | None,
    per_day: int,
    offline: bool,
) -> "list[Report]":
    from submissions import checking, hub
    from submissions.ledger import LEDGER, LedgerError
    from submissions.pull_request import read_history

    ask = None if offline else hub.ask
    if base is not None:
        earlier = read_history(history.read_bytes()) if history else None
        found = checking.check_branch(Path(), base, head, ask, number=number, history=earlier, per_day=per_day)
        return [found]
    if number is not None:
        if ledger is None:
            raise LedgerError("--number needs a ledger. Give --ledger ORG/NAME, or --base for a branch in git.")
        from huggingface_hub import HfApi

        from submissions.hub_ledger import HubLedger

        return [checking.check_hub_request(HubLedger(HfApi(), ledger), number, ask, per_day=per_day)]
    folder = Path("submissions") if Path("submissions/requests").is_dir() else LEDGER
    files = paths or checking.request_files(folder)
    if not files:
        raise LedgerError("there is no request to check. Write one with `deescalwild submit ORG/MODEL`.")
    return [checking.check_file(path, ask, folder) for path in files]
