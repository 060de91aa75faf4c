"""The check as a service on a Hub ledger: every open pull request gets one comment, which follows its head.

``poll`` looks at all open pull requests. A webhook of the Hub only wakes it: nothing of the payload is believed, all is read again.
Everything is repeatable: a head that has its verdict is not checked again, an incomplete one is.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from submissions.checks import PER_DAY, AskHub, check
from submissions.comment import as_markdown, is_settled
from submissions.hub import HubUnreachable
from submissions.hub_ledger import HubLedger
from submissions.report import Report

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Review:
    """What became of one pull request; ``report`` is None where its head has its verdict already."""

    number: int
    report: Report | None
    has_written: bool = False


def review(ledger: HubLedger, number: int, ask_hub: AskHub, *, per_day: int = PER_DAY) -> Review:
    """Check one pull request and write the comment.

    Raises:
        HubUnreachable: nothing was written.
    """
    found = ledger.own_comment(number)
    if found is not None and is_settled(found.content, ledger.head_of(number)):
        return Review(number, None)
    report = check(ledger.proposal(number), ledger.facts(number), ask_hub, per_day=per_day)
    return Review(number, report, ledger.comment(number, as_markdown(report)))


def poll(ledger: HubLedger, ask_hub: AskHub, *, per_day: int = PER_DAY) -> list[Review]:
    """Review all open pull requests, oldest first. One that cannot be reviewed now is logged and left for the next time."""
    done = []
    for number in ledger.open_numbers():
        try:
            done.append(review(ledger, number, ask_hub, per_day=per_day))
        except HubUnreachable as error:
            log.warning("pull request %d: %s", number, error)
        except Exception:  # a fault of ours on one submission must not keep the others waiting
            log.exception("pull request %d: a fault of ours", number)
    return done


def watch(poll_once: Callable[[], None], wake: threading.Event, stop: threading.Event, every_s: float) -> None:
    """Poll until ``stop``: at once, then after ``every_s`` seconds or as soon as ``wake`` is set."""
    while not stop.is_set():
        wake.clear()
        try:
            poll_once()
        except HubUnreachable as error:
            log.warning("%s", error)
        wake.wait(every_s)


def webhook(wake: threading.Event, secret: str, *, host: str, port: int) -> str:
    """Serve ``POST /webhooks/submissions``, which wakes the poll; returns the address. Needs gradio, as ``WebhooksServer`` does.

    Args:
        secret: of the webhook's settings on the Hub; a call without it is refused.
    """
    import gradio as gr
    from huggingface_hub import WebhooksServer

    if not secret:
        raise HubUnreachable("WEBHOOK_SECRET is not set. Set it to the secret of the webhook on the Hub.")
    with gr.Blocks() as page:
        gr.Markdown("Checks submissions. Its comments stand on the pull requests.")
    server = WebhooksServer(ui=page, webhook_secret=secret)

    @server.add_webhook("/submissions")
    async def submissions() -> dict[str, bool]:
        wake.set()
        return {"woken": True}

    server.launch(prevent_thread_lock=True, share=False, server_name=host, server_port=port, quiet=True)
    return f"http://{host}:{port}/webhooks/submissions"
