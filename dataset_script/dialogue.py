"""Scenarios, and the pure rules that read them: joined turns, evaluation items, chat messages.

Everything here takes plain data and has no I/O.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields

from dataset_script.quality.flags import DEFECTIVE
from dataset_script.quality.loops import is_periodic
from dataset_script.roles import AUTHORITY, BREAKING, CIVILIAN_SIDE

MAX_REFERENCE_TOKENS = 128
"""Longer references are out of the ranked subset: the generation limit is 128 tokens (paper, evaluation script)."""
MAX_HISTORY_WORDS = 1500
"""Budget of an item's history in white-space words, about 2,000 tokens of a small model's tokenizer.

Counted in words, not in a model's own tokens, so that every model is shown the same history."""
PROMPT_VERSION = "1"
"""Version of the words and the layout of what a model is sent. Bumped by any change to either."""
OPENING_STAGE_LINE = "[The encounter begins.]"

Message = dict[str, str]

_WORD = re.compile(r"[\w']+")
_PLACEHOLDER = re.compile(r"\[[A-Z_]+_\d+\]")
_TOKEN = re.compile(r"\w+|[^\w\s]")
_PERSONAL_DATA_QUESTION = re.compile(
    r"(?:what(?:'s| is| was)|can i (?:get|have)|give me|spell|need|tell me|got)\b[^.?!]{0,40}\b"
    r"(?:your (?:full |first |last |middle )?name|date of birth|birthday|d\.?o\.?b|(?<!to )address|phone number|"
    r"social(?: security)?(?: number)?|license number|plate number|last name|first name)\b|"
    r"\b(?:your name|date of birth|how do you spell)\b[^.!]*\?|\bname\?\s*$",
    re.I,
)


@dataclass(frozen=True)
class Turn:
    """One released row with its resolved role. ``index`` counts rows from 0; ``start_s`` is in seconds."""

    index: int
    start_s: float | None
    speaker: str
    role: str
    role_rule: str
    role_confidence: float
    text: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """One encounter. ``turns`` are the released rows, unjoined; nothing is dropped from them."""

    scenario_id: str
    source: str
    category: str
    context: str
    civilian_profile: str
    incident_id: str
    turns: tuple[Turn, ...]
    provenance: str = ""
    quality: dict = field(default_factory=dict)


@dataclass(frozen=True)
class JoinedTurn:
    """Consecutive rows of one speaker as one utterance; ``index`` is that of the first row, ``flags`` those of all."""

    index: int
    speaker: str
    role: str
    text: str
    flags: tuple[str, ...] = ()

    @property
    def is_defective(self) -> bool:
        """Whether one of the rows is."""
        return is_defective(self.flags)


@dataclass(frozen=True)
class Item:
    """One evaluation point: answer ``officer_text`` with ``reference``. ``turn_index`` is the reference's first row."""

    item_id: str
    scenario_id: str
    turn_index: int
    subset: str
    flags: tuple[str, ...]
    officer_text: str
    reference: str


def scenario_of(row: dict) -> Scenario:
    """A :class:`Scenario` from its JSON or Parquet row; columns that it does not know are ignored."""
    turns = tuple(Turn(**{**turn, "flags": tuple(turn["flags"])}) for turn in row["turns"])
    names = {each.name for each in fields(Scenario)}
    return Scenario(**{**{name: value for name, value in row.items() if name in names}, "turns": turns})


def is_defective(flags: Iterable[str]) -> bool:
    """Whether a turn with these flags stays out of histories and ranked items."""
    return not DEFECTIVE.isdisjoint(flags)


def plain(text: str) -> str:
    """The words of a text in lower case, without punctuation: for telling whether two lines are the same."""
    return " ".join(_WORD.findall(text.casefold().replace("’", "'")))


def join_turns(turns: Sequence[Turn]) -> list[JoinedTurn]:
    """Join consecutive rows of one speaker: the transcriber's segment breaks are not turns (CORPUS.md § 7)."""
    joined: list[JoinedTurn] = []
    for turn in turns:
        last = joined[-1] if joined else None
        if last and (last.speaker, last.role) == (turn.speaker, turn.role):
            text, flags = f"{last.text} {turn.text}", tuple(dict.fromkeys((*last.flags, *turn.flags)))
            joined[-1] = JoinedTurn(last.index, last.speaker, last.role, text, flags)
        else:
            joined.append(JoinedTurn(turn.index, turn.speaker, turn.role, turn.text, turn.flags))
    return joined


def count_tokens(text: str) -> int:
    """Words and punctuation marks: a model-independent length for the rule on long references."""
    return len(_TOKEN.findall(text))


