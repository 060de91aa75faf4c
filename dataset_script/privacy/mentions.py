"""What the privacy pass is given and what it finds."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

NAME, PHONE, ADDRESS, DOB, PLATE, LICENSE, SSN, EMAIL, VIN, OTHER_ID = (
    "NAME", "PHONE", "ADDRESS", "DOB", "PLATE", "LICENSE", "SSN", "EMAIL", "VIN", "OTHER_ID",
)  # fmt: skip
TYPES = (NAME, PHONE, ADDRESS, DOB, PLATE, LICENSE, SSN, EMAIL, VIN, OTHER_ID)

PLACEHOLDER = re.compile(r"\[(?P<type>[A-Z]+(?:_[A-Z]+)*)_(?P<number>\d+)\]")
"""What stands for a mention in redacted text, for example ``[NAME_1]``."""


@dataclass(frozen=True)
class SpokenTurn:
    """One turn as the privacy pass sees it: released label, resolved role (DESIGN.md, "Words"), words."""

    speaker: str
    role: str
    text: str


@dataclass(frozen=True, order=True)
class Mention:
    """Personal data in a turn: ``text[start:end]``, its type, and the rule that found it."""

    turn: int
    start: int
    end: int
    type: str
    rule: str


def without_overlaps(mentions: Iterable[Mention]) -> list[Mention]:
    """Mentions in the order of the text; of two that overlap the earlier of ``mentions`` stays, cut ones are dropped."""
    taken: dict[int, list[Mention]] = {}
    for mention in mentions:
        beside = taken.setdefault(mention.turn, [])
        if mention.start < mention.end and all(mention.end <= m.start or m.end <= mention.start for m in beside):
            beside.append(mention)
    return sorted(mention for beside in taken.values() for mention in beside)
