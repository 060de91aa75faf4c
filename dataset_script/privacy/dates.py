"""Dates of birth. A date is one only where something says so: incident dates stay."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dataset_script.privacy.lexicon import words as word_list
from dataset_script.privacy.tokens import Words
from dataset_script.privacy.values import NUMBER_WORDS, Value

_MONTH_OF = {
    word[:3]: number
    for number, word in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], start=1
    )
}
_MONTH_OF |= {"ene": 1, "abr": 4, "ago": 8, "dic": 12}
_UNIT_ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"]
_ORDINALS = (
    {word: n for n, word in enumerate(_UNIT_ORDINALS, start=1)}
    | {
        word: n
        for n, word in enumerate(
            [
                "tenth",
                "eleventh",
                "twelfth",
                "thirteenth",
                "fourteenth",
                "fifteenth",
                "sixteenth",
                "seventeenth",
                "eighteenth",
                "nineteenth",
                "twentieth",
            ],
            start=10,
        )
    }
    | {"thirtieth": 30}
)
_ORDINAL_ENDINGS = frozenset(("st", "nd", "rd", "th"))
_BIRTH_WORDS = frozenset(["birth", "birthday", "birthdate", "born", "dob", "bday", "birthdays"])
_FEASTS = {"halloween": (10, 31), "christmas": (12, 25), "valentine": (2, 14), "year": (1, 1)}
_BEFORE, _AFTER = 10, 6
_TURNS = frozenset(["turn", "turns", "turned", "turning"])
_LEAD_INS = word_list("date_lead_ins")
_OLDEST, _YOUNGEST = 1900, 2012


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


Places = dict[int, tuple[Value, int]]
"""Word → the value without letters that has a part there, and which part."""


def _year(parts: Sequence[str]) -> int | None:
    """``["1988"]``, ``["88"]``, ``["19", "88"]``, ``["0", "7"]``, ``["20", "10"]`` → a year."""
    joined = "".join(parts)
    if len(parts) > 2 and any(len(part) > 1 for part in parts):
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
    for size in (4, 2, 1):
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
        if word not in months:
            continue
        month, first, last, day = _MONTH_OF[word[:3]], index, index, None
        if (
            index
            and words.folded[index - 1].isdigit()
            and words.gap(index) == " "
            and (before := _day_at(words, places, index - 1))
        ):
            day, first = before[0], index - 1
        if index >= 2 and words.folded[index - 1] in {"of", "de"}:
            for back in (index - 3, index - 2):
                before = _day_at(words, places, back) if back >= 0 else None
                if before and before[1] == index - 2:
                    day, first = before[0], back
                    if first and words.folded[first - 1] in {"the", "el"}:
                        first -= 1
                    break
        if day is None and (after := _day_at(words, places, index + 1)):
            day, last = after
        year = _year_at(words, places, last + 1)
        if year:
            last = year[1]
        if day is not None or year is not None:
            yield Date(first, last, month, day, year[0] if year else None)


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


def _in_numbers(words: Words, values: Sequence[Value]) -> Iterator[Date]:
    """ "7/14/1988", "4-30-95", "eleven, nineteen, fifty-eight", "oh six oh two eighty one"."""
    for value in itertools.chain.from_iterable((value, *value.segments(words)) for value in values):
        if value.letters or not 4 <= value.digits <= 8:
            continue
        for sizes in ((1, 1), (1, 2), (2, 1), (2, 2)):
            month, day, rest = value.parts[: sizes[0]], value.parts[sizes[0] : sum(sizes)], value.parts[sum(sizes) :]
            if any(len(part) > 1 for size, pair in zip(sizes, (month, day), strict=True) if size == 2 for part in pair):
                continue
            year = _year(rest) if rest else None
            m, d = "".join(month), "".join(day)
            if year is not None and m and d and 1 <= int(m) <= 12 and 1 <= int(d) <= 31 and len(m) <= 2 and len(d) <= 2:
                yield Date(value.first, value.last, int(m), int(d), year)
                break


def find_dates(words: Words, values: Sequence[Value]) -> list[Date]:
    """All dates of a text, incident dates too. Years alone are none."""
    places = _places(values)
    return [
        *_with_month_names(words, places),
        *_with_two_ordinals(words, places),
        *_with_feasts(words, places),
        *_in_numbers(words, values),
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
    if not found:
        found = [(date, rule) for date, rule in _years_of_birth(words, values, is_asked=is_asked)]
    return found


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


def _is_written_birth_date(words: Words, date: Date) -> bool:
    """A whole date in figures, of a year in which a grown person was born, after no word that makes it an event."""
    if (
        date.year is None
        or not words.folded[date.first].isdigit()
        or words.gap(date.last) not in {"/", "-"}
        or date.last - date.first != 2
    ):
        return False
    before = words.folded[date.first - 1] if date.first else ""
    is_adult = 30 < date.year < 100 or _OLDEST <= date.year <= _YOUNGEST - 7
    return is_adult and before not in {
        "on",
        "since",
        "from",
        "until",
        "by",
        "dated",
        "in",
        "of",
        "expired",
        "expires",
        "before",
        "after",
    }


def _years_of_birth(words: Words, values: Sequence[Value], *, is_asked: bool) -> Iterator[tuple[Date, str]]:
    """ "Born in eighty-one", "'92" as an answer that gives the year only."""
    for value in values:
        year = _year(value.parts) if not value.letters and value.digits in {2, 4} else None
        if year is None or (year < _OLDEST and year < 25 and not is_asked):
            continue
        before = words.folded[max(0, value.first - 4) : value.first]
        if (
            "born" in before
            and ("in" in before or year >= _OLDEST)
            and not {"minutes", "years", "hours"} & set(words.folded[value.last + 1 : value.last + 2])
        ):
            yield Date(value.first, value.last, None, None, year), "context"
        elif is_asked and _OLDEST <= year <= _YOUNGEST and len(words) <= len(value.places) + 3:
            yield Date(value.first, value.last, None, None, year), "answer"
