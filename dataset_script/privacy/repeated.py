"""What was said once with evidence, said again without: whole, in part soon after, or the house next door.

Runs last, over all turns of a scenario, on what the recognisers left.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dataset_script.privacy.addresses import repeated_address
from dataset_script.privacy.dates import Date, find_dates
from dataset_script.privacy.houses import is_house
from dataset_script.privacy.lexicon import is_ordinary
from dataset_script.privacy.mentions import ADDRESS, DOB, EMAIL, PLATE
from dataset_script.privacy.numbers import is_measured, is_year
from dataset_script.privacy.reading import Reading
from dataset_script.privacy.tokens import Words
from dataset_script.privacy.values import Value

NEARBY = 3
"""Turns within which a part of a value that was just said is taken for a repetition, or for the rest of an answer."""
_SHORTEST_PART, _SHORTEST_REPEATED = 3, 4
_LONG_ENOUGH_TO_BE_CUT, _SHORTEST_PLATE = 6, 5
_IN_EMAILS = frozenset((" ", "-", "_", "."))
_MOST_NEARBY = 100
"""More values than this in a few turns are a transcriber's loop, not a conversation."""


@dataclass(frozen=True)
class Said:
    """What one turn says that is personal data: canonical form → type, whole dates of birth, words of e-mail addresses."""

    values: dict[str, str]
    births: tuple[Date, ...]
    of_email: frozenset[str]

    def houses(self) -> set[str]:
        """Numbers that were given as, or in, an address."""
        return {text for text, kind in self.values.items() if kind == ADDRESS and text[0].isdigit()}

    def years_of_birth(self) -> set[int]:
        """The last two digits of each year of birth, said in a date or alone."""
        alone = {
            int(text) % 100
            for text, kind in self.values.items()
            if kind == DOB and text.isdigit() and len(text) in {2, 4}
        }
        return alone | {date.year % 100 for date in self.births if date.year is not None}


def find_repeated(read: Sequence[Reading]) -> None:
    """Add to each turn what it repeats."""
    said = [_said_in(turn) for turn in read]
    whole = {
        text: kind
        for one in reversed(said)
        for text, kind in one.values.items()
        if len(text) >= _SHORTEST_REPEATED and kind != ADDRESS
    }
    births = {date.canonical for one in said for date in one.births}
    houses = frozenset().union(*(one.houses() for one in said))
    if not (whole or births or houses or any(one.values or one.of_email for one in said)):
        return
    for turn in read:
        before = said[max(0, turn.number - NEARBY) : turn.number]
        near = [*before, *said[turn.number : turn.number + NEARBY + 1]]
        _find_email_again(turn, frozenset().union(*(one.of_email for one in near)))
        if not turn.values:
            continue
        if births or any(DOB in one.values.values() for one in near):
            days = {(date.month, date.day) for one in before for date in one.births}
            _find_dates_again(turn, births, {year for one in near for year in one.years_of_birth()}, days)
        nearby = {text: kind for one in near for text, kind in one.values.items()}
        for value in turn.values:
            if turn.is_free(value.first, value.last):
                _find_value_again(turn, value, whole, nearby)
        houses_near = frozenset().union(*(one.houses() for one in (*before, said[turn.number])))
        for value in _pieces(turn) if houses else ():
            if turn.is_free(value.first, value.last) and is_house(turn, value, houses, houses_near):
                turn.add(value.first, repeated_address(turn.words, value), ADDRESS, "repeated")


def _said_in(turn: Reading) -> Said:
    if not turn.mentions:
        return Said({}, (), frozenset())
    values = {}
    for value in (*turn.values, *_pieces(turn)):
        first, last = turn.taken.get(value.first), turn.taken.get(value.last)
        if first is not None and first is last:
            values[value.canonical] = first.type
    places = [place for place, mention in turn.taken.items() if mention.type == EMAIL]
    of_email = frozenset(turn.words.folded[place] for place in places)
    return Said(values, tuple(_births_in(turn)), of_email)


def _pieces(turn: Reading) -> Iterator[Value]:
    """Numbers that were said one after the other, each as a value: "He is at 29. 33 is Mrs. Kaplan"."""
    for value in turn.values:
        yield from value.segments(turn.words) or [value]


def _births_in(turn: Reading) -> Iterator[Date]:
    """Whole dates of birth."""
    if DOB in turn.types():
        for date in find_dates(turn.words, turn.values):
            if date.year is not None and date.first in turn.taken and turn.taken[date.first].type == DOB:
                yield date


def _find_dates_again(
    turn: Reading, births: set[str], years: set[int], days: set[tuple[int | None, int | None]]
) -> None:
    """A date of birth said again, or its month and day soon after it."""
    for date in find_dates(turn.words, turn.values):
        is_read_back = date.year is None and (date.month, date.day) in days
        if (date.canonical in births or is_read_back) and turn.is_free(date.first, date.last):
            turn.add(date.first, date.last, DOB, "repeated")
    for value in turn.values:
        is_year_again = is_year(turn.words, value) and int(value.canonical) % 100 in years
        if is_year_again and turn.is_free(value.first, value.last):
            turn.add(value.first, value.last, DOB, "repeated")
        is_day = value.letters == 0 and len(value.parts) == 2 and max(map(len, value.parts)) <= 2
        is_same = is_day and (int(value.parts[0]), int(value.parts[1])) in days
        if is_same and turn.is_free(value.first, value.last) and not is_measured(turn.words, value):
            turn.add(value.first, value.last, DOB, "repeated")


def _find_value_again(turn: Reading, value: Value, whole: dict[str, str], nearby: dict[str, str]) -> None:
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


def _find_email_again(turn: Reading, of_email: frozenset[str]) -> None:
    """ "K Haugen dot design, got it.": words of an e-mail address that was given nearby, one of them at least no English word."""
    words = turn.words
    index = 0
    while of_email and index < len(words):
        last = index
        while (
            last < len(words)
            and _is_of_email(words, last, of_email)
            and (last == index or words.gap(last) in _IN_EMAILS)
        ):
            last += 1
        said = words.folded[index:last]
        is_part = len(said) > 1 and any(len(word) > 2 and not is_ordinary(word) for word in said)
        if is_part and said[-1] not in {"at", "dot"} and turn.is_free(index, last - 1):
            turn.add(index, last - 1, EMAIL, "repeated")
        index = max(last, index + 1)


def _is_of_email(words: Words, index: int, of_email: frozenset[str]) -> bool:
    """Whether a word is one of the address, alone or grown together with the letter before or after ("K Haugen" of "khaugen")."""
    word, previous, following = words.folded[index], words.word(index - 1), words.word(index + 1)
    if word in of_email or (len(previous) == 1 and previous + word in of_email):
        return True
    return len(word) == 1 and word + following in of_email
