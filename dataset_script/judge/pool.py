"""Many requests to one judge, several at a time, until all are answered, the budget is spent or the endpoint fails."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel

from dataset_script.judge.budget import BudgetSpent
from dataset_script.judge.client import ChatClient, Decoding, EndpointUnavailable, Message
from dataset_script.judge.structured import Reply, ask

MAX_FAILURES_IN_A_ROW = 5
"""Requests that the endpoint fails to answer, one after the other, before the run gives up."""


class Request(Protocol):
    """One question. ``form`` is that of the answer."""

    @property
    def messages(self) -> Sequence[Message]: ...
    @property
    def form(self) -> type[BaseModel]: ...
    @property
    def decoding(self) -> Decoding: ...


R = TypeVar("R", bound=Request)


@dataclass(frozen=True)
class Pending:
    """What was not asked: how many requests, and why."""

    remaining: int
    stopped: str | None


class _Pool(Generic[R]):
    """The state that the workers of one run share. All of it lives in one event loop."""

    def __init__(self, requests: Sequence[R], on_reply: Callable[[R, Reply[BaseModel]], None]) -> None:
        self.queue = deque(requests)
        self.on_reply = on_reply
        self.failures_in_a_row = 0
        self.stopped: str | None = None

    async def work(self, client: ChatClient) -> None:
        """Take requests until there are none, or none that can be paid for."""
        while self.queue:
            request = self.queue.popleft()
            try:
                reply = await ask(client, request.messages, request.form, decoding=request.decoding)
            except BudgetSpent as error:
                self.queue.appendleft(request)
                self.stopped = str(error)
                return
            self.on_reply(request, reply)
            self.count_failures(reply)

    def count_failures(self, reply: Reply[BaseModel]) -> None:
        """Give up where the endpoint does not come back.

        Raises:
            EndpointUnavailable: it was one failure too many.
        """
        failure = reply.failure
        if failure is None or failure.kind != "endpoint":
            self.failures_in_a_row = 0
            return
        self.failures_in_a_row += 1
        if self.failures_in_a_row >= MAX_FAILURES_IN_A_ROW:
            raise EndpointUnavailable(
                f"{self.failures_in_a_row} requests in a row failed, the last because: {failure.reason}. "
                "What was answered is kept; run the same command again to go on."
            )


def ask_all(
    client: ChatClient, requests: Sequence[R], concurrency: int, on_reply: Callable[[R, Reply[BaseModel]], None]
) -> Pending:
    """Ask, in this order, and hand every reply over as it comes in.

    Args:
        client: used up: it is closed at the end.
        requests: what to ask.
        concurrency: requests at a time.
        on_reply: called in the event loop's thread; it writes the reply down before the worker asks for more.

    Raises:
        EndpointUnavailable: nobody answers there, or no longer.
    """
    pool = _Pool(requests, on_reply)
    asyncio.run(_work(pool, client, concurrency))
    return Pending(len(pool.queue), pool.stopped if pool.queue else None)


async def _work(pool: _Pool[R], client: ChatClient, concurrency: int) -> None:
    async with client:
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(concurrency):
                    group.create_task(pool.work(client))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
