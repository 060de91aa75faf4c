"""What a judge is shown of one item: the encounter up to the officer's words, and two replies. Pure.

Every word but the rubric's is a stranger's, and the replies may be written to please a judge: each is flattened to one line that
begins with a mark of ours, all lie between marks that they cannot forge (``dataset_script/judge/untrusted.py``), and the form of the
answer is fixed by a schema, so that the worst a reply can do is to sway the points. ``addresses_judge`` counts those that seem to try.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dataset_script.dialogue import Item, Message, Scenario, chat_messages, fit_history, plain
from dataset_script.judge.untrusted import fenced, flat
from eval_harness.judging.rubrics import Rubric
from eval_harness.prompt import SPEAKERS

MAX_TURN_CHARACTERS = 2_000
MAX_REPLY_CHARACTERS = 1_500
"""Shown of one reply: a reply of 128 tokens, the protocol's limit, has some 600."""
MAX_SETTING_CHARACTERS = 3_000
REQUEST = "Judge the replies A and B. Give your answer as one JSON object."

_ADDRESSES_JUDGE = re.compile(
    r"\bignore (?:all |any |the )*(?:previous|above|prior|preceding|rubric)|\bsystem\s*:|<\|\w+\|>|\{\s*\"|"
    r"\b(?:emotion|language|person|situation|state|technique|trajectory|score|points)\"?\s*[:=]\s*\d|"
    r"\b(?:give|award|assign|rate|score|grade) (?:this|it|me|the|a|reply)\b[^.]{0,30}\b(?:points?|score|marks?|100|full)\b|"
    r"\bfull (?:marks|points)\b|\breply [ab]\b|\bas (?:the|a) (?:judge|grader|evaluator) of\b|\b100\s*(?:/|out of)\s*100\b",
    re.I,
)


@dataclass(frozen=True)
class Exchange:
    """An item with what the model said. ``prediction`` is cleaned and may be empty."""

    item: Item
    prediction: str

    @property
    def is_empty(self) -> bool:
        """Whether there is not a word to judge."""
        return not plain(self.prediction)

    @property
    def addresses_judge(self) -> bool:
        """Whether the reply looks as if it spoke to a judge and not to the officer. It is counted, and judged like any other."""
        return bool(_ADDRESSES_JUDGE.search(self.prediction))


def seals(scenarios: Mapping[str, Scenario], exchanges: Sequence[Exchange]) -> dict[str, str]:
    """Scenario id → every text that its requests may show: what their marks carry the hash of."""
    said: dict[str, list[str]] = {}
    for exchange in exchanges:
        said.setdefault(exchange.item.scenario_id, []).extend((exchange.item.reference, exchange.prediction))
    return {
        name: "\n".join(
            [*_setting(scenarios[name]), *(f"{turn.speaker}: {turn.text}" for turn in scenarios[name].turns), *replies]
        )
        for name, replies in said.items()
    }


def _setting(scenario: Scenario) -> list[str]:
    lines = [("Setting", scenario.context), ("The civilian", scenario.civilian_profile)]
    return [f"{name}: {flat(text, MAX_SETTING_CHARACTERS)}" for name, text in lines if text]


def shown(scenario: Scenario, item: Item, replies: Sequence[str], history_words: int) -> str:
    """The data of a request, line by line; ``replies`` are A and B."""
    whole = chat_messages(scenario, before=item.turn_index)
    history = fit_history(whole, history_words)[1:]
    n_cut = len(whole) - 1 - len(history)
    lines = _setting(scenario)
    lines += [f"(… {n_cut} earlier turns left out)"] if n_cut else []
    lines += [f"{SPEAKERS[message['role']]}: {flat(message['content'], MAX_TURN_CHARACTERS)}" for message in history]
    lines += [
        f"[reply {name}] {flat(text, MAX_REPLY_CHARACTERS)}" for name, text in zip(("A", "B"), replies, strict=True)
    ]
    return "\n".join(lines)


def judge_messages(rubric: Rubric, content: str, seal: str) -> list[Message]:
    """The request: the rubric, then the exchange as data."""
    return [
        {"role": "system", "content": rubric.text},
        {"role": "user", "content": fenced("encounter", content, REQUEST, sealed=seal)},
    ]
