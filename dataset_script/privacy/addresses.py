"""Street addresses: a house number and a street; and what else tells where somebody lives.

A street without a house number is the place of an event and stays, unless somebody says to live on it; highways always stay.
"""

import bisect
import itertools
import re
from collections.abc import Iterator, Sequence

from dataset_script.privacy.lexicon import is_first_name, is_ordinary
from dataset_script.privacy.lexicon import words as word_list
from dataset_script.privacy.streets import (
    LONGEST_STREET,
    ORDINAL_ENDINGS,
    SPOKEN_DIGITS,
    ZIP_DIGITS,
    designation,
    end_of_address,
    end_of_street,
    numbered_part,
)
from dataset_script.privacy.tokens import Words
from dataset_script.privacy.values import ALPHABET_WORDS, Value

_BOX = re.compile(r"\b(?:p\.? ?o\.? |post office |(?:rural route|route|r\.?r\.?) \w+,? )box \w+|^Box \d{1,5}\b", re.I)
_BLOCK = re.compile(r"\b\d{1,3}00 block of (?:[A-Z][\w'’]*\.? ?){1,4}")
_LONGEST_HOUSE_NUMBER = 5
_SHORT_ANSWER = 6
_LOOK_BACK = 6
_BEFORE_NO_HOUSE = frozenset(("code", "section", "channel", "unit", "badge"))
_WORDS_OF_LOWER_CASE_STREET = 2

Found = tuple[int, int, str]
"""First word, last word (inclusive), and rule."""


def find_addresses(words: Words, values: Sequence[Value], *, is_asked: bool) -> Iterator[Found]:
    """All addresses of a turn, in order.

    Args:
        is_asked: the turn may be answering a question for one.
    """
    taken: set[int] = set()
    past = -1
    for first, last, rule in itertools.chain(_boxes(words), _homes_without_number(words, values, is_asked=is_asked)):
        if first > past:
            past = last
            taken.update(range(first, last + 1))
            yield first, last, rule
    past = -1
    for value in values:
        if value.first <= past or not taken.isdisjoint(value.places):
            continue
        house = (value.segments(words) or [value])[-1]
        found = _at_number(words, value, is_asked=is_asked) or _at_number(words, house, is_asked=is_asked)
        if found is not None:
            first, past, rule = found
            yield _with_part_before(words, first), past, rule
    if past < 0 and not taken and (values or is_asked):
        part = _apartment_alone(words, is_asked=is_asked) or (_zip_alone(words, values) if is_asked else None)
        if part is not None:
            yield part


def speaks_of_home(words: Words) -> bool:
    """Whether a turn says that somebody lives somewhere."""
    return not word_list("dwelling").isdisjoint(words.folded)


def _boxes(words: Words) -> Iterator[Found]:
    """ "P.O. Box 119", "Route 2, Box 40", "1400 block of Alder Street"."""
    patterns = [pattern for cue, pattern in (("box", _BOX), ("block", _BLOCK)) if cue in words.folded]
    for match in itertools.chain.from_iterable(pattern.finditer(words.text) for pattern in patterns):
        last = bisect.bisect_left(words.starts, match.end()) - 1
        yield bisect.bisect_left(words.starts, match.start()), end_of_address(words, last), "shape"


def _homes_without_number(words: Words, values: Sequence[Value], *, is_asked: bool) -> Iterator[Found]:
    """The street or the house where somebody lives, named without a number."""
    if is_asked and (house := _named_house(words)):
        yield house[0], end_of_address(words, house[1]), "answer"
    elif is_asked and not values and (street := _street_alone(words)):
        yield *street, "answer"
    elif home := _home_street(words, is_asked=is_asked):
        first = _with_part_before(words, home[0])
        yield first, end_of_address(words, home[1]), "answer" if is_asked else "context"


def _named_house(words: Words) -> tuple[int, int] | None:
    """ "The Starlite Motel" as an answer: capitalised words that end in a kind of house."""
    for last, word in enumerate(words.folded):
        if word not in word_list("kinds_of_house") or not words.is_capital(last) or words.opens_sentence(last):
            continue
        first = _beginning_of_run(words, last)
        if first < last:
            return first, last
    return None


def _beginning_of_run(words: Words, last: int) -> int:
    """The first of the capitalised words that lead up to a word."""
    first = last
    while first > max(0, last - LONGEST_STREET) and words.gap(first) == " " and words.is_capital(first - 1):
        if words.folded[first - 1] in word_list("before_addresses") | {"the"}:
            break
        first -= 1
    return first


def _street_alone(words: Words) -> tuple[int, int] | None:
    """ "Birch Street" as the whole of an answer."""
    last = len(words) - 1
    if not 1 <= last < _SHORT_ANSWER or words.folded[last] not in word_list("street_suffixes"):
        return None
    skipped = word_list("before_addresses") | word_list("never_in_streets")
    first = next((i for i in range(last) if words.is_capital(i) and words.folded[i] not in skipped), None)
    return None if first is None else (first, last)


