"""Which personal data a turn may be answering: read off the questions before it."""

import re
from collections.abc import Sequence

from dataset_script.privacy.lexicon import words as word_list
from dataset_script.privacy.mentions import (
    ADDRESS,
    DOB,
    EMAIL,
    LICENSE,
    NAME,
    OTHER_ID,
    PHONE,
    PLATE,
    SSN,
    VIN,
    SpokenTurn,
)
from dataset_script.privacy.tokens import Words
from dataset_script.roles import AUTHORITY, CIVILIAN_SIDE

Open = frozenset[str]
"""Types of personal data that have been asked for and may be answered."""
NOTHING: Open = frozenset()

PATIENCE = 6
"""Turns for which a question stays open."""

_ASKED = {
    NAME: r"\b(?:se llama|nombre|apellido)\b|\bnames?\b|\bcalled\?|\bcall you\b|\bwho(?:'s| is| are| am)\b|\bspell|\bidentify yourself|\bmiddle initial|\bmaiden",
    DOB: r"\b(?:nacimiento|naciste|naci[oó]|cumpleaños)\b|\bbirth|\bfull date\b|\bd\.?o\.?b\b|\bborn\b|\bbirthda",
    ADDRESS: r"\b(?:direcci[oó]n|vive|vives)\b|\baddress|\bwhere\b[^?.]{0,40}\b(?:live|lives|living|stay|stays|staying|stayin|reside|home|located)\b|\blocation of|\bapartment|\bapt\b|\bzip|"
    r"\bstreet number|\bhouse number|\bwhere you (?:live|stay)|\blive at|\b(?:what|which) (?:unit|lot|site|space|cabin|slip|trailer|building|house|door|room|apartment|apt|floor)\b|\b(?:lot|space|slip|site|room|trailer) number|\bmailing|\bunit number|\bwhere'?s home|"
    r"\bwhat street|\byou live\b|\byou stay(?:ing)?\b|\bwhere you\b|\bwhere (?:do|are) you (?:at|stay)\b",
    PHONE: r"\btel[eé]fono\b|\bphone|\bcell\b|\barea code|\bcall(?:ed)? you\b|\breach (?:you|him|her|them)\b|\bget (?:a )?hold of\b|\bcallback|\bcontact number|"
    r"\bnumber (?:for|to reach|i can|we can|here|there)\b|\b(?:your|his|her|'s|their|good) number\b|\ba number\b|\bdigits",
    SSN: r"\bsocial\b|\bs\.?s\.?n\b|\blast (?:four|4)\b",
    LICENSE: r"\blicencia\b|\blicen[sc]e\b(?! plate)|\bd\.?l\.?\b|\bo\.?l\.?n\b|\bpermit number|\bid number|\bstate id\b",
    PLATE: r"\bplacas?\b|\bplates?\b|\btags?\b|\bregistration",
    VIN: r"\bvin\b|\bvehicle identification",
    EMAIL: r"\be-?mail",
    OTHER_ID: r"\b(?:policy|account|case|member|inmate|booking|passport|claim|card|student|employee|alien|patient|member|client|docket|reference|confirmation|report|incident|doc|prisoner|ebt|military|service) (?:number|id|#)|\binsurance|\bmedicaid|\bmedicare|\bthe a[ -]?number",
}
_KINDS = {kind: re.compile(pattern, re.I) for kind, pattern in _ASKED.items()}
_DEMAND = re.compile(
    r"\?|\b(?:what|who|when|where|how)\b|\b(?:give|gimme|need|tell|get|grab|state|provide|confirm|verify|spell|say|repeat|read|go ahead|want|take|have)\b|^\W*(?:and |your |the |full |last |first |date |"
    r"phone|social|name|address|plate|email|license|middle|zip|apartment|vin\b)",
    re.I,
)
_CONTINUES = re.compile(
    r"^\W*(?:(?:and|okay|ok|all right|alright|so) )*(?:you|(?:the |what |which )?(?:number|year)|(?:¿?qu[eé] |y el )a[nñ]o|in english|yours?|his|hers?|theirs?|what about (?:you|him|her)|(?:and )?what|last|first|the rest|how about you|where|which|\S+ what)\b",
    re.I,
)
_OF_A_PET = re.compile(
    r"\b(?:dog|cat|pet|puppy|kitten|horse|goat|bird|parrot)(?:['’]s|s['’]?)? (?:name|called)|\b(?:its|it['’]s) name",
    re.I,
)
# "Date of birth six two eighty-one": told, not asked.
_STATES = re.compile(
    r"\b(?:birth|dob|social|plate|tag|license|number|vin|address|phone|e-?mail|social security)\W+(?:(?:is|of|it's|will be|comes back to|on it|says|uh|number)\W+){0,2}"
    r"(?:\d|(?:oh|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|jan|feb|mar|apr|june?|july?|aug|sep|oct|nov|dec)\w*\b)",
    re.I,
)
_ASKS_MEASURE = re.compile(r"\b(?:height|weight|tall|weigh|how old|age|eyes?|hair|how much|how many|how long)\b", re.I)
_CUES = word_list("question_cues")
"""Words without which no pattern above can match; a look at them is cheaper than the patterns."""
_PUNCTUATION = frozenset(".?!")
_OFFER = re.compile(r"\b(?:give|tell|know|have|got|here's|read|it's|is|number|social)\b", re.I)
_OFFERS_HOME = re.compile(r"\b(?:give|tell|want|need)\b[^.!]{0,20}\b(?:my|our)\b", re.I)
_SHORT_DEMAND = 8
"""A turn of so many words at most that names a kind of personal data asks for it, even without a verb."""
_MOST_OFFERED = 3
_COUNTER_QUESTION = 4
_LISTENING = 8
"""An asker's turn of so many words at most, without another question, leaves the last one open."""
_ASIDE = 5
"""A question of so many words at most about something else does not close the one before."""


