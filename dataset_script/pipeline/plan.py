"""Prepared files → what goes where: incidents, splits, leaks, caps, shards.

In: the indices and pair counts of a workspace. Out: ``plan/shards`` (one line a shard: which scenarios, which of their items),
``plan/files`` (one line a file: its fate and why), ``plan/decisions`` and ``plan/leaks``. The planner is one task and reads no transcript.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

import numpy as np

from dataset_script.duplicates import Link, group_incidents, links
from dataset_script.errors import DataError
from dataset_script.pipeline.prepare import Decision
from dataset_script.pipeline.steps import Workspace, read_lines, write_lines
from dataset_script.splits import SPLITS, Candidate, assign_splits, cap_of, thin

STOCK_PHRASE_WORDS = 3
"""A reference this short ("Yes, sir.") is said everywhere and gives nothing away."""
SCENARIOS_PER_SHARD = 2000
MAX_TOLD = 3
"""Refusals that are quoted where nothing is left."""
EVALUATED = ("validation", "test")
NOT_BUILT = "in the split list, not built"


@dataclass
class Plan:
    """Scenario → split and incident; per scenario the items that are left out, and those that are not ranked, and why."""

    rows: list[dict]
    incidents: dict[str, str]
    splits: dict[str, str]
    left_out: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    demoted: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))

    def of(self, split: str) -> list[dict]:
        """Index rows of a split."""
        return [row for row in self.rows if self.splits.get(row["scenario_id"]) == split]

    def ranked(self, row: dict) -> list[str]:
        """Ids of a scenario's items that count."""
        name = row["scenario_id"]
        out = self.left_out[name].keys() | self.demoted[name].keys()
        return [item["item_id"] for item in row["items"] if item["is_clean"] and item["item_id"] not in out]


def _without_second_copies(index: Iterable[dict]) -> list[dict]:
    """Rows in the order of the files; of two with one id the second sound one is gated."""
    rows = sorted(index, key=lambda row: row["number"])
    sound_first = sorted(rows, key=lambda row: bool(row["gates"]))
    seen = set()
    for row in sound_first:
        if row["scenario_id"] in seen:
            row["gates"] = ["second_copy_of_id", *row["gates"]]
        seen.add(row["scenario_id"])
    return rows


def _find_links(workspace: Workspace, rows: list[dict], n_files: int) -> list[Link]:
    """Near-duplicates among the files that are not gated."""
    names = [""] * n_files
    sizes = [1] * n_files
    for row in rows:
        if not row["gates"]:
            names[row["number"]], sizes[row["number"]] = row["scenario_id"], row["n_shingles"]
    buckets = [np.load(path) for path in workspace.files("pairs", ".npy")]
    kept = np.array([bool(name) for name in names], bool)
    return links([pairs[kept[pairs["first"]] & kept[pairs["second"]]] for pairs in buckets], names, sizes)


@dataclass(frozen=True)
class _PairLeak:
    """An item of an evaluated split whose officer turn and reference both occur in train, and one item there that has them."""

    scenario_id: str
    item_id: str
    split: str
    in_train: str


def _pair_leaks(plan: Plan) -> list[_PairLeak]:
    in_train = {item["pair"]: item["item_id"] for row in plan.of("train") for item in row["items"]}
    return [
        _PairLeak(row["scenario_id"], item["item_id"], split, in_train[item["pair"]])
        for split in EVALUATED
        for row in plan.of(split)
        for item in row["items"]
        if item["pair"] in in_train and item["reference_words"] > STOCK_PHRASE_WORDS
    ]


