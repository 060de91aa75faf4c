"""Street addresses: a house number and a street, with what follows of apartment, town and zip.

A street or a highway without a house number is the place of an event and stays.
"""

import bisect
import itertools
import re
from collections.abc import Iterator, Sequence

from dataset_script.privacy.lexicon import is_first_name
from dataset_script.privacy.lexicon import words as word_list
from dataset_script.privacy.tokens import Words
from dataset_script.privacy.values import ALPHABET_WORDS, Value

_DIRECTIONS = frozenset("north south east west northeast northwest southeast southwest n s e w ne nw se sw rear old".split())
_ROADS_BEFORE_NUMBER = frozenset(("highway", "route", "county", "state", "interstate", "hwy", "rt", "fm", "cr"))
_PARTS_OF_A_HOUSE = frozenset("apartment apt unit lot trailer suite room space building bldg floor number no slip site cabin pad berth dorm door".split())
_LIVING = frozenset("live lives living lived stay stays staying stayed address reside resides residence addresses moved home house mail".split())
_DWELLING = frozenset("live lives living lived stay stays staying stayed house home apartment place reside resides address".split())
_LEADING = frozenset("at of to on it is address from live lives over near by".split())
_ORDINAL_ENDINGS = frozenset(("st", "nd", "rd", "th"))
_HOUSES = frozenset("hall house motel inn hotel apartments manor towers lodge arms estates village shelter suites gardens condos villas dormitory dorm".split())
_BEFORE_DESIGNATION = frozenset((" ", " #", ". ", ", ", ". #"))
_FLOORS = frozenset("upstairs downstairs rear basement first second third fourth fifth top ground".split())
_ZIP = 5
_SHORT_ANSWER = 6
_LONGEST_STREET = 4
_LONGEST_NUMBER = 5
_NEVER_IN_STREETS = frozenset(
    """a an and or of in on at to for from with by is are was were be been am my your his her their our its it that this these those some
    any i you he she we they me him them not no yes when then than if but so do did does have has had will would can could should if there
    here what who how out up off about only just like more other another guy guys""".split()
)
_BOX = re.compile(r"\b(?:p\.? ?o\.? |post office |(?:rural route|route|r\.?r\.?) \w+,? )box (?:\d+|\w+)", re.I)
_BLOCK = re.compile(r"\b\d{1,3}00 block of (?:[A-Z][\w'’]*\.? ?){1,4}")
_MEASURES = frozenset(
    """minute minutes hour hours day days week weeks month months year years mile miles block blocks foot feet inch inches yard yards dollar
    dollars bucks percent degrees way lane lanes people times pm am mph pounds second seconds point car cars inches door time units officers
    guys men women kids shots beers rounds witnesses story adult adults male males female females charge charges counts count""".split()
)


def _is_house_number(words: Words, value: Value) -> bool:
    """Whether a value can be one: few digits, nothing that makes it a price, a time or a call sign."""
    before = words.gap(value.first)
    if value.letters > 1 or not 1 <= value.digits <= _LONGEST_NUMBER or before.endswith(("$", ":", "#")):
        return False
    if value.letters and not value.kinds.endswith("L"):
        return False
    previous = words.folded[value.first - 1] if value.first else ""
    return previous not in _ROADS_BEFORE_NUMBER | {"code", "section", "channel", "unit", "badge"}


def _street_after(words: Words, index: int, *, is_sure: bool) -> int | None:
    """The last word of a street that begins at a word, or None.

    Args:
        is_sure: a house number is certain, so that capitalised words without "Street" are enough.
    """
    suffixes, not_people = word_list("street_suffixes"), word_list("not_people")
    last_capital = None
    for place in range(index, min(len(words), index + _LONGEST_STREET + 1)):
        word = words.folded[place]
        gap = words.gap(place)
        if gap == ", " and place == index and is_sure and words.is_capital(place):
            gap = " "
        if gap not in {" ", ". ", "-"} or (gap == ". " and len(words.folded[place - 1]) > 2):
            break
        if place > index and word in suffixes and (words.is_capital(place) or not words.is_capital(place - 1) or word not in {"way", "run", "place"}):
            return _with_direction(words, place)
        if word in _ROADS_BEFORE_NUMBER and words.is_capital(place):
            number = place + 2 if words.folded[place + 1 : place + 2] in (["road"], ["highway"], ["route"]) else place + 1
            return number if number < len(words) and (words.folded[number].isdigit() or words.folded[number] in _SPOKEN) else None
        if last_capital is not None and word in {"of", "the", "de", "la"} and _leads_to_capital(words, place):
            continue
        if (word in _NEVER_IN_STREETS and not (place == index and word == "the" and words.is_capital(place))) or word in _MEASURES or word.startswith("["):
            break
        if words.surface(place).isupper() and 1 < len(word) < 5 and word not in _DIRECTIONS and not words.text.isupper():
            break
        if words.is_capital(place) and (word not in not_people or last_capital is not None or is_sure):
            last_capital = place
        elif place > index and last_capital is not None:
            break
        elif not word.isalpha() and not words.folded[place + 1 : place + 2] and not is_sure:
            break
    if last_capital is None or not is_sure:
        return None
    return _with_direction(words, last_capital)


