"""``deescalwild submit``: a thin command over ``submitting.py`` and ``hub_ledger.py``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from submissions.request import Request


def submit(
    model: Annotated[str, typer.Argument(help="ORG/MODEL on the Hub.")],
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit; the main branch unless given.")] = None,
    precision: Annotated[
        str | None, typer.Option(help="float32, bfloat16, float16, int8, int4, gguf; that of the weights unless given.")
    ] = None,
    protocol: Annotated[str | None, typer.Option(help="deescalwild (ranked) or deescalwild_paper.")] = None,
    kind: Annotated[str | None, typer.Option(help="base, fine-tuned or api; from the README unless given.")] = None,
    weights: Annotated[str | None, typer.Option(help="full, adapter or merged; from the files unless given.")] = None,
    base_model: Annotated[
        str | None, typer.Option(help="ORG/MODEL it was made from; from the README unless given.")
    ] = None,
    base_revision: Annotated[str | None, typer.Option(help="Commit of the base model.")] = None,
    quantisation: Annotated[str | None, typer.Option(help="How int8 or int4 weights were made.")] = None,
    gguf_file: Annotated[str | None, typer.Option(help="File of the repository, for gguf.")] = None,
    chat_template: Annotated[str | None, typer.Option(help="Note, if it is not the repository's own.")] = None,
    licence: Annotated[str | None, typer.Option(help="The Hub's id of it; from the README unless given.")] = None,
    contact: Annotated[str | None, typer.Option(help="Whom to ask; your account unless given.")] = None,
    trained_on_corpus: Annotated[
        str | None,
        typer.Option(help="What of DeEscalWild it was trained on: no, train, train+validation, test, unknown."),
    ] = None,
    comment: Annotated[str | None, typer.Option(help="Anything a reader should know. Plain text.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show and check, write nothing.")] = False,
    create_pr: Annotated[bool, typer.Option("--create-pr", help="Open the pull request.")] = False,
    ledger: Annotated[
        str | None, typer.Option(envvar="DEESCALWILD_LEDGER", help="ORG/NAME of a ledger on the Hub, with --create-pr.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Ledger to write to.")] = Path("submissions"),
) -> None:
    """Ask the Hub about a model, show the request, and write it or open the pull request. No weights are downloaded.

    Exit code 1: something is to be mended. 2: the Hub could not be asked, so the request is not checked.

    Example: deescalwild submit HuggingFaceTB/SmolLM2-135M-Instruct --trained-on-corpus no --dry-run
    """
    from submissions.request import request_path
    from submissions.request_file import RequestError, request_bytes
    from submissions.submitting import prepare

    said = {
        "model": model,
        "precision": precision,
        "protocol": protocol,
        "kind": kind,
        "weights": weights,
        "base_model": base_model,
        "base_revision": base_revision,
        "quantisation": quantisation,
        "gguf_file": gguf_file,
        "chat_template": chat_template,
        "licence": licence,
        "contact": contact,
        "trained_on_corpus": trained_on_corpus,
        "comment": comment,
    }
    try:
        prepared = prepare(said, revision)
    except RequestError as error:
        for line in error.problems:
            typer.echo(f"error: {line}", err=True)
        raise typer.Exit(error.exit_code) from None
    request = prepared.request
    path = folder / request_path(request)
    typer.echo(f"# {path}\n{request_bytes(request).decode()}", nl=False)
    for note in prepared.notes:
        typer.echo(note, err=True)
    if dry_run:
        typer.echo("nothing was written (--dry-run)", err=True)
    elif create_pr and ledger:
        _open_on_hub(ledger, request)
    else:
        _write(path, request, create_pr)
    if prepared.unchecked:
        typer.echo(f"not checked: {prepared.unchecked}", err=True)
        raise typer.Exit(2)


def _open_on_hub(ledger: str, request: "Request") -> None:
    from huggingface_hub import HfApi

    from submissions.hub_ledger import HubLedger

    opened = HubLedger(HfApi(), ledger).open_request(request)
    typer.echo(
        f"{opened.url} {'is open' if opened.is_new else 'was open already'}. The check comments there.", err=True
    )


def _write(path: Path, request: "Request", create_pr: bool) -> None:
    """Write the file; with ``create_pr``, say what opens the pull request on GitHub."""
    from submissions.draft import gh_commands
    from submissions.ledger import LedgerError, write_new
    from submissions.pull_request import is_in_git
    from submissions.request_file import request_bytes

    if create_pr and not is_in_git(path):
        raise LedgerError(
            f"{path.parent} is in no git checkout. Give --ledger ORG/NAME, or run this in a fork of the project."
        )
    write_new(path, request_bytes(request))
    typer.echo(f"written: {path}", err=True)
    if create_pr:
        typer.echo("open the pull request on GitHub with:", err=True)
        for command in gh_commands(request, path.as_posix()):
            typer.echo(command)
