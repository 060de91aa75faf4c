"""The files of a built folder: manifest, names, sizes, reports, and nothing that does not belong there."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model

from dataset_script.manifest import CANARY, MANIFEST, Manifest
from dataset_script.publishing.folder import CONFIGS, REPORTS, SHARD, BuiltFolder
from dataset_script.publishing.plots import ALT_TEXTS, FOLDER
from dataset_script.publishing.problems import Problem
from dataset_script.publishing.shapes import personal_numbers
from dataset_script.quality.gates import Measures
from dataset_script.splits import SPLITS

CARD_FILES = ("README.md", "ERRATA.md", *(f"{FOLDER}/{name}.png" for name in ALT_TEXTS))
COUNTS = ("scenarios", "turns", "items_clean", "items_as_released")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_VERSION = re.compile(r"\d+\.\d+\.\d+")
MOST_BYTES_IN_FILE = 50 * 10**9
"""Of one file on the Hub; and a folder there holds at most 10,000 (huggingface.co/docs/hub/storage-limits)."""
MOST_FILES_IN_FOLDER = 10_000


class _Line(BaseModel):
    """A line of a report. What a report does not know it may not hold: a title or a label could say who was filmed."""

    model_config = ConfigDict(extra="forbid", strict=True)


class _DecisionLine(_Line):
    where: str
    action: str
    reason: str


class _FileLine(_Line):
    scenario_id: str
    status: str
    split: str | None
    earlier_split: str | None = None
    reasons: list[str]
    incident_id: str | None = None
    n_items: int = 0
    n_ranked_items: int = 0
    why: str = ""


class _LinkLine(_Line):
    first: str
    second: str
    shared: int
    containment: float


class _LeakLine(_Line):
    kind: str
    first: str = ""
    second: str = ""
    shared: int = 0
    containment: float = 0.0
    splits: list[str] = []
    scenario_id: str = ""
    item_id: str = ""
    in_train: str = ""
    split: str = ""
    incident_id: str = ""
    scenarios: dict[str, str] = {}


_MEASURES: Any = {each.name: (float | None, None) for each in fields(Measures)}
_REPORT_LINES: dict[str, type[BaseModel]] = {
    "decisions": _DecisionLine,
    "files": create_model("FileLine", __base__=_FileLine, **_MEASURES),
    "leaks": _LeakLine,
    "links": _LinkLine,
}

_SOURCE_TRACES = {
    "an absolute path": re.compile(
        r"(?<![\w.:/])/(?:home|root|Users|tmp|var|mnt|media|data|work|opt|srv)/[\w.-]+|\b[A-Za-z]:\\+\w"
    ),
    "the name of a source file": re.compile(r"[\w-]+\.(?:csv|tsv|tab|jsonl?|txt|srt|vtt|mp[34]|m4a|wav|webm)\b", re.I),
    "the address of a video": re.compile(
        r"\b(?:youtu\.be|youtube\.com|tiktok\.com|facebook\.com|fb\.watch|instagram\.com)/\S", re.I
    ),
}


def source_traces(text: str) -> list[str]:
    """What in a text would lead back to a source: paths, file names, addresses of videos."""
    return [name for name, pattern in _SOURCE_TRACES.items() if pattern.search(text)]


def check_manifest(root: Path) -> tuple[Manifest | None, list[Problem]]:
    """The manifest, or None where nothing else can be checked without it."""
    try:
        manifest = TypeAdapter(Manifest).validate_json((root / MANIFEST).read_bytes(), strict=True)
    except OSError:
        return None, [Problem(MANIFEST, "is missing: this is no built dataset. Run `deescalwild data build`.")]
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "file"
        return None, [Problem(MANIFEST, f"{place}: {first['msg']}")]
    problems = []
    if unknown := sorted(json.loads((root / MANIFEST).read_bytes()).keys() - {each.name for each in fields(Manifest)}):
        problems.append(Problem(MANIFEST, f"{unknown[0]} is no field of a manifest"))
    if not _VERSION.fullmatch(manifest.version):
        problems.append(Problem(MANIFEST, f"version {manifest.version!r} is not of the form 1.2.3"))
    for name in ("digest", "items_digest", "source_digest"):
        if not _SHA256.fullmatch(getattr(manifest, name)):
            problems.append(Problem(MANIFEST, f"{name} is no sha256"))
    if manifest.canary != CANARY:
        problems.append(Problem(MANIFEST, "canary is not the dataset's"))
    if list(manifest.counts) != list(SPLITS) or any(set(own) != set(COUNTS) for own in manifest.counts.values()):
        problems.append(Problem(MANIFEST, f"counts must give {', '.join(COUNTS)} for {', '.join(SPLITS)}"))
    if problems:
        return None, problems
    if not (manifest.privacy or manifest.is_sample):
        problems.append(Problem(MANIFEST, "built without --privacy; such a folder cannot be published", "warning"))
    return manifest, problems


def published_files(root: Path) -> list[str]:
    """Paths of everything that belongs to a built folder and is there, sorted."""
    shards = [
        shard.path.relative_to(root).as_posix() for config in CONFIGS for shard in BuiltFolder(root).shards(config)
    ]
    others = [MANIFEST, *CARD_FILES, *(f"report/{name}.jsonl" for name in REPORTS)]
    return sorted([*shards, *(path for path in others if (root / path).is_file())])


def check_files(root: Path) -> Iterator[Problem]:
    """Missing files, files that do not belong there, links, numbering of shards, sizes."""
    for path in (*CARD_FILES, *(f"report/{name}.jsonl" for name in REPORTS)):
        if not (root / path).is_file():
            yield Problem(path, "is missing. Build again.")
    known = set(published_files(root))
    for file in sorted(root.rglob("*")):
        path = file.relative_to(root).as_posix()
        if file.is_symlink():
            yield Problem(path, "is a link. Only plain files are published.")
        elif not (file.is_file() or file.is_dir()):
            yield Problem(path, "is no plain file")
        elif file.is_file() and path not in known:
            yield Problem(path, "does not belong to a built dataset. Move it away.")
        elif file.is_file() and file.stat().st_size > MOST_BYTES_IN_FILE:
            yield Problem(path, "is larger than the Hub takes (50 GB)")
    for config in CONFIGS:
        yield from _check_numbering(root, config)


def _check_numbering(root: Path, config: str) -> Iterator[Problem]:
    """Shards 0 … n-1 of n, for every split."""
    shards = BuiltFolder(root).shards(config)
    if not shards:
        yield Problem(config, "has no Parquet file")
    if len(shards) > MOST_FILES_IN_FOLDER:
        yield Problem(config, f"holds {len(shards):,} files; the Hub takes 10,000 in a folder")
    for split in SPLITS:
        matches = [match for shard in shards if (match := SHARD.fullmatch(shard.path.name)) and match["split"] == split]
        numbers = [int(match["number"]) for match in matches]
        if matches and (
            {int(match["of"]) for match in matches} != {len(matches)} or numbers != list(range(len(matches)))
        ):
            yield Problem(f"{config}/{split}", "its shards are not numbered 0 to n-1 of n: one is missing or left over")


def check_reports(root: Path, manifest: Manifest) -> Iterator[Problem]:
    """Each line is of its report's form, leads back to no source and holds no personal number; the manifest counts the files right."""
    for name in REPORTS:
        path = root / "report" / f"{name}.jsonl"
        if path.is_file():
            yield from _check_report(path, f"report/{name}.jsonl", _REPORT_LINES[name])
    yield from _check_fates(BuiltFolder(root), manifest)


