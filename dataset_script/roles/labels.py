"""A speaker label by its words alone → what it says of the role.

In: one released label. Out: a :class:`Reading`: the role that its head noun names, the rule, how sure that rule is, and
whether the words settle the role or only the file can. The words are data: ``labels.toml``.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from dataset_script.roles.taxonomy import AUTHORITY, CIVILIAN_SIDE, OTHER_PEOPLE, RoleGuess

_DATA = tomllib.loads(files("dataset_script.roles").joinpath("labels.toml").read_text("utf-8"))
_LISTS = {name: frozenset(words) for name, words in _DATA["lists"].items() if name != "subject_tails"}
_RANKS = {word: role for role, words in _DATA["ranks"].items() for word in words}
_WORDS = tuple((role, frozenset(words)) for role, words in _DATA["words"].items())
_PHRASES = {
    role: re.compile(rf"\b(?:{'|'.join(re.escape(phrase).replace(chr(92) + ' ', '[ -]+') for phrase in phrases)})\b")
    for role, phrases in _DATA["phrases"].items()
}
_UNKNOWN = frozenset(_DATA["words"]["unknown"])
_SUBJECT_TAIL = re.compile(rf"\b(?:{'|'.join(map(re.escape, _DATA['lists']['subject_tails']))})\b")

# Where a label's head phrase ends: "driver stopped by Deputy X" is a driver, not a deputy.
_TAIL = re.compile(
    r"[,;(]|\s(?:who|being|by|of|with|to|for|from|on|in|at|near|stopped|pulled|questioned|interviewed|calling|talking)\b"
)
_ALTERNATIVE = re.compile(r"\bor\b|/")
_COLLEAGUE = re.compile(r"\b(?:partner|colleague)\b.*\b(?:officer|deputy|trooper|sergeant)")
_POSSESSIVE = re.compile(r"['’]s?\s+")
_EX = re.compile(r"\bex-(?=\w)")
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
# Letters are matched as Unicode's own: str.istitle would refuse "O'Hara" and "McCrae".
_NAME = re.compile(
    r"(?:(?:Mr|Mrs|Ms|Miss|Dr|Mx)\.?\s+)?[^\W\d_a-zß-öø-ÿ][\w'’.-]*(?:\s+[^\W\d_a-zß-öø-ÿ][\w'’.-]*){0,2}"
)

SETTLED = 0.9
"""From this confidence on the words of a label decide; below it the file's evidence does."""


@dataclass(frozen=True)
class Reading:
    """What a label's words say. ``role`` is None for a bare personal name."""

    role: str | None
    rule: str
    confidence: float

    @property
    def is_settled(self) -> bool:
        """Whether nothing said in the file can change the role."""
        return self.confidence >= SETTLED


def _head_phrase(label: str) -> str:
    head = _TAIL.split(label, maxsplit=1)[0].strip() or label
    # "Driver's Mother" is a mother, but "Sheriff's Deputy" is still a deputy: the head follows the possessive.
    return _POSSESSIVE.split(head)[-1].strip()


def _is_call_sign(words: list[str]) -> str | None:
    """``Lincoln 14``, ``4 Adam 12``, ``Air One`` → officer; ``Medic 12``, ``Engine 5`` → medical."""
    counted = [word for word in words if word.isdigit() or word in {"one", "two", "three", "four", "five"}]
    letters = [word for word in words if word not in counted]
    if not counted or len(letters) != 1:
        return None
    if letters[0] in _LISTS["medical_call_signs"]:
        return "medical"
    return "officer" if letters[0] in _LISTS["call_sign_words"] else None


def _by_phrase(label: str) -> Reading | None:
    for role, pattern in _PHRASES.items():
        if pattern.search(label):
            return Reading(role, "phrase", 0.8 if role in {"medical", "civilian"} else 0.9)
    return None


def _is_other_noun(words: Sequence[str]) -> bool:
    """Whether the last of several words names no officer: a "[Deputy Clerk]" is a clerk."""
    reading = _by_noun(words[-1:]) if len(words) > 1 else None
    return reading is not None and reading.role not in AUTHORITY


