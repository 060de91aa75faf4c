"""Everything but names: e-mail, dates of birth, numbers and addresses, first in each turn, then what is said again."""

from collections.abc import Sequence

from dataset_script.privacy.addresses import (
    find_addresses,
    house_number_alone,
    rest_of_address,
    speaks_of_home,
)
from dataset_script.privacy.answers import beside_address, rest_of_answer
from dataset_script.privacy.dates import birth_date_parts, birth_dates
from dataset_script.privacy.emails import find_emails
from dataset_script.privacy.identifiers import codes, identifiers
from dataset_script.privacy.mentions import ADDRESS, DOB, EMAIL, OTHER_ID, PLATE
from dataset_script.privacy.numbers import is_measured, is_year, number_types, spread_number
from dataset_script.privacy.questions import NOTHING, Open, asks_measure, speaks_of
from dataset_script.privacy.reading import Reading
from dataset_script.privacy.repeated import NEARBY, find_repeated
from dataset_script.privacy.streets import end_of_street
from dataset_script.privacy.tokens import Words
from dataset_script.privacy.values import Value

_SHORT_ANSWER = 6
_SHORTEST_PART = 3
_VANITY_PLATE = range(4, 9)
_READ_OFF = frozenset(("says", "reads", "spells"))


def find_structured(read: Sequence[Reading]) -> None:
    """Find structured data in all turns of a scenario."""
    for turn in read:
        before = _since_measure(read[max(0, turn.number - NEARBY) : turn.number])
        if turn.asked:
            turn.recent = _recent(turn, before)
        given = NOTHING.union(*(near.types() for near in before))
        _find_in_turn(turn)
        if DOB in given and not turn.mentions:
            _find_date_read_back(turn)
        if ADDRESS in turn.asked and not turn.mentions:
            _find_part_of_address(turn, before)
        for first, last, kind in (*beside_address(turn, _left(turn), given), *rest_of_answer(turn, _left(turn), given)):
            if turn.is_free(first, last):
                turn.add(first, last, kind, "answer")
    find_repeated(read)
    for turn in read:
        if turn.values:
            _find_by_form(turn)


def _find_by_form(turn: Reading) -> None:
    """What is left and looks like somebody's number; a code takes in what was found inside it."""
    for first, last in codes(turn.words):
        if not turn.widen(first, last):
            turn.add(first, last, OTHER_ID, "form")
    for first, last in identifiers(turn.words, _left(turn)):
        if turn.is_free(first, last):
            turn.add(first, last, OTHER_ID, "form")


def _since_measure(before: Sequence[Reading]) -> Sequence[Reading]:
    """Of the turns before one those after the last question for a height or an age, which ends what was being given."""
    asking = [place for place, turn in enumerate(before) if asks_measure(turn.words)]
    return before[asking[-1] :] if asking else before


def _recent(turn: Reading, before: Sequence[Reading]) -> Open:
    return NOTHING.union(speaks_of(turn.words), *(speaks_of(near.words) | near.types() for near in before))


def _find_in_turn(turn: Reading) -> None:
    """The surest kinds first, so that a word is taken by the best reading of it."""
    words = turn.words
    for start, end in find_emails(words):
        turn.add_place(start, end, EMAIL, "shape")
    if PLATE in turn.asked or (_READ_OFF & set(words.folded) and PLATE in speaks_of(words)):
        _find_vanity_plate(turn)
    if not turn.values and turn.asked.isdisjoint((ADDRESS, DOB)) and not speaks_of_home(words):
        return
    for date, rule in birth_dates(words, turn.values, is_asked=DOB in turn.asked):
        if turn.is_free(date.first, date.last):
            turn.add(date.first, date.last, DOB, rule)
    spread = [value for value in _left(turn) if not (is_measured(words, value) or is_year(words, value))]
    if kind := spread_number(spread, turn.asked & turn.recent):
        _add_numbers(turn, [(value, kind, "answer") for value in spread])
    numbers = [
        found
        for value in _left(turn)
        if turn.asked or len(value.canonical) >= _SHORTEST_PART
        for found in number_types(words, value, turn.asked, turn.recent)
    ]
    in_address = _places_of_addresses(turn)
    _add_numbers(turn, [found for found in numbers if _is_sure(*found) and in_address.isdisjoint(found[0].places)])
    for first, last, rule in find_addresses(words, _left(turn), is_asked=ADDRESS in turn.asked):
        if turn.is_free(first, last):
            turn.add(first, last, ADDRESS, rule)
    _add_numbers(turn, numbers)
    is_date_alone = DOB in turn.asked & turn.recent and not turn.mentions and len(words) <= _SHORT_ANSWER
    if is_date_alone and (part := birth_date_parts(words, turn.values)):
        turn.add(*part, DOB, "answer")