def _home_street(words: Words, *, is_asked: bool) -> tuple[int, int] | None:
    """ "I live on Larkspur Lane", "On Larkspur" as an answer."""
    if not is_asked and not speaks_of_home(words):
        return None
    for index in range(1, len(words)):
        word = words.folded[index]
        if words.folded[index - 1] not in {"on", "at"} or not words.is_capital(index) or words.gap(index) != " ":
            continue
        is_home = not word_list("dwelling").isdisjoint(words.folded[max(0, index - _LOOK_BACK) : index - 1])
        last = end_of_street(words, index, is_sure=True) if is_asked or is_home else None
        if last is None or words.is_possessive(last) or (last == index and is_first_name(word)):
            continue
        if not any(word in word_list(name) for name in ("roads_before_number", "not_people", "titles")):
            return index, last
    return None


def _at_number(words: Words, value: Value, *, is_asked: bool) -> Found | None:
    """The address that begins at a number, or ends at one ("Quince Court, number nine")."""
    if words.word(value.last + 1) in ORDINAL_ENDINGS and not words.after(value.last):
        return _at_ordinal_street(words, value, is_asked=is_asked)
    if not _is_house_number(words, value):
        return None
    lives = not word_list("living").isdisjoint(words.folded[max(0, value.first - _LOOK_BACK) : value.first])
    # "Is this 58 Wren?"
    asks_where = words.folded[max(0, value.first - 2) : value.first] == ["is", "this"] and words.is_capital_at(
        value.last + 1
    )
    is_home = is_asked or lives or asks_where
    following = words.word(value.last + 1)
    if following in ALPHABET_WORDS and not is_home:
        return None
    rule = "answer" if is_asked else "shape"
    if is_home and (before := _street_before(words, value.first)) is not None:
        return before, value.last, rule
    is_brand = following in word_list("not_people") and following not in word_list("months")
    is_written = _is_written_as_address(words, value)
    if is_brand and _is_year(value):
        return None
    is_sure = is_home or is_written
    half = 3 if words.folded[value.last + 1 : value.last + 4] == ["and", "a", "half"] else 0
    last = end_of_street(words, value.last + 1 + half, is_sure=is_sure and (is_asked or is_written or not is_brand))
    if last is None and words.is_lower and (is_home or _is_said_as_address(words, value)):
        last = _lower_case_street(words, value)
    return None if last is None else (value.first, end_of_address(words, last), rule)


def _is_house_number(words: Words, value: Value) -> bool:
    """Whether a value can be one: few digits, at most a letter after them, nothing that makes it a price, a time or a call sign."""
    if (
        value.letters > 1
        or not 1 <= value.digits <= _LONGEST_HOUSE_NUMBER
        or (value.letters and value.kinds[-1] != "L" and not _is_grid_number(words, value))
    ):
        return False
    previous = words.word(value.first - 1)
    is_other = words.gap(value.first).endswith(("$", ":", "#", "'", "’")) or previous in _BEFORE_NO_HOUSE
    return not is_other and previous not in word_list("roads_before_number")


def _is_grid_number(words: Words, value: Value) -> bool:
    """ "N4482 Schoolhouse Road": a letter of the compass grown to the number."""
    is_form = value.kinds == "LD" and value.parts[0] in "NSEW" and words.gap(value.places[1]) == ""
    return is_form and end_of_street(words, value.last + 1, is_sure=False) is not None


def _is_written_as_address(words: Words, value: Value) -> bool:
    """Whether a capitalised word right after a number makes an address of them: "118 Mallow", "at 51 Linden"."""
    if not words.is_capital_at(value.last + 1):
        return False
    is_followed_by_part = words.after(value.last + 1).startswith(",") and (
        {words.word(value.last + 2), words.word(value.last + 3)} & (word_list("floors") | word_list("parts_of_a_house"))
    )
    if is_followed_by_part or (len(value.canonical) >= 3 and not _is_year(value) and words.after(value.last) == " "):
        return True
    is_led_to = words.word(value.first - 1) in word_list("before_addresses") or words.gap(value.first).startswith(",")
    opens = words.opens_sentence(value.first) and words.after(value.last) == " "  # "61, Rooney is clear" is a call sign
    return value.digits >= 2 and (is_led_to or opens)


def _is_year(value: Value) -> bool:
    return len(value.canonical) == 4 and value.canonical[:2] in {"19", "20"}


def _is_said_as_address(words: Words, value: Value) -> bool:
    """The same without capitals: "out of 502 east garnet", "at 600 camellia"."""
    following = words.word(value.last + 1)
    is_led_to = (
        words.word(value.first - 1) in word_list("before_addresses") and bool(following) and not is_ordinary(following)
    )
    return value.digits >= 3 and (following in word_list("directions") or is_led_to)