def _by_noun(words: Sequence[str]) -> Reading | None:
    """The last word of the head phrase that names a role, else any word of it."""
    for candidates in (words[-1:], words):
        for role, nouns in _WORDS:
            hit = next((word for word in candidates if word in nouns or word.removesuffix("s") in nouns), None)
            if hit is None:
                continue
            if hit == "clerk" and not _LISTS["clerk_places"].isdisjoint(words):
                return Reading("civilian", "shop_clerk", 0.85)
            if hit == "driver" and not _LISTS["driver_occupations"].isdisjoint(words):
                return Reading("civilian", "driver_by_trade", 0.6)
            if role in OTHER_PEOPLE and not _LISTS["occupation_marks"].isdisjoint(words):
                return Reading(role, "occupation", 0.5)
            if role == "civilian" and not _UNKNOWN.isdisjoint(words):
                return Reading("unknown", "unknown_like", 0.5)
            if role == "civilian":
                return Reading(role, "position", 0.6)
            if role == "interviewer":
                return Reading("narrator", "interviewer", 0.5)
            if role == "unknown":
                return Reading("unknown", "unknown_like", 0.5)
            unsure = role in CIVILIAN_SIDE or hit in _LISTS["ambiguous"] or hit != words[-1]
            return Reading(role, "head_noun", 0.85 if unsure else 0.95)
    return None


@lru_cache(maxsize=16384)
def read_label(label: str) -> Reading:
    """What the words of one label say of its speaker's role."""
    is_position = label.strip().startswith("[")
    text = label.strip().strip("[]").strip()
    lower = _EX.sub("former ", text.lower())
    head = _head_phrase(lower)
    words = _WORD.findall(head)
    if not words:
        return Reading("unknown", "no_words", 1.0)
    if not _LISTS["former"].isdisjoint(words):
        return Reading("civilian", "former_officer", 0.7)
    if _COLLEAGUE.search(lower):
        return Reading("officer", "officers_partner", 0.9)
    if reading := _by_phrase(lower if _SUBJECT_TAIL.search(lower) is None else head):
        return reading
    if _ALTERNATIVE.search(lower):
        return Reading("unknown", "either_or", 0.5)
    if _SUBJECT_TAIL.search(lower):
        return Reading("subject", "dealt_with_by_police", 0.9)
    content = [word for word in words if not word.isdigit() and len(word) > 1]
    if words[0] in _RANKS and not (is_position and _is_other_noun(content)):
        return Reading(_RANKS[words[0]], "rank_title", 0.85 if words[0] in _LISTS["ambiguous"] else 0.98)
    if role := _is_call_sign(words):
        # "Sam 2" may be the second voice that the transcriber called Sam.
        return Reading(role, "call_sign", 0.9 if any(len(word) > 1 and word.isdigit() for word in words) else 0.85)
    if reading := _by_noun(content):
        return reading
    if not is_position and content and _NAME.fullmatch(text):
        return Reading(None, "personal_name", 0.0)
    return Reading("civilian", "position", 0.6)


def classify_label(label: str) -> RoleGuess | None:
    """Role of a label by its words alone; None for a bare personal name, which only its file can resolve."""
    reading = read_label(label)
    return RoleGuess(reading.role, reading.rule, reading.confidence) if reading.role else None


def label_kind(label: str) -> str:
    """``name``, ``unknown-like``, ``officer``, ``civilian``, ``subject`` or ``other``: the strata of CORPUS.md § 2."""
    role = read_label(label).role
    if role is None:
        return "name"
    if role in AUTHORITY - {"dispatch"}:
        return "officer"
    return {"unknown": "unknown-like", "civilian": "civilian", "subject": "subject"}.get(role, "other")


def nouns_of(role: str) -> frozenset[str]:
    """The words that name a role in a label."""
    return dict(_WORDS)[role]


def role_of_rank(rank: str) -> str:
    """``detective`` for a detective's rank, ``officer`` for any other."""
    return _RANKS.get(rank, "officer")


@lru_cache(maxsize=16384)
def name_words(label: str) -> tuple[str, ...]:
    """The words of a label that can be a personal name, lower case: of a bare name all, of "Deputy Marsh" the last."""
    words = _WORD.findall(label.strip().strip("[]").lower())
    if read_label(label).role is None:
        return tuple(word for word in words if len(word) > 1 and word not in {"mr", "mrs", "ms", "miss", "dr", "mx"})
    if words and words[0] in _RANKS and not label.strip().startswith("["):
        return tuple(word for word in words[1:] if len(word) > 1 and not word.isdigit() and word not in _RANKS)
    return ()
