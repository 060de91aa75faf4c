"""Answers of a stated form: asked for, found in the reply, validated, asked for once more, or given up with the reason."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from dataset_script.judge.budget import BudgetSpent, Usage
from dataset_script.judge.client import ChatClient, Completion, Decoding, Message, RequestFailed

T = TypeVar("T", bound=BaseModel)

FailureKind = Literal["refused", "invalid", "endpoint", "budget"]
RETRYABLE: frozenset[FailureKind] = frozenset({"endpoint", "budget"})
"""Failures that say nothing about the request: another run asks again."""

_MAX_PROBLEMS = 8


@dataclass(frozen=True)
class Failure:
    """Why there is no answer. ``refused`` – the endpoint or the model would not; ``invalid`` – two answers of a wrong form."""

    kind: FailureKind
    reason: str


@dataclass(frozen=True)
class Reply(Generic[T]):
    """An answer or a failure, never both, and what it took. ``usage`` is None where the endpoint did not count every request."""

    answer: T | None
    failure: Failure | None
    usage: Usage | None
    cost: float
    requests: int
    seconds: float
    structure: str


class InvalidAnswer(ValueError):
    """A reply that does not hold an answer of the wanted form. The message can be shown to the model."""


@cache
def schema_of(form: type[BaseModel]) -> dict[str, Any]:
    """JSON schema of a form without titles and docstrings: they cost tokens, and a reworded docstring is no new question."""
    return _bare(form.model_json_schema())


def _bare(node: Any) -> Any:
    if isinstance(node, dict):
        notes = {name for name in ("title", "description") if isinstance(node.get(name), str)}
        return {name: _bare(value) for name, value in node.items() if name not in notes}
    return [_bare(value) for value in node] if isinstance(node, list) else node


def last_json_object(text: str) -> str | None:
    """The last JSON object at the top level of a text (models that think aloud answer last); None where it is not complete."""
    decoder = json.JSONDecoder()
    found, position = None, text.find("{")
    while position >= 0:
        try:
            _, end = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
                return None  # cut off: what is whole inside it is not the answer
            position = text.find("{", position + 1)
            continue
        except (RecursionError, ValueError):
            return None  # nested without end, or a number of thousands of digits: a model that has fallen into a loop
        found, position = text[position:end], text.find("{", end)
    return found


def parse_answer(text: str, form: type[T]) -> T:
    """Validate a reply.

    Raises:
        InvalidAnswer: no JSON object in it, or not of the form; the message lists the first problems, by field.
    """
    found = last_json_object(text)
    if found is None:
        raise InvalidAnswer("there is no complete JSON object in it")
    try:
        return form.model_validate_json(found, strict=True)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        lines = [
            f"{'.'.join(map(str, problem['loc'])) or 'answer'}: {problem['msg']}"
            for problem in problems[:_MAX_PROBLEMS]
        ]
        more = [f"and {len(problems) - _MAX_PROBLEMS} more"] if len(problems) > _MAX_PROBLEMS else []
        raise InvalidAnswer("; ".join(lines + more)) from None


def _repair(messages: Sequence[Message], text: str, problem: str) -> list[Message]:
    words = f"That answer cannot be used: {problem}. Answer again with the JSON object alone, complete and of the form asked for."
    return [*messages, {"role": "assistant", "content": text}, {"role": "user", "content": words}]


class _Account:
    """What the requests for one answer took together."""

    def __init__(self) -> None:
        self.usage: Usage | None = Usage()
        self.cost, self.requests, self.seconds, self.structure = 0.0, 0, 0.0, ""

    def add(self, completion: Completion) -> None:
        self.usage = self.usage + completion.usage if self.usage and completion.usage else None
        self.cost += completion.cost
        self.requests += completion.requests
        self.seconds += completion.seconds
        self.structure = completion.dialect.structure

    def reply(self, answer: T | None, failure: Failure | None) -> Reply[T]:
        return Reply(answer, failure, self.usage, self.cost, self.requests, round(self.seconds, 3), self.structure)


async def ask(
    client: ChatClient, messages: Sequence[Message], form: type[T], *, decoding: Decoding | None = None
) -> Reply[T]:
    """Ask for an answer of a form; one that cannot be used is sent back once with what is wrong.

    Args:
        client: whom to ask.
        messages: the request.
        form: pydantic model; its JSON schema is sent along, and it validates the answer strictly.
        decoding: another than the client's.

    Raises:
        BudgetSpent: before the first request; nothing was spent.
        EndpointUnavailable: the endpoint cannot be used at all.
    """
    schema = schema_of(form)
    account = _Account()
    asked: Sequence[Message] = messages
    problem = ""
    for attempt in range(2):
        try:
            completion = await client.complete(asked, schema, decoding=decoding)
        except RequestFailed as error:
            account.requests += error.requests
            return account.reply(None, Failure("refused" if error.is_final else "endpoint", str(error)))
        except BudgetSpent as error:
            if attempt == 0:
                raise
            return account.reply(None, Failure("budget", f"{error}, with an answer to mend: {problem}"))
        account.add(completion)
        if completion.finish_reason == "content_filter":
            return account.reply(None, Failure("refused", "the model or its filter refused to answer"))
        try:
            return account.reply(parse_answer(completion.text, form), None)
        except InvalidAnswer as error:
            cut_off = "it was cut off at the limit of tokens; " if completion.finish_reason == "length" else ""
            problem = f"{cut_off}{error}"
            asked = _repair(messages, completion.text, problem)
    return account.reply(None, Failure("invalid", problem))