def _at_ordinal_street(words: Words, value: Value, *, is_asked: bool) -> Found | None:
    """ "340 5th Avenue", whose second number was read together with the first."""
    suffix = value.last + 2
    is_street = words.word(suffix) in word_list("street_suffixes")
    if value.letters or len(value.parts) == 1 or not (is_street or is_asked):
        return None
    return value.first, end_of_address(words, suffix if is_street else suffix - 1), "answer" if is_asked else "shape"


def _street_before(words: Words, index: int) -> int | None:
    """Where a street begins that ends before a word."""
    last = index - 2 if words.word(index - 1) in {"number", "no"} else index - 1
    if words.word(last) not in word_list("street_suffixes") or not words.is_capital(last):
        return None
    first = _beginning_of_run(words, last)
    return first if first < last else None


def _lower_case_street(words: Words, value: Value) -> int | None:
    """ "forty-two eleven birch" where the transcriber wrote no capitals."""
    if value.digits < 2 or words.word(value.last + 1) in word_list("not_people"):
        return None
    ends = [word_list(name) for name in ("never_in_streets", "never_after_house_numbers", "units", "parts_of_a_house")]
    last = value.last
    for place in range(value.last + 1, min(len(words), value.last + 1 + _WORDS_OF_LOWER_CASE_STREET)):
        word = words.folded[place]
        if words.gap(place) != " " or len(word) < 3 or any(word in listed for listed in ends):
            break
        last = place
    return last if last > value.last else None


def _apartment_alone(words: Words, *, is_asked: bool) -> Found | None:
    """ "Number 12", "apartment 4B" where the talk is of where somebody lives; "3C" as an answer."""
    lives = not word_list("living").isdisjoint(words.folded)
    kinds = word_list("parts_of_a_house") if is_asked else word_list("parts_of_a_home")
    for index, word in enumerate(words.folded):
        if word in kinds and (is_asked or lives or _is_where_somebody_is(words, index)):
            end = numbered_part(words, index)
            if end is not None:
                return index, end, "answer" if is_asked else "context"
    if is_asked and len(words) <= _SHORT_ANSWER and any(word[0].isdigit() or len(word) == 1 for word in words.folded):
        first = next((i for i in range(len(words)) if designation(words, i) == len(words) - 1), None)
        return None if first is None else (first, len(words) - 1, "answer")
    return None


def _is_where_somebody_is(words: Words, index: int) -> bool:
    """Whether "I'm in", "she is at" stands before a word."""
    before = words.folded[max(0, index - 4) : index]
    return before[-1:] in (["in"], ["at"]) and not word_list("pronouns_of_residents").isdisjoint(before)


def _with_part_before(words: Words, first: int) -> int:
    """Where an address begins with "unit 6," or "number four on" before it."""
    if words.word(first - 1) in word_list("parts_of_a_house"):
        first -= 1 + (
            words.word(first - 1) in {"number", "no"} and words.word(first - 2) in word_list("parts_of_a_house")
        )
    last = first - 2 if words.word(first - 1) in {"on", "at"} else first - 1
    for index in range(max(0, last - 2), last):
        if numbered_part(words, index) == last:
            return index
    return first


def _zip_alone(words: Words, values: Sequence[Value]) -> Found | None:
    for value in values:
        if value.digits == len(value.canonical) == ZIP_DIGITS and not words.gap(value.first).endswith("$"):
            is_town = words.is_capital_at(value.first - 1) and words.gap(value.first) in {", ", " "}
            first = _beginning_of_run(words, value.first - 1) if is_town else value.first
            return first, value.last, "answer"
    return None


def repeated_address(words: Words, value: Value) -> int:
    """The last word of an address whose house number is said again."""
    street = end_of_street(words, value.last + 1, is_sure=True)
    return value.last if street is None else street


def house_number_alone(words: Words, values: Sequence[Value]) -> tuple[int, int] | None:
    """ "Four sixteen" as a whole turn: the first half of an address."""
    for value in values:
        is_whole = value.last - value.first + 1 >= len(words) - 1
        if is_whole and value.letters <= 1 and 2 <= value.digits <= _LONGEST_HOUSE_NUMBER:
            return value.first, value.last
    return None


def rest_of_address(words: Words) -> tuple[int, int] | None:
    """ "Alder", "On Alder", "six" as a whole turn, after a part of the address was said in another."""
    skipped = word_list("before_addresses") | word_list("date_lead_ins")
    first = next((i for i in range(len(words)) if words.folded[i] not in skipped), len(words))
    last = len(words) - 1
    if first > last:
        return None
    parts = range(first, len(words))
    is_number = words.folded[first] in SPOKEN_DIGITS or words.folded[first].isdigit() or len(words.folded[first]) == 1
    if is_number and designation(words, first) == last:
        return first, last
    is_street = len(parts) <= 3 and all(
        words.is_capital(i) and words.folded[i] not in word_list("not_answers") for i in parts
    )
    return (first, last) if is_street and not words.text.rstrip().endswith("?") else None
