"""Questions to an endpoint: several at a time, those of one scenario after each other, so that the server's prefix cache serves them."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dataset_script.dialogue import Message
from dataset_script.judge.budget import BudgetSpent
from dataset_script.judge.client import ChatClient, Completion, Decoding, EndpointUnavailable, RequestFailed
from dataset_script.judge.dialect import is_too_long
from eval_harness.errors import EvaluationError
from eval_harness.prompt import fold_system, without_oldest

MAX_FAILURES_IN_A_ROW = 5
"""Requests without an answer, each after all its retries, before the run gives up."""
SHARE_DROPPED = 0.25
"""Of the history's characters, each time that the server says it is too long: nobody told us its tokenizer."""


@dataclass(frozen=True)
class Question:
    """One item. ``messages``: system prompt first, the officer's words last. ``fields``: of the request's body, beside decoding."""

    key: str
    item_id: str
    messages: tuple[Message, ...]
    decoding: Decoding
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answered:
    """A completion, and the characters of the history that the server's window did not take (of those sent first)."""

    question: Question
    completion: Completion
    dropped_characters: int
    sent_characters: int


def shorter(messages: Sequence[Message]) -> tuple[Message, ...] | None:
    """The same without its oldest turns, up to an officer's; None where only the system prompt and the last turn are left."""
    system, *turns = messages
    fewer = without_oldest(turns, SHARE_DROPPED)
    return (system, *fewer) if len(fewer) < len(turns) else None


def n_characters(messages: Sequence[Message]) -> int:
    """Of all messages' words."""
    return sum(len(message["content"]) for message in messages)


def ask_all(
    client: ChatClient,
    scenarios: Sequence[Sequence[Question]],
    concurrency: int,
    on_answer: Callable[[Answered], None],
) -> None:
    """Ask, each worker one scenario after the other, and hand every answer over as it comes in.

    Args:
        client: used up: it is closed at the end.
        on_answer: called in the event loop's thread; it writes the answer down before the worker asks on.

    Raises:
        EvaluationError: a question cannot be answered, or the budget is spent.
        EndpointUnavailable: nobody answers there, or no longer.
    """
    asyncio.run(_Asking(client, scenarios, on_answer).run(concurrency))


class _Asking:
    """What the workers of one run share. All of it lives in one event loop."""

    def __init__(
        self, client: ChatClient, scenarios: Sequence[Sequence[Question]], on_answer: Callable[[Answered], None]
    ) -> None:
        self.client, self.on_answer = client, on_answer
        self.scenarios = deque(scenarios)
        self.failures_in_a_row = 0
        self.folds_system = False

    async def run(self, concurrency: int) -> None:
        async with self.client:
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(min(concurrency, len(self.scenarios))):
                        group.create_task(self.work())
            except ExceptionGroup as errors:
                raise errors.exceptions[0] from None

    async def work(self) -> None:
        while self.scenarios:
            for question in self.scenarios.popleft():
                self.on_answer(await self.answer(question))

    async def answer(self, question: Question) -> Answered:
        """Ask until there is an answer: again after a failure, with less history or without a system role where the server says so."""
        whole, requests = n_characters(question.messages), 0
        while True:
            messages = fold_system(question.messages) if self.folds_system else question.messages
            try:
                found = await self.client.complete(messages, decoding=question.decoding, fields=question.fields)
            except BudgetSpent as error:
                raise EvaluationError(f"{error}. Raise --max-cost and run the same command again to go on.") from None
            except RequestFailed as error:
                requests += error.requests
                question = self.mended(question, error)
                continue
            self.failures_in_a_row = 0
            self.check_dialect(found)
            sent = n_characters(question.messages)
            return Answered(question, replace(found, requests=found.requests + requests), whole - sent, sent)

    def mended(self, question: Question, error: RequestFailed) -> Question:
        """The question to ask after a failure.

        Raises:
            EvaluationError: the same would fail again.
            EndpointUnavailable: it was one failure too many.
        """
        if not error.is_final:
            self.failures_in_a_row += 1
            if self.failures_in_a_row >= MAX_FAILURES_IN_A_ROW:
                raise EndpointUnavailable(
                    f"{self.failures_in_a_row} requests in a row failed, the last because: {error}. "
                    "What was answered is kept; run the same command again to go on."
                )
            return question
        if is_too_long(str(error)) and (fitting := shorter(question.messages)):
            return replace(question, messages=fitting)
        if "system" in str(error).lower() and not self.folds_system:
            self.folds_system = True
            return question
        raise EvaluationError(f"{question.item_id}: {error}")

    def check_dialect(self, found: Completion) -> None:
        """Refuse an endpoint that decodes as it likes.

        Raises:
            EvaluationError: it does not take the temperature.
        """
        if "temperature" in found.dialect.without:
            raise EvaluationError(
                f"{self.client.endpoint.host} does not take a temperature, so its replies follow other rules than the board's. "
                "Make predictions with your own settings and send them with `deescalwild score --temperature …`."
            )
