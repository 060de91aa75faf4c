"""A form that writes the request file: checked as it is typed, by what checks the pull request."""

from typing import get_args

import gradio as gr

from leaderboard_app.rendering import render
from leaderboard_app.site import Site, page_head
from leaderboard_app.submission_form import MAX_VALUE, Draft, draft
from submissions.request import Request

MORE = ("base_revision", "quantisation", "gguf_file", "chat_template", "comment")
FIELDS = (
    "model", "revision", "kind", "precision", "licence", "contact", "trained_on_corpus", "protocol", "weights", "base_model", *MORE,
)  # fmt: skip
LABELS = {
    "model": "Model", "revision": "Revision", "kind": "Kind", "precision": "Precision", "licence": "Licence",
    "contact": "Contact", "trained_on_corpus": "Trained on the corpus", "protocol": "Protocol", "weights": "Weights",
    "base_model": "Base model", "base_revision": "Revision of the base model", "quantisation": "Quantisation",
    "gguf_file": "GGUF file", "chat_template": "Chat template", "comment": "Comment",
}  # fmt: skip


def field_of(name: str) -> gr.Dropdown | gr.Textbox:
    """The component of a request's field, with the schema's own description and choices."""
    own = Request.model_fields[name]
    choices = [str(choice) for choice in get_args(own.annotation) if isinstance(choice, str)]
    info = f"{own.description}{'' if own.is_required() else ' Optional.'}"
    if choices:
        value = own.default if isinstance(own.default, str) else None
        return gr.Dropdown(choices, value=value, label=LABELS[name], info=info, interactive=True)
    return gr.Textbox(label=LABELS[name], info=info, max_length=MAX_VALUE, max_lines=4 if name == "comment" else 1)


def shown(found: Draft, signs_in: bool = False) -> str:
    """What is to be mended, or the file and how to send it."""
    return render(
        "request", problems=found.problems, path=found.path, text=found.text, commands=found.commands, signs_in=signs_in
    )


def build(site: Site, page: gr.Blocks) -> None:
    """The form and, below it, the file or what is to be mended."""

    def check(*values: str | None) -> str:
        return shown(draft(dict(zip(FIELDS, values, strict=True)), site.results.parent))

    page_head(
        "Submit a model",
        "One file in a pull request. Fill in the form; the file and what is to be mended appear as you type.",
    )
    fields: dict[str, gr.Dropdown | gr.Textbox] = {}
    with gr.Row(elem_classes="dw-form"):
        with gr.Column(scale=3):
            for name in FIELDS[: -len(MORE)]:
                fields[name] = field_of(name)
            with gr.Accordion("Adapters, quantised weights and remarks", open=False):
                for name in MORE:
                    fields[name] = field_of(name)
        with gr.Column(scale=2):
            file = gr.HTML(shown(Draft(None)), apply_default_css=False, elem_id="dw-request", min_height=240)
    inputs = [fields[name] for name in FIELDS]
    gr.on(
        [own.change for own in inputs], check, inputs, file,
        api_visibility="private", trigger_mode="always_last", show_progress="hidden",
    )  # fmt: skip
