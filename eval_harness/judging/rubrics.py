"""Rubrics as data: ``rubrics/<id>.<version>.yaml`` holds a judge's instructions, the points of the score, and the JSON schema of the answer."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml
from pydantic import BaseModel, RootModel, model_validator

from eval_harness.errors import EvaluationError
from submissions.ledger import printable

CURRENT = {"realism": "realism.v1", "de-escalation": "de-escalation.v1"}
"""Id of a rubric → its current version."""
SIDES = ("A", "B")
"""Names of the two replies in a request and in an answer."""
_MAX_PROBLEMS = 8


@dataclass(frozen=True)
class Rubric:
    """What a judge is told and asked.

    ``points``: fields of a reply's answer that add up to its score, 0–100. ``labels``: fields whose words are counted. From
    ``threshold`` on, a reply is ``threshold_name``; None where no line is drawn. ``sha256`` is that of the file.
    """

    id: str
    version: str
    title: str
    text: str
    points: tuple[str, ...]
    labels: tuple[str, ...]
    threshold: float | None
    threshold_name: str | None
    schema: Mapping[str, Any]
    sha256: str

    @property
    def name(self) -> str:
        """Id and version, as files are called."""
        return f"{self.id}.{self.version}"

    def score(self, reply: Mapping[str, Any]) -> float:
        """Score of one reply's answer. The judge gives points, the sum is ours: models add up badly."""
        return float(sum(reply[name] for name in self.points))

    def passes(self, score: float) -> bool:
        """Whether a score reaches the threshold; False where there is none."""
        return self.threshold is not None and score >= self.threshold


def _file(name: str) -> bytes:
    return resources.files(__package__).joinpath("rubrics", f"{name}.yaml").read_bytes()


@cache
def load_rubric(rubric_id: str) -> Rubric:
    """The current rubric of an id.

    Raises:
        EvaluationError: there is none.
    """
    if rubric_id not in CURRENT:
        raise EvaluationError(f"{rubric_id!r} is no rubric. There are: {', '.join(CURRENT)}.")
    content = _file(CURRENT[rubric_id])
    data = yaml.safe_load(content)
    return Rubric(
        id=data["id"],
        version=data["version"],
        title=data["title"],
        text=data["text"],
        points=tuple(data["points"]),
        labels=tuple(data["labels"]),
        threshold=data["threshold"],
        threshold_name=data["threshold_name"],
        schema=data["answer"],
        sha256=hashlib.sha256(content).hexdigest(),
    )


@cache
def answer_form(rubric_id: str) -> type[BaseModel]:
    """The rubric's JSON schema as a type that ``dataset_script.judge.structured.ask`` sends along and validates by."""
    import jsonschema

    schema = dict(load_rubric(rubric_id).schema)
    validator = jsonschema.Draft202012Validator(schema)

    class Answer(RootModel[dict[str, Any]]):
        @classmethod
        def model_json_schema(cls, *_args: Any, **_options: Any) -> dict[str, Any]:
            return schema

        @model_validator(mode="after")
        def _fits(self) -> "Answer":
            problems = [
                f"{'.'.join(map(str, error.absolute_path)) or 'answer'}: {printable(error.message)}"
                for error in validator.iter_errors(self.root)
            ]
            if problems:
                raise ValueError("; ".join(problems[:_MAX_PROBLEMS]))
            return self

    return Answer
