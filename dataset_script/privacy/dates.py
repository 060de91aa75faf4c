"""Dates of birth. A date is one only where something says so: incident dates stay."""

import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from dataset_script.privacy.lexicon import words as word_list
from dataset_script.privacy.tokens import Words
from dataset_script.privacy.values import NUMBER_WORDS, Value

_MONTH_OF = {
    word[:3]: number
    for listed in (
        "january february march april may june july august september october november december",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    )
    for number, word in enumerate(listed.split(), start=1)
}
_UNIT_ORDINALS = {
    word: number
    for number, word in enumerate("first second third fourth fifth sixth seventh eighth ninth".split(), start=1)  # noqa: SIM905
}
_ORDINALS = _UNIT_ORDINALS | {
    "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "sixteenth": 16,
    "seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20, "thirtieth": 30,
}  # fmt: skip
_ORDINAL_ENDINGS = frozenset(("st", "nd", "rd", "th"))
_BIRTH_WORDS = frozenset(["birth", "birthday", "birthdate", "born", "dob", "bday", "birthdays"])
_FEASTS = {"halloween": (10, 31), "christmas": (12, 25), "valentine": (2, 14), "year": (1, 1)}
_JOINING = frozenset(("month", "day", "eve"))
_OF_DATES = (
    _ORDINALS.keys() | (_FEASTS.keys() - {"year"}) | _ORDINAL_ENDINGS | word_list("months") | _JOINING | {"flag"}
)
_BEFORE, _AFTER = 10, 6
_TURNS = frozenset(["turn", "turns", "turned", "turning", "be"])
_LEAD_INS = word_list("date_lead_ins")
_DIGITS_OF_A_DATE = range(4, 9)
_OLDEST, _YOUNGEST, _YOUNGEST_GROWN, _OLDEST_TWO_DIGITS, _LATEST_TWO_DIGITS = 1900, 2012, 2005, 30, 29


@dataclass(frozen=True)
class Date:
    """Words ``first`` … ``last`` (inclusive) as a date. ``year`` is None where none was said, of two digits or four as it was."""

    first: int
    last: int
    month: int | None
    day: int | None
    year: int | None

    @property
    def canonical(self) -> str:
        """Month, day and the year's last two digits."""
        year = "" if self.year is None else f"{self.year % 100:02d}"
        return f"{self.month or ''}/{self.day or ''}/{year}"


def _full_year(year: int) -> int:
    """Of two digits the year that a living person may be born in."""
    return year if year >= _OLDEST else year + (2000 if year <= _LATEST_TWO_DIGITS else 1900)


Places = dict[int, tuple[Value, int]]
"""Word → the value without letters that has a part there, and which part."""


def _year(parts: Sequence[str]) -> int | None:
    """``["1988"]``, ``["88"]``, ``["19", "88"]``, ``["0", "7"]``, ``["20", "10"]``, ``["19", "0", "6"]`` → a year."""
    joined = "".join(parts)
    if len(parts) > 2 and [len(part) for part in parts] not in ([2, 1, 1], [1, 1, 1, 1]):
        return None
    if len(parts) == 2 and len(parts[0]) == 2 and len(parts[1]) == 1:
        return None
    if len(joined) == 2 or (len(joined) == 4 and _OLDEST <= int(joined) <= 2030):
        return int(joined)
    return None


def _places(values: Sequence[Value]) -> Places:
    return {place: (value, part) for value in values if not value.letters for part, place in enumerate(value.places)}


def _end_of_part(value: Value, part: int) -> int:
    return value.places[part + 1] - 1 if part + 1 < len(value.parts) else value.last


def _day_at(words: Words, places: Places, index: int) -> tuple[int, int] | None:
    """A day of the month that begins at a word, and its last word."""
    folded = words.folded
    if index < len(words) and folded[index] == "the":
        index += 1
    if index >= len(words):
        return None
    if folded[index] in _ORDINALS:
        return _ORDINALS[folded[index]], index
    if folded[index] in {"twenty", "thirty"} and index + 1 < len(words) and folded[index + 1] in _UNIT_ORDINALS:
        return int(NUMBER_WORDS[folded[index]]) + _ORDINALS[folded[index + 1]], index + 1
    place = places.get(index)
    if place is None or not 1 <= len(place[0].parts[place[1]]) <= 2:
        return None
    day, last = int(place[0].parts[place[1]]), _end_of_part(*place)
    if last + 1 < len(words) and folded[last + 1] in _ORDINAL_ENDINGS and not words.gap(last + 1):
        last += 1
    return (day, last) if 1 <= day <= 31 else None


