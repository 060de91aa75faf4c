"""Chat messages → tokens, and which of them are learnt: the civilian's words and the token that ends each turn.

TRL masks by ``{% generation %}`` markers, which a model's own template rarely has. Here the template stays as it is: it is rendered
a second time with a mark in place of each civilian turn, so what it writes *around* the turns is known for certain. Where
template and marks do not fit together, the model is refused rather than trained on the wrong words.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from dataset_script.dialogue import Message
from eval_harness.prompt import fold_system
from finetune.errors import RecipeError

IGNORED = -100
"""The label of a token that adds nothing to the loss (PyTorch's ``ignore_index``)."""
_MARK = "\u2063civilian\u2063{}\u2063"

Render = Callable[[Sequence[Message]], str]


@dataclass(frozen=True)
class Example:
    """One training sequence. ``labels``: the token where it is learnt, :data:`IGNORED` elsewhere; both of one length."""

    input_ids: list[int]
    labels: list[int]

    @property
    def n_learnt(self) -> int:
        """Tokens that add to the loss."""
        return sum(label != IGNORED for label in self.labels)


def renderer(tokenizer) -> Render:
    """The tokenizer's own template as evaluation uses it: a system prompt that it refuses or drops goes into the first turn.

    Raises:
        RecipeError: there is no template.
    """
    from jinja2.exceptions import TemplateError

    if tokenizer.chat_template is None:
        raise RecipeError(
            "the tokenizer has no chat template. Take an instruct model, or name a file as model.chat_template."
        )

    def render(messages: Sequence[Message]) -> str:
        settings = {"tokenize": False, "add_generation_prompt": False, "enable_thinking": False}
        try:
            text = tokenizer.apply_chat_template(list(messages), **settings)
        except TemplateError:
            text = ""
        if messages[0]["role"] == "system" and messages[0]["content"][:60] not in text:
            text = tokenizer.apply_chat_template(fold_system(messages), **settings)
        return text

    return render


def learnt_spans(
    messages: Sequence[Message], render: Render, ends_turn: Sequence[str]
) -> tuple[str, list[tuple[int, int]]]:
    """The rendered conversation, and the place of each civilian turn in it with the token that ends it.

    Args:
        messages: as in the ``chat`` config.
        ends_turn: special tokens, one of which must follow each civilian turn.

    Raises:
        RecipeError: the template changes civilian turns, or writes no special token after one.
    """
    turns = [number for number, message in enumerate(messages) if message["role"] == "assistant"]
    marked = [
        {**message, "content": _MARK.format(number)} if number in set(turns) else message
        for number, message in enumerate(messages)
    ]
    whole, rest = render(messages), render(marked)
    text, spans = "", []
    for number in turns:
        before, mark, rest = rest.partition(_MARK.format(number))
        if not mark:
            raise RecipeError("the chat template drops or moves civilian turns, so what is learnt cannot be told.")
        text += before
        words = messages[number]["content"]
        words = words if whole.startswith(words, len(text)) else words.strip()
        end = _end_of_turn(rest, ends_turn)
        spans.append((len(text), len(text) + len(words) + end))
        text += words
    if text + rest != whole:
        raise RecipeError("the chat template changes the words of civilian turns, so what is learnt cannot be told.")
    return whole, spans


def _end_of_turn(following: str, ends_turn: Sequence[str]) -> int:
    """Length of what ends a turn: white space and the first special token after it."""
    start = len(following) - len(following.lstrip())
    found = [token for token in ends_turn if token and following.startswith(token, start)]
    if not found:
        raise RecipeError(
            f"no special token follows a civilian turn in the chat template but {following[:20]!r}; a model would never learn to stop."
        )
    return start + max(map(len, found))


def special_tokens(tokenizer) -> list[str]:
    """Every token that stands for itself and never for a text."""
    added = [token.content for token in tokenizer.added_tokens_decoder.values() if token.special]
    return list(dict.fromkeys([*tokenizer.all_special_tokens, *added]))


def encode(messages: Sequence[Message], tokenizer, learnt: Sequence[bool] | None = None) -> Example:
    """Tokens and labels of one conversation.

    Args:
        messages: system prompt first.
        tokenizer: a fast one, whose tokens know their places in the text.
        learnt: for each civilian turn, whether it is learnt here; all unless given.

    Raises:
        RecipeError: as :func:`learnt_spans`.
    """
    text, spans = learnt_spans(messages, renderer(tokenizer), special_tokens(tokenizer))
    kept = [span for number, span in enumerate(spans) if learnt is None or learnt[number]]
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    labels, ahead = [], iter(kept)
    span = next(ahead, None)
    for token, (start, end) in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True):
        while span is not None and start >= span[1]:
            span = next(ahead, None)
        # A token may begin with the space before the words.
        is_learnt = span is not None and end > span[0] and start < span[1]
        labels.append(token if is_learnt else IGNORED)
    return Example(list(encoded["input_ids"]), labels)


def windows(
    messages: Sequence[Message], count: Callable[[Sequence[Message]], int], max_length: int, overlap: float
) -> Iterator[tuple[list[Message], list[bool]]]:
    """Cut a long conversation at whole turns; every civilian turn is learnt in one window.

    Args:
        messages: system prompt first, then an officer's turn.
        count: tokens of a conversation.
        max_length: most tokens of a window. An exchange that is longer on its own stands in a window that is too long.
        overlap: share of a window that is filled with turns of the one before, as history.

    Yields:
        messages of the window, and for each civilian turn in it whether it is learnt there.
    """
    system, turns = messages[0], list(messages[1:])
    exchanges = _exchanges(turns)
    lengths = [count([system, *exchange]) - count([system]) for exchange in exchanges]
    room = max_length - count([system])
    first = 0
    while first < len(exchanges):
        history, used = first, 0
        while history > 0 and used + lengths[history - 1] <= overlap * room:
            history -= 1
            used += lengths[history]
        last = first
        while last < len(exchanges) and (last == first or used + lengths[last] <= room):
            used += lengths[last]
            last += 1
        if used > room and history < first:  # the new exchange alone is long: no history rather than a cut turn
            history = first
        kept = [message for exchange in exchanges[history:last] for message in exchange]
        old = sum(message["role"] == "assistant" for exchange in exchanges[history:first] for message in exchange)
        new = sum(message["role"] == "assistant" for exchange in exchanges[first:last] for message in exchange)
        if new:
            yield [system, *kept], [False] * old + [True] * new
        first = last


def _exchanges(turns: Sequence[Message]) -> list[list[Message]]:
    """An officer's turn with the answer to it, each."""
    found: list[list[Message]] = []
    for turn in turns:
        if turn["role"] == "user" or not found:
            found.append([turn])
        else:
            found[-1].append(turn)
    return found
