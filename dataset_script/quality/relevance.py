"""The paper's relevance rule: C_valid = (Police ≥ 2) ∧ (Escalation ≥ 3 ∨ De-escalation ≥ 3), over binary features.

The taxonomy is data (``taxonomy.yaml``). A judge's answers are used where there are any; otherwise the lexical patterns
answer, and the row says which of the two it was.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from dataset_script.dialogue import Turn
from dataset_script.quality.patterns import load, normalised
from dataset_script.roles import AUTHORITY, BREAKING, CIVILIAN_SIDE

GROUPS = ("police", "escalation", "deescalation")
MIN_POLICE = 2
MIN_ESCALATION = 3
MIN_DEESCALATION = 3


@dataclass(frozen=True)
class Feature:
    """A yes/no feature of a transcript; ``pattern`` None means that only a judge can tell."""

    group: str
    id: str
    question: str
    by: str
    turns: int
    pattern: re.Pattern[str] | None


@dataclass(frozen=True)
class Relevance:
    """Features that hold, by group, and who said so (``lexical v1``, or a judge's model and rubric)."""

    features: dict[str, tuple[str, ...]]
    decided_by: str

    def count(self, group: str) -> int:
        """Number of features of a group that hold."""
        return len(self.features.get(group, ()))

    @property
    def is_lexical(self) -> bool:
        """Whether patterns decided, no judge."""
        return self.decided_by.startswith("lexical")

    @property
    def is_valid(self) -> bool:
        """C_valid of the paper."""
        escalates = self.count("escalation") >= MIN_ESCALATION
        return self.count("police") >= MIN_POLICE and (escalates or self.count("deescalation") >= MIN_DEESCALATION)


@cache
def taxonomy() -> tuple[Feature, ...]:
    """All features, in the order of the file, context filters last."""
    data = load("taxonomy.yaml")
    return tuple(
        Feature(
            group,
            feature["id"],
            feature["question"],
            feature.get("by", "anybody"),
            feature.get("turns", 1),
            re.compile(feature["pattern"]) if "pattern" in feature else None,
        )
        for group in (*GROUPS, "context_filters")
        for feature in data[group]
    )


def taxonomy_version() -> str:
    """Version of the taxonomy's words and patterns."""
    return f"v{load('taxonomy.yaml')['version']}"


def _holds(feature: Feature, texts: Sequence[str]) -> bool:
    assert feature.pattern is not None
    found = 0
    for text in texts:
        found += bool(feature.pattern.search(text))
        if found >= feature.turns:
            return True
    return False


def lexical_relevance(turns: Sequence[Turn]) -> Relevance:
    """Features by the patterns alone. Narrators and machines do not speak for the encounter."""
    spoken = [(turn.role, normalised(turn.text)) for turn in turns if turn.role not in BREAKING]
    sides = {
        "authority": [text for role, text in spoken if role in AUTHORITY],
        "civilian": [text for role, text in spoken if role in CIVILIAN_SIDE],
        "anybody": [text for _, text in spoken],
    }
    held: dict[str, list[str]] = {group: [] for group in GROUPS}
    for feature in taxonomy():
        if feature.pattern is not None and _holds(feature, sides[feature.by]):
            held[feature.group].append(feature.id)
    return Relevance({group: tuple(ids) for group, ids in held.items()}, f"lexical {taxonomy_version()}")


def judged_relevance(answers: Mapping[str, bool], judge: str) -> Relevance:
    """Features by a judge's answers.

    Args:
        answers: feature id → yes or no; ids that the taxonomy does not know are ignored.
        judge: model and rubric, as it is to stand in the row.
    """
    held: dict[str, list[str]] = {group: [] for group in (*GROUPS, "context_filters")}
    for feature in taxonomy():
        if answers.get(feature.id):
            held[feature.group].append(feature.id)
    return Relevance({group: tuple(ids) for group, ids in held.items()}, judge)
