"""Values (values.py) → phone, social-security, licence, plate, vehicle and other numbers, by shape and the words around them."""

import re

from dataset_script.privacy.lexicon import words as word_list
from dataset_script.privacy.mentions import (
    ADDRESS,
    DOB,
    LICENSE,
    OTHER_ID,
    PHONE,
    PLATE,
    SSN,
    VIN,
)
from dataset_script.privacy.questions import NOTHING, Open
from dataset_script.privacy.tokens import Words
from dataset_script.privacy.values import Value

KEEP = "KEEP"
"""What a number is that says nothing about a person: a price, a badge, a section of law."""

# A word near a number says what the number is; the nearest before it wins, then one after it.
_CONTEXT = {
    PHONE: "phone cell cellphone telephone mobile callback text reach call dial landline",
    SSN: "social ssn socials",
    LICENSE: "license licence dl oln ol licenses",
    PLATE: "plate plates tag tags",
    VIN: "vin",
    OTHER_ID: "policy account inmate passport medicaid medicare claim booking mrn member case insurance reference confirmation docket report incident prisoner ebt chart patient client account routing",
    DOB: "birth birthday born dob birthdate",
    ADDRESS: "zip apartment apt suite address lot",
    KEEP: "badge section code statute unit room highway route mile exit channel interstate county precinct district gate bus flight chapter "
    "title article penal psalm verse car engine medic ladder squad court calibre caliber glock model ticket citation floor bay pump cell-block "
    "bed lane aisle locker platform train table",
}
_KIND_OF = {word: kind for kind, listed in _CONTEXT.items() for word in listed.split()}
_UNITS_AFTER = frozenset(
    """dollar dollars bucks cents grand minutes minute mins hours hour days day weeks week months month years year yards yard feet foot inches
    inch miles mile mph kilometers meters blocks block pounds percent degrees times people guys cars officers units beers drinks shots
    pills milligrams mg grams ounces am pm a.m p.m o'clock hundred thousand million rounds pieces bags cases charges counts kids stories
    horsepower gallons acres volts warrants tickets seconds second""".split()
)
_GUNS_AND_ROADS = frozenset(
    "AR AK MP FN FNX SR US CR SH FM PR HWY RT RTE UZI TEC DUI PC VC HS CC UCR BAC PBT F RAV CX MK M G I T A B C D E K X Z BMW GMC GT XR YZ GL EX LX SE CBR GSX".split()
)
_BEFORE, _AFTER = 9, 7
_NUMBER_WORDS_AFTER_CASE = frozenset(("number", "no", "id"))
_ABBREVIATIONS = {"OLN": LICENSE, "DL": LICENSE, "VIN": VIN, "SSN": SSN}
_COUNTING = ("123456", "987654", "654321")
_SSN_SHAPE = (3, 2, 4)


def said_of(words: Words, value: Value, *, is_date: bool = False) -> str | None:
    """What the words around a value say it is: a type, KEEP, or None where they say nothing."""
    for index in range(value.first - 1, max(-1, value.first - 1 - _BEFORE), -1):
        kind = _KIND_OF.get(words.folded[index])
        if words.folded[index] == "code" and words.folded[index - 1 : index] == ["area"]:
            return PHONE
        if words.folded[index : index + 2] == ["last", "four"] and not _is_measured_of(words, index):
            return SSN
        if kind is None or (kind == KEEP and value.first - index > 2):
            continue
        if words.folded[index] in {"license", "licence", "licenses"} and words.folded[index + 1 : index + 2] in (["plate"], ["plates"]):
            continue
        if words.folded[index] in {"case", "claim", "member", "report", "incident", "patient", "client", "chart", "reference", "prisoner", "booking"} and words.folded[index + 1] not in _NUMBER_WORDS_AFTER_CASE:
            continue
        return kind
    for index in range(value.last + 1, min(len(words), value.last + 1 + _AFTER)):
        kind = _KIND_OF.get(words.folded[index])
        if kind in {PHONE, SSN, LICENSE, PLATE, VIN, OTHER_ID, DOB} and words.folded[index] not in {"call", "text", "insurance", "reach"}:
            return kind
    return None


def _is_measured_of(words: Words, index: int) -> bool:
    """Whether "the last four" is of something else than a number: "the last four hours"."""
    following = words.folded[index + 2] if index + 2 < len(words) else ""
    return following in _UNITS_AFTER or following in {"of", "on"} and "social" not in words.folded[index + 2 : index + 7]


def _is_measured(words: Words, value: Value) -> bool:
    """Whether a price, a speed, a time or a count is meant."""
    before = words.gap(value.first)
    after = words.after(value.last)
    following = words.folded[value.last + 1] if value.last + 1 < len(words) else ""
    return before.endswith(("$", "£", ":")) or after.startswith((":", "%")) or (following in _UNITS_AFTER and value.letters == 0)


def _is_counting(canonical: str) -> bool:
    return any(canonical.startswith(run) for run in _COUNTING) or len(set(canonical)) == 1


def _groups(value: Value) -> tuple[int, ...]:
    return tuple(len(part) for part in value.parts)


