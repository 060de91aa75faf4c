"""Small built folders, and changing them on purpose: rows, reports, files; and sealing it again, so that only the intended problem is left."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from dataset_script import card, dialogue
from dataset_script.build import SAMPLE, Inputs, build_dataset
from dataset_script.dialogue import Scenario, scenario_of
from dataset_script.manifest import CANARY, MANIFEST, read_manifest
from dataset_script.pipeline.shards import chat_row, digest_of, item_row, row_digest, scenario_row, write_table
from dataset_script.publishing.folder import CONFIGS, BuiltFolder
from dataset_script.splits import SPLITS


def build_small(parent: Path, *, is_sample: bool) -> Path:
    """Build the twelve shortest transcripts of the sample; what guards the corpus guards them unless ``is_sample``."""
    source = copy_shortest(parent, 0, 12)
    out = parent / "deescalwild"
    build_dataset(source, out, is_sample=is_sample)
    return out


def build_with_splits(parent: Path, splits: Sequence[str], *, skipped: int = 0, name: str = "deescalwild") -> Path:
    """Build short transcripts of the sample, each in the split named for it, shortest first after ``skipped``."""
    source = copy_shortest(parent, skipped, len(splits))
    shortest = sorted(source.glob("*.csv"), key=_by_length)
    lines = [
        "scenario_id,split",
        *(f"sample-{path.stem},{split}" for path, split in zip(shortest, splits, strict=True)),
    ]
    (parent / "splits.csv").write_text("\n".join(lines) + "\n")
    build_dataset(source, parent / name, inputs=Inputs(splits=parent / "splits.csv"))
    return parent / name


def copy_shortest(parent: Path, skipped: int, count: int) -> Path:
    """A folder with so many of the sample's shortest transcripts, after the first ``skipped``, and their sidecar."""
    source = parent / "transcripts"
    source.mkdir()
    shutil.copy(SAMPLE / "scenarios.jsonl", source)
    for path in sorted((SAMPLE / "transcripts").glob("*.csv"), key=_by_length)[skipped : skipped + count]:
        shutil.copy(path, source)
    return source


def _by_length(path: Path) -> tuple[int, str]:
    return path.stat().st_size, path.name


def rows_of(folder: Path, config: str, split: str) -> list[dict]:
    """All rows of a split."""
    return list(BuiltFolder(folder).rows(config, split))


def write_rows(folder: Path, config: str, split: str, rows: list[dict]) -> None:
    """Write a split anew as one shard."""
    for shard in BuiltFolder(folder).shards(config, split):
        shard.path.unlink()
    metadata = {"deescalwild": json.dumps({"version": read_manifest(folder).version, "canary": CANARY})}
    write_table(folder / config / f"{split}-00000-of-00001.parquet", config, rows, metadata)


def edit_rows(folder: Path, config: str, split: str, change: Callable[[list[dict]], object]) -> None:
    """Change the rows of a split in place."""
    rows = rows_of(folder, config, split)
    change(rows)
    write_rows(folder, config, split, rows)


def edit_scenarios(folder: Path, split: str, change: Callable[[list[Scenario]], list[Scenario]]) -> None:
    """Change the scenarios of a split; chat and items follow from them."""
    scenarios = change([scenario_of(row) for row in rows_of(folder, "scenarios", split)])
    items = [list(dialogue.items(scenario)) for scenario in scenarios]
    write_rows(folder, "scenarios", split, [scenario_row(*pair) for pair in zip(scenarios, items, strict=True)])
    write_rows(folder, "chat", split, [chat_row(scenario) for scenario in scenarios])
    write_rows(folder, "items", split, [item_row(item) for own in items for item in own])


def edit_manifest(folder: Path, **values: object) -> None:
    """Set fields of the manifest."""
    stated = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**stated, **values}))


def with_text(scenario: Scenario, text: str, index: int = 0) -> Scenario:
    """The scenario with other words in one turn."""
    turns = [replace(turn, text=text) if turn.index == index else turn for turn in scenario.turns]
    return replace(scenario, turns=tuple(turns))


def seal(folder: Path) -> None:
    """Counts, digests and card of what is in the folder now."""
    counts, digests = {}, {config: [] for config in CONFIGS}
    for split in SPLITS:
        rows = {config: rows_of(folder, config, split) for config in CONFIGS}
        counts[split] = {
            "scenarios": len(rows["scenarios"]),
            "turns": sum(len(row["turns"]) for row in rows["scenarios"]),
            "items_clean": sum(row["subset"] == "clean" for row in rows["items"]),
            "items_as_released": len(rows["items"]),
        }
        for config in CONFIGS:
            digests[config] += [(config, split, row_digest(row)) for row in rows[config]]
    manifest = replace(
        read_manifest(folder),
        counts=counts,
        digest=digest_of(row for config in CONFIGS for row in digests[config]),
        items_digest=digest_of(digests["items"]),
    )
    (folder / MANIFEST).write_text(json.dumps(asdict(manifest)))
    (folder / "README.md").write_text(card.render_readme(manifest, folder))
