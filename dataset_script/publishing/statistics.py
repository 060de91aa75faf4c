"""What a built folder holds, in counts small enough to keep: the card's tables and plots are drawn from them."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dataset_script.dialogue import join_turns, scenario_of
from dataset_script.publishing.folder import BuiltFolder


@dataclass
class SplitStatistics:
    """Counts of one split. The ``Counter[int]`` are distributions: value → how often.

    ``turns`` and ``words`` are per scenario, ``reference_words`` per ranked item, words split at white space.
    """

    turns: Counter[int] = field(default_factory=Counter)
    words: Counter[int] = field(default_factory=Counter)
    reference_words: Counter[int] = field(default_factory=Counter)
    items: int = 0
    minors: int = 0
    sources: Counter[str] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)
    incidents: set[str] = field(default_factory=set)
    roles: Counter[str] = field(default_factory=Counter)
    turn_flags: Counter[str] = field(default_factory=Counter)
    item_flags: Counter[str] = field(default_factory=Counter)

    @property
    def scenarios(self) -> int:
        """Number of rows of the config ``scenarios``."""
        return self.turns.total()

    @property
    def ranked(self) -> int:
        """Items of the subset ``clean``."""
        return self.reference_words.total()


@dataclass(frozen=True)
class Statistics:
    """Counts of a built folder. ``gates``, ``actions`` and ``redactions`` are read off the reports: reason, action or type → how many."""

    splits: dict[str, SplitStatistics]
    fates: Counter[str]
    gates: Counter[str]
    actions: Counter[str]
    redactions: Counter[str]


def quantile(values: Mapping[int, int], share: float) -> int:
    """The smallest value that at least ``share`` of a distribution does not exceed; 0 for an empty one."""
    left = share * sum(values.values())
    for value in sorted(values):
        left -= values[value]
        if left <= 0:
            return value
    return 0


def _split_statistics(folder: BuiltFolder, split: str) -> SplitStatistics:
    found = SplitStatistics()
    ranked: dict[str, set[int]] = defaultdict(set)
    for row in folder.rows("items", split):
        found.items += 1
        found.item_flags.update(row["flags"])
        if row["subset"] == "clean":
            ranked[row["scenario_id"]].add(row["turn_index"])
    for row in folder.rows("scenarios", split):
        scenario = scenario_of(row)
        found.turns[len(scenario.turns)] += 1
        found.words[sum(len(turn.text.split()) for turn in scenario.turns)] += 1
        found.minors += bool(scenario.quality.get("minors"))
        found.sources[scenario.source] += 1
        found.categories[scenario.category] += 1
        found.incidents.add(scenario.incident_id)
        found.roles.update(turn.role for turn in scenario.turns)
        found.turn_flags.update(flag for turn in scenario.turns for flag in turn.flags)
        own = ranked[scenario.scenario_id]
        found.reference_words.update(len(turn.text.split()) for turn in join_turns(scenario.turns) if turn.index in own)
    return found


def _redactions(decisions: Iterable[dict]) -> tuple[Counter[str], Counter[str]]:
    """Actions of the report, and its lines "NAME 5, PHONE 1" added up."""
    actions: Counter[str] = Counter()
    redactions: Counter[str] = Counter()
    for row in decisions:
        actions[row["action"]] += 1
        if row["action"] == "personal data replaced":
            for kind, count in re.findall(r"([A-Z_]+) (\d+)", row["reason"]):
                redactions[kind] += int(count)
    return actions, redactions


def measure(folder: BuiltFolder) -> Statistics:
    """Count everything once, a batch of rows at a time."""
    fates: Counter[str] = Counter()
    gates: Counter[str] = Counter()
    for row in folder.report("files"):
        fates[row["status"]] += 1
        gates.update(row["reasons"])
    actions, redactions = _redactions(folder.report("decisions"))
    splits = {split: _split_statistics(folder, split) for split in folder.splits()}
    return Statistics(splits, fates, gates, actions, redactions)
