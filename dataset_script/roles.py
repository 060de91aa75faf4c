"""Who speaks: the released speaker labels of one transcript → roles.

The taxonomy is that of DESIGN.md. A label is read by its head noun first; labels that are bare personal
names are then resolved by evidence inside the same file (rank + name, self-introduction, who gives
commands), because the transcriber's label hides the role whenever it caught a name.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

AUTHORITY = frozenset({"officer", "detective", "corrections", "dispatch"})
CIVILIAN_SIDE = frozenset({"subject", "civilian"})
BREAKING = frozenset({"narrator", "machine", "unknown"})
"""Roles that enter neither history nor reference, and break adjacency."""
OTHER_PEOPLE = frozenset({"medical", "security", "legal"})
ROLES = AUTHORITY | CIVILIAN_SIDE | BREAKING | OTHER_PEOPLE


@dataclass(frozen=True)
class RoleGuess:
    """A role, the rule that decided it, and how sure that rule is (0–1; below 0.5 the role is ``unknown``)."""

    role: str
    rule: str
    confidence: float


RANK_TITLES = (
    r"officer|ofc|deputy|dep|sergeant|sgt|lieutenant|lt|corporal|cpl|captain|capt|trooper|constable|"
    r"patrolman|patrolwoman|sheriff|undersheriff|chief|marshal|ranger|detective|det|investigator|inspector"
)
_DETECTIVE_TITLE = re.compile(r"(?:detective|det|investigator|inspector)\b", re.I)
_RANK_FIRST = re.compile(rf"(?:{RANK_TITLES})\b\.?", re.I)

# Where a label's head phrase ends: "driver stopped by Deputy X" is a driver, not a deputy.
_TAIL = re.compile(
    r"[,;(]|\s(?:who|being|by|of|with|to|for|from|on|in|at|stopped|questioned|interviewed|calling)\b", re.I
)

# Labels that hold an officer's word and are not police. Looked up before any rank title.
_PRIVATE = re.compile(
    r"(?:asset protection|loss prevention|security|store|mall|campus security|transit security)\s+"
    r"(?:officer|agent|guard|manager)|(?:animal control|parking enforcement|code enforcement)\s+officer",
    re.I,
)
_NOT_POLICE = re.compile(
    r"(?:insurance|travel|estate|bail|bail bonds?|bondsman|gate|ticket|leasing|booking|sports)\s+agent|"
    r"property owner|tow[- ]truck dispatcher|chief (?:executive|financial|operating)",
    re.I,
)

# Checked in this order against the last word, then any word, of the head phrase.
_LEXICON: tuple[tuple[str, frozenset[str]], ...] = (
    ("corrections", frozenset(["jailer", "corrections", "correctional", "co", "warden"])),
    ("detective", frozenset(["detective", "investigator", "interrogator", "inspector"])),
    ("dispatch", frozenset(["dispatcher", "dispatch", "operator", "radio", "call-taker", "calltaker"])),
    (
        "officer",
        frozenset(
            [
                "police",
                "officer",
                "cop",
                "deputy",
                "sergeant",
                "sgt",
                "lieutenant",
                "lt",
                "corporal",
                "cpl",
                "captain",
                "trooper",
                "constable",
                "patrolman",
                "patrolwoman",
                "sheriff",
                "chief",
                "marshal",
                "ranger",
                "agent",
                "negotiator",
                "swat",
                "k9",
                "unit",
            ]
        ),
    ),
    (
        "medical",
        frozenset(
            [
                "paramedic",
                "emt",
                "medic",
                "nurse",
                "doctor",
                "physician",
                "firefighter",
                "fireman",
                "clinician",
                "counselor",
                "counsellor",
                "psychiatrist",
                "ems",
            ]
        ),
    ),
    ("security", frozenset(["security", "guard", "bouncer", "doorman", "loss-prevention"])),
    ("legal", frozenset(["judge", "attorney", "lawyer", "prosecutor", "bailiff", "clerk", "magistrate", "defender"])),
    (
        "narrator",
        frozenset(
            ["narrator", "host", "reporter", "announcer", "commentator", "presenter", "anchor", "journalist", "sponsor"]
        ),
    ),
    (
        "machine",
        frozenset(
            [
                "gps",
                "siri",
                "alexa",
                "voicemail",
                "automated",
                "recording",
                "machine",
                "aed",
                "computer",
                "radio-voice",
                "dog",
            ]
        ),
    ),
    (
        "unknown",
        frozenset(["unknown", "unidentified", "unclear", "voice", "speaker", "inaudible", "multiple", "crowd"]),
    ),
    (
        "subject",
        frozenset(
            [
                "subject",
                "suspect",
                "driver",
                "detainee",
                "arrestee",
                "trespasser",
                "shoplifter",
                "intruder",
                "motorist",
                "offender",
                "inmate",
                "prisoner",
                "defendant",
                "patient",
            ]
        ),
    ),
)
_CLERKS = frozenset({"store", "shop", "hotel", "motel", "desk", "sales", "gas", "station", "front"})

_WORD = re.compile(r"[a-z0-9]+(?:[-'’][a-z0-9]+)*", re.I)
_NAME = re.compile(r"(?:(?:Mr|Mrs|Ms|Miss|Dr|Mx)\.?\s+)?[A-ZÀ-ÞŠŽ][\w'’.-]*(?:\s+[A-ZÀ-ÞŠŽ][\w'’.-]*){0,2}")

_COMMANDS = re.compile(
    r"license and|registration|proof of insurance|step (?:out|over|back)|hands (?:behind|where|up|out|on)|"
    r"turn around|you're under arrest|under arrest|not under arrest|you're (?:being )?detained|not in trouble|"
    r"what's your name|your (?:full )?name|date of birth|got (?:any|some) id\b|have (?:any|some) id\b|see your (?:hands|id)|"
    r"any weapons|weapons on you|have a seat|stay (?:right )?(?:there|here)|stop right there|copy that|10-4|"
    r"show me (?:one|on)|en route|we got a call|we had a call|somebody called|"
    r"i'm with the|police department|sheriff's office|do me a favor",
    re.I,
)

_SELF_INTRODUCTION = re.compile(rf"\b(?:I'm|I am|name is|name's|call me|this is|it's)\s+(?:{RANK_TITLES})\b", re.I)


def _head_phrase(label: str) -> str:
    inner = label.strip().strip("[]").strip()
    head = _TAIL.split(inner, maxsplit=1)[0].strip() or inner
    # "Driver's Mother" is a mother, but "Sheriff's Deputy" is still a deputy: the head follows the possessive.
    return re.split(r"['’]s?\s+", head)[-1].strip()


def classify_label(label: str) -> RoleGuess | None:
    """Role of a label by its words alone; None for a bare personal name, which only its file can resolve."""
    if _PRIVATE.search(label):
        return RoleGuess("security", "private_officer", 0.9)
    if _NOT_POLICE.search(label):
        return RoleGuess("civilian", "not_police", 0.9)
    head = _head_phrase(label)
    words = [word.lower() for word in _WORD.findall(head)]
    if not words:
        return RoleGuess("unknown", "no_words", 1.0)
    if words[0] in {"former", "retired", "ex", "off-duty"}:
        return RoleGuess("civilian", "former_officer", 0.7)
    if re.match(r"(?:correction(?:s|al)|detention)\s+officer", head, re.I):
        return RoleGuess("corrections", "head_noun", 0.95)
    if re.match(r"(?:automated|recorded|computer|gps|phone menu)\b", head, re.I):
        return RoleGuess("machine", "head_noun", 0.95)
    if re.match(r"court\s+officer", head, re.I):
        return RoleGuess("legal", "head_noun", 0.9)
    if _RANK_FIRST.match(head) and not head.lower().startswith("chief of staff"):
        return RoleGuess("detective" if _DETECTIVE_TITLE.match(head) else "officer", "rank_title", 0.98)
    if re.search(r"\b(?:partner|colleague)\b.*\bofficer", label, re.I):
        return RoleGuess("officer", "officers_partner", 0.8)
    content = [word for word in words if not word.isdigit() and len(word) > 1]
    for candidates in (content[-1:], content):
        for role, nouns in _LEXICON:
            hit = next((word for word in candidates if word.rstrip("s") in nouns or word in nouns), None)
            if hit == "clerk" and not _CLERKS.isdisjoint(words):
                return RoleGuess("civilian", "shop_clerk", 0.85)
            if hit:
                return RoleGuess(role, "head_noun", 0.95)
    if label.strip().startswith("["):
        return RoleGuess("civilian", "bracketed_position", 0.7)
    if not content or not _NAME.fullmatch(label.strip()):
        return RoleGuess("civilian", "position", 0.6)
    return None


def _named_with_rank(name: str, texts: Iterable[str]) -> bool:
    words = [word for word in re.findall(r"[\w'’-]+", name) if len(word) > 1 and word not in {"Mr", "Mrs", "Ms", "Dr"}]
    if not words:
        return False
    pattern = re.compile(rf"\b(?:{RANK_TITLES})\.?\s+(?:{'|'.join(map(re.escape, words))})\b", re.I)
    return any(pattern.search(text) for text in texts)


def _resolve_name(name: str, turns: Sequence[tuple[str, str]]) -> RoleGuess:
    """Role of a bare personal name by what is said in its file."""
    texts = [text for _, text in turns]
    own = [text for speaker, text in turns if speaker == name]
    if _named_with_rank(name, texts):
        return RoleGuess("officer", "rank_and_name_in_file", 0.95)
    if any(_SELF_INTRODUCTION.search(text) for text in own):
        return RoleGuess("officer", "self_introduction", 0.95)
    commands = sum(bool(_COMMANDS.search(text)) for text in own)
    addressed = sum(bool(_COMMANDS.search(text)) for speaker, text in turns if speaker != name)
    if commands >= 2 and commands / len(own) >= 0.12 and commands > addressed:
        return RoleGuess("officer", "gives_commands", min(0.9, 0.5 + 2 * commands / len(own)))
    return RoleGuess("civilian", "personal_name", 0.8)


def resolve_roles(turns: Sequence[tuple[str, str]]) -> dict[str, RoleGuess]:
    """Roles of all labels of one transcript.

    Args:
        turns: (speaker label, text) in file order.

    Returns:
        label → guess, for every label that occurs.
    """
    counts = Counter(speaker for speaker, _ in turns)
    guesses = {label: classify_label(label) or _resolve_name(label, turns) for label in counts}

    # Occupation is not role: a "[Registered Nurse]" with no other civilian in the file is the person police deal with.
    if not any(guess.role in CIVILIAN_SIDE for guess in guesses.values()):
        others = [label for label, guess in guesses.items() if guess.role in OTHER_PEOPLE]
        if others and any(guess.role in AUTHORITY for guess in guesses.values()):
            guesses[max(others, key=counts.__getitem__)] = RoleGuess("subject", "only_civilian_in_file", 0.6)

    # One main civilian a file: the one who talks most among those not said to be something else.
    if not any(guess.role == "subject" for guess in guesses.values()):
        candidates = [label for label, guess in guesses.items() if guess.role == "civilian"]
        if candidates:
            main = max(candidates, key=counts.__getitem__)
            guesses[main] = RoleGuess("subject", f"{guesses[main].rule}+talks_most", guesses[main].confidence)
    return {
        label: guess if guess.confidence >= 0.5 else RoleGuess("unknown", guess.rule, guess.confidence)
        for label, guess in guesses.items()
    }
