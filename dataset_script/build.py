"""Folder of transcripts → built dataset folder (Parquet, README with YAML configs, manifest, reports).

In: transcripts in the released form, and what is known of them: ``scenarios.jsonl``, role overrides, people's decisions, judgements, an
earlier build. Out: the folder that ``load_dataset("deescalwild")`` opens. Built in a working folder beside its place and moved there
whole, so a reader never sees half a build, and a build that was killed goes on where it was.
"""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dataset_script import BENCHMARK_VERSION
from dataset_script.errors import DataError, printable
from dataset_script.inputs import (
    SAMPLE,
    Inputs,
    input_digest,
    read_guidance,
    source_files,
    splits_of,
)
from dataset_script.manifest import CANARY, MANIFEST, Manifest, read_manifest
from dataset_script.pipeline.engine import Engine, Stage, run_stages
from dataset_script.pipeline.finish import finish
from dataset_script.pipeline.plan import NOT_BUILT, make_plan
from dataset_script.pipeline.prepare import Guidance, Options
from dataset_script.pipeline.shards import write_shards
from dataset_script.pipeline.steps import (
    Assess,
    CountSharedShingles,
    EachTask,
    ListItems,
    Once,
    ReadTranscripts,
    RedactPersonalData,
    RepairDefects,
    ResolveRoles,
    SourceFile,
    Workspace,
    WriteDrafts,
    read_lines,
)
from dataset_script.sidecar import SIDECAR
from dataset_script.split_list import read_split_list
from dataset_script.splits import SPLITS

__all__ = ["SAMPLE", "Engine", "Inputs", "Manifest", "Options", "Outcome", "build_dataset", "read_manifest"]

FILES_PER_TASK = 25
FILES_PER_BUCKET = 2000


