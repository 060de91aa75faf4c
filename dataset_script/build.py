"""Folder of transcripts → built dataset folder (Parquet, README with YAML configs, manifest, reports).

In: transcripts in the released form and an optional ``scenarios.jsonl`` beside or above them.
Out: the folder that ``load_dataset("deescalwild")`` opens. Written beside its place and moved there
whole, so a reader never sees half a build.
"""

import hashlib
import json
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dataset_script import BENCHMARK_VERSION, card, dialogue
from dataset_script.dialogue import Item, Scenario, Turn
from dataset_script.duplicates import group_incidents
from dataset_script.errors import DataError
from dataset_script.roles import resolve_roles
from dataset_script.splits import SPLITS, assign_split
from dataset_script.transcripts import SUFFIXES, Transcript, read_transcript

SAMPLE = Path(__file__).parent / "sample"
MANIFEST = "manifest.json"
SIDECAR = "scenarios.jsonl"


class SidecarRow(BaseModel):
    """One line of ``scenarios.jsonl``: what is known of a transcript beside its words."""

    model_config = ConfigDict(extra="forbid")

    transcript: str = Field(description="file name without its suffix")
    scenario_id: str | None = Field(None, pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")
    source: str = "unknown"
    category: str = "uncategorised"
    context: str = ""
    civilian_profile: str = ""
    outcome: str = ""
    event: str | None = Field(None, description="name of the real event, the same for all its parts and cuts")
    provenance: str = ""


@dataclass(frozen=True)
class Decision:
    """One line of the build report: what was done to a file, turn or item, and why."""

    where: str
    action: str
    reason: str


@dataclass(frozen=True)
class Build:
    """All of a dataset in memory, before it is written. ``splits`` maps a scenario id to its split."""

    scenarios: tuple[Scenario, ...]
    splits: dict[str, str]
    items: tuple[Item, ...]
    decisions: tuple[Decision, ...]


@dataclass(frozen=True)
class Manifest:
    """What a built folder is: enough to tell one build from another and to check it."""

    name: str
    version: str
    digest: str
    items_digest: str
    is_sample: bool
    source_digest: str
    counts: dict[str, dict[str, int]]


def find_transcripts(source: Path) -> list[Path]:
    """Transcript files below a folder, sorted by path.

    Raises:
        DataError: no such folder, or nothing in it that could be a transcript.
    """
    if not source.is_dir():
        raise DataError(f"{source} is not a folder. Give a folder of transcripts, or 'sample'.")
    files = sorted(path for path in source.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not files:
        raise DataError(f"{source} holds no transcript ({', '.join(SUFFIXES)}).")
    return files


def read_sidecar(source: Path) -> dict[str, SidecarRow]:
    """Rows of ``scenarios.jsonl`` by transcript name; empty where there is no such file."""
    path = source / SIDECAR
    if not path.exists():
        return {}
    rows: dict[str, SidecarRow] = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = SidecarRow.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])) or "line"
            raise DataError(f"{path}:{number}: {field}: {first['msg']}.") from None
        if row.transcript in rows:
            raise DataError(f"{path}:{number}: transcript {row.transcript!r} is described twice. Remove one line.")
        rows[row.transcript] = row
    return rows


def source_digest(source: Path) -> str:
    """sha256 over the input files and the code's benchmark version: the same digest needs no rebuild."""
    digest = hashlib.sha256(BENCHMARK_VERSION.encode())
    code = sorted(Path(__file__).parent.glob("*.py"))
    sidecar = source / SIDECAR
    for path in [*code, card.TEMPLATE, *find_transcripts(source), *([sidecar] if sidecar.exists() else [])]:
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _scenario_id(transcript: Transcript, row: SidecarRow) -> str:
    # The name of a source file identifies a real video, so it is hashed unless the sidecar gives an id.
    return row.scenario_id or f"{row.source}-{hashlib.sha256(transcript.name.encode()).hexdigest()[:12]}"


def make_scenario(transcript: Transcript, row: SidecarRow) -> Scenario:
    """Resolve the roles of one transcript; ``incident_id`` is filled in when all transcripts are known."""
    guesses = resolve_roles([(r.speaker, r.text) for r in transcript.rows])
    turns = []
    for index, released in enumerate(transcript.rows):
        guess = guesses[released.speaker]
        flags = ("no_time",) if released.start_s is None else ()
        turns.append(
            Turn(
                index,
                released.start_s,
                released.speaker,
                guess.role,
                guess.rule,
                round(guess.confidence, 3),
                released.text,
                flags,
            )
        )
    return Scenario(
        scenario_id=_scenario_id(transcript, row),
        source=row.source,
        category=row.category,
        context=row.context,
        civilian_profile=row.civilian_profile,
        incident_id="",
        turns=tuple(turns),
        provenance=row.provenance,
        quality={"outcome": row.outcome, "n_mended_rows": len(transcript.problems)},
    )


