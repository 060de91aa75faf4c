"""Everything but names: e-mail, dates of birth, numbers and addresses, first in each turn, then what is said again."""

from collections.abc import Sequence

from dataset_script.privacy.addresses import (
    find_addresses,
    house_number_alone,
    repeated_address,
    rest_of_address,
    speaks_of_home,
)
from dataset_script.privacy.answers import beside_address, rest_of_answer
from dataset_script.privacy.dates import Date, birth_date_parts, birth_dates, find_dates
from dataset_script.privacy.emails import find_emails
from dataset_script.privacy.mentions import ADDRESS, DOB, EMAIL, PLATE
from dataset_script.privacy.numbers import number_types, spread_number
from dataset_script.privacy.questions import NOTHING, Open, speaks_of
from dataset_script.privacy.reading import Reading
from dataset_script.privacy.streets import end_of_street
from dataset_script.privacy.tokens import Words
from dataset_script.privacy.values import Value

_NEARBY = 3
"""Turns within which a part of a value that was just said is taken for a repetition, or for the rest of an answer."""
_SHORT_ANSWER = 6
_SHORTEST_PART = 3
_LONGEST_HOUSE_NUMBER = 5
_SHORTEST_REPEATED = 4
_LONG_ENOUGH_TO_BE_CUT, _SHORTEST_PLATE = 7, 5
_VANITY_PLATE = range(4, 9)
_READ_OFF = frozenset(("says", "reads", "spells"))
_MOST_NEARBY = 100
"""More values than this in a few turns are a transcriber's loop, not a conversation."""


def find_structured(read: Sequence[Reading]) -> None:
    """Find structured data in all turns of a scenario."""
    for turn in read:
        before = read[max(0, turn.number - _NEARBY) : turn.number]
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
    _find_repeated(read)


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
    if spread := spread_number(_left(turn), turn.asked & turn.recent):
        _add_numbers(turn, [(value, spread, "answer") for value in _left(turn)])
    numbers = [
        found
        for value in _left(turn)
        if turn.asked or len(value.canonical) >= _SHORTEST_PART
        for found in number_types(words, value, turn.asked, turn.recent)
    ]
    _add_numbers(turn, [found for found in numbers if _is_sure(*found) and not _opens_street(words, found[0])])
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
    """Values apart from what is found already: "June second, eighty-one, 987-65-4321"."""
    return [part for value in turn.values for part in value.apart_from(turn.taken)]


def _is_sure(value: Value, kind: str, rule: str) -> bool:
    """Whether a number is not the house number of an address."""
    return rule == "context" or value.digits > 5 or value.letters > 0


def _opens_street(words: Words, value: Value) -> bool:
    """ "1419 Bluestem Lane", whatever number is spoken of nearby."""
    is_house = value.letters == 0 and value.digits <= _LONGEST_HOUSE_NUMBER
    return is_house and end_of_street(words, value.last + 1, is_sure=False) is not None


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
        while (
            last < len(words)
            and words.folded[last].isalpha()
            and len(words.folded[last]) > 1
            and words.surface(last).isupper()
        ):
            last += 1
        if sum(len(word) for word in words.folded[index:last]) in _VANITY_PLATE and last - index <= 2:
            turn.add(index, last - 1, PLATE, "answer")
        index = max(last, index + 1)


def _find_part_of_address(turn: Reading, before: Sequence[Reading]) -> None:
    """A turn that is nothing but the first or the second half of an address."""
    part = None
    if any(ADDRESS in near.types() for near in before):
        part = rest_of_address(turn.words)
    elif ADDRESS in turn.recent:
        part = house_number_alone(turn.words, turn.values)
    if part is not None:
        turn.add(*part, ADDRESS, "answer")


def _find_repeated(read: Sequence[Reading]) -> None:
    """Values said once with evidence, said again without; read back whole, or in part soon after."""
    said = [_said_in(turn) for turn in read]
    whole = {
        text: kind
        for turn in reversed(said)
        for text, kind in turn
        if len(text) >= _SHORTEST_REPEATED and kind != ADDRESS
    }
    births = {date.canonical for turn in read for date in _births_in(turn)}
    if not any(said) and not births:
        return
    for turn in read:
        if not turn.values:
            continue
        days = {
            (d.month, d.day) for near in read[max(0, turn.number - _NEARBY) : turn.number] for d in _births_in(near)
        }
        for date in find_dates(turn.words, turn.values) if births else ():
            is_read_back = date.year is None and (date.month, date.day) in days
            if (date.canonical in births or is_read_back) and turn.is_free(date.first, date.last):
                turn.add(date.first, date.last, DOB, "repeated")
        nearby = [each for near in said[max(0, turn.number - _NEARBY) : turn.number + _NEARBY + 1] for each in near]
        for value in turn.values:
            if turn.is_free(value.first, value.last):
                _find_repeated_value(turn, value, whole, dict(nearby))


def _said_in(turn: Reading) -> list[tuple[str, str]]:
    """Canonical form and type of the values that are personal data."""
    found = []
    for value in turn.values:
        first, last = turn.taken.get(value.first), turn.taken.get(value.last)
        if first is not None and first is last:
            found.append((value.canonical, first.type))
    return found


def _births_in(turn: Reading) -> list[Date]:
    """Whole dates of birth."""
    if DOB not in turn.types():
        return []
    dates = [date for date in find_dates(turn.words, turn.values) if date.year is not None and date.first in turn.taken]
    return [date for date in dates if turn.taken[date.first].type == DOB]


def _find_repeated_value(turn: Reading, value: Value, whole: dict[str, str], nearby: dict[str, str]) -> None:
    for part in (value, value.trimmed()):
        kind = whole.get(part.canonical) or _part_of(part.canonical, nearby)
        if kind is None:
            continue
        last = repeated_address(turn.words, part) if kind == ADDRESS else part.last
        if turn.is_free(part.first, last):
            turn.add(part.first, last, kind, "repeated")
            return


def _part_of(canonical: str, nearby: dict[str, str]) -> str | None:
    """The type of a value said nearby that these letters and digits are, begin or end."""
    is_year = len(canonical) == 4 and canonical[:2] in {"19", "20"}
    if len(canonical) < _SHORTEST_PART or is_year or len(nearby) > _MOST_NEARBY:
        return None
    if nearby.get(canonical, DOB) != DOB:
        return nearby[canonical]
    for text, kind in nearby.items():
        if (
            kind not in {ADDRESS, DOB}
            and len(text) >= (_SHORTEST_PLATE if kind == PLATE else _LONG_ENOUGH_TO_BE_CUT)
            and (text.startswith(canonical) or text.endswith(canonical))
        ):
            return kind
    return None
