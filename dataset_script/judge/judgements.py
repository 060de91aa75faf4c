"""``judgements.jsonl``: one line a judged unit, in a journal (``journal.py``).

The build reads it through :func:`read_judgements`.
"""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dataset_script.errors import DataError
from dataset_script.judge.answers import ScenarioAnswer, TurnAnswer
from dataset_script.judge.journal import read_lines
from dataset_script.judge.rubrics import KINDS, Kind, rubric
from dataset_script.judge.structured import FailureKind

LINE_START = b'{"kind":"'


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class RequestRecord(_Strict):
    """What one request took. The lines of a window of turns share it: ``lines`` of them hold the same record.

    ``key`` is the cache's (see ``client.request_key``). Tokens are None where the endpoint did not count them; ``cost`` is then the worst
    case. ``structure`` is how the form of the answer was asked for.
    """

    key: str = Field(pattern=r"^[0-9a-f]{64}$")
    lines: int = Field(ge=1)
    prompt_tokens: int | None
    completion_tokens: int | None
    cost: float = Field(ge=0)
    requests: int = Field(ge=0)
    seconds: float = Field(ge=0)
    structure: str


class FailureRecord(_Strict):
    """Why there is no answer."""

    kind: FailureKind
    reason: str


class Judgement(_Strict):
    """One line. ``turn`` is the row's index, None for a scenario; ``left_out`` turns of a long scenario were not shown.

    ``content_sha256`` is of what the judge was shown, ``transcript_sha256`` of the transcript's rows (None in older files).
    ``at`` is the time of the answer (UTC, ISO 8601). ``repeat`` counts from 0; repeats above 0 only serve to measure agreement.
    """

    kind: Kind
    transcript: str
    turn: int | None
    rubric: str
    rubric_sha256: str
    model: str
    endpoint: str
    at: str
    repeat: int = Field(ge=0)
    content_sha256: str
    transcript_sha256: str | None = None
    left_out: int = Field(ge=0)
    answer: ScenarioAnswer | TurnAnswer | None
    failure: FailureRecord | None
    request: RequestRecord

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.answer is None) == (self.failure is None):
            raise ValueError("needs either an answer or a failure")
        form = ScenarioAnswer if self.kind == "scenario" else TurnAnswer
        if self.answer is not None and not isinstance(self.answer, form):
            raise ValueError(f"the answer is not that of a {self.kind}")
        if (self.turn is None) != (self.kind == "scenario"):
            raise ValueError(f"turn does not go with kind {self.kind}")
        return self

    @property
    def unit(self) -> tuple[Kind, str, int | None]:
        """What was judged."""
        return self.kind, self.transcript, self.turn


class Conflict(NamedTuple):
    """A feature on which the last answers of two models differ."""

    feature: str
    models: tuple[str, ...]


class ScenarioJudgement(_Strict):
    """What the build takes: the last valid answer for a transcript, and where other models' last answers differ from it."""

    transcript: str
    model: str
    rubric: str
    answer: ScenarioAnswer
    transcript_sha256: str | None = None
    conflicts: tuple[Conflict, ...] = ()

    @property
    def features(self) -> dict[str, bool]:
        """Feature id → whether it holds."""
        return self.answer.features

    @property
    def decided_by(self) -> str:
        """Model and rubric, as a row of the dataset says it."""
        return f"{self.model} {self.rubric}"


def read_all(path: Path) -> list[Judgement]:
    """All lines in order; a torn last one is left out.

    Raises:
        DataError: no such file, or a line that is no judgement.
    """
    try:
        return read_lines(path, Judgement)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file. `deescalwild data judge` writes it.") from None


def last_answers(judgements: Iterable[Judgement]) -> dict[tuple[Kind, str, int | None], dict[str, Judgement]]:
    """unit → model → its last valid answer under the current rubric's words, no repeats; the model that answered last stands last."""
    current = {kind: rubric(kind).sha256 for kind in KINDS}
    found: dict[tuple[Kind, str, int | None], dict[str, Judgement]] = defaultdict(dict)
    for judgement in judgements:
        if (
            judgement.answer is not None
            and judgement.repeat == 0
            and judgement.rubric_sha256 == current[judgement.kind]
        ):
            found[judgement.unit].pop(judgement.model, None)
            found[judgement.unit][judgement.model] = judgement
    return dict(found)


def _settle(by_model: dict[str, Judgement]) -> ScenarioJudgement:
    last = list(by_model.values())[-1]
    assert isinstance(last.answer, ScenarioAnswer)
    others: dict[str, list[str]] = defaultdict(list)
    for model, judgement in by_model.items():
        assert isinstance(judgement.answer, ScenarioAnswer)
        for feature, holds in last.answer.features.items():
            if judgement.answer.features[feature] != holds:
                others[feature].append(model)
    conflicts = tuple(Conflict(feature, tuple(models)) for feature, models in sorted(others.items()))
    return ScenarioJudgement(
        transcript=last.transcript,
        model=last.model,
        rubric=last.rubric,
        answer=last.answer,
        transcript_sha256=last.transcript_sha256,
        conflicts=conflicts,
    )


def read_judgements(path: Path) -> dict[str, ScenarioJudgement]:
    """Transcript name → judgement of the whole scenario, by name.

    The last valid answer under the current rubric counts; where other models answered, ``conflicts`` tells on which features they differ.

    Raises:
        DataError: no such file, a broken line, or answers under other rubrics only, which would be read as none.
    """
    judgements = read_all(path)
    answers = last_answers(judgements)
    judged = {
        name: _settle(by_model) for (kind, name, _), by_model in sorted(answers.items(), key=str) if kind == "scenario"
    }
    for judgement in judgements:
        if judgement.kind == "scenario" and judgement.answer is not None and judgement.transcript not in judged:
            raise DataError(
                f"{path}: {judgement.transcript} is judged only by an older {judgement.rubric}; the rubric is now {rubric('scenario').id}. "
                "Run `deescalwild data judge` again with the same --output."
            )
    return judged
