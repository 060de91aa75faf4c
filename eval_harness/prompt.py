"""Chat messages → the prompt text of one model."""

import json
import re
from collections.abc import Callable, Sequence

from dataset_script.dialogue import Message
from eval_harness.errors import EvaluationError

_OPEN_THOUGHT = re.compile(r"<(think|thinking|thought|reasoning)>\s*\Z")
SPEAKERS = {"user": "Officer", "assistant": "Civilian"}


def fold_system(messages: Sequence[Message]) -> list[Message]:
    """The same conversation with the system prompt at the head of the first user message."""
    system, first, *rest = messages
    return [{"role": "user", "content": f"{system['content']}\n\n{first['content']}"}, *rest]


def as_transcript(messages: Sequence[Message]) -> str:
    """The conversation as plain text, for models without a chat template; ends where the civilian speaks."""
    system, *turns = messages
    lines = [f"{SPEAKERS[message['role']]}: {message['content']}" for message in turns]
    return "\n".join([system["content"], "", *lines, f"{SPEAKERS['assistant']}:"])


def render_prompt(messages: Sequence[Message], chat_template: Callable | None):
    """Prompt of one item.

    Args:
        messages: system prompt first, alternating user and assistant messages, the officer's last.
        chat_template: lm-eval's ``LM.apply_chat_template``, or None for a model without one.

    Returns:
        text, or whatever the model class's ``apply_chat_template`` returns (JSON for chat endpoints).

    Raises:
        EvaluationError: the template refuses the conversation, or leaves out the scenario or the officer's last words.
    """
    if chat_template is None:
        return as_transcript(messages)
    prompt = _apply(chat_template, messages)
    if not isinstance(prompt, str):
        return prompt
    # lm-eval retries a template that refuses system messages *without* them, and the scenario is gone silently.
    if not _shows(prompt, messages[0]):
        prompt = _apply(chat_template, fold_system(messages))
    for message in (messages[0], messages[-1]):
        if not _shows(prompt, message):
            raise EvaluationError(
                f"the model's chat template leaves out what it is given ({message['content'][:60]!r}). Templates of vision-language models "
                "do; evaluate a text model, or give the tokenizer a template for text."
            )
    return _close_thoughts(prompt)


def _apply(chat_template: Callable, messages: Sequence[Message]):
    from jinja2.exceptions import TemplateError

    try:
        return chat_template(list(messages), add_generation_prompt=True)
    except TemplateError as error:
        raise EvaluationError(
            f"the model's chat template refuses the conversation ({error}). It must take alternating user and assistant messages as text."
        ) from None


def _shows(prompt: str, message: Message) -> bool:
    """Whether the message stands in the prompt. Its beginning will do: some templates trim. Some write JSON, as the baselines' does."""
    beginning = message["content"].strip()[:60]
    return beginning in prompt or json.dumps(beginning, ensure_ascii=False)[1:-1] in prompt


def _close_thoughts(prompt: str) -> str:
    """A prompt whose template has opened a thought gets it closed: a civilian's one line leaves no room to think aloud."""
    opened = _OPEN_THOUGHT.search(prompt)
    return f"{prompt.rstrip()}\n</{opened[1]}>\n\n" if opened else prompt


class WindowTooSmall(ValueError):
    """Not even the system prompt and the officer's last words fit."""


def without_oldest(turns: Sequence[Message], share: float) -> list[Message]:
    """Turns without the oldest that hold this share of their characters, and on to the next officer's: few renderings a cut. The last one stays."""
    kept, dropped = list(turns), 0
    excess = share * sum(len(turn["content"]) for turn in turns)
    while len(kept) > 1 and (dropped < excess or kept[0]["role"] != "user"):
        dropped += len(kept.pop(0)["content"])
    return kept


def fit_to_window(
    messages: Sequence[Message], render: Callable[[Sequence[Message]], str], count: Callable[[str], int], room: int
) -> tuple[str, int]:
    """The prompt cut to a model's window at whole messages, oldest first; the system prompt and the last message stay.

    Args:
        messages: system prompt first, the officer's last.
        render: messages → prompt.
        count: tokens of a prompt.
        room: most tokens that the prompt may have.

    Returns:
        the prompt, and how many tokens were dropped (0 where all fits).

    Raises:
        WindowTooSmall: what must stay does not fit.
    """
    whole = render(messages)
    length = n_tokens = count(whole)
    prompt, turns = whole, list(messages[1:])
    while n_tokens > room:
        fewer = without_oldest(turns, (n_tokens - room) / n_tokens)
        if len(fewer) == len(turns):
            raise WindowTooSmall(
                f"a prompt of {n_tokens} tokens, cut as far as it may be, for a window with room for {room}"
            )
        turns = fewer
        prompt = render([messages[0], *turns])
        n_tokens = count(prompt)
    return prompt, length - n_tokens