def assemble(source: Path) -> Build:
    """Read, resolve, group and split a folder of transcripts. One bad file is reported and skipped."""
    sidecar = read_sidecar(source)
    decisions: list[Decision] = []
    drafts: dict[str, Scenario] = {}
    events: dict[str, str] = {}
    for path in find_transcripts(source):
        try:
            transcript = read_transcript(path)
        except DataError as error:
            decisions.append(Decision(path.name, "file refused", str(error)))
            continue
        row = sidecar.get(transcript.name, SidecarRow(transcript=transcript.name))
        scenario = make_scenario(transcript, row)
        if scenario.scenario_id in drafts:
            decisions.append(Decision(path.name, "file refused", f"second file with id {scenario.scenario_id}"))
            continue
        decisions += [Decision(transcript.name, "row mended", problem) for problem in transcript.problems]
        drafts[scenario.scenario_id] = scenario
        if row.event:
            events[scenario.scenario_id] = row.event
    if not drafts:
        raise DataError(f"{source}: none of the transcripts could be read. First reason: {decisions[0].reason}")

    texts = {name: " ".join(turn.text for turn in draft.turns) for name, draft in drafts.items()}
    incidents = group_incidents(texts, events)
    scenarios = tuple(Scenario(**{**vars(drafts[name]), "incident_id": incidents[name]}) for name in sorted(drafts))
    found: list[Item] = []
    for scenario in scenarios:
        own = list(dialogue.items(scenario))
        found += own
        if not own:
            decisions.append(
                Decision(
                    scenario.scenario_id,
                    "no items",
                    "no authority turn is directly followed by the civilian side",
                )
            )
        decisions += [Decision(i.item_id, "item not ranked", ", ".join(i.flags)) for i in own if i.flags]
    splits = {scenario.scenario_id: assign_split(scenario.incident_id) for scenario in scenarios}
    return Build(scenarios, splits, tuple(found), tuple(decisions))


def scenario_row(scenario: Scenario, own_items: Iterable[Item]) -> dict:
    """Row of the ``scenarios`` config."""
    row = asdict(scenario)
    row["turns"] = [{**turn, "flags": list(turn["flags"])} for turn in row["turns"]]
    row["n_turns"] = len(scenario.turns)
    row["n_items"] = sum(1 for _ in own_items)
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


def tables(build: Build) -> dict[str, dict[str, list[dict]]]:
    """config → split → rows."""
    own: dict[str, list[Item]] = defaultdict(list)
    for item in build.items:
        own[item.scenario_id].append(item)
    result: dict[str, dict[str, list[dict]]] = {
        config: {split: [] for split in SPLITS} for config in ("scenarios", "chat", "items")
    }
    for scenario in build.scenarios:
        split = build.splits[scenario.scenario_id]
        result["scenarios"][split].append(scenario_row(scenario, own[scenario.scenario_id]))
        result["chat"][split].append(chat_row(scenario))
        result["items"][split] += [item_row(item) for item in own[scenario.scenario_id]]
    return result


def content_digest(rows: object) -> str:
    """sha256 of canonical JSON: a digest of the content, whatever Parquet writer wrote it."""
    text = json.dumps(rows, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def make_manifest(build: Build, rows: dict, *, is_sample: bool, source: str) -> Manifest:
    """Counts and digests of a build."""
    counts = {}
    for split in SPLITS:
        subsets = Counter(item["subset"] for item in rows["items"][split])
        counts[split] = {
            "scenarios": len(rows["scenarios"][split]),
            "turns": sum(row["n_turns"] for row in rows["scenarios"][split]),
            "items_clean": subsets["clean"],
            "items_as_released": subsets.total(),
        }
    return Manifest(
        name="deescalwild",
        version=BENCHMARK_VERSION,
        digest=content_digest(rows),
        items_digest=content_digest(rows["items"]),
        is_sample=is_sample,
        source_digest=source,
        counts=counts,
    )


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a built folder, or None where there is none that can be read."""
    try:
        return Manifest(**json.loads((folder / MANIFEST).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write(build: Build, out: Path, *, is_sample: bool, source: str) -> Manifest:
    """Write a built folder, replacing an older build at ``out`` in one move.

    Raises:
        DataError: ``out`` exists and is not a built dataset; it is left alone.
    """
    from datasets import Dataset, are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    if out.exists() and not (out / MANIFEST).exists() and any(out.iterdir()):
        raise DataError(f"{out} exists and is not a built dataset. Choose another --out or move it away.")
    rows = tables(build)
    manifest = make_manifest(build, rows, is_sample=is_sample, source=source)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as temporary:
        draft = Path(temporary) / "new"
        had_bars = not are_progress_bars_disabled()
        disable_progress_bars()
        try:
            for config, splits in rows.items():
                (draft / config).mkdir(parents=True)
                for split, split_rows in splits.items():
                    if not split_rows:  # a small corpus may leave a split empty; the YAML does not name it then
                        continue
                    table = Dataset.from_list(split_rows, features=card.features(config))
                    table.to_parquet(draft / config / f"{split}-00000-of-00001.parquet")
        finally:
            if had_bars:
                enable_progress_bars()
        report = "".join(json.dumps(asdict(line), ensure_ascii=False) + "\n" for line in build.decisions)
        (draft / "report").mkdir()
        (draft / "report" / "decisions.jsonl").write_text(report, "utf-8")
        (draft / "README.md").write_text(card.render_readme(manifest, rows), "utf-8")
        (draft / MANIFEST).write_text(json.dumps(asdict(manifest), indent=2) + "\n", "utf-8")
        if out.exists():
            out.rename(Path(temporary) / "old")
        shutil.move(draft, out)
    return manifest


def build_dataset(source: Path, out: Path, *, is_sample: bool = False) -> tuple[Manifest, Build | None]:
    """Build ``source`` into ``out``; does nothing where ``out`` is already a build of the same input and code.

    Returns:
        the manifest, and the build, or None where nothing had to be done.
    """
    wanted = content_digest([source_digest(source), is_sample, version("datasets")])
    present = read_manifest(out)
    if present is not None and present.source_digest == wanted:
        return present, None
    build = assemble(source)
    return write(build, out, is_sample=is_sample, source=wanted), build
