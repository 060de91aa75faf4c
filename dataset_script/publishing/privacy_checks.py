"""Personal data that is still in a scenario. Problems give place and kind, never the words. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterator

from dataset_script.dialogue import Scenario
from dataset_script.privacy import SpokenTurn, find_personal_data
from dataset_script.privacy.labels import names_in_label
from dataset_script.publishing.problems import Problem

_SHAPES = {
    "an e-mail address": re.compile(r"[\w.+-]+@[\w-]+\.[a-z]{2,}", re.I),
    "a social-security number": re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])"),
    "a phone number": re.compile(r"(?<![\d-])(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\d-])"),
}
"""Written here again, apart from the privacy pass: its own patterns would not find what they have missed."""


def check_privacy(scenario: Scenario) -> Iterator[Problem]:
    """Labels that are names and unmistakable numbers are errors; what the privacy pass would still replace is a warning."""
    where = scenario.scenario_id
    if any(names_in_label(label) for label in sorted({turn.speaker for turn in scenario.turns})):
        yield Problem(where, "a speaker label holds a personal name")
    for kind, pattern in _SHAPES.items():
        if found := [turn.index for turn in scenario.turns if pattern.search(turn.text)]:
            yield Problem(f"{where}:{found[0]}", f"holds {kind}{_more(len(found))}")
    if any(
        pattern.search(note) for note in (scenario.context, scenario.civilian_profile) for pattern in _SHAPES.values()
    ):
        yield Problem(where, "context or profile holds personal data")
    left: defaultdict[str, list[int]] = defaultdict(list)
    for mention in find_personal_data([SpokenTurn(turn.speaker, turn.role, turn.text) for turn in scenario.turns]):
        left[mention.type].append(mention.turn)
    for kind, turns in sorted(left.items()):
        yield Problem(
            f"{where}:{turns[0]}", f"may hold personal data ({kind}){_more(len(turns))}; look at it", "warning"
        )


def _more(count: int) -> str:
    return f", and so do {count - 1} more turns" if count > 1 else ""
