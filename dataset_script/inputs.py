"""What a build reads: transcripts with their sidecar, and the files of guidance. And a digest over all of it."""

import hashlib
import json
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from dataset_script import BENCHMARK_VERSION, card
from dataset_script.errors import DataError
from dataset_script.manifest import read_manifest
from dataset_script.pipeline.prepare import Guidance, Options, scenario_id
from dataset_script.pipeline.steps import SourceFile, read_lines
from dataset_script.sidecar import SIDECAR, SidecarRow, read_sidecar, source_of
from dataset_script.splits import SPLITS
from dataset_script.transcripts import SUFFIXES

SAMPLE = Path(__file__).parent / "sample"


@dataclass(frozen=True)
class Inputs:
    """Files of guidance, each optional. ``previous`` is an earlier build; ``splits`` a published split list to impose."""

    overrides: Path | None = None
    reviews: Path | None = None
    judgements: Path | None = None
    previous: Path | None = None
    splits: Path | None = None


def find_transcripts(source: Path) -> list[Path]:
    """Transcript files below a folder, sorted by path.

    Raises:
        DataError: no such folder, or nothing in it that could be a transcript.
    """
    if not source.is_dir():
        raise DataError(f"{source} is not a folder. Give a folder or an archive of transcripts, 'sample', or doi:….")
    files = sorted(
        path
        for path in source.rglob("*")
        if path.suffix.lower() in SUFFIXES and path.name != SIDECAR and path.is_file()
    )
    if not files:
        raise DataError(f"{source} holds no transcript ({', '.join(SUFFIXES)}).")
    return files


def source_files(source: Path) -> list[SourceFile]:
    """Transcripts of a folder with their sidecar rows, which say source and scenario id of each.

    Both are settled here, where the secret of the ids is, and not by the workers, which may be on machines without it.
    """
    sidecar = read_sidecar(source)
    files = []
    for number, path in enumerate(find_transcripts(source)):
        row = sidecar.get(path.stem) or SidecarRow(transcript=path.stem, source=source_of(path, source))
        files.append(SourceFile(number, path, row.model_copy(update={"scenario_id": scenario_id(path.stem, row)})))
    return files


def read_guidance(inputs: Inputs) -> Guidance:
    """Read what people and judges said; conflicts between reviewers are left out, and reported by ``data review --report``."""
    from dataset_script.judge.judgements import read_judgements
    from dataset_script.review import read_decisions, settle
    from dataset_script.roles import read_overrides

    return Guidance(
        overrides=read_overrides(inputs.overrides) if inputs.overrides else {},
        reviews=settle(read_decisions(inputs.reviews) if inputs.reviews else ()),
        judgements=read_judgements(inputs.judgements) if inputs.judgements else {},
    )


def read_splits(path: Path | None) -> dict[str, str] | None:
    """A split list: CSV or JSON lines with ``scenario_id`` (or ``transcript``) and ``split``; None stays None.

    Raises:
        DataError: no such file, a line that cannot be read, or an unknown split.
    """
    if path is None:
        return None
    import pandas as pd

    try:
        is_csv = path.suffix == ".csv"
        table = pd.read_csv(path, dtype=str) if is_csv else pd.read_json(path, lines=True, dtype=False)
        splits = dict(zip(table["scenario_id"], table["split"], strict=True))
    except (ValueError, KeyError, OSError) as error:
        raise DataError(f"{path}: not a split list with the columns scenario_id and split ({error}).") from None
    unknown = sorted(set(splits.values()) - set(SPLITS), key=str)
    if unknown:
        raise DataError(f"{path}: unknown split {unknown[0]!r}. Splits are {', '.join(SPLITS)}.")
    return splits


def splits_of(build: Path | None) -> dict[str, str]:
    """Scenario id → split of an earlier build; empty where there is none.

    Raises:
        DataError: the folder is not a built dataset.
    """
    if build is None:
        return {}
    report = build / "report" / "files.jsonl"
    if read_manifest(build) is None or not report.exists():
        raise DataError(f"{build} is not a built dataset, so it cannot be --previous.")
    return {row["scenario_id"]: row["split"] for row in read_lines(report) if row["split"]}


def input_digest(source: Path, files: list[SourceFile], inputs: Inputs, options: Options, *, is_sample: bool) -> str:
    """sha256 over everything that decides a build: code, transcripts, guidance, options. The same digest needs no rebuild."""
    digest = hashlib.sha256(BENCHMARK_VERSION.encode())
    package = Path(__file__).parent
    code = [path for kind in ("*.py", "*.yaml", "*.json", "*.txt") for path in package.rglob(kind)]
    given = [path for path in (inputs.overrides, inputs.reviews, inputs.judgements, inputs.splits) if path]
    sidecar = [source / SIDECAR] if (source / SIDECAR).exists() else []
    in_package = [path for path in sorted(code) if SAMPLE not in path.parents]
    for path in [*in_package, card.TEMPLATE, card.ERRATA, *(file.path for file in files), *sidecar, *given]:
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    for file in files:  # the id depends on a secret, the platform on the folder
        digest.update(f"{file.row.scenario_id}\0{file.row.source}\0".encode())
    choices = {**asdict(options), "gates_off": sorted(options.gates_off), "is_sample": is_sample}
    libraries = {name: version(name) for name in ("datasets", "pyarrow", "py3langid")}
    previous = sorted(splits_of(inputs.previous).items())
    digest.update(json.dumps([choices, libraries, previous], sort_keys=True).encode())
    return digest.hexdigest()