def _leads_to_capital(words: Words, index: int) -> bool:
    """Whether "of the" leads on to a capitalised word: "Avenue of the Elms"."""
    return any(
        index + step < len(words) and words.gap(index + step) == " " and words.is_capital(index + step) for step in (1, 2)
    )


def _with_direction(words: Words, last: int) -> int:
    following = last + 1
    is_direction = following < len(words) and words.folded[following] in _DIRECTIONS and words.gap(following) == " "
    return following if is_direction and (words.is_capital(following) or len(words.folded[following]) > 2) else last


def _tail(words: Words, values: Sequence[Value], last: int) -> int:
    """The last word of an address with its apartment, town and zip."""
    index = last + 1
    while index < len(words) and words.gap(index).rstrip("#") in {", ", " ", ". "}:
        word, comma = words.folded[index], words.gap(index).startswith(", ")
        end = _apartment(words, index, comma)
        if end is None and comma and (words.is_capital(index) or word in {"apartment"}):
            end = _town_and_zip(words, index)
        if end is None and word.isdigit() and len(word) == 5:
            end = index
        if end is None:
            return last
        last, index = end, end + 1
    return last


def _apartment(words: Words, index: int, comma: bool) -> int | None:
    word = words.folded[index]
    if word == "the" and comma and "apartment" in words.folded[index : index + 4]:
        return index + words.folded[index : index + 4].index("apartment")
    if word in _PARTS_OF_A_HOUSE and index + 1 < len(words) and words.after(index) in _BEFORE_DESIGNATION:
        number = words.folded[index + 1] == "number" and index + 2 < len(words)
        return _designation(words, index + 1 + number)
    if comma and word in _FLOORS:
        return index + (words.folded[index + 1 : index + 2] == ["floor"])
    if comma and word.isdigit() and len(word) <= 4 and words.after(index) == "" and index + 1 < len(words):
        return index + 1 if len(words.folded[index + 1]) == 1 else None
    return index if comma and word.isdigit() and len(word) <= 4 and index == len(words) - 1 else None


def _designation(words: Words, index: int) -> int | None:
    """The end of "4", "4B", "B", "12 C", "twenty-one" after "apartment"."""
    word = words.folded[index]
    from_number = word.isdigit() or word in _SPOKEN
    if not from_number and len(word) > 1:
        return None
    end = index
    while end + 1 < len(words) and words.gap(end + 1) in {"", " ", "-"}:
        following = words.folded[end + 1]
        is_letter = len(following) == 1 and following not in {"a", "i"} or following == "a" and words.is_capital(end + 1)
        if not (is_letter or following.isdigit() and words.gap(end + 1) != " " or following in _SPOKEN):
            break
        end += 1
    return end


def _town_and_zip(words: Words, index: int) -> int | None:
    """"Millhaven 00417", "Ford City, Ohio": capitalised words up to five digits or the sentence's end."""
    for place in range(index, min(len(words), index + 5)):
        if words.folded[place].isdigit():
            return place if len(words.folded[place]) == 5 else None
        if not words.is_capital(place):
            return None
        if place + 1 == len(words) or words.opens_sentence(place + 1):
            return place
    return None


