"""The review page: a thin Gradio app on 127.0.0.1. All that is shown is escaped; all that comes in goes through ``commands.py``."""

import threading
from importlib import resources
from pathlib import Path

import gradio as gr
from jinja2 import Environment, StrictUndefined
from markupsafe import escape
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from dataset_script.errors import DataError
from dataset_script.review.commands import Command, decision, parse, undo
from dataset_script.review.decisions import append, read_decisions
from dataset_script.review.view import FILTERS, Desk, ReviewScenario

ROLE_KEYS = tuple(
    zip(
        "1234567890-=",
        (
            "officer",
            "detective",
            "corrections",
            "dispatch",
            "subject",
            "civilian",
            "medical",
            "security",
            "legal",
            "narrator",
            "machine",
            "unknown",
        ),
        strict=True,
    )
)


def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")


class ReviewDesk:
    """One reviewer's page over a decisions file that others may write too."""

    def __init__(
        self, scenarios: list[ReviewScenario], decisions: Path, reviewer: str, *, adjudicates: bool = False
    ) -> None:
        self.scenarios, self.decisions = tuple(scenarios), decisions
        self.reviewer, self.adjudicates = reviewer, adjudicates
        self._template = Environment(autoescape=True, undefined=StrictUndefined).from_string(_file("page.html.jinja"))
        self._lock = threading.Lock()

    def desk(self) -> Desk:
        """The desk as the file stands now."""
        own = read_decisions(self.decisions) if self.decisions.exists() else ()
        return Desk.of(self.scenarios, own, self.reviewer, adjudicates=self.adjudicates)

    def _render(self, transcript: str = "", chosen: str = "all", message: str = "") -> str:
        """The page's HTML, open at a transcript, or at the first that the filter shows."""
        desk = self.desk()
        chosen = chosen if chosen in FILTERS else "all"
        shown = desk.shown(chosen)
        opened = next((each for each in self.scenarios if each.transcript == transcript), shown[0] if shown else None)
        return self._template.render(
            desk=desk,
            shown=shown,
            filters=FILTERS,
            chosen=chosen,
            scenario=desk.corrected(opened) if opened else None,
            state=desk.state(opened) if opened else None,
            done=sum(bool(desk.state(each).mine) for each in self.scenarios),
            reviewer=self.reviewer,
            adjudicates=self.adjudicates,
            role_keys=ROLE_KEYS,
            message=message,
        )

    def start(self) -> str:
        """The page as it opens."""
        try:
            return self._render()
        except (DataError, OSError) as error:
            return f'<div class="rv"><p class="rv-message" role="status">{escape(str(error))}</p></div>'

    def act(self, text: str) -> str:
        """Carry out a command and show what it led to; a bad one changes nothing and is answered by a sentence."""
        opened, chosen, message = "", "all", ""
        try:
            command = parse(text)
            opened, chosen = "" if command.action == "filter" else command.transcript, command.filter
            if command.action in ("decide", "undo"):
                with self._lock:
                    message = self._write(command)
        except DataError as error:
            message = str(error)
        except OSError as error:
            message = f"not saved: {error}."
        try:
            return self._render(opened, chosen, message)
        except (DataError, OSError):
            return self.start()

    def _write(self, command: Command) -> str:
        desk = self.desk()
        scenario = next((each for each in self.scenarios if each.transcript == command.transcript), None)
        if scenario is None:
            return "there is no such transcript on this desk."
        made = (
            undo(desk, scenario)
            if command.action == "undo"
            else decision(command, desk.corrected(scenario), self.reviewer, adjudicates=self.adjudicates)
        )
        if made is None:
            return "there is nothing of yours to undo here."
        append(self.decisions, [made])
        return ""


def build_app(desk: ReviewDesk) -> gr.Blocks:
    """The page over a desk."""
    with gr.Blocks(title="DeEscalWild review", analytics_enabled=False) as app:
        view = gr.HTML(apply_default_css=False)
        command = gr.Textbox(show_label=False, container=False, elem_id="rv-command", elem_classes="rv-hidden")
        send = gr.Button("send", elem_id="rv-send", elem_classes="rv-hidden")
        app.load(desk.start, None, view, api_visibility="private")
        # The script hands over one command at a time and keeps the others: Gradio drops a click while another is under way.
        sent = send.click(
            desk.act,
            command,
            view,
            js="() => window.rvNext()",
            api_visibility="private",
            show_progress="hidden",
            trigger_mode="multiple",
        )
        sent.then(None, js="() => window.rvDone()", api_visibility="private")
    return app


def launch(desk: ReviewDesk, port: int = 7870, *, block: bool = True) -> gr.Blocks:
    """Serve the page on 127.0.0.1 only, and under no other name: it shows transcripts before redaction.

    A web page elsewhere may point its own name at 127.0.0.1 and have the reviewer's browser read what is here (DNS rebinding).

    Raises:
        OSError: the port is taken.
    """
    app = build_app(desk)
    app.launch(
        server_name="127.0.0.1",
        server_port=port,
        prevent_thread_lock=not block,
        quiet=True,
        share=False,
        ssr_mode=False,
        run_history=False,
        app_kwargs={"middleware": [Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])]},
        footer_links=[],
        css=_file("review.css"),
        head=f"<script>{_file('review.js')}</script>",
    )
    return app
