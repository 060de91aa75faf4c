"""What a judge answers: the forms of the rubrics ``scenario.v1`` and ``turn.v1``.

Two kinds of models. :class:`ScenarioAnswer` and :class:`TurnAnswer` are what is stored and read. :func:`scenario_form` and
:func:`window_form` are what an endpoint is asked for: the same, with every feature and every turn spelled out as a field, so that a
grammar can force a complete answer.
"""

from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from dataset_script.quality.relevance import taxonomy

Category = Literal[
    "traffic stop",
    "domestic dispute",
    "mental-health crisis",
    "welfare check",
    "theft",
    "trespass",
    "intoxication",
    "disorderly conduct",
    "drugs",
    "eviction or tenancy",
    "neighbour or noise",
    "assault or weapon",
    "juvenile",
    "crash",
    "warrant or pursuit",
    "protest",
    "interview or interrogation",
    "custody or jail",
    "other",
]
JudgedRole = Literal[
    "officer",
    "detective",
    "corrections",
    "dispatch",
    "subject",
    "civilian",
    "medical",
    "security",
    "legal",
    "narrator",
    "machine",
    "unknown",
]
TextKind = Literal["speech", "narration", "advert", "debris"]
Move = Literal["deescalation", "escalation", "neither"]

MAX_QUOTE_CHARACTERS = 160


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Evidence(_Strict):
    """Words that show a feature: a quote from the numbered turn."""

    feature: str
    turn: int = Field(ge=0)
    quote: str = Field(max_length=MAX_QUOTE_CHARACTERS)


class ScenarioAnswer(_Strict):
    """What a judge says of a whole transcript. ``people`` counts those who speak; ``confidence`` is 0–1, as the model puts it."""

    evidence: list[Evidence]
    features: dict[str, bool]
    category: Category
    people: int = Field(ge=0, le=200)
    invented: bool
    language: str = Field(pattern=r"^[a-z][a-z]$")
    confidence: float = Field(ge=0, le=1)


class TurnAnswer(_Strict):
    """What a judge says of one turn. ``personal_data``: whether the words identify a private person."""

    role: JudgedRole
    text: TextKind
    move: Move
    personal_data: bool


@cache
def scenario_form(max_evidence: int) -> type[BaseModel]:
    """:class:`ScenarioAnswer` with one required field for each feature of the taxonomy and at most so many pieces of evidence."""
    ids = tuple(feature.id for feature in taxonomy())
    features = create_model("Features", __config__=_Strict.model_config, **dict.fromkeys(ids, (bool, ...)))  # type: ignore[call-overload]
    evidence = create_model("Evidence", __base__=Evidence, feature=(Literal[ids], ...))  # type: ignore[arg-type]
    entries = (list[evidence], Field(max_length=max_evidence))
    return create_model("Scenario", __base__=ScenarioAnswer, evidence=entries, features=(features, ...))


@cache
def window_form(n_turns: int) -> type[BaseModel]:
    """One :class:`TurnAnswer` for each of ``n_turns`` turns, in fields ``t1``, ``t2`` …: numbers that are the same in every window."""
    fields = {f"t{number}": (TurnAnswer, ...) for number in range(1, n_turns + 1)}
    return create_model("Window", __config__=_Strict.model_config, **fields)  # type: ignore[call-overload]
