"""Words and values of a scenario → numbers that are said to a radio and are nobody's: call signs, units, ten-codes.

"2-Charlie-14, 10-4" holds eleven characters that look like an identifier; "416, can you run …" a number that looks like an answer.
"""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence

from dataset_script.privacy.lexicon import words as word_list
from dataset_script.privacy.tokens import Words
from dataset_script.privacy.values import Value

Spoken = tuple[Words, Sequence[Value]]
"""A turn's words and values."""

_LONGEST_UNIT = 4
_LONGEST_CALL_SIGN, _LONGEST_SHORT_CALL_SIGN = 4, 3
_TEN, _LONGEST_TEN_CODE = "10", 2
_CALLS_OFTEN, _CALLS_ALWAYS = 2, 4
_NEAR_CALL = 12
"""Words from a unit's number within which radio talk makes it one."""


def unit_numbers(turns: Sequence[Spoken]) -> frozenset[str]:
    """Numbers by which units call or are called here: tails of call signs, and what opens turns of radio talk."""
    units, openings, on_air = set(), Counter[str](), Counter[str]()
    for words, values in turns:
        parts = [part for value in values for part in _pieces(words, value)]
        units |= {part.parts[-1] for part in parts if _is_full_call_sign(words, part) and part.kinds[-1] == "D"}
        units |= {value.canonical for value in values if value.letters == 0 and is_call(words, value)}
        units |= {beside.canonical for beside in _beside_ten_codes(words, parts)}
        units |= set(_calling(words, parts))
        for number in _opening(words, parts):
            openings[number.canonical] += 1
            on_air[number.canonical] += _is_radio_talk(words)
    often = {
        number for number, times in openings.items() if times >= (_CALLS_OFTEN if on_air[number] else _CALLS_ALWAYS)
    }
    return frozenset(units | often)


def radio_places(words: Words, values: Sequence[Value], units: frozenset[str]) -> frozenset[int]:
    """Words of a turn that are call signs, ten-codes or numbers of units.

    Args:
        units: what :func:`unit_numbers` found in the scenario.
    """
    found: set[int] = set()
    for value in values:
        for part in _pieces(words, value):
            is_called = part.first - 1 in found or words.word(part.first - 1) in word_list("radio_callees")
            is_caller = part.first == 0 or is_called or _opens_with_comma(words, part)
            is_unit = part.canonical in units and is_caller
            if is_unit or _is_full_call_sign(words, part) or _is_ten_code(words, part):
                found.update(range(part.first, part.last + 1))
    return frozenset(found)


def is_call_sign(value: Value) -> bool:
    """ "4 Lincoln 12", "Sam four": one word of the alphabet and few digits."""
    return value.kinds.count("P") == value.letters == 1 and value.digits <= _LONGEST_SHORT_CALL_SIGN


def is_call(words: Words, value: Value) -> bool:
    """Whether somebody is called, or calls, by number: "Dispatch, 522.", "41, copy.", "31-17, headquarters"."""
    opens = words.opens_sentence(value.first) and words.after(value.last).startswith(",")
    closes = words.gap(value.first) in {", ", " "} and (words.after(value.last)[:1] or ".") in ",."
    return value.digits <= _LONGEST_UNIT and (
        (opens and words.word(value.last + 1) in word_list("radio_calls"))
        or (closes and words.word(value.first - 1) in word_list("radio_callees"))
    )


def _pieces(words: Words, value: Value) -> list[Value]:
    return value.segments(words) or [value]


def _beside_ten_codes(words: Words, parts: Sequence[Value]) -> Iterator[Value]:
    """ "31, 10-4", "10-4, 2422": who is spoken to, or what time it is."""
    for one, other in itertools.pairwise(parts):
        for code, beside in ((one, other), (other, one)):
            is_near = _is_ten_code(words, code) and other.first == one.last + 1
            if is_near and beside.letters == 0 and beside.digits <= _LONGEST_UNIT:
                yield beside


def _calling(words: Words, parts: Sequence[Value]) -> Iterator[str]:
    """Both of "204 to 207, can you get over there"."""
    for one, other in itertools.pairwise(parts):
        is_call_to = one.first == 0 and words.folded[one.last + 1 : other.first] == ["to"]
        if is_call_to and not one.letters and not other.letters and max(one.digits, other.digits) <= _LONGEST_UNIT:
            yield from (one.canonical, other.canonical)


def _opening(words: Words, parts: Sequence[Value]) -> Iterator[Value]:
    """The number with which a turn opens: "14, en route", "14, 15. Run one for me"."""
    for part in parts[:1]:
        is_short = part.letters == 0 and part.digits <= _LONGEST_UNIT
        if part.first == 0 and is_short and _opens_with_comma(words, part):
            yield part


def _opens_with_comma(words: Words, part: Value) -> bool:
    return words.opens_sentence(part.first) and words.after(part.last).startswith(",")


def _is_radio_talk(words: Words) -> bool:
    return not word_list("radio_talk").isdisjoint(words.folded[:_NEAR_CALL])


def _is_full_call_sign(words: Words, part: Value) -> bool:
    """ "3-Adam-7", "4 Lincoln 12", "17-Sam": one word of the alphabet and few digits, dashed or at a sentence's beginning."""
    is_form = part.letters == 1 and part.digits <= _LONGEST_CALL_SIGN and part.kinds in {"DPD", "DP"}
    is_dashed = {words.gap(place) for place in part.places[1:]} == {"-"}
    return is_form and (is_dashed or (part.kinds == "DPD" and words.opens_sentence(part.first)))


def _is_ten_code(words: Words, part: Value) -> bool:
    """ "10-4"; "10-4-1985" is a date."""
    is_form = len(part.parts) == 2 and part.kinds == "DD" and part.parts[0] == _TEN
    return is_form and len(part.parts[1]) <= _LONGEST_TEN_CODE and words.gap(part.places[1]) == "-"