def _year_at(words: Words, places: Places, index: int) -> tuple[int, int] | None:
    """A year that begins at a word ("of '92", "nineteen eighty-six", "oh seven"), and its last word."""
    if index < len(words) and words.folded[index] in {"of", "in"}:
        index += 1
    if index >= len(words) or len(words.gap(index)) > 3:
        return None
    place = places.get(index)
    if place is None:
        return None
    value, part = place
    for size in (4, 3, 2, 1):
        parts = value.parts[part : part + size]
        if len(parts) == size and (year := _year(parts)) is not None:
            return year, _end_of_part(value, part + size - 1)
    return None


def _with_month_names(words: Words, places: Places) -> Iterator[Date]:
    """ "June second, eighty-one", "the ninth of January, nineteen thirty-eight", "3rd of May"."""
    months = word_list("months")
    if months.isdisjoint(words.folded):
        return
    for index, word in enumerate(words.folded):
        if word in months and (date := _around_month(words, places, index)):
            yield date


def _around_month(words: Words, places: Places, index: int) -> Date | None:
    """The date whose month is a word: the day before it or after it, then the year."""
    first, day = _day_before(words, places, index)
    last = index
    if day is None and (after := _day_at(words, places, index + 1)):
        day, last = after
    year = _year_at(words, places, last + 1)
    if day is None and year is None:
        return None
    said_year, last = year or (None, last)
    return Date(first, last, _MONTH_OF[words.folded[index][:3]], day, said_year)


def _day_before(words: Words, places: Places, month: int) -> tuple[int, int | None]:
    """Where a date begins whose day is said before its month ("3 July", "the ninth of January"), and the day."""
    is_of = words.word(month - 1) in {"of", "de"}
    for back in (3, 2) if is_of else (2, 1):
        first = month - back
        day = _day_at(words, places, first) if first >= 0 else None
        if day is None or day[1] != month - 1 - is_of or words.folded[first] == "the":
            continue
        if words.gap(month) != " ":  # "'05. September 9th"
            continue
        if not (is_of or words.folded[first].isdigit() or words.word(first - 1) == "the"):
            continue
        return first - (words.word(first - 1) in {"the", "el"}), day[0]
    return month, None


def _with_feasts(words: Words, places: Places) -> Iterator[Date]:
    """ "Christmas Day, 1971", "Halloween. 1990"."""
    if _FEASTS.keys().isdisjoint(words.folded):
        return
    for index, word in enumerate(words.folded):
        if word in _FEASTS:
            last = index + 1 if words.folded[index + 1 : index + 2] in (["day"], ["eve"]) else index
            year = _year_at(words, places, last + 1)
            is_eve = words.folded[last] == "eve"
            month, day = (_FEASTS[word][0], _FEASTS[word][1] - is_eve) if word != "year" or not is_eve else (12, 31)
            first = index - 1 if word == "year" and words.folded[index - 1 : index] == ["new"] else index
            yield Date(first, year[1] if year else last, month, day, year[0] if year else None)


def _with_two_ordinals(words: Words, places: Places) -> Iterator[Date]:
    """ "The eleventh of the second, nineteen fifty": day and month by number."""
    for index in range(len(words)):
        if words.folded[index : index + 2] != ["of", "the"]:
            continue
        for back in (2, 1):
            day = _day_at(words, places, index - back) if index >= back else None
            month = _day_at(words, places, index + 2)
            if (
                day
                and month
                and day[1] == index - 1
                and month[0] <= 12
                and (year := _year_at(words, places, month[1] + 1))
            ):
                first = index - back
                yield Date(first - (words.folded[first - 1 : first] == ["the"]), year[1], month[0], day[0], year[0])
                break


def _with_counted_month(words: Words, places: Places) -> Iterator[Date]:
    """ "Seventh month, fourth day, ninety-seven"."""
    for index in range(1, len(words) - 2):
        if words.folded[index] != "month" or words.folded[index - 1] not in _ORDINALS:
            continue
        month, day = _ORDINALS[words.folded[index - 1]], _day_at(words, places, index + 1)
        if month > 12 or day is None:
            continue
        last = day[1] + (words.word(day[1] + 1) == "day")
        year = _year_at(words, places, last + 1)
        yield Date(index - 1, year[1] if year else last, month, day[0], year[0] if year else None)


