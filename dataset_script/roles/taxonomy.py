"""The twelve roles and their sides (docs/CORPUS.md § 2)."""

from dataclasses import dataclass
from typing import Literal

AUTHORITY = frozenset({"officer", "detective", "corrections", "dispatch"})
CIVILIAN_SIDE = frozenset({"subject", "civilian"})
BREAKING = frozenset({"narrator", "machine", "unknown"})
"""Roles that enter neither history nor reference, and break adjacency."""
OTHER_PEOPLE = frozenset({"medical", "security", "legal"})
ROLES = AUTHORITY | CIVILIAN_SIDE | BREAKING | OTHER_PEOPLE

Side = Literal["authority", "civilian", "neither"]


@dataclass(frozen=True)
class RoleGuess:
    """A role, the rule that decided it, and the probability (0–1) that the side it stands for is right.

    Where the margin to the next side is too small, ``role`` is ``unknown``; ``rule`` and ``confidence`` are kept.
    """

    role: str
    rule: str
    confidence: float


def side_of(role: str) -> Side:
    """Which of the three sides a role speaks for; whoever is not authority or civilian side is neither."""
    return "authority" if role in AUTHORITY else "civilian" if role in CIVILIAN_SIDE else "neither"