def find_addresses(words: Words, values: Sequence[Value], *, is_asked: bool) -> Iterator[tuple[int, int, str]]:
    """First word, last word (inclusive) and rule of each address.

    Args:
        is_asked: the turn may be answering a question for one.
    """
    past = -1
    patterns = [pattern for cue, pattern in (("box", _BOX), ("block", _BLOCK)) if cue in words.folded]
    for match in itertools.chain.from_iterable(pattern.finditer(words.text) for pattern in patterns):
        first = bisect.bisect_left(words.starts, match.start())
        past = bisect.bisect_left(words.starts, match.end()) - 1
        yield first, past, "shape"
    if is_asked and (house := _named_house(words)):
        yield house[0], _tail(words, values, house[1]), "answer"
        past = max(past, house[1])
    if is_asked and not values and (street := _street_alone(words)):
        yield *street, "answer"
        past = street[1]
    if past < 0 and (home := _home_street(words, is_asked=is_asked)):
        past = _tail(words, values, home[1])
        yield home[0], past, "answer" if is_asked else "context"
    for value in values:
        if value.first <= past:
            continue
        house = (value.segments(words) or [value])[-1]
        found = _at_number(words, values, value, is_asked=is_asked) or _at_number(words, values, house, is_asked=is_asked)
        if found is not None:
            past = found[1]
            yield found
    if not any(value.digits for value in values) and not is_asked:
        return
    if past < 0 and (is_asked or not _LIVING.isdisjoint(words.folded)):
        yield from _apartment_alone(words, values, is_asked=is_asked)


def _at_number(words: Words, values: Sequence[Value], value: Value, *, is_asked: bool) -> tuple[int, int, str] | None:
    if words.folded[value.last + 1 : value.last + 2] and words.folded[value.last + 1] in _ORDINAL_ENDINGS and not words.gap(value.last + 1):
        return _at_ordinal_street(words, values, value, is_asked=is_asked)
    if not _is_house_number(words, value):
        return None
    previous = words.folded[value.first - 1] if value.first else ""
    is_capital = value.last + 1 < len(words) and words.is_capital(value.last + 1)
    lives = not _LIVING.isdisjoint(words.folded[max(0, value.first - 6) : value.first])
    is_written = is_capital and len(value.canonical) >= 3 and not _is_year(value) and words.gap(value.last + 1) == " "
    is_sure = is_asked or lives or is_written or (is_capital and value.digits >= 2 and (previous in _LEADING or words.gap(value.first).startswith(",") or words.opens_sentence(value.first)))
    following = words.folded[value.last + 1] if value.last + 1 < len(words) else ""
    if following in ALPHABET_WORDS and not is_asked and not lives:
        return None
    if following in word_list("not_people") and not is_asked and following not in word_list("months"):
        is_sure = False
    if (is_asked or lives) and (before := _street_before(words, value.first)) is not None:
        return before, value.last, "answer" if is_asked else "shape"
    street = value.last + (4 if words.folded[value.last + 1 : value.last + 4] == ["and", "a", "half"] else 1)
    last = _street_after(words, street, is_sure=is_sure)
    if last is None and (is_asked or lives):
        last = _lower_case_street(words, value)
    if last is None:
        return None
    return value.first, _tail(words, values, last), "answer" if is_asked else "shape"


def _at_ordinal_street(
    words: Words, values: Sequence[Value], value: Value, *, is_asked: bool
) -> tuple[int, int, str] | None:
    """"340 5th Avenue", whose second number was read together with the first."""
    following = value.last + 2
    is_street = words.folded[following : following + 1] and words.folded[following] in word_list("street_suffixes")
    if value.letters or len(value.parts) < 2 or not (is_street or is_asked):
        return None
    return value.first, _tail(words, values, following if is_street else following - 1), "answer" if is_asked else "shape"


def _street_before(words: Words, index: int) -> int | None:
    """Where a street begins that ends before a word: "Quince Court, number nine"."""
    last = index - 1
    if last > 0 and words.folded[last] in {"number", "no"}:
        last -= 1
    if last < 1 or words.folded[last] not in word_list("street_suffixes") or not words.is_capital(last):
        return None
    first = last
    while first and words.gap(first) == " " and words.is_capital(first - 1) and words.folded[first - 1] not in _LEADING:
        first -= 1
    return first if first < last else None


def _is_year(value: Value) -> bool:
    return len(value.canonical) == 4 and value.canonical[:2] in {"19", "20"}


