"""A served model's answers on disk: what was paid for is kept, whatever happens to the run."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from dataset_script.judge.journal import append, drop_torn_line, read_lines
from submissions.schema import Usage


class Answer(BaseModel):
    """One item's reply and what it took. ``key`` is of the question; counts are None where the endpoint does not count.

    ``dropped_tokens``: of a history that did not fit the server's window. ``model``: who the endpoint says has answered.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    reply: str
    dropped_tokens: int
    prompt_tokens: int | None
    cached_prompt_tokens: int
    completion_tokens: int | None
    n_requests: int
    cost: float
    model: str


class Answers:
    """Answers by key, in memory and in a file of JSON lines. A line torn by a kill is cut off, and its item asked again.

    Raises:
        DataError: the file holds something else.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._by_key: dict[str, Answer] = {}
        if path.exists():
            drop_torn_line(path, b'{"key":')
            self._by_key = {answer.key: answer for answer in read_lines(path, Answer)}

    def __contains__(self, key: str) -> bool:
        return key in self._by_key

    def __getitem__(self, key: str) -> Answer:
        return self._by_key[key]

    @property
    def cost(self) -> float:
        """Of all answers, those of earlier runs included."""
        return sum(answer.cost for answer in self._by_key.values())

    def add(self, answer: Answer) -> None:
        """Keep an answer; on disk when this returns."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        append(self._path, [answer])
        self._by_key[answer.key] = answer

    def forget(self) -> None:
        """Delete the file."""
        self._path.unlink(missing_ok=True)


def usage_of(answers: Iterable[Answer], *, has_prices: bool) -> Usage | None:
    """Sums over answers; None where the endpoint did not count all of them."""
    own = list(answers)
    if any(answer.prompt_tokens is None or answer.completion_tokens is None for answer in own):
        return None
    return Usage(
        prompt_tokens=sum(answer.prompt_tokens or 0 for answer in own),
        cached_prompt_tokens=sum(answer.cached_prompt_tokens for answer in own),
        completion_tokens=sum(answer.completion_tokens or 0 for answer in own),
        n_requests=sum(answer.n_requests for answer in own),
        cost_usd=round(sum(answer.cost for answer in own), 6) if has_prices else None,
    )
