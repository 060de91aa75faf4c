"""The built dataset as evaluation sees it: scenarios by id, and the fixed item list of a split."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from dataset_script.dialogue import Item, Scenario, items, scenario_of
from dataset_script.errors import DataError, MissingDataset
from dataset_script.manifest import Manifest, read_manifest

DATA_VARIABLE = "DEESCALWILD_DATA"


@dataclass(frozen=True)
class Benchmark:
    """One split of a built dataset."""

    manifest: Manifest
    split: str
    scenarios: dict[str, Scenario]
    items: tuple[Item, ...]

    def first_scenarios(self, limit: int | None) -> "Benchmark":
        """The benchmark cut to its first ``limit`` scenarios that have items, in order of id."""
        if limit is None:
            return self
        kept = sorted({item.scenario_id for item in self.items})[:limit]
        return Benchmark(
            self.manifest,
            self.split,
            {name: self.scenarios[name] for name in kept},
            tuple(item for item in self.items if item.scenario_id in set(kept)),
        )


def find_data(given: str | os.PathLike | None = None) -> Path:
    """The built folder: as given, ``$DEESCALWILD_DATA``, or ``deescalwild`` in the working directory."""
    return Path(given or os.environ.get(DATA_VARIABLE) or "deescalwild").resolve()


def _listed_items(scenarios: dict[str, Scenario], listed: Iterable[dict]) -> tuple[Item, ...]:
    """The published items, in their order. The list may leave items out and rank fewer, never more than follow from the scenarios.

    Raises:
        KeyError: an item that does not follow from its scenario.
    """
    derived = {item.item_id: item for scenario in scenarios.values() for item in items(scenario)}
    found = []
    for row in listed:
        item = derived[row["item_id"]]
        if row["subset"] == "clean" and item.subset != "clean":
            raise KeyError(row["item_id"])
        found.append(replace(item, subset=row["subset"], flags=tuple(row["flags"])))
    return tuple(found)


@lru_cache(maxsize=8)
def load_benchmark(folder: Path, split: str = "test") -> Benchmark:
    """Load a split and check it against the folder's published item list.

    Raises:
        MissingDataset: no built dataset there.
        DataError: the split has no items, or items derived from the scenarios differ from the item list.
    """
    from datasets import load_dataset

    manifest = read_manifest(folder)
    if manifest is None:
        raise MissingDataset(f"{folder} is not a built dataset. Run `deescalwild data build` or set {DATA_VARIABLE}.")
    try:
        rows = load_dataset(str(folder), "scenarios", split=split)
        listed = load_dataset(str(folder), "items", split=split)
    except ValueError:
        raise DataError(f"{folder} has no split {split!r} with items. Splits: {', '.join(manifest.counts)}.") from None
    scenarios = {row["scenario_id"]: scenario_of(row) for row in rows}
    try:
        found = _listed_items(scenarios, listed)
    except KeyError as error:
        raise DataError(
            f"{folder}: item {error} does not follow from its scenario; the folder was built by another version or changed. "
            "Run `deescalwild data build` again."
        ) from None
    return Benchmark(manifest, split, scenarios, found)


def train_pairs(folder: Path) -> list[tuple[str, str]]:
    """(officer's words, civilian's reply) of all clean train items: what baselines may learn from."""
    return [
        (item.officer_text, item.reference) for item in load_benchmark(folder, "train").items if item.subset == "clean"
    ]