def asks_measure(words: Words) -> bool:
    """Whether a turn asks for an age, a height, a weight, a count: "five eleven" behind it is no part of a number."""
    return _ASKS_MEASURE.search(words.text) is not None


def speaks_of(words: Words) -> Open:
    """Types of personal data that a turn names, asked for or not."""
    if _CUES.isdisjoint(words.folded):
        return NOTHING
    return frozenset(kind for kind, pattern in _KINDS.items() if pattern.search(words.text))


def asked_for(words: Words) -> Open:
    """Types of personal data that a turn asks for; a short turn asks for whatever it names."""
    named = speaks_of(words)
    if not named:
        return NOTHING
    text = words.text
    is_punctuated = not _PUNCTUATION.isdisjoint(text)
    if is_punctuated and len(words) > _SHORT_DEMAND and _DEMAND.search(text) is None:
        return NOTHING
    if "?" not in text and _STATES.search(text):
        return NOTHING
    return named - {NAME} if _OF_A_PET.search(text) else named


def open_questions(turns: Sequence[SpokenTurn], words: Sequence[Words]) -> list[Open]:
    """For each turn, what it may be answering. Everybody but an asker on duty answers.

    Args:
        words: of each turn.
    """
    found: list[Open] = []
    open_now, asker, age, is_answered = NOTHING, "", 0, False
    for turn, said in zip(turns, words, strict=True):
        age += 1
        if age > PATIENCE:
            open_now = NOTHING
        found.append(_answerable(open_now, turn, asker))
        if turn.role in CIVILIAN_SIDE:
            is_answered = True
            if (offered := _offered(said)) and len(offered) < _MOST_OFFERED:
                found[-1] = open_now | offered
                open_now, asker, age = open_now | offered, "", 0
            elif _asks(said) and (asked := asked_for(said)):
                # Strangers exchange details too, and clerks ask for them.
                open_now, asker, age, is_answered = open_now | asked, "", 0, False
        elif asked := asked_for(said):
            open_now, asker, age, is_answered = asked, turn.speaker, 0, False
        elif _CONTINUES.match(turn.text):
            age, is_answered = min(age, 1), False
        elif turn.speaker == asker and _closes(said, is_answered=is_answered):
            open_now = NOTHING
    return found


def _asks(words: Words) -> bool:
    """Whether a civilian asks somebody else: with a question mark, for "your" address, or in a word or two at a counter."""
    return "?" in words.text or "your" in words.folded or len(words) <= _COUNTER_QUESTION


def _closes(words: Words, *, is_answered: bool) -> bool:
    """Whether an asker has gone on to something else."""
    return (
        asks_measure(words) or (is_answered and len(words) > _LISTENING) or ("?" in words.text and len(words) > _ASIDE)
    )


def _answerable(open_now: Open, turn: SpokenTurn, asker: str) -> Open:
    """What a turn may answer. Officers answer for plates and numbers; their own names come with a rank."""
    if turn.speaker == asker:
        return NOTHING
    return open_now - {NAME} if turn.role in AUTHORITY else open_now


def _offered(words: Words) -> Open:
    """What a civilian says unasked that they will tell: "I can give you my license number"."""
    named = speaks_of(words) - {NAME}
    if not named or _OFFER.search(words.text) is None:
        return NOTHING
    return named if _OFFERS_HOME.search(words.text) else named - {ADDRESS, DOB}
