"""The last look at what no recogniser took: numbers that are somebody's by their length and form alone.

People say "run this for me" and read nine digits. A number hidden too many costs a reader little, one too few shows a person.
"""

import bisect
import re
from collections.abc import Iterator, Sequence

from dataset_script.privacy.numbers import KEEP, is_gun_or_road, is_measured, is_year, said_of
from dataset_script.privacy.radio import is_call
from dataset_script.privacy.streets import ORDINAL_ENDINGS
from dataset_script.privacy.tokens import Words
from dataset_script.privacy.values import Value

_DIGITS_OF_A_NUMBER, _SHORTEST_GROUP = 6, 3
_SHORTEST_READ_OUT, _SHORTEST_WITH_ZERO = 4, 4
_DIGITS_OF_A_TIME = 4
_BEFORE_TIMES, _AFTER_TIMES = frozenset(("at", "time", "since", "until")), frozenset(("hours", "hrs"))
_CODED = re.compile(r"\b[A-Z\d]{1,12}(?:-[A-Z\d]{1,12}){2,6}\b")
_DIGITS_OF_A_CODE = 5

Place = tuple[int, int]
"""First and last word."""


def identifiers(words: Words, left: Sequence[Value]) -> Iterator[Place]:
    """Values of a turn that are numbers of something somebody has.

    Args:
        left: values that are nothing else yet.
    """
    for value in left:
        for part in (value, *value.segments(words)):
            if not part.letters and _is_identifier(words, part) and not _is_plain(words, part):
                is_named = words.surface(part.first - 1) == "ID" if part.first else False  # "ID 44 0917"
                yield part.first - is_named, part.last
                break


def _is_plain(words: Words, value: Value) -> bool:
    return (
        is_measured(words, value)
        or is_call(words, value)
        or is_gun_or_road(value)
        or said_of(words, value) == KEEP
        or words.word(value.last + 1) in ORDINAL_ENDINGS | _AFTER_TIMES
        or (value.digits <= _DIGITS_OF_A_TIME and words.word(value.first - 1) in _BEFORE_TIMES)
    )


def _is_identifier(words: Words, value: Value) -> bool:
    """ "7730465", "062 118 540", "25-3316", "1 3 0 8", "0191"; no years, no row that counts up."""
    sizes, gaps = tuple(map(len, value.parts)), {words.gap(place) for place in value.places[1:]}
    is_in_figures = all(words.folded[place].isdigit() for place in value.places)
    if value.is_counting() or len(set(value.canonical)) == 1:
        return False
    if len(sizes) >= _SHORTEST_READ_OUT and set(sizes) == {1}:
        return gaps <= {" ", "-", ", "} and (is_in_figures or len(sizes) >= _DIGITS_OF_A_NUMBER)
    if not is_in_figures:
        return False
    if len(sizes) == 1 and value.digits >= _SHORTEST_WITH_ZERO and value.canonical[0] == "0":
        return True
    if value.digits < _DIGITS_OF_A_NUMBER:
        return False
    is_dashed = gaps == {"-"} and len(set(sizes)) > 1
    is_grouped = gaps <= {" ", "-"} and max(sizes) >= _SHORTEST_GROUP
    is_of_year = any(is_year(words, part) for part in value.single_parts())
    return is_dashed or (not is_of_year and (len(sizes) == 1 or is_grouped))


def codes(words: Words) -> Iterator[Place]:
    """Capitals and figures joined by dashes: "HHB-FA-24-9900417-S"."""
    for match in _CODED.finditer(words.text):
        digits = sum(letter.isdigit() for letter in match.group())
        if _DIGITS_OF_A_CODE <= digits < len(match.group().replace("-", "")):
            yield bisect.bisect_left(words.starts, match.start()), bisect.bisect_left(words.starts, match.end()) - 1
