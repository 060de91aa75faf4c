"""The paper's evaluation script as published, its defects included: items, prompts, reply cleaning, BLEU. Pure.

For comparing with its table only; never ranked. Facts from the released ``metric_based_eval_all_models.py``: the keyword list decides who is
an officer; every pair of adjacent rows is looked at, unjoined; the history takes each answered civilian row twice; the reply is cut
at six markers and stripped of four prefixes, once each in order; BLEU adds one to all orders and is a mean over rows.
"""

import math
from collections.abc import Iterator, Sequence

from dataset_script.dialogue import Item, Message, Scenario
from eval_harness.scoring.base import SCORING_VERSION, PairwiseMetric
from eval_harness.scoring.bleu import ORDER, pair_score

TASK = "deescalwild_paper"
SYSTEM_PROMPT = (
    "You are a civilian/suspect in a police interaction. "
    "Respond naturally as the civilian only. "
    "You may be agitated, emotional, hesitant, suspicious, or non-compliant depending on the conversation context. "
    "Do not write the officer's next line. "
    "Return only the civilian's next response."
)
TEMPERATURE, TOP_P, REPETITION_PENALTY, MAX_NEW_TOKENS = 0.6, 0.9, 1.05, 128
MAX_PLAIN_PROMPT_TOKENS = 2048
"""Only the prompt of a model without a chat template is cut, at its end; chat prompts are not."""

_MARKERS = ("<|im_end|>", "<|endoftext|>", "</s>", "Officer:", "User:", "System:")
_PREFIXES = ("Civilian:", "Suspect:", "Subject:", "Assistant:")
_SPEAKERS = {"system": "System", "user": "Officer", "assistant": "Civilian"}


def _roles(scenario: Scenario) -> list[str]:
    """Chat role of every row by the published keyword list, which the build keeps as ``quality.keyword_officers``."""
    officers = frozenset(scenario.quality["keyword_officers"])
    return ["user" if turn.speaker in officers else "assistant" for turn in scenario.turns]


def items(scenario: Scenario) -> Iterator[Item]:
    """Every officer row directly followed by a civilian's. ``turn_index`` is the civilian's row."""
    roles = _roles(scenario)
    for index in range(1, len(roles)):
        if (roles[index - 1], roles[index]) == ("user", "assistant"):
            officer, civilian = scenario.turns[index - 1], scenario.turns[index]
            name = f"{scenario.scenario_id}:{index}"
            yield Item(name, scenario.scenario_id, index, "as_released", (), officer.text, civilian.text)


def messages(scenario: Scenario, turn_index: int) -> list[Message]:
    """The script's history when it asks for the reply at a row: answered civilian rows stand in it twice."""
    roles = _roles(scenario)
    history: list[Message] = [{"role": "system", "content": SYSTEM_PROMPT}]
    for index in range(turn_index):
        history.append({"role": roles[index], "content": scenario.turns[index].text})
        if roles[index] == "user" and index + 1 < turn_index and roles[index + 1] == "assistant":
            history.append({"role": "assistant", "content": scenario.turns[index + 1].text})
    return history


def plain_prompt(history: Sequence[Message]) -> str:
    """The script's prompt for models without a chat template and for Gemini."""
    lines = [f"{_SPEAKERS[message['role']]}: {message['content']}" for message in history]
    return "\n".join([*lines, "Civilian:"])


def clean_reply(text: str) -> str:
    """The script's cleaner: "Assistant:Civilian: yo" becomes "Civilian: yo", and a reply that begins "Officer:" is empty."""
    text = text.strip()
    for marker in _MARKERS:
        text = text.split(marker)[0].strip()
    for prefix in _PREFIXES:
        if text.lower().startswith(prefix.lower()):
            text = text[len(prefix) :].strip()
    return text.strip()


class PaperBLEU(PairwiseMetric):
    """BLEU-4 of `evaluate`'s ``bleu`` with ``smooth=True`` on one pair: add-one on all orders, so "Yeah" for "No" scores 84. ×100, a mean over rows."""

    name = "bleu_4"

    @property
    def signature(self) -> str:
        return f"bleu_4|mean|case:mixed|tok:13a|smooth:add1-all-orders|nmt-bleu|{SCORING_VERSION}"

    def pair_value(self, prediction: str, reference: str) -> float:
        counts = pair_score(prediction, reference).statistics
        correct, total, (n_said, n_wanted) = counts[:ORDER], counts[ORDER : 2 * ORDER], counts[2 * ORDER :]
        logs = [math.log((matched + 1) / (said + 1)) for matched, said in zip(correct, total, strict=True)]
        brevity = 0.0 if n_said > n_wanted else 1 - n_wanted / n_said
        return 100 * math.exp(brevity + sum(logs) / ORDER)
