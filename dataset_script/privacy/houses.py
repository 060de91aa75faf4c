"""A bare number, and the addresses that its scenario gives → whether it is the number of a house or a flat.

Neighbours speak of each other by number: "Caller's in 306", where 308 was given; "I'm at 14, with the porch light".
"""

import re
from collections.abc import Set

from dataset_script.privacy.numbers import KEEP, is_gun_or_road, is_measured, said_of
from dataset_script.privacy.reading import Reading
from dataset_script.privacy.tokens import Words
from dataset_script.privacy.values import Value

_SHORT = 2
"""So few digits are counts and ages too, so more must speak for a house."""
_LONGEST = 5
_NEXT_DOOR = 12
"""How far numbers of houses or flats that neighbours speak of lie apart."""
_LEADS_TO_HOUSE = frozenset(
    ("at", "in", "is", "i'm", "we're", "from", "near", "by", "number", "live", "lives", "he's", "she's", "they're")
)
_OF_A_NEIGHBOUR = frozenset(("is", "was", "has"))
_FLAT = re.compile(r"\d{1,3}[A-H]")
_SOMEBODY_IS = frozenset(("i'm", "he's", "she's", "we're", "they're", "is", "are", "am", "lives", "live"))


def is_house(turn: Reading, value: Value, houses: Set[str], near: Set[str]) -> bool:
    """Whether a number that no recogniser took is that of a house or a flat.

    Args:
        houses: numbers that the scenario's addresses hold.
        near: those of them in this turn and the few before.
    """
    words = turn.words
    if _FLAT.fullmatch(value.canonical) and len(value.parts) == 2:
        leads = words.word(value.first - 1) in _LEADS_TO_HOUSE or words.gap(value.first) == ", "
        is_flat = any(_FLAT.fullmatch(house) for house in houses)
        return value.canonical in houses or (leads and is_flat and words.is_capital(value.last))
    if value.letters or not _SHORT <= value.digits <= _LONGEST or _is_plain(turn, value):
        return False
    closes = words.after(value.last)[:1] in {"", ",", ".", "?"}
    is_neighbour = words.opens_sentence(value.first) and words.word(value.last + 1) in _OF_A_NEIGHBOUR
    if value.digits == _SHORT:
        is_said = (value.first == 0 and value.canonical in near) or _is_at(words, value)
        return (closes and is_said) or (is_neighbour and _is_next_door(value.canonical, houses))
    is_apart = closes and words.gap(value.first) in {", ", ". "}
    is_place = value.first == 0 or is_apart or is_neighbour or words.word(value.first - 1) in _LEADS_TO_HOUSE
    names_street = words.is_capital_at(value.last + 1) and words.after(value.last) == " "
    return is_place and not names_street and _is_next_door(value.canonical, houses)


def _is_plain(turn: Reading, value: Value) -> bool:
    is_on_air = not turn.radio.isdisjoint(value.places)
    return is_on_air or is_measured(turn.words, value) or is_gun_or_road(value) or said_of(turn.words, value) == KEEP


def _is_at(words: Words, value: Value) -> bool:
    """ "I'm at 14", "he is at 29"."""
    before = words.folded[max(0, value.first - 2) : value.first]
    return before[-1:] == ["at"] and before[0] in _SOMEBODY_IS


def _is_next_door(number: str, houses: Set[str]) -> bool:
    return any(
        house.isdigit() and len(house) == len(number) and abs(int(house) - int(number)) <= _NEXT_DOOR
        for house in houses
    )
