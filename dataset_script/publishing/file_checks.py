"""The files of a built folder: manifest, names, sizes, reports, and nothing that does not belong there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from dataset_script.manifest import CANARY, MANIFEST, Manifest
from dataset_script.publishing.folder import CONFIGS, REPORTS, SHARD, BuiltFolder
from dataset_script.publishing.plots import ALT_TEXTS, FOLDER
from dataset_script.publishing.problems import Problem
from dataset_script.splits import SPLITS

CARD_FILES = ("README.md", "ERRATA.md", *(f"{FOLDER}/{name}.png" for name in ALT_TEXTS))
COUNTS = ("scenarios", "turns", "items_clean", "items_as_released")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_VERSION = re.compile(r"\d+\.\d+\.\d+")
MOST_BYTES_IN_FILE = 50 * 10**9
"""Of one file on the Hub; and a folder there holds at most 10,000 (huggingface.co/docs/hub/storage-limits)."""
MOST_FILES_IN_FOLDER = 10_000
_REPORT_KEYS = {
    "decisions": {"where", "action", "reason"},
    "files": {"scenario_id", "status", "split", "reasons"},
    "leaks": {"kind"},
    "links": {"first", "second", "shared", "containment"},
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


def check_reports(root: Path) -> Iterator[Problem]:
    """Each line is a JSON object with its keys and leads back to no source."""
    for name in REPORTS:
        path = root / "report" / f"{name}.jsonl"
        if path.is_file():
            yield from _check_report(path, f"report/{name}.jsonl", _REPORT_KEYS[name])


def _check_report(path: Path, where: str, keys: set[str]) -> Iterator[Problem]:
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            try:
                row = json.loads(line)
            except ValueError:
                yield Problem(f"{where}:{number}", "is no JSON")
                return
            if not isinstance(row, dict) or not keys <= row.keys():
                yield Problem(f"{where}:{number}", f"lacks one of {', '.join(sorted(keys))}")
                return
            for trace in source_traces(line):
                yield Problem(f"{where}:{number}", f"holds {trace}, which leads back to a source")
                return
