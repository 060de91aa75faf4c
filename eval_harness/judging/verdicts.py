"""The judge's journal: a line a request, and from it the rows that are published beside a judgement."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dataset_script.judge.journal import read_lines
from dataset_script.judge.structured import FailureKind

LINE_START = b'{"item_id":"'


class Failure(BaseModel):
    """Why there is no answer."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    kind: FailureKind
    reason: str


class Verdict(BaseModel):
    """One request and what came of it. ``answer`` is the rubric's, with the replies under A and B; ``model_first``: A is the model's.

    ``key`` is the cache's. Tokens are None where the endpoint did not count them; ``cost`` is then the worst case. ``at``: UTC, ISO 8601.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    item_id: str
    scenario_id: str
    key: str = Field(pattern=r"^[0-9a-f]{64}$")
    repeat: int = Field(ge=0)
    model_first: bool
    answer: dict[str, Any] | None
    failure: Failure | None
    at: str
    prompt_tokens: int | None
    completion_tokens: int | None
    cost: float = Field(ge=0)
    requests: int = Field(ge=0)
    seconds: float = Field(ge=0)
    structure: str

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.answer is None) == (self.failure is None):
            raise ValueError("needs either an answer or a failure")
        return self

    @property
    def model(self) -> dict[str, Any]:
        """What was said of the model's reply.

        Raises:
            TypeError: there is no answer.
        """
        return self._reply("A" if self.model_first else "B")

    @property
    def human(self) -> dict[str, Any]:
        """What was said of the person's reply.

        Raises:
            TypeError: there is no answer.
        """
        return self._reply("B" if self.model_first else "A")

    def _reply(self, name: str) -> dict[str, Any]:
        if self.answer is None:
            raise TypeError(f"{self.item_id}: no answer")
        return self.answer[name]


def read_verdicts(path: Path) -> list[Verdict]:
    """All lines of a journal in order; none where there is no file.

    Raises:
        DataError: a line that is no verdict.
    """
    return read_lines(path, Verdict) if path.exists() else []


def published(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Rows of the verdicts file: what was judged and said, without what it took."""
    kept = {"item_id", "scenario_id", "repeat", "model_first", "answer", "failure"}
    return [verdict.model_dump(include=kept) for verdict in verdicts]
