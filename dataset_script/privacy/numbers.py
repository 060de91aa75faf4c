"""Values (values.py) → phone, social-security, licence, plate, vehicle and other numbers, by shape and the words around them."""

from collections.abc import Sequence
from string import ascii_uppercase

from dataset_script.privacy.lexicon import words as word_list
from dataset_script.privacy.mentions import ADDRESS, DOB, LICENSE, OTHER_ID, PHONE, PLATE, SSN, VIN
from dataset_script.privacy.questions import NOTHING, Open
from dataset_script.privacy.radio import is_call, is_call_sign
from dataset_script.privacy.tokens import Words
from dataset_script.privacy.values import Value

KEEP = "KEEP"
"""What a number is that says nothing about a person: a price, a badge, a section of law."""

_KIND_OF = {
    word: kind
    for kind in (PHONE, SSN, LICENSE, PLATE, VIN, OTHER_ID, DOB, ADDRESS, KEEP)
    for word in word_list(f"near_{kind.lower()}")
}
_TOLD_AFTER = frozenset((PHONE, SSN, LICENSE, PLATE, VIN, OTHER_ID, DOB))
UNITS = word_list("units")
_BEFORE, _AFTER, _NEAR = 9, 7, 2
"""Words around a number in which another word can say what it is; KEEP only speaks from close by."""
_SAYS_NUMBER = frozenset(("number", "no", "id"))
_ABBREVIATIONS = {"OLN": LICENSE, "DL": LICENSE, "VIN": VIN, "SSN": SSN}
_SSN_SHAPE, _PHONE_SHAPE = (3, 2, 4), (3, 3, 4)
VIN_LENGTH = 17
_PLATE_LENGTH = range(5, 9)
_DIGITS_OF_A_PLATE = 5
"""A plate without letters has so many digits at least; fewer are a price or a call sign."""
_SMALLEST = {PHONE: 7, SSN: 4, LICENSE: 5, PLATE: 4, VIN: 4, OTHER_ID: 4}
_SMALLEST_ALONE = {PHONE: 3, SSN: 3, LICENSE: 3, PLATE: 3, VIN: 4, OTHER_ID: 4}
_LARGEST = {PHONE: 11, SSN: 9, LICENSE: 20, PLATE: 8, VIN: VIN_LENGTH, OTHER_ID: 20}
_ASIDE_WORDS = 3
_DIGITS_OF_AN_IDENTIFIER, _LONGEST_PHONE_ABROAD = 5, 11
_SMALLEST_TAIL = 3
_ENDING_IN = (["ends", "in"], ["ending", "in"], ["ends", "with"], ["ending", "with"])
_BEGINS = frozenset(("start", "starts", "started", "begins", "began"))
_LETTERS_OF_A_PLATE, _DIGITS_OF_A_MODEL = 4, 3
_LONGEST_ROAD = 4
"""Digits that a highway or a gun may have beside its letters."""
_RADIO = frozenset(("104", "911", "108", "107"))


def said_of(words: Words, value: Value) -> str | None:
    """What the words around a value say it is: a type, KEEP, or None where they say nothing. The nearest before it wins."""
    for index in range(value.first - 1, max(-1, value.first - 1 - _BEFORE), -1):
        kind = _said_before(words, index)
        is_next = index == value.first - 1 and value.digits >= _DIGITS_OF_AN_IDENTIFIER
        if is_next and words.folded[index] in word_list("needs_number"):
            return _KIND_OF[words.folded[index]]  # "case 26-004181": so many digits are no count of cases
        if kind is not None and (kind != KEEP or value.first - index <= _NEAR):
            return kind
    if _is_tail(words, value):
        return OTHER_ID
    for index in range(value.last + 1, min(len(words), value.last + 1 + _AFTER)):
        word = words.folded[index]
        kind = _KIND_OF.get(word) if word not in word_list("vague_after") else None
        if kind == DOB and words.text.find("?", words.ends[index]) >= 0:
            return None  # "That's S-22-30915. When's your birthday?": the next question
        if kind in _TOLD_AFTER:
            return kind
    return None