def _by_shape(words: Words, value: Value) -> str | None:
    """The type of a value about which the words around say nothing."""
    canonical, digits, letters = value.canonical, value.digits, value.letters
    if len(canonical) == 17 and digits >= 5 and letters >= 3:
        return VIN
    if letters == 0:
        if _is_counting(canonical):
            return None
        if digits == 9 and (_groups(value) == _SSN_SHAPE or len(value.parts) >= 5):
            return SSN
        if digits in {15, 16} and canonical[0] in "3456":
            return OTHER_ID
        is_ten = digits == 10 and canonical[0] not in "01"
        if is_ten or (digits == 11 and canonical[0] == "1" and canonical[1] not in "01"):
            return PHONE
        is_written = value.parts[0].isdigit() and _groups(value) == (3, 4)
        if digits >= 6 and not is_ten and digits != 7 and "number" in words.folded[max(0, value.first - 5) : value.first]:
            return OTHER_ID
        return PHONE if digits == 7 and (is_written or canonical.startswith("555") or len(value.parts) >= 6) else None
    lead = re.match(r"[A-Z]*", canonical).group()  # type: ignore[union-attr]
    if letters == 1 and lead and digits >= 7:
        return LICENSE
    if lead in _GUNS_AND_ROADS or not 5 <= len(canonical) <= 8 or digits < 2:
        return None
    return PLATE if letters >= 2 and _is_said_as_one(words, value) else None


def _is_said_as_one(words: Words, value: Value) -> bool:
    """Whether a mixed value is in capitals or said by the alphabet: "4 Tom Robert King", not "a 15 to a 20"."""
    spelled = [place for place, kind in zip(value.places, value.kinds, strict=True) if kind != "D"]
    return all(words.is_capital(place) for place in spelled) or value.kinds.count("P") >= 2


_SMALLEST = {PHONE: 7, SSN: 4, LICENSE: 5, PLATE: 4, VIN: 4, OTHER_ID: 4}
_LARGEST = {PHONE: 11, SSN: 9, LICENSE: 20, PLATE: 8, VIN: 17, OTHER_ID: 20}
_ANSWERS = {PHONE: 3, SSN: 3, LICENSE: 3, PLATE: 3, VIN: 4, OTHER_ID: 4}


def _fits(kind: str, value: Value, smallest: dict[str, int]) -> bool:
    size = len(value.canonical)
    if kind in {PHONE, SSN} and value.letters or kind == PHONE and size == 5:
        return False
    needed = 1 if kind != PLATE else 0
    return smallest[kind] <= size <= _LARGEST[kind] and value.digits >= needed


def _answer(value: Value, asked: Open) -> str | None:
    """The asked-for type that a value answers; by its shape where several were asked for."""
    fitting = [kind for kind in _ANSWERS if kind in asked and _fits(kind, value, _ANSWERS)]
    if len(fitting) <= 1:
        return fitting[0] if fitting else None
    if value.letters == 0 and SSN in fitting and value.digits in {4, 9}:
        return SSN
    if value.letters == 0 and PHONE in fitting and value.digits in {3, 4, 7, 10, 11}:
        return PHONE
    if PLATE in fitting and value.letters >= 2 and len(value.canonical) <= 8:
        return PLATE
    return next((kind for kind in (LICENSE, OTHER_ID, VIN) if kind in fitting), fitting[0])


def number_types(words: Words, value: Value, asked: Open = NOTHING) -> list[tuple[Value, str, str]]:
    """The parts of a value that are numbers of a person, each with its type and the rule.

    Args:
        asked: what the turn may be answering.
    """
    if found := _number_type(words, value, asked):
        return [found]
    return [found for part in value.segments(words) if (found := _number_type(words, part, asked))]


def _number_type(words: Words, value: Value, asked: Open) -> tuple[Value, str, str] | None:
    value, said = _after_abbreviation(value)
    said = said or said_of(words, value)
    if said == KEEP or _is_measured(words, value) or (value.digits == 0 and PLATE not in asked and said != PLATE):
        return None
    for candidate in (value, value.trimmed()):
        if said in _SMALLEST and _fits(said, candidate, _SMALLEST) and (said != PLATE or candidate.digits or candidate.letters >= 4):
            return candidate, _mend(said, candidate), "context"
        if said in {DOB, ADDRESS}:
            continue
        if kind := _answer(candidate, asked):
            return candidate, kind, "answer"
        if candidate.digits and (kind := _by_shape(words, candidate)):
            return candidate, kind, "shape"
    if SSN in asked and value.digits == len(value.canonical) == 2 and len(value.places) >= len(words) - 1:
        return value, SSN, "answer"
    return None


def _after_abbreviation(value: Value) -> tuple[Value, str | None]:
    """Without a spelled "O-L-N" or "V-I-N" at its beginning, and what that says."""
    for letters, kind in _ABBREVIATIONS.items():
        if value.parts[: len(letters)] == tuple(letters) and len(value.parts) > len(letters):
            size = len(letters)
            return Value(value.places[size], value.last, value.parts[size:], value.kinds[size:], value.places[size:]), kind
    return value, None


def _mend(said: str, value: Value) -> str:
    """A value whose shape is beyond doubt keeps its type, whatever word was near it."""
    if len(value.canonical) == 17 and value.letters >= 3:
        return VIN
    if value.letters == 0 and _groups(value) == _SSN_SHAPE and said != OTHER_ID:
        return SSN
    if value.letters == 0 and _groups(value) == (3, 3, 4) and said in {LICENSE, PLATE, SSN, VIN}:
        return PHONE
    return said


def not_letters_spelled() -> frozenset[str]:
    """Letters in a row that are an abbreviation, not a name spelled out."""
    return word_list("not_letters_spelled")
