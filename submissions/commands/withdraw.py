"""``deescalwild submissions withdraw`` and ``retry``: a person changes where a request stands."""

from typing import Annotated

import typer

Request = Annotated[str, typer.Argument(help="Request file, as `submissions queue` shows it.")]
Where = Annotated[
    str | None,
    typer.Option(
        envvar="DEESCALWILD_LEDGER", help="Folder or dataset repository of the ledger; the one that ships unless given."
    ),
]


def withdraw(
    request: Request,
    reason: Annotated[str, typer.Option(help="Why, in a sentence that the board shows.")],
    ledger: Where = None,
) -> None:
    """Take a request out of the queue; a worker that runs it stops.

    Example: deescalwild submissions withdraw requests/acme__civilian-3b/0123456789ab-bfloat16-deescalwild.yaml --reason "Asked by its author."
    """
    from submissions import queue
    from submissions.standing import find
    from submissions.worker import now

    store, entry, _ = find(ledger, request)
    changed = store.update(entry, lambda stored: queue.withdraw(stored, now(), reason))
    typer.echo(f"{changed.request}: {changed.state}")


def retry(request: Request, ledger: Where = None) -> None:
    """Queue a failed or withdrawn request again, as its file is now.

    Example: deescalwild submissions retry requests/acme__civilian-3b/0123456789ab-bfloat16-deescalwild.yaml
    """
    from submissions import queue
    from submissions.ledger import LedgerError
    from submissions.standing import find
    from submissions.worker import now

    store, entry, file = find(ledger, request)
    if file is None:
        raise LedgerError(f"{request}: the request file is gone. Submit it again.")
    changed = store.update(entry, lambda stored: queue.retry(stored, now(), file.sha256))
    typer.echo(f"{changed.request}: {changed.state}")