def reference_flags(officer_text: str, reference: str) -> tuple[str, ...]:
    """Why a reference is unfit for ranking; empty for a clean one."""
    flags = []
    if is_periodic(reference):
        flags.append("loop")
    if count_tokens(reference) > MAX_REFERENCE_TOKENS:
        flags.append("long_reference")
    if reference.casefold().strip() == officer_text.casefold().strip():
        flags.append("equals_officer_line")
    only_placeholders = _PLACEHOLDER.search(reference) and not plain(_PLACEHOLDER.sub("", reference))
    if only_placeholders or _PERSONAL_DATA_QUESTION.search(officer_text):
        flags.append("personal_data_answer")
    return tuple(flags)


def items(scenario: Scenario) -> Iterator[Item]:
    """All evaluation items of a scenario, in order: an authority turn directly followed by the civilian side's."""
    joined = join_turns(scenario.turns)
    for officer, civilian in itertools.pairwise(joined):
        if officer.role in AUTHORITY and civilian.role in CIVILIAN_SIDE:
            flags = reference_flags(officer.text, civilian.text)
            if officer.is_defective or civilian.is_defective:
                flags = (*flags, "defective_turn")
            yield Item(
                item_id=f"{scenario.scenario_id}:{civilian.index}",
                scenario_id=scenario.scenario_id,
                turn_index=civilian.index,
                subset="as_released" if flags else "clean",
                flags=flags,
                officer_text=officer.text,
                reference=civilian.text,
            )


def system_prompt(scenario: Scenario) -> str:
    """The instruction a model plays by. A change of its words is a change of protocol."""
    parts = [
        "You are playing a civilian in an encounter with police, so that officers can practise de-escalation. "
        "Speak only as the civilian. Answer the officer's last words with what this person would say next: "
        "spoken language, usually one or two short sentences, no narration, no stage directions, no speaker label."
    ]
    if scenario.context:
        parts.append(f"Situation: {scenario.context}")
    if scenario.civilian_profile:
        parts.append(f"You are: {scenario.civilian_profile}")
    return "\n\n".join(parts)


def _heard(scenario: Scenario, before: int | None) -> list[Turn]:
    """Rows that a history holds: all that are not defective, and the officer's turn before the row ``before``, whatever its flags."""
    rows = [turn for turn in scenario.turns if before is None or turn.index < before]
    last = join_turns(rows)[-1] if before is not None and rows else None
    asked_from = last.index if last is not None and last.role in AUTHORITY else len(scenario.turns)
    return [turn for turn in rows if not is_defective(turn.flags) or turn.index >= asked_from]


def chat_messages(scenario: Scenario, before: int | None = None) -> list[Message]:
    """The dialogue as alternating chat messages, system prompt first.

    Authority → ``user``; civilian side → ``assistant``; medical, security and legal people are folded into
    the user's side as stage lines (``[Paramedic] …``); narrators, machines, unknown people and defective rows are left out.
    Where the civilian speaks first, a stage line opens the user's side, as chat templates demand.

    Args:
        scenario: the encounter.
        before: only rows with a smaller index, so that an item's history cannot see its reference. The officer's turn that
            the item answers is among them even where it is defective: such an item is not ranked, but it is answered.
    """
    messages: list[Message] = [{"role": "system", "content": system_prompt(scenario)}]
    for turn in join_turns(_heard(scenario, before)):
        if turn.role in BREAKING:
            continue
        role = "assistant" if turn.role in CIVILIAN_SIDE else "user"
        is_stage_line = role == "user" and turn.role not in AUTHORITY
        text = f"[{turn.speaker.strip('[]')}] {turn.text}" if is_stage_line else turn.text
        if role == "assistant" and len(messages) == 1:
            messages.append({"role": "user", "content": OPENING_STAGE_LINE})
        if messages[-1]["role"] == role:
            messages[-1]["content"] += f"\n{text}"
        else:
            messages.append({"role": role, "content": text})
    return messages


def fit_history(messages: Sequence[Message], budget: int, count=lambda text: len(text.split())) -> list[Message]:
    """Cut a history to ``budget`` at whole messages, oldest first.

    The system prompt and the last message (the officer's) always stay, and what follows the system
    prompt begins with a ``user`` message, as chat templates demand.

    Args:
        messages: system prompt first, an officer's ``user`` message last.
        budget: largest sum of ``count(content)``; the two messages that always stay may exceed it.
        count: length of one message's content; white-space words unless given.
    """
    system, turns = messages[0], list(messages[1:])
    lengths = [count(message["content"]) for message in turns]
    room = budget - count(system["content"]) - sum(lengths)
    first = 0
    while first < len(turns) - 1 and (room < 0 or turns[first]["role"] != "user"):
        room += lengths[first]
        first += 1
    return [system, *turns[first:]]


def item_messages(scenario: Scenario, turn_index: int) -> list[Message]:
    """What a model is sent for one item: system prompt and true history up to the officer's last turn."""
    return fit_history(chat_messages(scenario, before=turn_index), MAX_HISTORY_WORDS)