def _is_tail(words: Words, value: Value) -> bool:
    """Whether a value is the end of a longer number: "number ends 5530", "ending in 0142"."""
    before = words.folded[max(0, value.first - 2) : value.first]
    return value.digits >= _SMALLEST_TAIL and (before[-1:] in (["ends"], ["ending"]) or before in _ENDING_IN)


def _said_before(words: Words, index: int) -> str | None:
    word, following = words.folded[index], words.word(index + 1)
    if word == "code" and words.word(index - 1) == "area":
        return PHONE
    if word == "id" and words.word(index - 1) in {"state", "photo"}:
        return LICENSE
    if word == "last" and following == "four" and not _is_measured_of(words, index):
        return SSN
    kind = _KIND_OF.get(word)
    is_license_plate = kind == LICENSE and following in word_list("near_plate")
    is_no_number = word in word_list("needs_number") and following not in _SAYS_NUMBER
    return None if is_license_plate or is_no_number else kind


def _is_measured_of(words: Words, index: int) -> bool:
    """Whether "the last four" is of something else than a number: "the last four hours", "of them"."""
    following = words.word(index + 2)
    return following in UNITS or (following in {"of", "on"} and "social" not in words.folded[index + 2 : index + 7])


def is_measured(words: Words, value: Value) -> bool:
    """Whether a price, a speed, a time or a count is meant."""
    is_marked = words.gap(value.first).endswith(("$", "£", ":")) or words.after(value.last).startswith((":", "%"))
    gaps = {words.gap(place) for place in value.places[1:]}
    is_amount = (
        gaps == {","} and len(value.parts[0]) <= 3 and all(len(part) == 3 for part in value.parts[1:])
    )  # "6,200"
    return is_marked or is_amount or (words.word(value.last + 1) in UNITS and value.letters == 0)


def _groups(value: Value) -> tuple[int, ...]:
    return tuple(len(part) for part in value.parts)


def is_year(words: Words, value: Value) -> bool:
    """Whether a value is a year as it is written: "2019", "'66"."""
    is_short = _groups(value) == (2,) and value.letters == 0 and words.gap(value.first).endswith(("'", "’"))
    return is_short or (_groups(value) == (4,) and value.canonical[:2] in {"19", "20"})


def _by_shape(words: Words, value: Value) -> str | None:
    """The type of a value about which the words around say nothing."""
    if len(value.canonical) == VIN_LENGTH and value.digits >= 5 and value.letters >= 3:
        return VIN
    return _mixed_by_shape(words, value) if value.letters else _digits_by_shape(words, value)


def _digits_by_shape(words: Words, value: Value) -> str | None:
    text, digits, groups = value.canonical, value.digits, _groups(value)
    if value.is_counting() or len(set(text)) == 1:
        return None
    if digits >= 6 and digits not in {7, 10} and "number" in words.folded[max(0, value.first - 5) : value.first]:
        return OTHER_ID
    if digits == 9 and (groups == _SSN_SHAPE or len(groups) >= 4):
        return SSN
    if digits > _LONGEST_PHONE_ABROAD:
        return OTHER_ID
    if (digits == 10 and text[0] not in "01") or (digits == 11 and text[0] == "1" and text[1] not in "01"):
        return PHONE
    # Seven digits are often a call or a tag number (CORPUS.md § 6): only as they are written or read out for a telephone.
    is_written = groups == (3, 4) and words.surface(value.first).isdigit()
    is_telephone = digits == 7 and (is_written or text.startswith("555") or len(groups) >= 6)
    return PHONE if is_telephone else None


def is_gun_or_road(value: Value) -> bool:
    """ "AR-15", "SR 520", "F-250" and, with the model's year, "2008 F-250"."""
    is_of_year = len(value.parts) > 1 and len(value.parts[0]) == 4 and value.parts[0][:2] in {"19", "20"}
    text = value.canonical[4:] if is_of_year else value.canonical
    lead = text[: len(text) - len(text.lstrip(ascii_uppercase))]
    return lead.lower() in word_list("guns_and_roads") and len(text) - len(lead) <= _LONGEST_ROAD


