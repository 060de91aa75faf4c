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
    """Rows by scenario id; of two files with one id the second is gated."""
    rows, seen = [], set()
    for row in sorted(index, key=lambda row: row["number"]):
        if row["scenario_id"] in seen:
            row["gates"] = ["second_copy_of_id", *row["gates"]]
        seen.add(row["scenario_id"])
        rows.append(row)
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


def _leaks(plan: Plan) -> dict[tuple[str, str], str]:
    """(scenario, item) of evaluated splits whose officer turn and reference both occur in train → the split."""
    in_train = {item["pair"] for row in plan.of("train") for item in row["items"]}
    return {
        (row["scenario_id"], item["item_id"]): split
        for split in EVALUATED
        for row in plan.of(split)
        for item in row["items"]
        if item["pair"] in in_train and item["reference_words"] > STOCK_PHRASE_WORDS
    }


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
        "incident_id": plan.incidents.get(name),
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
    events = {row["scenario_id"]: row["event"] for row in sound if row["event"]}
    incidents = group_incidents((row["scenario_id"] for row in sound), found, events)
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
    else:
        splits = {row["scenario_id"]: imposed[row["scenario_id"]] for row in sound if row["scenario_id"] in imposed}
        for row in sound:
            if row["scenario_id"] not in splits:
                row["gates"] = ["not_in_split_list"]
    plan = Plan([row for row in rows if not row["gates"]], incidents, splits)
    if not plan.rows:
        counts = Counter(reason for row in rows for reason in row["gates"])
        reasons = ", ".join(f"{reason} {count}" for reason, count in counts.most_common()) or "no file could be read"
        advice = " Switch a gate off with --no-gate NAME." if rows else ""
        refused = [row["error"] for path in workspace.files("drafts", ".refused") for row in read_lines(path)]
        told = f" Refused: {len(refused)}, the first of them {' '.join(refused[:MAX_TOLD])}" if refused else ""
        raise DataError(f"nothing is left to publish: {reasons}.{advice}{told}")
    leaks = _leaks(plan)
    if imposed is None:
        for name, item in leaks:
            plan.left_out[name][item] = "pair_in_train"
            decisions.append(Decision(item, "item left out", "its officer turn and reference both occur in train"))
        _cap(plan)
    for name, own in plan.demoted.items():
        decisions += [
            Decision(item, "item not ranked", f"{reason}: {name} is longer than a twentieth")
            for item, reason in own.items()
        ]
    _write(workspace, plan, rows, found, leaks, decisions)


def _write(
    workspace: Workspace,
    plan: Plan,
    rows: list[dict],
    found: list[Link],
    leaks: dict[tuple[str, str], str],
    decisions: list[Decision],
) -> None:
    refused = [
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
    across = [
        {"kind": "near_duplicate", **asdict(link), "splits": [plan.splits[link.first], plan.splits[link.second]]}
        for link in found
        if link.first in plan.splits
        and link.second in plan.splits
        and plan.splits[link.first] != plan.splits[link.second]
    ]
    same_pair = [{"kind": "pair_in_train", "item_id": item, "split": split} for (_, item), split in leaks.items()]
    gated = [Decision(row["scenario_id"], "file gated", ", ".join(row["gates"])) for row in rows if row["gates"]]
    write_lines(workspace.path("plan", "leaks"), across + same_pair)
    write_lines(workspace.path("plan", "links"), [asdict(link) for link in found])
    write_lines(workspace.path("plan", "files"), [_file_row(row, plan) for row in rows] + refused)
    write_lines(workspace.path("plan", "decisions"), [asdict(decision) for decision in gated + decisions])
    write_lines(workspace.path("plan", "shards"), _shards(plan))
