"""One scenario with its items and its chat row: does everything follow from the turns? Pure."""

import math
import re
from collections.abc import Iterator, Sequence

from dataset_script import dialogue
from dataset_script.dialogue import Item, Scenario
from dataset_script.publishing.file_checks import source_traces
from dataset_script.publishing.problems import Problem
from dataset_script.quality.flags import TURN_FLAGS
from dataset_script.roles import ROLES

SCENARIO_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
PLANNED_FLAGS = {"over_share"}
"""Flags that the planner of splits adds to those of ``dialogue.items``."""


def has_nulls(value: object) -> bool:
    """Whether a row holds a null anywhere; ``start_s`` alone may be one."""
    if isinstance(value, dict):
        return any(has_nulls(part) for name, part in value.items() if name != "start_s")
    if isinstance(value, list):
        return any(map(has_nulls, value))
    return value is None


def check_scenario(row: dict, scenario: Scenario) -> Iterator[Problem]:
    """Id, indices, roles, flags and counts of one row of ``scenarios``."""
    where = scenario.scenario_id
    if not SCENARIO_ID.fullmatch(where):
        yield Problem(where, "is no scenario id: small letters, digits and dashes, at most 80")
    if [turn.index for turn in scenario.turns] != list(range(len(scenario.turns))):
        yield Problem(where, "the indices of its turns do not count from 0")
    if not scenario.turns:
        yield Problem(where, "has no turn")
    if any(turn.start_s is not None and not 0 <= turn.start_s < math.inf for turn in scenario.turns):
        yield Problem(where, "a start_s is no time: null, or seconds from 0")
    if row["n_turns"] != len(scenario.turns):
        yield Problem(where, f"n_turns is {row['n_turns']}, but it has {len(scenario.turns)} turns")
    if roles := sorted({turn.role for turn in scenario.turns} - set(ROLES)):
        yield Problem(where, f"unknown role {roles[0]!r}")
    if flags := sorted({flag for turn in scenario.turns for flag in turn.flags} - set(TURN_FLAGS)):
        yield Problem(where, f"unknown flag {flags[0]!r} of a turn")
    if any(not 0 <= turn.role_confidence <= 1 for turn in scenario.turns):
        yield Problem(where, "a role_confidence is not between 0 and 1")
    for name in ("source", "category", "provenance", "context", "civilian_profile"):
        for trace in source_traces(row[name]):
            yield Problem(where, f"{name} holds {trace}, which leads back to a source")


def check_items(row: dict, items: Sequence[dict], expected: Sequence[Item]) -> Iterator[Problem]:
    """The items of one scenario against those that its turns give.

    Args:
        row: of ``scenarios``.
        items: of this scenario, as published.
        expected: what ``dialogue.items`` lists. The build may leave some out, never add one.
    """
    if row["n_items"] != len(items):
        yield Problem(row["scenario_id"], f"n_items is {row['n_items']}, but it has {len(items)} items")
    by_index = {item.turn_index: item for item in expected}
    for item in items:
        known = by_index.get(item["turn_index"])
        where = item["item_id"]
        if where != f"{item['scenario_id']}:{item['turn_index']}":
            yield Problem(where, "its item_id is not its scenario_id and turn_index")
        elif known is None:
            yield Problem(where, "its turn does not begin an answer of the civilian side to a turn of authority")
        elif set(item["flags"]) - PLANNED_FLAGS != set(known.flags):
            yield Problem(where, "its flags are not those that follow from its turns")
        elif item["subset"] != ("as_released" if item["flags"] else "clean"):
            yield Problem(where, f"its subset is {item['subset']!r}, which does not fit its flags")


def check_chat(chat: dict | None, scenario: Scenario) -> Iterator[Problem]:
    """The chat row of one scenario holds what its turns give."""
    if chat is None or chat["scenario_id"] != scenario.scenario_id:
        yield Problem(scenario.scenario_id, "has no row at its place in the config chat")
    elif chat["messages"] != dialogue.chat_messages(scenario):
        yield Problem(scenario.scenario_id, "its chat messages do not follow from its turns")