def _mixed_by_shape(words: Words, value: Value) -> str | None:
    text = value.canonical
    if value.letters == 1 and not text[0].isdigit() and value.digits >= 7:
        return LICENSE
    is_section = any(words.gap(place) == "." for place in value.places[1:])  # "RCW 46.61.655"
    if is_section or is_call_sign(value) or is_gun_or_road(value):
        return None
    is_identifier = value.digits >= _DIGITS_OF_AN_IDENTIFIER
    is_mostly_letters = value.letters >= _LETTERS_OF_A_PLATE and value.digits == 1
    if not (value.letters >= 2 and (value.digits >= 2 or is_mostly_letters) and len(text) in _PLATE_LENGTH):
        return OTHER_ID if is_identifier and len(text) <= _LARGEST[OTHER_ID] else None
    # "4 Tom Robert King", not "a 15 to a 20".
    spelled = [place for place, kind in zip(value.places, value.kinds, strict=True) if kind != "D"]
    is_one = words.is_lower or value.kinds.count("P") >= 2 or all(words.is_capital(place) for place in spelled)
    if is_one and not ("-" in words.gap(value.places[1]) and is_identifier and value.letters <= 2):
        return PLATE
    return OTHER_ID if is_identifier else None


def _fits(kind: str, value: Value, smallest: int) -> bool:
    """Whether a value can be of a type, by its length and what it is made of."""
    size = len(value.canonical)
    is_model = value.digits <= _DIGITS_OF_A_MODEL and is_gun_or_road(value)  # "The RAV4. Plate is …"
    if (
        (kind in {PHONE, SSN} and value.letters)
        or (kind == PLATE and is_model)
        or (kind == PHONE and size == 5)
        or (kind != PLATE and not value.digits)
    ):
        return False
    return smallest <= size <= _LARGEST[kind]


def _by_context(words: Words, value: Value, said: str | None) -> str | None:
    """The type that words nearby give, where the value can be of it."""
    if said not in _SMALLEST or not _fits(said, value, _SMALLEST[said]) or is_call_sign(value):
        return None
    is_short_word = not value.digits and value.letters < _LETTERS_OF_A_PLATE
    if (is_year(words, value) and said in {PLATE, OTHER_ID, LICENSE}) or (said == PLATE and is_short_word):
        return None
    # A shape beyond doubt keeps its type, whatever word is near it.
    if len(value.canonical) == VIN_LENGTH and value.letters >= 3:
        return VIN
    if value.letters == 0 and _groups(value) == _SSN_SHAPE and said != OTHER_ID:
        return SSN
    if value.letters == 0 and _groups(value) == _PHONE_SHAPE and said != OTHER_ID:
        return PHONE
    return said


def _by_question(words: Words, value: Value, asked: Open, recent: Open) -> str | None:
    """The asked-for type that a value answers; by its shape where several were asked for.

    A short value must be nearly all that is said, soon after the question or another part of the answer.
    """
    is_alone = len(words) <= value.last - value.first + 1 + _ASIDE_WORDS and value.canonical not in _RADIO
    if is_year(words, value) and not is_alone:
        return None
    fitting = [
        kind
        for kind, shortest in _SMALLEST_ALONE.items()
        if kind in asked and _fits(kind, value, shortest if is_alone and kind in recent else _SMALLEST[kind])
    ]
    if PLATE in fitting and value.letters == 0 and value.digits < _DIGITS_OF_A_PLATE:
        fitting.remove(PLATE)
    if value.letters == 0 and SSN in fitting and value.digits in {4, 9}:
        return SSN
    if value.letters == 0 and PHONE in fitting and value.digits in {3, 4, 7, 10, 11}:
        return PHONE
    if PLATE in fitting and value.letters >= 2:
        return PLATE
    return next((kind for kind in (LICENSE, OTHER_ID, VIN, SSN, PHONE, PLATE) if kind in fitting), None)