def _incident_leaks(plan: Plan, found: list[Link]) -> list[dict]:
    """Near-duplicates in two splits, and incidents whose scenarios are."""
    splits = plan.splits
    leaks = [
        {"kind": "near_duplicate", **asdict(link), "splits": [splits[link.first], splits[link.second]]}
        for link in found
        if link.first in splits and link.second in splits and splits[link.first] != splits[link.second]
    ]
    members: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(splits):
        members[plan.incidents[name]].append(name)
    for incident, names in sorted(members.items()):
        if len({splits[name] for name in names}) > 1:
            homes = {name: splits[name] for name in names}
            leaks.append({"kind": "same_incident", "incident_id": incident, "scenarios": homes})
    return leaks


def _cap(plan: Plan) -> None:
    """Demote items of scenarios that would give more than a twentieth of a split's ranked items."""
    for split in SPLITS:
        ranked = {row["scenario_id"]: plan.ranked(row) for row in plan.of(split)}
        cap = cap_of([len(own) for own in ranked.values()])
        if cap is None:
            continue
        for name, own in ranked.items():
            kept = {own[position] for position in thin(len(own), cap)}
            plan.demoted[name].update((item, "over_share") for item in own if item not in kept)


def _shards(plan: Plan) -> list[dict]:
    """One dict a shard, scenarios in the order of their ids."""
    shards = []
    for split in SPLITS:
        rows = sorted(plan.of(split), key=lambda row: row["scenario_id"])
        parts = [rows[start : start + SCENARIOS_PER_SHARD] for start in range(0, len(rows), SCENARIOS_PER_SHARD)]
        for number, part in enumerate(parts):
            entries = [
                {
                    "place": row["place"],
                    "incident_id": plan.incidents[row["scenario_id"]],
                    "left_out": sorted(plan.left_out[row["scenario_id"]]),
                    "demoted": plan.demoted[row["scenario_id"]],
                }
                for row in part
            ]
            shards.append({"split": split, "shard": number, "of": len(parts), "scenarios": entries})
    return shards


def _file_row(row: dict, plan: Plan) -> dict:
    name = row["scenario_id"]
    return {
        "scenario_id": name,
        "status": "gated" if row["gates"] else "kept",
        "split": None if row["gates"] else plan.splits.get(name),
        "incident_id": None if row["gates"] else plan.incidents.get(name),
        "reasons": row["gates"],
        "n_items": 0 if row["gates"] else len(row["items"]) - len(plan.left_out[name]),
        "n_ranked_items": 0 if row["gates"] else len(plan.ranked(row)),
        **row["measures"],
    }


def make_plan(
    workspace: Workspace, n_files: int, previous: Mapping[str, str], imposed: Mapping[str, str] | None
) -> None:
    """Write the plan of a build.

    Args:
        workspace: with the drafts and pairs of the stages before.
        n_files: number of source files.
        previous: scenario id → split of an earlier build; they stay where they were.
        imposed: a published split list, scenario id → split. Scenarios that it does not name are left out; leaks are reported, not mended.

    Raises:
        DataError: nothing is left to publish.
    """
    rows = _without_second_copies(row for path in workspace.files("drafts", ".index") for row in read_lines(path))
    found = _find_links(workspace, rows, n_files)
    sound = [row for row in rows if not row["gates"]]
    incidents = _incidents(sound, found)
    decisions: list[Decision] = []
    if imposed is None:
        candidates = [
            Candidate(
                row["scenario_id"],
                incidents[row["scenario_id"]],
                row["source"],
                row["category"],
                sum(item["is_clean"] for item in row["items"]),
            )
            for row in sound
        ]
        assignment = assign_splits(candidates, previous)
        splits = assignment.splits
        for row in sound:
            if row["scenario_id"] in assignment.bridging:
                row["gates"] = ["joins_two_splits"]
        if assignment.bridging:  # without what joined them the old incidents are two again
            incidents = _incidents([row for row in sound if not row["gates"]], found)
    else:
        splits = {row["scenario_id"]: imposed[row["scenario_id"]] for row in sound if row["scenario_id"] in imposed}
        for row in sound:
            if row["scenario_id"] not in splits:
                row["gates"] = ["not_in_split_list"]
        decisions += _unbuilt(imposed.keys() - splits.keys(), rows)
    plan = Plan([row for row in rows if not row["gates"]], incidents, splits)
    if not plan.rows:
        counts = Counter(reason for row in rows for reason in row["gates"])
        reasons = ", ".join(f"{reason} {count}" for reason, count in counts.most_common()) or "no file could be read"
        advice = " Switch a gate off with --no-gate NAME." if rows else ""
        refused = [row["error"] for path in workspace.files("drafts", ".refused") for row in read_lines(path)]
        told = f" Refused: {len(refused)}, the first of them {' '.join(refused[:MAX_TOLD])}" if refused else ""
        raise DataError(f"nothing is left to publish: {reasons}.{advice}{told}")
    leaks = _pair_leaks(plan)
    if imposed is None:
        for leak in leaks:
            plan.left_out[leak.scenario_id][leak.item_id] = "pair_in_train"
            decisions.append(
                Decision(leak.item_id, "item left out", "its officer turn and reference both occur in train")
            )
        leaks = []
    _cap(plan)
    for name, own in plan.demoted.items():
        decisions += [
            Decision(item, "item not ranked", f"{reason}: {name} is longer than a twentieth")
            for item, reason in own.items()
        ]
    crossing = _incident_leaks(plan, found) + [{"kind": "pair_in_train", **asdict(leak)} for leak in leaks]
    _write(workspace, plan, rows, found, crossing, decisions, previous)


