"""Chat messages → the prompt text of one model."""

from collections.abc import Callable, Sequence

from dataset_script.dialogue import Message

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
    """
    if chat_template is None:
        return as_transcript(messages)
    prompt = chat_template(list(messages), add_generation_prompt=True)
    # lm-eval retries a template that refuses system messages *without* them, and the scenario is gone silently.
    if isinstance(prompt, str) and messages[0]["content"][:60] not in prompt:
        prompt = chat_template(fold_system(messages), add_generation_prompt=True)
    return prompt