def number_types(
    words: Words, value: Value, asked: Open = NOTHING, recent: Open = NOTHING
) -> list[tuple[Value, str, str]]:
    """The parts of a value that are numbers of a person, each with its type and the rule.

    Args:
        asked: what the turn may be answering.
        recent: types named in the turns just before, or given there in part.
    """
    if found := _number_type(words, value, asked, recent):
        return [found]
    return [found for part in value.segments(words) if (found := _number_type(words, part, asked, recent))]


def _number_type(words: Words, value: Value, asked: Open, recent: Open) -> tuple[Value, str, str] | None:
    value, abbreviated = _after_abbreviation(value)
    said = abbreviated or said_of(words, value)
    if (
        said == KEEP
        or is_measured(words, value)
        or is_call(words, value)
        or (value.digits == 0 and PLATE not in asked and said != PLATE)
    ):
        return None
    is_of_plate = PLATE in recent | asked | {said} or (said in {None, ADDRESS} and words.word(value.first - 1) == "in")
    if is_of_plate and (_is_partial_plate(words, value) or _is_begun_plate(words, value)):
        return value, PLATE, "context"
    for candidate in (value, value.trimmed()):
        is_area_code = candidate.digits == len(candidate.canonical) == 3 and words.word(candidate.first - 1) == "code"
        if said == PHONE and is_area_code:
            return candidate, PHONE, "context"
        if kind := _by_context(words, candidate, said):
            return candidate, kind, "context"
        if said in {DOB, ADDRESS} and _groups(candidate) not in {_SSN_SHAPE, _PHONE_SHAPE}:
            continue
        if kind := _by_question(words, candidate, asked, recent):
            return candidate, kind, "answer"
        if candidate.digits and (kind := _by_shape(words, candidate)):
            return candidate, kind, "shape"
    # The two digits in the middle of a number that is given in three turns.
    if SSN in asked & recent and value.digits == len(value.canonical) == 2 and len(value.places) >= len(words) - 1:
        return value, SSN, "answer"
    return None


def _is_partial_plate(words: Words, value: Value) -> bool:
    """Whether some of a plate's letters and digits are given: "It started with KP7", "a partial, King Paul 7"."""
    before = words.folded[max(0, value.first - _BEFORE) : value.first]
    is_begun = before[-1:] == ["with"] and not _BEGINS.isdisjoint(before[-3:])
    is_partial = value.letters and value.digits and len(value.canonical) < _PLATE_LENGTH.start
    is_told = is_begun or "partial" in before or before[-2:] in _ENDING_IN
    return bool(is_partial) and is_told and not is_gun_or_road(value)


def _is_begun_plate(words: Words, value: Value) -> bool:
    """ "It's B T something"."""
    is_broken_off = words.after(value.last).startswith(("...", "…")) and set(value.kinds) == {"L"} and value.letters > 2
    return is_broken_off or (len(value.canonical) >= 2 and words.word(value.last + 1) == "something")


def spread_number(values: Sequence[Value], asked: Open) -> str | None:
    """The type that several values of one turn make together: "five five five, what is it, oh one four two"."""
    digits = [value.digits for value in values if value.letters == 0]
    if len(digits) < 2 or len(digits) != len(values) or min(digits) < 2:
        return None
    lengths = {SSN: (9,), PHONE: (7, 10, 11)}
    return next((kind for kind, sizes in lengths.items() if kind in asked and sum(digits) in sizes), None)


def _after_abbreviation(value: Value) -> tuple[Value, str | None]:
    """Without a spelled "O-L-N" or "V-I-N" at its beginning, and what that says."""
    for letters, kind in _ABBREVIATIONS.items():
        if value.parts[: len(letters)] == tuple(letters) and len(value.parts) > len(letters):
            return value.part(len(letters), len(value.parts)), kind
    return value, None