def _incidents(rows: list[dict], found: list[Link]) -> dict[str, str]:
    """Scenario id → incident id over these rows alone. A title without a number is the first part where others of its name have one."""
    names = {row["scenario_id"] for row in rows}
    all_series = {row["series"] for row in rows} - {None}
    events: list[tuple[str, str]] = []
    for row in rows:
        series = row["series"] or row["title"]
        events += [(row["scenario_id"], f"event: {row['event']}")] if row["event"] else []
        events += [(row["scenario_id"], f"series: {series}")] if series in all_series else []
    return group_incidents(names, [link for link in found if {link.first, link.second} <= names], events)


def _unbuilt(names: Iterable[str], rows: list[dict]) -> list[Decision]:
    """Why the build does not hold what the split list names."""
    gates = {row["scenario_id"]: ", ".join(row["gates"]) for row in rows}
    unread = "no such transcript could be read"
    return [Decision(name, NOT_BUILT, gates.get(name, unread)) for name in sorted(names)]


def _write(
    workspace: Workspace,
    plan: Plan,
    rows: list[dict],
    found: list[Link],
    leaks: list[dict],
    decisions: list[Decision],
    previous: Mapping[str, str],
) -> None:
    files = [_file_row(row, plan) for row in rows]
    files += [
        {
            "scenario_id": row["scenario_id"],
            "status": "refused",
            "split": None,
            "reasons": ["refused"],
            "why": row["reason"],
        }
        for path in workspace.files("drafts", ".refused")
        for row in read_lines(path)
    ]
    known = {row["scenario_id"] for row in files}
    absent = [name for name in previous if name not in known]
    files += [{"scenario_id": name, "status": "absent", "split": None, "reasons": []} for name in sorted(absent)]
    placed = {row["scenario_id"] for row in files if row["split"]}
    for row in files:
        if row["scenario_id"] in previous and row["scenario_id"] not in placed:
            row["earlier_split"] = previous[row["scenario_id"]]
    gated = [Decision(row["scenario_id"], "file gated", ", ".join(row["gates"])) for row in rows if row["gates"]]
    write_lines(workspace.path("plan", "leaks"), leaks)
    write_lines(workspace.path("plan", "links"), [asdict(link) for link in found])
    write_lines(workspace.path("plan", "files"), files)
    write_lines(workspace.path("plan", "decisions"), [asdict(decision) for decision in gated + decisions])
    write_lines(workspace.path("plan", "shards"), _shards(plan))