def _check_report(path: Path, where: str, form: type[BaseModel]) -> Iterator[Problem]:
    """The first bad line of a report."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if wrong := _wrong_line(line, form):
                yield Problem(f"{where}:{number}", wrong)
                return


def _wrong_line(line: bytes, form: type[BaseModel]) -> str | None:
    try:
        form.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        kind, key = first["type"], ".".join(map(str, first["loc"]))
        sentences = {
            "json_invalid": "is no JSON",
            "missing": f"lacks one of {', '.join(sorted(name for name, known in form.model_fields.items() if known.is_required()))}",
            # Not the key: whatever it is, it is nothing to be repeated.
            "extra_forbidden": "has a key that this report does not know",
        }
        return sentences.get(kind) or (f"{key}: {first['msg']}" if key else "is no JSON object")
    text = line.decode()
    if traces := source_traces(text):
        return f"holds {traces[0]}, which leads back to a source"
    if numbers := personal_numbers(text):
        return f"holds {numbers[0]}"
    return None


def _check_fates(folder: BuiltFolder, manifest: Manifest) -> Iterator[Problem]:
    try:
        fates = Counter(row["status"] for row in folder.report("files"))
    except (OSError, ValueError, KeyError, TypeError):
        return  # has been told already
    if fates != manifest.files:
        stated = ", ".join(f"{count} {fate}" for fate, count in sorted(manifest.files.items())) or "none"
        found = ", ".join(f"{count} {fate}" for fate, count in sorted(fates.items())) or "none"
        yield Problem(MANIFEST, f"files are {stated}, but report/files.jsonl has {found}")
