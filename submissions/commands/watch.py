"""``deescalwild submissions watch``: a thin command over ``service.py``."""

from typing import Annotated

import typer


def watch(
    ledger: Annotated[str, typer.Option(envvar="DEESCALWILD_LEDGER", help="ORG/NAME of the ledger on the Hub.")],
    every: Annotated[float, typer.Option(min=1, help="Seconds between two looks.")] = 300,
    once: Annotated[bool, typer.Option("--once", help="Look once and stop.")] = False,
    port: Annotated[
        int | None, typer.Option(help="Also take the Hub's webhook on this port; its secret is WEBHOOK_SECRET.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address for the webhook.")] = "127.0.0.1",
    per_day: Annotated[
        int, typer.Option(envvar="DEESCALWILD_PER_DAY", min=1, help="Pull requests of one author in 24 hours.")
    ] = 5,
) -> None:
    """Check every open pull request of a ledger on the Hub and keep one comment on each.

    Example: deescalwild submissions watch --ledger acme/deescalwild-ledger --once
    """
    import os
    import threading

    from huggingface_hub import HfApi

    from submissions import hub, service
    from submissions.hub_ledger import HubLedger

    def poll_once() -> None:
        for done in service.poll(HubLedger(HfApi(), ledger), hub.ask, per_day=per_day):
            if done.report is not None:
                typer.echo(f"pull request {done.number}: {done.report.status}, {len(done.report.faults)} faults")

    if once:
        poll_once()
        return
    wake = threading.Event()
    if port is not None:
        typer.echo(service.webhook(wake, os.environ.get("WEBHOOK_SECRET", ""), host=host, port=port))
    service.watch(poll_once, wake, threading.Event(), every)
