"""The built dataset as evaluation sees it: scenarios by id, and the fixed item list of a split."""

import os
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

from dataset_script.build import Manifest, read_manifest
from dataset_script.dialogue import Item, Scenario, Turn, items
from dataset_script.errors import DataError, MissingDataset

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


def _scenario(row: dict) -> Scenario:
    turns = tuple(Turn(**{**turn, "flags": tuple(turn["flags"])}) for turn in row["turns"])
    names = {field.name for field in fields(Scenario)}
    return Scenario(**{**{name: value for name, value in row.items() if name in names}, "turns": turns})


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
    scenarios = {row["scenario_id"]: _scenario(row) for row in rows}
    derived = tuple(item for name in sorted(scenarios) for item in items(scenarios[name]))
    if [(i.item_id, i.subset) for i in derived] != [(row["item_id"], row["subset"]) for row in listed]:
        raise DataError(
            f"{folder}: the item list does not follow from its scenarios; it was built by another version. "
            "Run `deescalwild data build` again."
        )
    return Benchmark(manifest, split, scenarios, derived)


def train_pairs(folder: Path) -> list[tuple[str, str]]:
    """(officer's words, civilian's reply) of all clean train items: what baselines may learn from."""
    return [
        (item.officer_text, item.reference) for item in load_benchmark(folder, "train").items if item.subset == "clean"
    ]
