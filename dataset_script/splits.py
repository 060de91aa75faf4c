"""Incident → split: seeded, balanced by source, category and items, and never moved once it was published.

In the order of a seeded hash, each new incident goes where sources, categories and items come nearest their shares.
Incidents that an earlier build placed keep their split whatever is added, so stability does not hang on the balance.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SEED = "deescalwild-1"
SHARES = {"train": 0.7, "validation": 0.15, "test": 0.15}
SPLITS = tuple(SHARES)
MAX_SHARE_OF_A_SCENARIO = 0.05
"""Of a split's ranked items. In the release ten files hold 57 % of test's pairs (CORPUS.md § 0)."""

MIN_KEPT_UNDER_THE_CAP = 0.5


@dataclass(frozen=True)
class Candidate:
    """A scenario that is to be placed. ``items`` counts its ranked items."""

    scenario_id: str
    incident_id: str
    source: str
    category: str
    items: int


@dataclass(frozen=True)
class Assignment:
    """``splits``: scenario → split. ``bridging``: scenarios that join incidents of different splits; they are in none."""

    splits: dict[str, str]
    bridging: tuple[str, ...]


def _order(incident_id: str, seed: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{incident_id}".encode()).digest()


class _Balance:
    """What each split has been given of every key that is to be balanced: sources, categories, items."""

    def __init__(self) -> None:
        self._amounts: dict[str, Counter[tuple]] = {split: Counter() for split in SPLITS}

    @staticmethod
    def _weights(scenarios: Sequence[Candidate]) -> Counter[tuple]:
        weights: Counter[tuple] = Counter()
        for scenario in scenarios:
            weights[("source", scenario.source)] += 1
            weights[("category", scenario.category)] += 1
            weights[("items",)] += scenario.items
        return weights

    def place(self, scenarios: Sequence[Candidate], split: str) -> None:
        self._amounts[split].update(self._weights(scenarios))

    def neediest(self, scenarios: Sequence[Candidate]) -> str:
        """The split that, given these scenarios, leaves all splits nearest their shares (least χ² over the keys)."""
        weights = self._weights(scenarios)

        def imbalance(chosen: str) -> float:
            total = 0.0
            for key, weight in weights.items():
                amounts = {split: self._amounts[split][key] + weight * (split == chosen) for split in SPLITS}
                whole = sum(amounts.values())
                total += (
                    sum((amounts[s] - SHARES[s] * whole) ** 2 / (SHARES[s] * whole) for s in SPLITS) if whole else 0.0
                )
            return total

        return min(SPLITS, key=imbalance)


def assign_splits(
    candidates: Sequence[Candidate], previous: Mapping[str, str] | None = None, seed: str = SEED
) -> Assignment:
    """Place every scenario; those of one incident together.

    Args:
        candidates: all scenarios.
        previous: scenario id → split of an earlier build. They keep it, and new scenarios of their incident join them. Where an
            incident turns out to lie in two splits already, its new scenarios are left out.
        seed: fixes the order in which new incidents are placed.
    """
    previous = previous or {}
    incidents: dict[str, list[Candidate]] = {}
    for candidate in sorted(candidates, key=lambda candidate: candidate.scenario_id):
        incidents.setdefault(candidate.incident_id, []).append(candidate)
    splits: dict[str, str] = {}
    bridging: list[str] = []
    balance = _Balance()
    fresh: list[str] = []
    for name, members in incidents.items():
        placed = {
            member.scenario_id: previous[member.scenario_id] for member in members if member.scenario_id in previous
        }
        if not placed:
            fresh.append(name)
            continue
        homes = set(placed.values())
        for member in members:
            home = placed.get(member.scenario_id) or (homes.copy().pop() if len(homes) == 1 else None)
            if home is None:
                bridging.append(member.scenario_id)
                continue
            splits[member.scenario_id] = home
            balance.place([member], home)
    for name in sorted(fresh, key=lambda name: _order(name, seed)):
        split = balance.neediest(incidents[name])
        balance.place(incidents[name], split)
        splits.update((member.scenario_id, split) for member in incidents[name])
    return Assignment(dict(sorted(splits.items())), tuple(sorted(bridging)))


def cap_of(item_counts: Sequence[int], share: float = MAX_SHARE_OF_A_SCENARIO) -> int | None:
    """Most items that one scenario may give to a split so that none has more than ``share`` of them.

    Returns:
        the cap, or None where it cannot be had (a split of fewer than ``1 / share`` scenarios with items) or would cost more
        than half of the items (a split hardly larger than that).
    """
    counts = sorted((count for count in item_counts if count), reverse=True)
    if len(counts) < 1 / share:
        return None
    for cap in range(counts[0], 0, -1):
        kept = sum(min(count, cap) for count in counts)
        if cap <= share * kept:
            return cap if kept >= MIN_KEPT_UNDER_THE_CAP * sum(counts) else None
    return None


def thin(n: int, cap: int) -> list[int]:
    """``cap`` of ``n`` positions, evenly spread, so that early and late turns of a long encounter both stay."""
    return list(range(n)) if n <= cap else [(2 * k + 1) * n // (2 * cap) for k in range(cap)]