def _find_date_read_back(turn: Reading) -> None:
    """ "June 6th?" soon after a date of birth: perhaps misheard, so that it is not the same."""
    if len(turn.words) <= _SHORT_ANSWER and turn.words.text.rstrip().endswith("?"):
        for date, _ in birth_dates(turn.words, turn.values, is_asked=True):
            turn.add(date.first, date.last, DOB, "repeated")


def _left(turn: Reading) -> list[Value]:
    """Values apart from what is found already and from call signs: "June second, eighty-one, 987-65-4321", "12, 10-4, 0047"."""
    known = turn.taken.keys() | turn.radio
    return [
        part for value in turn.values for piece in _without_year(turn.words, value) for part in piece.apart_from(known)
    ]


def _without_year(words: Words, value: Value) -> list[Value]:
    """A value, or its parts where one of them is a year: "BTX-C47, 2017 Subaru", "F-150, 2013"."""
    segments = value.segments(words)
    is_plate_and_year = value.letters > 0 and any(is_year(words, segment) for segment in segments)
    return segments if is_plate_and_year else [value]


def _is_sure(value: Value, kind: str, rule: str) -> bool:
    """Whether a number is not the house number of an address."""
    return rule == "context" or value.digits > 5 or value.letters > 0


def _places_of_addresses(turn: Reading) -> set[int]:
    """Words of "1419 Bluestem Lane, Moorhead, 56599", whatever number is spoken of nearby."""
    return {
        place
        for first, last, _ in find_addresses(turn.words, _left(turn), is_asked=ADDRESS in turn.asked)
        if end_of_street(turn.words, first + 1, is_sure=False) is not None
        for place in range(first, last + 1)
    }


def _add_numbers(turn: Reading, numbers: Sequence[tuple[Value, str, str]]) -> None:
    for value, kind, rule in numbers:
        if turn.is_free(value.first, value.last):
            turn.add(value.first, value.last, kind, rule)


def _find_vanity_plate(turn: Reading) -> None:
    """Letters alone in capitals, in a word or two, as the answer to a question for a plate or read off one."""
    words = turn.words
    if words.text.isupper():
        return
    index = 0
    while index < len(words):
        last = index
        while last < len(words) and _is_in_capitals(words, last):
            last += 1
        if sum(len(word) for word in words.folded[index:last]) in _VANITY_PLATE and last - index <= 2:
            turn.add(index, last - 1, PLATE, "answer")
        index = max(last, index + 1)


def _is_in_capitals(words: Words, index: int) -> bool:
    """Whether a word is letters in capitals, and not a part of "5TFDY5F19FX900726"."""
    is_word = words.folded[index].isalpha() and len(words.folded[index]) > 1
    is_apart = (index == 0 or words.gap(index) != "") and (index + 1 == len(words) or words.after(index) != "")
    return is_word and is_apart and words.surface(index).isupper()


def _find_part_of_address(turn: Reading, before: Sequence[Reading]) -> None:
    """A turn that is nothing but the first or the second half of an address."""
    part = None
    if any(ADDRESS in near.types() for near in before):
        part = rest_of_address(turn.words)
    elif ADDRESS in turn.recent:
        part = house_number_alone(turn.words, turn.values)
    if part is not None:
        turn.add(*part, ADDRESS, "answer")