def _in_numbers(values: Sequence[Value], words: Words) -> Iterator[Date]:
    """ "7/14/1988", "4-30-95", "eleven, nineteen, fifty-eight", "oh six oh two eighty one": month, day, year."""
    for value in itertools.chain.from_iterable((value, *_segments(words, value)) for value in values):
        if value.letters == 0 and value.digits in _DIGITS_OF_A_DATE:
            readings = (_month_day_year(value.parts, *sizes) for sizes in ((1, 1), (1, 2), (2, 1), (2, 2)))
            if read := next((reading for reading in readings if reading), None):
                yield Date(value.first, value.last, *read)


def _segments(words: Words, value: Value) -> list[Value]:
    """Parts between pauses; none where a letter leads a row of digits ("Z, 0 4 1 1 9 8 5")."""
    return [] if value.kinds[0] == "L" and len(value.parts[0]) == 1 else value.segments(words)


def _with_year_after(words: Words, places: Places, values: Sequence[Value]) -> Iterator[Date]:
    """ "2/27 of '90": month and day as one value, the year behind "of"."""
    for value in itertools.chain.from_iterable((value, *value.segments(words)) for value in values):
        is_month_and_day = value.letters == 0 and len(value.parts) == 2 and words.word(value.last + 1) == "of"
        if is_month_and_day and (year := _year_at(words, places, value.last + 1)):
            month, day = (int(part) for part in value.parts)
            if 1 <= month <= 12 and 1 <= day <= 31:
                yield Date(value.first, year[1], month, day, year[0])


def _month_day_year(parts: Sequence[str], month_parts: int, day_parts: int) -> tuple[int, int, int] | None:
    """Month, day and year where the first parts are a month and the next a day; of two parts each is a single digit."""
    month, day = parts[:month_parts], parts[month_parts : month_parts + day_parts]
    year = _year(parts[month_parts + day_parts :])
    if year is None or any(len(part) > 1 for pair in (month, day) if len(pair) > 1 for part in pair):
        return None
    month_text, day_text = "".join(month), "".join(day)
    if not (len(month_text) <= 2 and len(day_text) <= 2 and 1 <= int(month_text) <= 12 and 1 <= int(day_text) <= 31):
        return None
    return int(month_text), int(day_text), year


def find_dates(words: Words, values: Sequence[Value]) -> list[Date]:
    """All dates of a text, incident dates too. Years alone are none."""
    places = _places(values)
    return [
        *_with_month_names(words, places),
        *_with_two_ordinals(words, places),
        *_with_counted_month(words, places),
        *_with_feasts(words, places),
        *_in_numbers(values, words),
        *_with_year_after(words, places, values),
    ]


def _birth_word_near(words: Words, first: int, last: int) -> bool:
    before = words.folded[max(0, first - _BEFORE) : first]
    after = words.folded[last + 1 : last + 1 + _AFTER]
    if any(words.folded[i : i + 3] == ["d", "o", "b"] for i in range(max(0, first - _BEFORE), first)):
        return True
    for index in range(max(0, first - 5), first - 1):
        if words.folded[index] in _TURNS and (
            words.folded[index + 1].isdigit() or words.folded[index + 1] in NUMBER_WORDS
        ):
            return True
    return not _BIRTH_WORDS.isdisjoint(before) or not {"birthday", "birthdate", "dob"}.isdisjoint(after)


def birth_dates(words: Words, values: Sequence[Value], *, is_asked: bool) -> list[tuple[Date, str]]:
    """Dates that are said to be, or answer a question for, a date of birth; and the rule.

    Args:
        is_asked: the turn may be answering such a question.
    """
    found = []
    for date in find_dates(words, values):
        if words.folded[date.last] == "year":
            continue
        if _birth_word_near(words, date.first, date.last):
            found.append((date, "context"))
        elif is_asked:
            found.append((date, "answer"))
        elif _is_written_birth_date(words, date):
            found.append((date, "shape"))
    inside = {place for date, _ in found for place in range(date.first, date.last + 1)}
    years = _years_of_birth(words, values, is_asked=is_asked and not found)
    return [*found, *((year, rule) for year, rule in years if year.first not in inside)]


def birth_date_parts(words: Words, values: Sequence[Value]) -> tuple[int, int] | None:
    """First and last word of a turn that is nothing but a part of a date: "the twelfth", "November", "six two"."""
    first = 0
    while first < len(words) - 1 and words.folded[first] in _LEAD_INS:
        first += 1
    last = first
    if first >= len(words):
        return None
    if words.folded[first] in word_list("months"):
        pass
    elif day := _day_at(words, _places(values), first - (first > 0 and words.folded[first - 1] == "the")):
        last = day[1]
    elif words.folded[first] not in _FEASTS:
        last = -1
    for value in values:
        if value.first == first and not value.letters and all(len(part) <= 2 or _year((part,)) for part in value.parts):
            last = max(last, value.last)
    return (first, last) if first <= last and last >= len(words) - 2 else None


