"""What must hold between scenarios: one split an incident, no near-duplicate across splits, no leaked pair, no giant. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dataset_script.duplicates import Link, links, pairs_of_bucket
from dataset_script.pipeline.plan import EVALUATED, STOCK_PHRASE_WORDS
from dataset_script.publishing.problems import Problem, Severity
from dataset_script.splits import MAX_SHARE_OF_A_SCENARIO, SPLITS, cap_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BUCKETS = 16
"""Shingles are compared a sixteenth at a time, which bounds the memory of the sort."""


@dataclass(frozen=True)
class ItemFacts:
    """One item: ``pair`` is a hash of the officer's and the civilian's words, ``words`` the length of the reference."""

    item_id: str
    pair: int
    words: int
    is_ranked: bool


@dataclass(frozen=True)
class ScenarioFacts:
    """What comparing scenarios takes; ``shingles`` as ``duplicates.shingles`` gives them."""

    scenario_id: str
    split: str
    incident_id: str
    shingles: "NDArray[np.uint64]"
    items: tuple[ItemFacts, ...]


def check_splits(scenarios: Sequence[ScenarioFacts], *, splits_imposed: bool) -> Iterator[Problem]:
    """All of the below. Where a published split list was imposed its leaks are known and reported: then they are warnings."""
    severity: Severity = "warning" if splits_imposed else "error"
    yield from _check_ids(scenarios)
    yield from _check_incidents(scenarios, severity)
    yield from _check_near_duplicates(scenarios, severity)
    yield from _check_pairs(scenarios, severity)
    yield from _check_shares(scenarios)


def _check_ids(scenarios: Sequence[ScenarioFacts]) -> Iterator[Problem]:
    for name, ids in (
        ("scenario", [scenario.scenario_id for scenario in scenarios]),
        ("item", [item.item_id for scenario in scenarios for item in scenario.items]),
    ):
        twice = next((one for one, count in Counter(ids).items() if count > 1), None)
        if twice is not None:
            yield Problem(twice, f"is the id of two {name}s")


def _check_incidents(scenarios: Sequence[ScenarioFacts], severity: Severity) -> Iterator[Problem]:
    homes: defaultdict[str, set[str]] = defaultdict(set)
    for scenario in scenarios:
        homes[scenario.incident_id].add(scenario.split)
    for incident, splits in sorted(homes.items()):
        if len(splits) > 1:
            yield Problem(incident, f"this incident is in {' and '.join(sorted(splits, key=SPLITS.index))}", severity)


def near_duplicates(scenarios: Sequence[ScenarioFacts]) -> list[Link]:
    """Near-duplicate pairs by the rule of ``duplicates.links``."""
    files = np.repeat(np.arange(len(scenarios), dtype=np.uint32), [len(scenario.shingles) for scenario in scenarios])
    hashes = np.concatenate([np.empty(0, np.uint64), *(scenario.shingles for scenario in scenarios)])
    buckets = hashes % np.uint64(_BUCKETS)
    counted = [pairs_of_bucket(hashes[buckets == bucket], files[buckets == bucket]) for bucket in range(_BUCKETS)]
    return links(
        counted, [scenario.scenario_id for scenario in scenarios], [len(scenario.shingles) for scenario in scenarios]
    )


def _check_near_duplicates(scenarios: Sequence[ScenarioFacts], severity: Severity) -> Iterator[Problem]:
    split_of = {scenario.scenario_id: scenario.split for scenario in scenarios}
    for link in near_duplicates(scenarios):
        first, second = split_of[link.first], split_of[link.second]
        if first != second:
            share = f"{link.containment:.0%} of the shorter one"
            yield Problem(
                link.first,
                f"is in {first}, its near-duplicate {link.second} ({share}) in {second}; reject one of the two or build with --fresh",
                severity,
            )


def _check_pairs(scenarios: Sequence[ScenarioFacts], severity: Severity) -> Iterator[Problem]:
    in_train = {item.pair for scenario in scenarios if scenario.split == "train" for item in scenario.items}
    for scenario in scenarios:
        for item in scenario.items:
            if scenario.split in EVALUATED and item.pair in in_train and item.words > STOCK_PHRASE_WORDS:
                message = f"its officer turn and reference both occur in train, but it is in {scenario.split}"
                yield Problem(item.item_id, message, severity)


def _check_shares(scenarios: Sequence[ScenarioFacts]) -> Iterator[Problem]:
    """A scenario above a twentieth of a split's ranked items: an error where the build could have prevented it."""
    for split in SPLITS:
        counts = {s.scenario_id: sum(item.is_ranked for item in s.items) for s in scenarios if s.split == split}
        largest = max(counts, key=lambda name: (counts[name], name), default="")
        share = counts[largest] / max(sum(counts.values()), 1) if largest else 0.0
        if share > MAX_SHARE_OF_A_SCENARIO:
            can_hold = cap_of(list(counts.values())) is not None
            reason = "" if can_hold else f"; {split} is too small to do without"
            yield Problem(
                largest, f"gives {share:.1%} of the ranked items of {split}{reason}", "error" if can_hold else "warning"
            )
