"""Shards and plan → a built folder in its place: reports, manifest, README, one move."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from dataset_script import BENCHMARK_VERSION, card
from dataset_script.atomic import replacing
from dataset_script.manifest import MANIFEST, Manifest
from dataset_script.pipeline.shards import CONFIGS, digest_of
from dataset_script.pipeline.steps import Workspace, read_lines, write_lines
from dataset_script.splits import SPLITS


def _row_digests(workspace: Workspace, only: str | None = None) -> Iterator[tuple[str, str, str]]:
    shards = [json.loads(path.read_text("utf-8")) for path in workspace.files("digests", ".json")]
    for config in CONFIGS:
        if only in (None, config):
            for shard in shards:
                for digest in shard["digests"].get(config, ()):
                    yield config, shard["split"], digest


def finish(
    workspace: Workspace,
    out: Path,
    is_sample: bool,
    source_digest: str,
    privacy: bool,
    splits_imposed: bool,
    splits_kept: bool,
) -> None:
    """Reports, manifest and README; then the folder takes its place in one move."""
    built = workspace.root / "built"
    counts: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}
    for path in workspace.files("digests", ".json"):
        shard = json.loads(path.read_text("utf-8"))
        counts[shard["split"]].update(shard["counts"])
    names = ("scenarios", "turns", "items_clean", "items_as_released")
    fates = Counter(row["status"] for row in read_lines(workspace.root / "plan" / "files"))
    manifest = Manifest(
        name="deescalwild",
        version=BENCHMARK_VERSION,
        digest=digest_of(_row_digests(workspace)),
        items_digest=digest_of(_row_digests(workspace, "items")),
        is_sample=is_sample,
        source_digest=source_digest,
        counts={split: {name: own[name] for name in names} for split, own in counts.items()},
        privacy=privacy,
        splits_imposed=splits_imposed,
        splits_kept=splits_kept,
        files=dict(sorted(fates.items())),
    )
    prepared = (row for path in workspace.files("drafts", ".decisions") for row in read_lines(path))
    decisions = sorted(prepared, key=lambda row: row["number"])
    planned = list(read_lines(workspace.root / "plan" / "decisions"))
    public = [{key: row[key] for key in ("where", "action", "reason")} for row in decisions]
    write_lines(built / "report" / "decisions.jsonl", public + planned)
    for name in ("files", "leaks", "links"):
        shutil.copyfile(workspace.root / "plan" / name, built / "report" / f"{name}.jsonl")
    with replacing(built / MANIFEST) as file:
        file.write(json.dumps(asdict(manifest), indent=2) + "\n")
    card.write_card(manifest, built)
    for path in built.rglob(".*"):  # half-written files of writers that were killed, see `atomic.replacing`
        path.unlink()
    _move(built, out)


def _move(built: Path, out: Path) -> None:
    old = built.with_name("replaced")
    if out.exists():
        out.rename(old)
    built.rename(out)
    shutil.rmtree(old, ignore_errors=True)