def date_words(words: Words, left: Sequence[Value], taken: Collection[int]) -> Iterator[tuple[int, int]]:
    """Every word of a short answer that can be of a date: months, ordinals, feasts, numbers of a day or a year.

    Args:
        left: values that are nothing else yet.
        taken: words that are personal data already.
    """
    numbers = {
        place: _end_of_part(value, part)
        for value in left
        if not value.letters and all(len(part) <= 2 or _year((part,)) is not None for part in value.parts)
        for part, place in enumerate(value.places)
    }
    index = 0
    while index < len(words):
        last = index
        while last < len(words) and last not in taken and (words.folded[last] in _OF_DATES or last in numbers):
            last = numbers.get(last, last) + 1
        # "I'll get two" is no day; "the fourth", "June two", "2" and "two" alone may be.
        is_count = last == index + 1 < len(words) and index in numbers and words.folded[index].isalpha()
        if (
            any(place in numbers or words.folded[place] not in _JOINING for place in range(index, last))
            and not is_count
        ):
            yield index, last - 1
        index = max(last, index + 1)


def _is_written_birth_date(words: Words, date: Date) -> bool:
    """A whole date of a year in which a grown person was born, after no word that makes it an event."""
    if date.year is None or date.day is None or words.word(date.first - 1) in word_list("before_events"):
        return False
    is_in_figures = (
        date.last - date.first == 2 and words.gap(date.last) in {"/", "-"} and words.folded[date.first].isdigit()
    )
    if not is_in_figures:
        is_short = (
            words.gap(date.last).endswith(("'", "’")) or words.word(date.last - 1) == "of"
        )  # "11-2 of '07", "March 13th of '69"
        youngest = _YOUNGEST if is_short else _YOUNGEST_GROWN
        return not _is_listed(words, date) and _OLDEST <= (_full_year(date.year) if is_short else date.year) <= youngest
    if words.gap(date.first) == ", " and words.is_capital_at(date.first - 1):
        return True  # "Elliot Ashworth, 10-26-07", as records are read out
    return _OLDEST_TWO_DIGITS < date.year < 100 or _OLDEST <= date.year <= _YOUNGEST_GROWN


def _is_said_of_birth(words: Words, value: Value, year: int) -> bool:
    """ "Born in eighty-one"; with an apostrophe, wherever a birthday is spoken of: "on your birthday. What year's that, '97?" """
    if words.gap(value.first).endswith(("'", "’")) and not _BIRTH_WORDS.isdisjoint(words.folded):
        return True
    before = words.folded[max(0, value.first - 4) : value.first]
    is_duration = words.word(value.last + 1) in {"minutes", "years", "hours"}
    return "born" in before and ("in" in before or year >= _OLDEST) and not is_duration


def _is_year_alone(words: Words, value: Value) -> bool:
    """Whether a year is a sentence of its own, or nearly the whole answer: "1942. No, '43"."""
    opens = words.opens_sentence(value.first) or words.gap(value.first) in {", ", ", '", ", ’"}
    closes = not words.after(value.last) or words.after(value.last)[0] in ".,?"
    return len(words) <= len(value.places) + 3 or (len(value.places) == 1 and opens and closes)


def _is_listed(words: Words, date: Date) -> bool:
    """ "4, 11, 19, 26": numbers one after another, and no date."""
    gaps = [words.gap(place) for place in range(date.first + 1, date.last + 1)]
    return len(gaps) >= 3 and set(gaps) == {", "}


def _years_of_birth(words: Words, values: Sequence[Value], *, is_asked: bool) -> Iterator[tuple[Date, str]]:
    """ "Born in eighty-one", "'92" as an answer that gives the year only."""
    for value in values:
        year = _year(value.parts) if not value.letters and value.digits in {2, 4} else None
        if year is None or (year < _OLDEST and year < 25 and not is_asked):
            continue
        if _is_said_of_birth(words, value, year):
            yield Date(value.first, value.last, None, None, year), "context"
        elif is_asked and _OLDEST <= _full_year(year) <= _YOUNGEST and _is_year_alone(words, value):
            yield Date(value.first, value.last, None, None, year), "answer"
