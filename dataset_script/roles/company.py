"""Who stands beside whom: labels in turn order + what is known of their roles → features of each label.

The same features serve two passes. In the first only those roles are known that the words of a label settle; in the second
also what the first pass made of the others. So a quiet officer is known by the driver whom she talks to.
"""

import heapq
import itertools
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from dataset_script.roles.taxonomy import ROLES, side_of

Known = Mapping[str, Mapping[str, float]]
"""Label → role → probability. Labels of which nothing is known are absent."""

BESIDE = ("narrator", "dispatch", "medical")
"""Roles whose turns next to a label's are counted apart from those of their side."""
PRESENT = ("officer", "detective", "corrections", "dispatch", "subject", "civilian", "narrator", "medical", "legal")
"""Roles whose surest holder among the others counts."""


def _meetings(labels: Sequence[str]) -> dict[str, Counter[str]]:
    """How often each label's runs of turns touch another's."""
    met: dict[str, Counter[str]] = defaultdict(Counter)
    for one, other in itertools.pairwise(labels):
        if one != other:
            met[one][other] += 1
            met[other][one] += 1
    return met


def company(labels: Sequence[str], known: Known) -> dict[str, dict[str, float]]:
    """Features of every label, 0…1.

    Args:
        labels: the speaker of each turn, in order.
        known: what is known of the labels' roles; a label's own entry says nothing about itself.
    """
    met = _meetings(labels)
    surest = {
        role: heapq.nlargest(2, ((roles.get(role, 0.0), label) for label, roles in known.items()))
        for role in sorted(ROLES)
    }
    features: dict[str, dict[str, float]] = {}
    for label in dict.fromkeys(labels):
        own: dict[str, float] = defaultdict(float)
        weight = 1 / (sum(met[label].values()) + 1)
        for other, times in met[label].items():
            for role, probability in known.get(other, {}).items():
                own[f"beside_{side_of(role)}"] += times * weight * probability
                if role in BESIDE:
                    own[f"beside_{role}"] += times * weight * probability
        for role in PRESENT:
            own[f"with_{role}"] = next((probability for probability, other in surest[role] if other != label), 0.0)
        features[label] = dict(own)
    return features