def repeated_address(words: Words, value: Value) -> int:
    """The last word of an address whose house number is said again."""
    street = _street_after(words, value.last + 1, is_sure=True)
    return value.last if street is None else street


def _lower_case_street(words: Words, value: Value) -> int | None:
    """"forty-two eleven birch" where the transcriber wrote no capitals."""
    if value.digits < 2 or not words.is_lower:
        return None
    last = None
    for place in range(value.last + 1, min(len(words), value.last + 3)):
        word = words.folded[place]
        if word in _NEVER_IN_STREETS or word in _MEASURES or words.gap(place) != " " or len(word) < 3:
            break
        last = place
    return last


def _street_alone(words: Words) -> tuple[int, int] | None:
    """"Birch Street" as the whole of an answer."""
    if not 2 <= len(words) <= 6 or words.folded[-1] not in word_list("street_suffixes"):
        return None
    first = next((i for i in range(len(words)) if words.is_capital(i) and words.folded[i] not in _LEADING | _NEVER_IN_STREETS), None)
    return (first, len(words) - 1) if first is not None and first < len(words) - 1 else None


def _apartment_alone(words: Words, values: Sequence[Value], *, is_asked: bool) -> Iterator[tuple[int, int, str]]:
    """"Number 12", "apartment 4B" where the talk is of where somebody lives."""
    for index, word in enumerate(words.folded[:-1]):
        is_part = word in _PARTS_OF_A_HOUSE - ({"room", "floor", "number", "no", "space", "site", "pad", "door", "berth", "building"} if not is_asked else {"no"})
        if is_part and words.after(index) in _BEFORE_DESIGNATION and (end := _designation(words, index + 1)) is not None:
            yield index, end, "answer" if is_asked else "context"
            return
    if not is_asked:
        return
    if len(words) <= _SHORT_ANSWER:
        first = next((i for i in range(len(words)) if _designation(words, i) == len(words) - 1), None)
        if first is not None:
            yield first, len(words) - 1, "answer"
            return
    for value in values:
        if value.digits == len(value.canonical) == _ZIP and words.gap(value.first) != "$":
            yield value.first, value.last, "answer"


def speaks_of_home(words: Words) -> bool:
    """Whether a turn says that somebody lives somewhere."""
    return not _DWELLING.isdisjoint(words.folded)


def _home_street(words: Words, *, is_asked: bool) -> tuple[int, int] | None:
    """"I live on Larkspur Lane", "On Larkspur" as an answer: the street of a home, also without a number. Highways stay."""
    if not is_asked and _LIVING.isdisjoint(words.folded):
        return None
    for index in range(1, len(words)):
        if words.folded[index - 1] not in {"on", "at"} or not words.is_capital(index) or words.gap(index) != " ":
            continue
        if not is_asked and _DWELLING.isdisjoint(words.folded[max(0, index - 6) : index - 1]):
            continue
        last = _street_after(words, index, is_sure=True)
        word = words.folded[index]
        blocked = word in _ROADS_BEFORE_NUMBER or word in word_list("not_people") or word in word_list("titles") or is_first_name(word) and last == index
        if last is not None and not blocked and not words.is_possessive(last):
            return index, last
    return None


def rest_of_address(words: Words) -> tuple[int, int] | None:
    """"Alder", "On Alder" as a whole turn, after a house number was said in another."""
    first = 0
    while first < len(words) - 1 and words.folded[first] in _LEADING | {"uh", "um", "the", "and", "yeah"}:
        first += 1
    parts = range(first, len(words))
    is_street = 1 <= len(parts) <= 3 and all(words.is_capital(i) and words.folded[i] not in word_list("not_answers") for i in parts)
    return (first, len(words) - 1) if is_street and not words.text.rstrip().endswith("?") else None


def _named_house(words: Words) -> tuple[int, int] | None:
    """"The Starlite Motel" as an answer: capitalised words that end in a kind of house."""
    for last, word in enumerate(words.folded):
        if word in _HOUSES and words.is_capital(last) and last and words.is_capital(last - 1) and not words.opens_sentence(last):
            first = last - 1
            while first and words.gap(first) == " " and words.is_capital(first - 1) and not words.opens_sentence(first - 1):
                first -= 1
            return first, last
    return None


_SPOKEN = frozenset(
    """one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty
    thirty forty fifty sixty seventy eighty ninety oh""".split()
)
