"""A form that writes the request file: checked as it is typed, by what checks the pull request."""

from typing import get_args

import gradio as gr

from leaderboard_app.limits import RateLimit
from leaderboard_app.rendering import render
from leaderboard_app.signed_submission import SignIn, sign_in
from leaderboard_app.site import Site, page_head
from leaderboard_app.submission_form import MAX_VALUE, Draft, ask_without_token, draft
from submissions.checks import AskHub
from submissions.hub import HubUnreachable
from submissions.ledger import LedgerError
from submissions.report import CHECKS
from submissions.request import Request

MORE = ("base_revision", "quantisation", "gguf_file", "chat_template", "comment")
FIELDS = (
    "model", "revision", "kind", "precision", "licence", "contact", "trained_on_corpus", "protocol", "weights", "base_model", *MORE,
)  # fmt: skip
LONG = ("model", "revision", "chat_template", "comment")
LABELS = {
    "model": "Model", "revision": "Revision", "kind": "Kind", "precision": "Precision", "licence": "Licence",
    "contact": "Contact", "trained_on_corpus": "Trained on the corpus", "protocol": "Protocol", "weights": "Weights",
    "base_model": "Base model", "base_revision": "Revision of the base model", "quantisation": "Quantisation",
    "gguf_file": "GGUF file", "chat_template": "Chat template", "comment": "Comment",
}  # fmt: skip
NOT_ASKED = "The Hub has not been asked yet: name, revision, weights and licence. The pull request's checks will."


def field_of(name: str) -> gr.Dropdown | gr.Textbox:
    """The component of a request's field, with the schema's own description and choices."""
    own = Request.model_fields[name]
    choices = [str(choice) for choice in get_args(own.annotation) if isinstance(choice, str)]
    info = f"{own.description}{'' if own.is_required() else ' Optional.'}"
    classes = "dw-full" if name in LONG else None
    if choices:
        value = own.default if isinstance(own.default, str) else None
        return gr.Dropdown(choices, value=value, label=LABELS[name], info=info, interactive=True, elem_classes=classes)
    return gr.Textbox(
        label=LABELS[name],
        info=info,
        max_length=MAX_VALUE,
        max_lines=4 if name == "comment" else 1,
        elem_classes=classes,
    )


def shown(found: Draft, signs_in: bool = False, asked: bool = False) -> str:
    """What is to be mended, or the file and how to send it. ``asked``: whether the Hub was asked, or could not be."""
    report = found.report
    waiting = [] if report is None or report.faults else report.skipped_by_reason if asked else [NOT_ASKED]
    return render("request", draft=found, signs_in=signs_in, names=CHECKS, waiting=waiting)


def sent(login: SignIn, text: str, token: gr.OAuthToken | None) -> str:
    """Open the pull request; where it is, or why there is none."""
    if not text:
        return render("trouble", what="Nothing was sent", why="there is no valid file yet")
    if token is None:
        return render("trouble", what="Nothing was sent", why="sign in first, so that the pull request is yours")
    try:
        opened = login.open_request(text, token.token)
    except (LedgerError, HubUnreachable) as error:
        return render("trouble", what="Nothing was sent", why=str(error).rstrip("."))
    return render("opened", url=opened.url, is_new=opened.is_new)


def build(site: Site, page: gr.Blocks, ask_hub: AskHub = ask_without_token) -> None:
    """The form, and beside it the file or what is to be mended. With a login, the button that sends it."""
    login = sign_in()
    questions = RateLimit(per_second=0.1, burst=6)

    def drafted(values: tuple[str | None, ...], hub: AskHub | None = None) -> Draft:
        return draft(dict(zip(FIELDS, values, strict=True)), site.results.parent, hub)

    def checked(*values: str | None):
        found = drafted(values)
        return shown(found, login is not None), found.text, gr.Button(visible=found.request is not None)

    def asked(request: gr.Request, *values: str | None):
        if not questions.allows(request.client.host if request.client else "unknown"):
            return render("trouble", what="The Hub was not asked", why="there were too many questions; wait a minute")
        return shown(drafted(values, ask_hub), login is not None, asked=True)

    page_head(
        "Submit a model", "One file in a pull request. What is to be mended, and then the file, appear as you type."
    )
    fields: dict[str, gr.Dropdown | gr.Textbox] = {}
    with gr.Row(elem_classes="dw-request-form"):
        with gr.Column(scale=3):
            for name in FIELDS[: -len(MORE)]:
                fields[name] = field_of(name)
            with gr.Accordion("Adapters, quantised weights and remarks", open=False):
                for name in MORE:
                    fields[name] = field_of(name)
        with gr.Column(scale=2, elem_classes="dw-beside"):
            file = gr.HTML(shown(Draft(None), login is not None), apply_default_css=False, elem_id="dw-request")
            ask = gr.Button("Ask the Hub too", visible=False, elem_classes="dw-more")
            text = gr.State("")
            if login:
                _sign_in_and_send(login, text)
    inputs = [fields[name] for name in FIELDS]
    gr.on(
        [own.change for own in inputs], checked, inputs, [file, text, ask],
        api_visibility="private", trigger_mode="always_last", show_progress="hidden",
    )  # fmt: skip
    ask.click(asked, inputs, file, api_visibility="private", concurrency_limit=2)


def _sign_in_and_send(login: SignIn, text: gr.State) -> None:
    def send(file: str, token: gr.OAuthToken | None) -> str:
        return sent(login, file, token)

    gr.LoginButton()
    button = gr.Button("Open the pull request", variant="primary")
    outcome = gr.HTML(apply_default_css=False, elem_id="dw-opened")
    button.click(send, text, outcome, api_visibility="private", concurrency_limit=2)
