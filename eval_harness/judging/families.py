"""Whether judge and judged are of one kind, told from their names. Pure but for one data file."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

from submissions.judgement import Relation


@dataclass(frozen=True)
class Family:
    """A line of models, who makes it, and what its names look like."""

    family: str
    maker: str
    pattern: re.Pattern[str]


@cache
def known_families() -> tuple[Family, ...]:
    """All of ``families.yaml``."""
    rows = yaml.safe_load(resources.files(__package__).joinpath("families.yaml").read_bytes())
    return tuple(Family(row["family"], row["maker"], re.compile(row["pattern"])) for row in rows)


def families_of(names: Iterable[str | None]) -> tuple[Family, ...]:
    """Families that any of a model's names (id, base model, architecture) belongs to."""
    own = [name.lower() for name in names if name]
    return tuple(each for each in known_families() if any(each.pattern.search(name) for name in own))


def relation(judge: str, model: Iterable[str | None]) -> Relation:
    """How close a judge is to the model that it judges; ``unknown`` where a name says nothing.

    Args:
        judge: its name, as the endpoint knows it.
        model: the judged model's names.
    """
    names = [name for name in model if name]
    if judge.lower() in {name.lower() for name in names}:
        return "same model"
    ours, theirs = families_of([judge]), families_of(names)
    if not ours or not theirs:
        return "unknown"
    if {each.family for each in ours} & {each.family for each in theirs}:
        return "same family"
    if {each.maker for each in ours} & {each.maker for each in theirs}:
        return "same maker"
    return "different"
