"""The rubrics: what a judge is asked, as versioned data. A change of its words is a new file with a new version."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

from dataset_script.quality.relevance import taxonomy, taxonomy_version

Kind = Literal["scenario", "turn"]
KINDS: tuple[Kind, ...] = ("scenario", "turn")
_CURRENT: dict[Kind, str] = {"scenario": "scenario.v1", "turn": "turn.v1"}


@dataclass(frozen=True)
class Rubric:
    """What a judge is told. ``id`` names the words and, where it asks for features, the taxonomy's version."""

    kind: Kind
    id: str
    instructions: str

    @property
    def sha256(self) -> str:
        """Digest of the words, for records: two rubrics of one id must not differ."""
        return hashlib.sha256(self.instructions.encode()).hexdigest()


def _features() -> str:
    return "\n".join(f"- `{feature.id}` ({feature.group}): {feature.question}" for feature in taxonomy())


@cache
def rubric(kind: Kind) -> Rubric:
    """The current rubric for scenarios or for turns."""
    name = _CURRENT[kind]
    text = resources.files(__package__).joinpath("rubrics", f"{name}.md").read_text("utf-8")
    if kind == "scenario":
        return Rubric(kind, f"{name}+taxonomy.{taxonomy_version()}", text.replace("{features}", _features()))
    return Rubric(kind, name, text)
