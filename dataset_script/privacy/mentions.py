"""What the privacy pass is given and what it finds."""

import bisect
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
    """One turn as the privacy pass sees it: released label, resolved role (roles/taxonomy.py), words."""

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
    """Mentions in the order of the text; of two that overlap the earlier of ``mentions`` stays, empty ones are dropped."""
    taken: dict[int, list[Mention]] = {}
    for mention in mentions:
        beside = taken.setdefault(mention.turn, [])
        at = bisect.bisect_left(beside, mention)
        is_free = (at == 0 or beside[at - 1].end <= mention.start) and (
            at == len(beside) or mention.end <= beside[at].start
        )
        if is_free and mention.start < mention.end:
            beside.insert(at, mention)
    return [mention for number in sorted(taken) for mention in taken[number]]
