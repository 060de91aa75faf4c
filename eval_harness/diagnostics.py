"""What a score does not say: how replies fail, and where in the benchmark they do better or worse. Pure.

All rules are lexical and cheap, so every result carries them. They count; they never change a score.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from dataset_script.dialogue import Item, Scenario, join_turns, plain
from dataset_script.quality.loops import is_periodic
from dataset_script.roles import CIVILIAN_SIDE
from eval_harness.scoring import METRICS, ItemScore, Metric, make_metric

FAULTS = {
    "empty": "nothing was said",
    "speaks_as_officer": "gives an officer's commands or reads out rights",
    "thinks": "holds a thinking model's thoughts (they are stripped)",
    "narrates": "describes actions instead of speaking",
    "speaks_as_assistant": "speaks as an AI or an assistant",
    "refuses": "declines to play the part",
    "copies_officer": "says the officer's line back",
    "copies_itself": "says a line again that the civilian said before",
    "loops": "repeats a run of words four times or more",
}

_OFFICER = re.compile(
    r"^\W*(?:officer|deputy|police)\s*:|\b(?:license and registration|step out of the (?:car|vehicle)|you(?:'re| are) under arrest|"
    r"(?:put|keep) your hands (?:up|behind|where|on)|you have the right to remain silent|turn around and put|"
    r"do you know why i (?:stopped|pulled)|i(?:'m| am) (?:officer|deputy|sergeant|trooper) )",
    re.I,
)
_NARRATION = re.compile(
    r"\*[^*]{3,}\*|^\W*[\[(][^\])]{3,}[\])]|^(?:he|she|the (?:civilian|suspect|driver|man|woman)) (?:says|looks|sighs|nods|turns)\b",
    re.I,
)
_ASSISTANT = re.compile(
    r"\bas an? (?:ai|(?:large )?language model|(?:virtual |ai )?assistant)\b|\bi(?:'m| am) (?:an ai|a language model|here to (?:help|assist))\b|"
    r"\bhow (?:can|may) i (?:help|assist) you\b|\bis there anything else i can\b",
    re.I,
)
_REFUSAL = re.compile(
    r"\bi (?:can(?:no|')t|am unable to|am not able to|won't) (?:help with|assist|fulfil|fulfill|comply with (?:that|this) request|continue with this|role-?play|generate|provide)\b",
    re.I,
)


@dataclass(frozen=True)
class ItemContext:
    """Where an item stands: its scenario's category, how many items came before it, and the civilian side's earlier lines."""

    category: str
    depth: int
    own_lines: frozenset[str]


@dataclass(frozen=True)
class Reply:
    """A prediction with what it answers."""

    prediction: str
    reference: str
    officer_text: str
    scores: dict[str, ItemScore]
    context: ItemContext
    had_thoughts: bool = False


def contexts(scenarios: dict[str, Scenario], items: Sequence[Item]) -> dict[str, ItemContext]:
    """Item id → context."""
    lines = {
        name: [(turn.index, plain(turn.text)) for turn in join_turns(scenario.turns) if turn.role in CIVILIAN_SIDE]
        for name, scenario in scenarios.items()
    }
    seen: Counter[str] = Counter()
    found = {}
    for item in sorted(items, key=lambda item: (item.scenario_id, item.turn_index)):
        earlier = frozenset(text for index, text in lines[item.scenario_id] if index < item.turn_index)
        category = scenarios[item.scenario_id].category
        found[item.item_id] = ItemContext(category, seen[item.scenario_id], earlier)
        seen[item.scenario_id] += 1
    return found


def faults_of(reply: Reply) -> list[str]:
    """Faults of one reply, in the order of :data:`FAULTS`."""
    words = plain(reply.prediction)
    thinks = ["thinks"] if reply.had_thoughts else []
    if not words:
        return ["empty", *thinks]
    # One- and two-word lines ("Yes, sir.") are said again by everybody.
    says_more = words.count(" ") >= 2
    checks = {
        "speaks_as_officer": bool(_OFFICER.search(reply.prediction)),
        "narrates": bool(_NARRATION.search(reply.prediction)),
        "speaks_as_assistant": bool(_ASSISTANT.search(reply.prediction)),
        "refuses": bool(_REFUSAL.search(reply.prediction)),
        "copies_officer": words == plain(reply.officer_text),
        "copies_itself": says_more and words in reply.context.own_lines,
        "loops": is_periodic(reply.prediction),
    }
    return [*thinks, *(name for name, holds in checks.items() if holds)]


def count_faults(replies: Iterable[Reply]) -> dict[str, int]:
    """Fault → number of replies with it, all faults named."""
    counts: Counter[str] = Counter(fault for reply in replies for fault in faults_of(reply))
    return {fault: counts[fault] for fault in FAULTS}


def distinct(texts: Iterable[str], n: int) -> float:
    """Distinct-n (Li et al. 2016): unique n-grams over all n-grams of a set of texts, 0–1; 0 for none."""
    grams: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        words = plain(text).split()
        grams.update(zip(*(words[start:] for start in range(n)), strict=False))
    return len(grams) / grams.total() if grams else 0.0


DEPTHS = (("first", 0, 0), ("2nd–5th", 1, 4), ("6th–15th", 5, 14), ("16th and later", 15, 10**9))
REFERENCE_LENGTHS = (("1 word", 1, 1), ("2–3 words", 2, 3), ("4–10 words", 4, 10), ("11 words and more", 11, 10**9))


def _band(bands: Sequence[tuple[str, int, int]], value: int) -> str:
    return next((name for name, low, high in bands if low <= value <= high), bands[0][0])


GROUPINGS: dict[str, Callable[[Reply], str]] = {
    "category": lambda reply: reply.context.category,
    "depth": lambda reply: _band(DEPTHS, reply.context.depth),
    "reference_length": lambda reply: _band(REFERENCE_LENGTHS, len(reply.reference.split())),
}


@dataclass(frozen=True)
class Slice:
    """The four metrics over a part of the items."""

    name: str
    n_items: int
    scores: dict[str, float]


def slices(replies: Sequence[Reply], metrics: Mapping[str, Metric] | None = None) -> dict[str, list[Slice]]:
    """Scores by scenario category, by depth of the turn and by length of the reference, each part in a fixed order.

    ``metrics``: a protocol's; the ranked one's unless given.
    """
    metrics = metrics or {name: make_metric(name) for name in METRICS}
    order = {band[0]: number for number, band in enumerate((*DEPTHS, *REFERENCE_LENGTHS))}
    found = {}
    for grouping, key in GROUPINGS.items():
        parts: dict[str, list[Reply]] = defaultdict(list)
        for reply in replies:
            parts[key(reply)].append(reply)
        found[grouping] = [
            Slice(
                name,
                len(own),
                {name_: metric.aggregate([reply.scores[name_] for reply in own]) for name_, metric in metrics.items()},
            )
            for name, own in sorted(parts.items(), key=lambda part: (order.get(part[0], -1), part[0]))
        ]
    return found
