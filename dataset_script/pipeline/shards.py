"""Planned scenarios → Parquet: the rows of the three configs, and a digest a row.

Digests are taken from what Parquet gives back (canonical JSON of the Arrow rows), so that ``data check`` computes the same ones
from the published files.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

from dataset_script import card, dialogue
from dataset_script.atomic import replacing
from dataset_script.dialogue import Item, Scenario, scenario_of
from dataset_script.pipeline.steps import Workspace, read_lines

CONFIGS = ("scenarios", "chat", "items")
ROWS_PER_GROUP = 100
"""Small row groups keep long scenarios within the Hub viewer's limits."""


def scenario_row(scenario: Scenario, own_items: list[Item]) -> dict:
    """Row of the ``scenarios`` config."""
    row = asdict(scenario)
    row["turns"] = [{**turn, "flags": list(turn["flags"])} for turn in row["turns"]]
    row["n_turns"] = len(scenario.turns)
    row["n_items"] = len(own_items)
    return row


def chat_row(scenario: Scenario) -> dict:
    """Row of the ``chat`` config, as TRL's SFTTrainer expects."""
    return {"scenario_id": scenario.scenario_id, "messages": dialogue.chat_messages(scenario)}


def item_row(item: Item) -> dict:
    """Row of the ``items`` config: ids only. History and reference are derived from the scenario."""
    return {
        "item_id": item.item_id,
        "scenario_id": item.scenario_id,
        "turn_index": item.turn_index,
        "subset": item.subset,
        "flags": list(item.flags),
    }


def planned_items(scenario: Scenario, left_out: Iterable[str], demoted: dict[str, str]) -> list[Item]:
    """The scenario's items but those left out; demoted ones carry their reason and are not ranked."""
    gone = frozenset(left_out)
    kept = [item for item in dialogue.items(scenario) if item.item_id not in gone]
    return [
        replace(item, subset="as_released", flags=(*item.flags, demoted[item.item_id]))
        if item.item_id in demoted
        else item
        for item in kept
    ]


def row_digest(row: dict) -> str:
    """sha256 of a row's canonical JSON, whatever Parquet writer wrote it."""
    text = json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of(row_digests: Iterable[tuple[str, str, str]]) -> str:
    """Digest over (config, split, row digest) in order."""
    whole = hashlib.sha256()
    for config, split, digest in row_digests:
        whole.update(f"{config}/{split}/{digest}\n".encode())
    return whole.hexdigest()


def _read_scenarios(workspace: Workspace, entries: list[dict]) -> Iterator[tuple[Scenario, dict]]:
    for entry in entries:
        task, offset, length = entry["place"]
        with (workspace.root / "drafts" / f"{task:05d}.scenarios").open("rb") as file:
            file.seek(offset)
            row = json.loads(file.read(length))
        yield replace(scenario_of(row), incident_id=entry["incident_id"]), entry


def write_table(path: Path, config: str, rows: list[dict], metadata: dict[str, str]) -> list[str]:
    """Write rows as Parquet with content-defined chunks; returns their digests, as read back from Arrow."""
    import pyarrow as pa
    from pyarrow import parquet

    schema = card.features(config).arrow_schema
    schema = schema.with_metadata(
        {**(schema.metadata or {}), **{key.encode(): value.encode() for key, value in metadata.items()}}
    )
    table = pa.Table.from_pylist(rows, schema=schema)
    with replacing(path, "wb") as file:
        parquet.write_table(
            table,
            file,
            row_group_size=ROWS_PER_GROUP,
            compression="zstd",
            use_content_defined_chunking=True,
            write_page_index=True,
        )
    return [row_digest(row) for row in table.to_pylist()]


def write_shards(workspace: Workspace, metadata: dict[str, str], rank: int, world_size: int) -> None:
    """Write every ``world_size``-th planned shard, beginning with ``rank``: three Parquet files and their row digests."""
    for number, shard in enumerate(read_lines(workspace.root / "plan" / "shards")):
        if number % world_size != rank:
            continue
        rows: dict[str, list[dict]] = {config: [] for config in CONFIGS}
        for scenario, entry in _read_scenarios(workspace, shard["scenarios"]):
            own = planned_items(scenario, entry["left_out"], entry["demoted"])
            rows["scenarios"].append(scenario_row(scenario, own))
            rows["chat"].append(chat_row(scenario))
            rows["items"] += [item_row(item) for item in own]
        name = f"{shard['split']}-{shard['shard']:05d}-of-{shard['of']:05d}"
        digests = {}
        for config, own_rows in rows.items():
            if own_rows:  # `datasets` cannot read an empty split
                path = workspace.path(f"built/{config}", f"{name}.parquet")
                digests[config] = write_table(path, config, own_rows, metadata)
        counts = {
            "scenarios": len(rows["scenarios"]),
            "turns": sum(row["n_turns"] for row in rows["scenarios"]),
            "items_clean": sum(row["subset"] == "clean" for row in rows["items"]),
            "items_as_released": len(rows["items"]),
        }
        with replacing(workspace.path("digests", f"{number:05d}.json")) as file:
            json.dump({"split": shard["split"], "counts": counts, "digests": digests}, file)
