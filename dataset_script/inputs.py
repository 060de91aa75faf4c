"""What a build reads: transcripts with their sidecar, and the files of guidance. And a digest over all of it."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from dataset_script import BENCHMARK_VERSION, card
from dataset_script.download.archives import is_archive
from dataset_script.download.names import LITTER_FOLDERS, is_litter
from dataset_script.errors import DataError
from dataset_script.manifest import read_manifest
from dataset_script.pipeline.prepare import Guidance, Options, scenario_id
from dataset_script.pipeline.steps import SourceFile, read_lines
from dataset_script.sidecar import SIDECAR, SidecarRow, read_sidecar, source_of
from dataset_script.transcripts import SUFFIXES, UnreadableTranscript, read_bytes, transcript_name

SAMPLE = Path(__file__).parent / "sample"


@dataclass(frozen=True)
class Inputs:
    """Files of guidance, each optional. ``previous`` is an earlier build; ``splits`` a published split list to impose."""

    overrides: Path | None = None
    reviews: Path | None = None
    judgements: Path | None = None
    previous: Path | None = None
    splits: Path | None = None


def find_transcripts(source: Path, out: Path | None = None) -> list[Path]:
    """Everything below a folder that is offered as a transcript, sorted by path.

    That is all but sidecars and litter: a file of another kind, a link that leads nowhere or to a folder, and a folder that cannot be
    listed are among them, and are refused with their reason when they are read. ``out`` is no input where it lies inside.

    Raises:
        DataError: no such folder, or nothing in it that could be a transcript.
    """
    if not source.is_dir():
        raise DataError(f"{source} is not a folder. Give a folder or an archive of transcripts, 'sample', or doi:….")
    found: list[Path] = []
    for place, folders, names in os.walk(source, onerror=lambda error: found.append(Path(error.filename))):
        folder = Path(place)
        folders[:] = [name for name in folders if name not in LITTER_FOLDERS and not _is_output(folder / name, out)]
        links = [name for name in folders if (folder / name).is_symlink()]
        found.extend(folder / name for name in (*names, *links) if name != SIDECAR and not is_litter(name))
    if not any(path.suffix.lower() in SUFFIXES for path in found):
        archives = ", but archives: unpack them, or give one" if any(is_archive(path.name) for path in found) else ""
        raise DataError(f"{source} holds no transcript ({', '.join(SUFFIXES)}){archives}.")
    return sorted(found)


def _is_output(folder: Path, out: Path | None) -> bool:
    """Whether a folder is a build's, or its working folder."""
    if out is None or folder.parent.resolve() != out.parent.resolve():
        return False
    return folder.name == out.name or folder.name.startswith(f".{out.name}-")


def source_files(source: Path, out: Path | None = None) -> list[SourceFile]:
    """Transcripts of a folder, each with its row of the nearest sidecar; ``source`` is read off the path where all are silent.

    The id of each is settled here, where the secret of the ids is, and not by the workers, which may be on machines without it.
    """
    sidecars: dict[Path, dict[str, SidecarRow]] = {}
    files = []
    for number, path in enumerate(find_transcripts(source, out)):
        name = transcript_name(path)
        row = SidecarRow(transcript=name, source=source_of(path, source))
        for folder in (each for each in path.parents if each.is_relative_to(source)):
            if folder not in sidecars:
                sidecars[folder] = read_sidecar(folder)
            if name in sidecars[folder]:
                row = sidecars[folder][name]
                break
        files.append(SourceFile(number, path, row.model_copy(update={"scenario_id": scenario_id(name, row)})))
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


def splits_of(build: Path | None) -> dict[str, str]:
    """Scenario id → split of an earlier build and of those before it; empty where there is none.

    Scenarios that were gated or missing then are among them: where they come back they come back to their split.

    Raises:
        DataError: the folder is not a built dataset.
    """
    if build is None:
        return {}
    report = build / "report" / "files.jsonl"
    if read_manifest(build) is None or not report.exists():
        raise DataError(f"{build} is not a built dataset, so it cannot be --previous.")
    rows = [(row["scenario_id"], row["split"] or row.get("earlier_split")) for row in read_lines(report)]
    return {name: split for name, split in rows if split}


def _content_digest(path: Path) -> bytes:
    try:
        return hashlib.sha256(read_bytes(path)).digest()
    except UnreadableTranscript as error:
        return hashlib.sha256(error.reason.encode()).digest()


def input_digest(source: Path, files: list[SourceFile], inputs: Inputs, options: Options, *, is_sample: bool) -> str:
    """sha256 over everything that decides a build: code, transcripts, guidance, options. The same digest needs no rebuild."""
    digest = hashlib.sha256(BENCHMARK_VERSION.encode())
    package = Path(__file__).parent
    code = [path for kind in ("*.py", "*.yaml", "*.toml", "*.json", "*.txt") for path in package.rglob(kind)]
    given = [path for path in (inputs.overrides, inputs.reviews, inputs.judgements, inputs.splits) if path]
    in_package = [path for path in sorted(code) if SAMPLE not in path.parents]
    for path in [*in_package, card.TEMPLATE, card.ERRATA, *given]:
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    for file in files:
        place = os.fsencode(file.path.relative_to(source))  # the platform is read off the folder
        digest.update(place + b"\0" + _content_digest(file.path) + file.row.model_dump_json().encode())
    choices = {**asdict(options), "gates_off": sorted(options.gates_off), "is_sample": is_sample}
    libraries = {name: version(name) for name in ("datasets", "pyarrow", "py3langid")}
    previous = sorted(splits_of(inputs.previous).items())
    digest.update(json.dumps([choices, libraries, previous], sort_keys=True).encode())
    return digest.hexdigest()