def make_stages(
    workspace: Workspace,
    files: list[SourceFile],
    options: Options,
    guidance: Guidance,
    previous: dict[str, str],
    imposed: dict[str, str] | None,
    finishing: dict,
) -> list[Stage]:
    """The build as stages; the number of tasks follows from the corpus, never from the machine."""
    tasks = -(-len(files) // FILES_PER_TASK)
    buckets = -(-len(files) // FILES_PER_BUCKET)
    metadata = {"deescalwild": json.dumps({"version": BENCHMARK_VERSION, "canary": CANARY})}
    prepare = [
        ReadTranscripts(files),
        ResolveRoles(options, guidance),
        RepairDefects(),
        Assess(options, guidance),
        RedactPersonalData(options),
        ListItems(),
        WriteDrafts(workspace, buckets),
    ]
    plan = Once("plan splits", make_plan, workspace=workspace, n_files=len(files), previous=previous, imposed=imposed)
    shards = EachTask("write shards", write_shards, workspace=workspace, metadata=metadata)
    return [
        Stage("prepare", prepare, tasks),
        Stage("duplicates", [CountSharedShingles(workspace, buckets)], buckets),
        Stage("plan", [plan]),
        Stage("shards", [shards], max(len(SPLITS), buckets)),
        Stage("finish", [Once("finish", finish, workspace=workspace, **finishing)]),
    ]


@dataclass(frozen=True)
class Outcome:
    """What a call of :func:`build_dataset` did. ``manifest`` is None where Slurm has queued the build.

    ``refused`` and ``copies`` are sentences that name files, for the maintainer: what could not be read, and what was left out because
    an earlier file has its scenario id. The published report has them by id.
    """

    manifest: Manifest | None
    is_new: bool
    refused: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    concerns: dict[str, int] = field(default_factory=dict)
    """What the maintainer of a split list must know → how often: leaks by kind, names without a transcript and the other way round."""


def _copies(workspace: Workspace, files: list[SourceFile]) -> Iterator[str]:
    first: dict[str, Path] = {}
    rows = (row for path in workspace.files("drafts", ".index") for row in read_lines(path))
    for row in sorted(rows, key=lambda row: row["number"]):
        path, name = files[row["number"]].path, row["scenario_id"]
        if name in first:
            yield printable(
                f"{path}: left out, its scenario id {name} is that of {first[name]}. "
                f"Rename it, or give it another scenario_id in a {SIDECAR} beside it."
            )
        first.setdefault(name, path)


def build_dataset(
    source: Path,
    out: Path,
    *,
    is_sample: bool = False,
    options: Options = Options(),  # noqa: B008 - frozen
    inputs: Inputs = Inputs(),  # noqa: B008 - frozen
    engine: Engine = Engine(),  # noqa: B008 - frozen
    keep_splits: bool = False,
    show_progress: bool = False,
) -> Outcome:
    """Build ``source`` into ``out``; does nothing where ``out`` is already a build of the same input, code and options.

    Args:
        keep_splits: scenarios of the build that stands at ``out`` keep their split, as if it were ``inputs.previous``.

    Raises:
        DataError: the input cannot be built, or ``out`` exists and is not a built dataset; it is left alone then.
    """
    if out.exists() and not (out / MANIFEST).exists() and any(out.iterdir()):
        raise DataError(f"{out} exists and is not a built dataset. Choose another --out or move it away.")
    files = source_files(source, out)
    digest = input_digest(source, files, inputs, options, is_sample=is_sample)
    present = read_manifest(out)
    if present is not None and present.source_digest == digest and (keep_splits or not present.splits_kept):
        return Outcome(present, is_new=False, concerns=_concerns(out))
    out.parent.mkdir(parents=True, exist_ok=True)
    previous = inputs.previous or (out if keep_splits and present is not None else None)
    kept = splits_of(previous)
    work = working_folder(out, digest, kept)
    workspace = Workspace(work / "data")
    imposed = read_split_list(inputs.splits, files) if inputs.splits else None
    finishing = {
        "out": out.resolve(),
        "is_sample": is_sample,
        "source_digest": digest,
        "privacy": options.privacy,
        "splits_imposed": imposed is not None,
        "splits_kept": previous is not None and inputs.previous is None,
    }
    stages = make_stages(workspace, files, options, read_guidance(inputs), kept, imposed, finishing)
    try:
        has_run = run_stages(stages, engine, work / "logs", show_progress=show_progress)
    except DataError:  # the same input fails again, so there is nothing to go on from
        shutil.rmtree(work, ignore_errors=True)
        raise
    if not has_run:
        return Outcome(None, is_new=True)
    refused = tuple(row["error"] for path in workspace.files("drafts", ".refused") for row in read_lines(path))
    copies = tuple(_copies(workspace, files))
    # Those of killed builds of other input too: their drafts are not redacted yet, and nothing goes on from them.
    for done in work.parent.glob(f".{out.name}-{'[0-9a-f]' * 12}"):
        shutil.rmtree(done, ignore_errors=True)
    return Outcome(read_manifest(out), is_new=True, refused=refused, copies=copies, concerns=_concerns(out))


def working_folder(out: Path, source_digest: str, kept: Mapping[str, str]) -> Path:
    """Where a build of this input with these splits of before works, and goes on after it was killed."""
    digest = hashlib.sha256(json.dumps([source_digest, sorted(kept.items())]).encode()).hexdigest()
    return out.parent.resolve() / f".{out.name}-{digest[:12]}"


def _concerns(out: Path) -> dict[str, int]:
    """Counts from the reports; empty for a build of its own splits without a leak."""
    report = out / "report"
    counts = Counter(f"leak: {row['kind']}" for row in read_lines(report / "leaks.jsonl"))
    counts.update(row["action"] for row in read_lines(report / "decisions.jsonl") if row["action"] == NOT_BUILT)
    unlisted = "not_in_split_list"
    counts.update(unlisted for row in read_lines(report / "files.jsonl") if unlisted in row["reasons"])
    return dict(counts)
