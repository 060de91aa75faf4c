"""Personal data that is still in a scenario. Problems give place and kind, never the words. Pure."""

from collections import defaultdict
from collections.abc import Iterator

from dataset_script.dialogue import Scenario
from dataset_script.privacy import SpokenTurn, find_personal_data
from dataset_script.privacy.labels import names_in_label
from dataset_script.publishing.problems import Problem
from dataset_script.publishing.shapes import personal_numbers


def check_privacy(scenario: Scenario) -> Iterator[Problem]:
    """Labels that are names and unmistakable numbers are errors; what the privacy pass would still replace is a warning."""
    where = scenario.scenario_id
    if any(names_in_label(label) for label in sorted({turn.speaker for turn in scenario.turns})):
        yield Problem(where, "a speaker label holds a personal name")
    if any(names_in_label(label) for label in scenario.quality["keyword_officers"]):
        yield Problem(where, "a label in keyword_officers holds a personal name")
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for turn in scenario.turns:
        for kind in personal_numbers(turn.text):
            numbers[kind].append(turn.index)
    for kind, turns in numbers.items():
        yield Problem(f"{where}:{turns[0]}", f"holds {kind}{_more(len(turns))}")
    notes = {
        "context": scenario.context,
        "profile": scenario.civilian_profile,
        "category": scenario.category,
        "source": scenario.source,
        "provenance": scenario.provenance,
        "outcome": scenario.quality["outcome"],
    }
    told = [name for name, note in notes.items() if personal_numbers(note)]
    for name in told:
        yield Problem(where, f"{name} holds personal data")
    yield from _left(scenario, {name: note for name, note in notes.items() if name not in told})


def _left(scenario: Scenario, notes: dict[str, str]) -> Iterator[Problem]:
    """What the privacy pass would still replace."""
    where = scenario.scenario_id
    spoken = [SpokenTurn(turn.speaker, turn.role, turn.text) for turn in scenario.turns]
    written = [SpokenTurn("", "narrator", note) for note in notes.values()]
    left: defaultdict[str, list[int]] = defaultdict(list)
    in_notes: dict[str, None] = {}
    for mention in find_personal_data([*spoken, *written]):
        if mention.turn < len(spoken):
            left[mention.type].append(mention.turn)
        else:
            in_notes[f"its {list(notes)[mention.turn - len(spoken)]} may hold personal data ({mention.type})"] = None
    for sentence in in_notes:
        yield Problem(where, f"{sentence}; look at it", "warning")
    for kind, turns in sorted(left.items()):
        yield Problem(
            f"{where}:{turns[0]}", f"may hold personal data ({kind}){_more(len(turns))}; look at it", "warning"
        )


def _more(count: int) -> str:
    return f", and so do {count - 1} more turns" if count > 1 else ""
