"""Is a built folder sound? ``check`` reads it once and returns problems, which the other ``*_checks`` modules find."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

from dataset_script import dialogue
from dataset_script.dialogue import scenario_of
from dataset_script.duplicates import comparable_text, shingles
from dataset_script.manifest import MANIFEST, Manifest
from dataset_script.pipeline.prepare import pair_key
from dataset_script.pipeline.shards import digest_of, row_digest
from dataset_script.privacy import PLACEHOLDER
from dataset_script.publishing.card_checks import check_card
from dataset_script.publishing.file_checks import check_files, check_manifest, check_reports
from dataset_script.publishing.folder import CONFIGS, BuiltFolder
from dataset_script.publishing.privacy_checks import check_privacy
from dataset_script.publishing.problems import Problem, has_errors
from dataset_script.publishing.row_checks import check_chat, check_items, check_scenario, has_nulls
from dataset_script.publishing.split_checks import ItemFacts, ScenarioFacts, check_splits
from dataset_script.publishing.table_checks import check_tables
from dataset_script.splits import SPLITS

__all__ = ["Problem", "check", "has_errors"]


@dataclass
class _Contents:
    """What one reading of all rows leaves behind."""

    counts: dict[str, Counter[str]] = field(default_factory=lambda: {split: Counter() for split in SPLITS})
    digests: dict[str, list[tuple[str, str, str]]] = field(default_factory=lambda: defaultdict(list))
    scenarios: list[ScenarioFacts] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def note(self, config: str, split: str, row: dict) -> dict:
        """Take a row's digest on its way."""
        self.digests[config].append((config, split, row_digest(row)))
        return row


def check(root: Path, *, show_progress: bool = False) -> list[Problem]:
    """Everything that is wrong with a built folder, in the order: manifest, files, tables, card, rows, splits.

    Rows are read only where the tables can be. One batch of rows is in memory at a time, and 8 bytes a distinct six words.
    """
    manifest, problems = check_manifest(root)
    if manifest is None:
        return problems
    folder = BuiltFolder(root)
    problems += check_files(root)
    broken = [*check_reports(root, manifest), *check_tables(folder, manifest)]
    problems += broken
    if has_errors(broken) or any(not folder.shards(config) for config in CONFIGS):
        return problems
    contents = _read(folder, manifest, show_progress=show_progress)
    if not has_errors(contents.problems) and all(
        (root / "report" / f"{name}.jsonl").is_file() for name in ("files", "decisions")
    ):
        problems += check_card(folder, manifest)
    problems += contents.problems
    problems += _check_counts(contents, manifest)
    problems += _check_digests(contents, manifest)
    problems += check_splits(contents.scenarios, splits_imposed=manifest.splits_imposed)
    return problems


def _read(folder: BuiltFolder, manifest: Manifest, *, show_progress: bool) -> _Contents:
    from tqdm import tqdm

    contents = _Contents()
    total = sum(own["scenarios"] for own in manifest.counts.values())
    with tqdm(total=total, unit="scenario", desc="check", disable=None if show_progress else True) as bar:
        for split in SPLITS:
            for _ in _read_split(folder, split, contents, look_for_personal_data=manifest.privacy):
                bar.update()
    return contents


def _read_split(
    folder: BuiltFolder, split: str, contents: _Contents, *, look_for_personal_data: bool
) -> Iterator[None]:
    """Read the three configs side by side; yields after each scenario."""
    items: defaultdict[str, list[dict]] = defaultdict(list)
    for row in folder.rows("items", split):
        items[contents.note("items", split, row)["scenario_id"]].append(row)
    both = zip_longest(folder.rows("scenarios", split), folder.rows("chat", split))
    for row, chat in both:
        if chat is not None:
            contents.note("chat", split, chat)
        if row is None:
            contents.problems.append(Problem(f"chat/{split}", "has more rows than scenarios"))
            continue
        contents.note("scenarios", split, row)
        _read_scenario(row, chat, items.pop(row["scenario_id"], []), split, contents, look_for_personal_data)
        yield
    for left in sorted(items, key=str):
        contents.problems.append(Problem(f"items/{split}", f"an item names scenario {left!r}, which is not in {split}"))


def _read_scenario(
    row: dict, chat: dict | None, own: list[dict], split: str, contents: _Contents, look_for_personal_data: bool
) -> None:
    if has_nulls([row, own]):
        contents.problems.append(Problem(str(row["scenario_id"]), "a value other than start_s is null"))
        return
    scenario = scenario_of(row)
    expected = {item.turn_index: item for item in dialogue.items(scenario)}
    contents.problems += check_scenario(row, scenario)
    contents.problems += check_items(row, own, list(expected.values()))
    contents.problems += check_chat(chat, scenario)
    if look_for_personal_data:
        contents.problems += check_privacy(scenario)
    ranked = sum(item["subset"] == "clean" for item in own)
    counts = {"scenarios": 1, "turns": len(scenario.turns), "items_clean": ranked, "items_as_released": len(own)}
    contents.counts[split].update(counts)
    facts = [
        ItemFacts(item["item_id"], pair_key(known), len(known.reference.split()), item["subset"] == "clean")
        for item in own
        if (known := expected.get(item["turn_index"]))
    ]
    # Placeholders would make strangers alike.
    words = PLACEHOLDER.sub(" ", comparable_text(turn.text for turn in scenario.turns))
    contents.scenarios.append(
        ScenarioFacts(scenario.scenario_id, split, scenario.incident_id, shingles(words), tuple(facts))
    )


def _check_counts(contents: _Contents, manifest: Manifest) -> Iterator[Problem]:
    for split, stated in manifest.counts.items():
        for name, count in stated.items():
            if contents.counts[split][name] != count:
                yield Problem(MANIFEST, f"{split}: {name} is {count:,}, but there are {contents.counts[split][name]:,}")


def _check_digests(contents: _Contents, manifest: Manifest) -> Iterator[Problem]:
    """The digests over all rows, as the build takes them (``pipeline/shards.py``)."""
    rows = [row for config in CONFIGS for row in contents.digests[config]]
    if digest_of(rows) != manifest.digest:
        yield Problem(MANIFEST, "digest is not that of the rows: they were changed after the build")
    elif digest_of(contents.digests["items"]) != manifest.items_digest:
        yield Problem(MANIFEST, "items_digest is not that of the items")
