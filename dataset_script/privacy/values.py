"""Digits, number words, letters and alphabet words, spoken one after another → one canonical value.

``555-0142``, ``five five five, oh one four two`` and ``5 5 5 0 1 4 2`` are all ``5550142``; ``Kilo Lima 7 forty-two`` is
``KL742``. Letters alone (``D-O-L-O-R-E-S``) are a value too: names.py reads those.
"""

import itertools
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from string import ascii_lowercase

from dataset_script.privacy.lexicon import is_first_name, is_ordinary, is_surname
from dataset_script.privacy.lexicon import words as word_list
from dataset_script.privacy.tokens import Words


def _numbered(words: str, start: int = 0, step: int = 1) -> dict[str, str]:
    return {word: str(start + step * number) for number, word in enumerate(words.split())}


_UNITS = _numbered("zero one two three four five six seven eight nine") | {"niner": "9", "aught": "0", "ought": "0"}
_TEENS = _numbered("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen", start=10)
_TENS = _numbered("twenty thirty forty fifty sixty seventy eighty ninety", start=20, step=10)
# Without "once" and "quince", which are English too.
_SPANISH = (
    _numbered("cero uno dos tres cuatro cinco seis siete ocho nueve diez")
    | _numbered("doce trece catorce", start=12)
    | _numbered("dieciseis diecisiete dieciocho diecinueve veinte veintiuno", start=16)
    | _numbered("veintidos veintitres veinticuatro veinticinco veintiseis veintisiete veintiocho veintinueve", start=22)
    | _numbered("treinta cuarenta cincuenta sesenta setenta ochenta noventa", start=30, step=10)
)
NUMBER_WORDS = _UNITS | _TEENS | _TENS | _SPANISH
_MULTIPLES = {"hundred": 100, "thousand": 1000}
_REPEATS = {"double": 2, "triple": 3}
ALPHABET_WORDS = word_list("alphabet_words")

_FILLERS = frozenset(("slash", "dash", "hyphen", "space", "uh", "um", "er", "then", "unknown", "break"))
_ZEROS = frozenset(("o", "oh"))
_LETTERS_THAT_ARE_WORDS = frozenset("ai")
_VOWELS = frozenset("aeiouy")
_STARTERS = NUMBER_WORDS.keys() | ALPHABET_WORDS | _REPEATS.keys() | frozenset(ascii_lowercase) | {"hundred", "oh"}
_SEPARATOR = re.compile(r"[\s,.\-–—()/'’#]{0,4}")
_LONGEST_BLOCK, _LONGEST_LOWER_BLOCK = 6, 4
_LONGEST_ROW_OF_ZEROS = 4
_LONGEST_CAPITALS = 3
_LONGEST_MONTH = 31
_LONGEST_CHANCE_COUNT = 3
_COUNTING_UP = "01234567890"
_SPELLED_NAME = 3
_MOST_PARTS = 40
"""Longer runs of numbers are counting or a transcriber's loop; cut here, so that time stays linear."""


@dataclass(frozen=True)
class Value:
    """Words ``first`` … ``last`` of a turn (inclusive) read as one value.

    ``parts`` are the numbers and letters as they were said (``["4", "30", "95"]``), ``kinds`` one letter a part:
    ``D`` a number, ``L`` a letter, ``P`` a letter said by an alphabet word.
    """

    first: int
    last: int
    parts: tuple[str, ...]
    kinds: str
    places: tuple[int, ...]

    @cached_property
    def canonical(self) -> str:
        """All parts in a row."""
        return "".join(self.parts)

    @cached_property
    def digits(self) -> int:
        """How many digits there are."""
        return sum(len(part) for part, kind in zip(self.parts, self.kinds, strict=True) if kind == "D")

    @cached_property
    def letters(self) -> int:
        """How many letters there are."""
        return sum(len(part) for part, kind in zip(self.parts, self.kinds, strict=True) if kind != "D")

    def part(self, first: int, last: int) -> "Value":
        """Parts ``first`` … ``last`` (exclusive) as a value of their own."""
        places = self.places[first:last]
        end = self.last if last == len(self.parts) else self.places[last] - 1
        return Value(places[0], end, self.parts[first:last], self.kinds[first:last], places)

    def segments(self, words: Words) -> list["Value"]:
        """Cut where a comma or a full stop was written: two numbers may have been said one after the other."""
        cuts = [i for i in range(1, len(self.parts)) if not set(",.").isdisjoint(words.gap(self.places[i]))]
        return [self.part(*bounds) for bounds in itertools.pairwise([0, *cuts, len(self.parts)])] if cuts else []

    def is_counting(self) -> bool:
        """Whether the numbers go up or down by one: somebody counts."""
        if self.letters:
            return False
        steps = {int(after) - int(before) for before, after in itertools.pairwise(self.parts)}
        is_row = self.canonical in _COUNTING_UP or self.canonical[::-1] in _COUNTING_UP
        return is_row or (len(self.parts) > _LONGEST_CHANCE_COUNT and steps in ({1}, {-1}))

    def single_parts(self) -> list["Value"]:
        """Each part as a value of its own."""
        return [self.part(i, i + 1) for i in range(len(self.parts))]

    def trimmed(self) -> "Value":
        """Without letters at its ends, which belong to words around a number ("a 555-0142", "Mary, 555-0142")."""
        first = next((i for i, kind in enumerate(self.kinds) if kind == "D"), 0)
        behind = next((i for i, kind in enumerate(reversed(self.kinds)) if kind == "D"), 0)
        return self.part(first, len(self.kinds) - behind) if first or behind else self

    def alphabet_words(self) -> list[int]:
        """Places of the letters that were said by an alphabet word."""
        return [place for place, kind in zip(self.places, self.kinds, strict=True) if kind == "P"]

    def apart_from(self, taken: Collection[int]) -> list["Value"]:
        """What is left of it beside words that are personal data already."""
        if not any(place in taken for place in self.places):
            return [self]
        numbered = [(place in taken, number) for number, place in enumerate(self.places)]
        runs = [
            [number for _, number in run]
            for is_taken, run in itertools.groupby(numbered, lambda each: each[0])
            if not is_taken
        ]
        return [self.part(run[0], run[-1] + 1) for run in runs]


def is_number(words: Words, index: int) -> bool:
    """Whether there is a word and it is a number, in figures or spoken."""
    word = words.word(index)
    return word in NUMBER_WORDS or (word.isdigit() and word.isascii())


def _is_joined(words: Words, index: int) -> bool:
    """Whether only a pause or a separator stands between a word and the one before."""
    return _SEPARATOR.fullmatch(words.gap(index)) is not None


def _neighbours(words: Words, index: int) -> list[tuple[int, str]]:
    """The words on both sides and what stands between, where nothing but a pause does."""
    sides = ((index - 1, index), (index + 1, index + 1))
    return [(i, words.gap(at)) for i, at in sides if 0 <= i < len(words) and _is_joined(words, at)]


def _is_letter(words: Words, index: int) -> bool:
    """Whether a single letter is one, and not the article, the pronoun, or the unit of "5 k"."""
    word = words.folded[index]
    is_grown_after = index > 0 and not words.gap(index)
    if word in word_list("grown_to_numbers") and is_grown_after and not words.is_capital(index) and words.after(index):
        return False
    if word not in _LETTERS_THAT_ARE_WORDS:
        return word.isascii()
    beside = _neighbours(words, index)
    is_between = len(beside) == 2 and all(is_number(words, i) or len(words.folded[i]) == 1 for i, _ in beside)
    return is_between or any(
        (not gap and words.folded[i].isdigit())
        or ((len(words.folded[i]) == 1 or words.folded[i].isdigit()) and gap == "-" and words.is_capital(index))
        or (len(words.folded[i]) == 1 and gap == "-")
        or (
            len(words.folded[i]) == 1
            and words.folded[i] not in _LETTERS_THAT_ARE_WORDS
            and (i > index or "." not in gap)
        )
        for i, gap in beside
    )


def _opens_number(words: Words, index: int) -> bool:
    """Whether a word is an "oh" or the letter of "Z44"."""
    is_grown = len(words.folded[index]) == 1 and not words.after(index) and is_number(words, index + 1)
    return words.folded[index] == "oh" or is_grown


def _is_block_of_letters(words: Words, index: int) -> bool:
    """Whether a word is letters of a plate or a number: in capitals beside digits ("BRX 4471"), or grown together with them."""
    word = words.folded[index]
    if not 2 <= len(word) <= _LONGEST_BLOCK or not (word.isascii() and word.isalpha()) or words.is_possessive(index):
        return False
    if word in word_list("grown_to_numbers") or word in word_list("says_what_number_is"):
        return False
    gaps = {gap for i, gap in _neighbours(words, index) if is_number(words, i) or _opens_number(words, i)}
    if "" in gaps or ("-" in gaps and words.surface(index).isupper()):
        return True
    if not gaps.isdisjoint((" ", "-")) and words.surface(index).isupper() and _VOWELS.isdisjoint(word):
        return True
    is_short = len(word) <= _LONGEST_CAPITALS and words.surface(index).isupper() and not words.text.isupper()
    if is_short and " " in gaps and _is_beside_long_figure(words, index):
        return True
    is_name = words.is_lower and (len(word) > _LONGEST_LOWER_BLOCK or is_first_name(word) or is_surname(word))
    is_shown = words.is_lower or words.surface(index).isupper()
    return is_shown and not is_name and not is_ordinary(word) and not gaps.isdisjoint((" ", "-"))


def _is_beside_long_figure(words: Words, index: int) -> bool:
    """ "AX 004 417", "771 AB 9032": letters that could be a word, beside a figure of three digits or more."""
    figures = [words.word(i) for i in (index - 1, index + 1) if words.word(i).isdigit()]
    is_year = any(len(figure) == 4 and figure[:2] in {"19", "20"} for figure in figures)  # "2019 GMC"
    return not is_year and any(len(figure) >= _LONGEST_CAPITALS for figure in figures)


def _is_zero(words: Words, index: int) -> bool:
    """Whether an "oh" is a digit: in a row of them, one stands beside a number."""
    for step in (-1, 1):
        at, other = index, index + step
        while (
            words.word(other) in _ZEROS
            and abs(other - index) < _LONGEST_ROW_OF_ZEROS
            and _is_joined(words, max(at, other))
        ):
            at, other = other, other + step
        if is_number(words, other) and _is_joined(words, max(at, other)):
            return True
    return False


def _is_month(words: Words, index: int) -> bool:
    """Whether "November" is followed by a day and a year, or by a day's ordinal: then it is no letter N."""
    day = words.word(index + 1)
    if words.folded[index] != "november" or not day:
        return False
    n_words = 1
    if day in _TENS and words.word(index + 2) in _UNITS and words.after(index + 1) in {" ", "-"}:
        n_words = 2
    number = day if day.isdigit() else NUMBER_WORDS.get(day, "")
    if not number or not 1 <= int(number) <= _LONGEST_MONTH:
        return False
    following = words.word(index + 1 + n_words)
    is_year = len(following) == 4 and following[:2] in {"19", "20"}
    return is_year or following in {"st", "nd", "rd", "th", "nineteen", "twenty", "of"}


def _part(words: Words, index: int, *, is_running: bool) -> tuple[str, str] | None:
    """A word's kind and what it stands for; None where it is no part of a value.

    Args:
        is_running: several parts of a value were read already.
    """
    word = words.folded[index]
    if word in _ZEROS and (_is_zero(words, index) or (word == "oh" and is_running and words.gap(index) == " ")):
        return "D", "0"
    if words.is_possessive(index):
        return None
    if is_number(words, index):
        return "D", NUMBER_WORDS.get(word, word)
    if len(word) == 1:
        return ("L", word.upper()) if _is_letter(words, index) else None
    if word in ALPHABET_WORDS:
        return None if _is_month(words, index) else ("P", word[0].upper())
    return ("L", word.upper()) if _is_block_of_letters(words, index) else None


def find_values(words: Words) -> list[Value]:
    """All values of a text, in order; those of a single part too."""
    folded = words.folded
    found, past = [], 0
    for start, word in enumerate(folded):
        if start < past or not (word in _STARTERS or word[0].isdigit() or _is_before_number(folded, start)):
            continue
        reader = _Reader(words, start)
        reader.read()
        past = reader.index
        if value := reader.value():
            found.append(value)
    return found


def _is_before_number(folded: list[str], index: int) -> bool:
    """Whether a word may be letters before digits: a cheap look that saves a closer one at most words."""
    if index + 1 == len(folded) or len(folded[index]) > _LONGEST_BLOCK:
        return False
    following = folded[index + 1]
    is_number = following in NUMBER_WORDS or following == "oh" or following[0].isdigit()
    return is_number or (len(following) == 1 and folded[index + 2 : index + 3] != [] and folded[index + 2][0].isdigit())


class _Reader:
    """Reads one value from a word on. ``index`` is the next word, ``last`` the last one that belongs to the value."""

    def __init__(self, words: Words, start: int) -> None:
        self.words, self.index, self.last = words, start, start
        self.parts: list[str] = []
        self.kinds: list[str] = []
        self.places: list[int] = []
        self.room = 0
        """What the last number leaves open for the next to fill: 10 after "forty", 1000 after "two thousand"."""
        self.repeat = 1

    def read(self) -> None:
        """Read to the value's end; at least one word is passed."""
        start = self.index
        while self.index < len(self.words) and len(self.parts) < _MOST_PARTS:
            if self.parts and (not _is_joined(self.words, self.index) or self._begins_sentence()):
                break
            if not (self._multiple() or self._link() or self._letter_x() or self._next_part()):
                break
        self.index = max(self.index, start + 1)

    def _begins_sentence(self) -> bool:
        """ "D-A-S-H. Two S's": a number spoken of letters is none of them."""
        is_spelled = len(self.parts) >= _SPELLED_NAME and set(self.kinds) == {"L"}
        opens = self.words.gap(self.index).startswith(".") and self.words.is_capital(self.index)
        return is_spelled and opens and len(self.words.folded[self.index]) > 1

    def value(self) -> Value | None:
        """What was read; "D.O.B." before a number is not part of it."""
        skip = 3 if self.parts[:3] == ["D", "O", "B"] else 0
        if len(self.parts) == skip:
            return None
        parts, kinds, places = self.parts[skip:], self.kinds[skip:], self.places[skip:]
        return Value(places[0], self.last, tuple(parts), "".join(kinds), tuple(places))

    def _push(self, part: str, kind: str, room: int, words: int = 1) -> bool:
        self.parts.append(part)
        self.kinds.append(kind)
        self.places.append(self.index)
        return self._pass(words, room)

    def _pass(self, words: int, room: int) -> bool:
        self.last = self.index + words - 1
        self.index += words
        self.room, self.repeat = room, 1
        return True

    def _multiple(self) -> bool:
        """ "four hundred", "two thousand", "a hundred and six"."""
        factor = _MULTIPLES.get(self.words.folded[self.index])
        if factor is None:
            return False
        if self.kinds[-1:] == ["D"] and len(self.parts[-1]) <= 2:
            self.parts[-1] = str(int(self.parts[-1]) * factor)
            return self._pass(1, factor)
        following = self.index + 1
        is_one = not self.parts and (is_number(self.words, following) or self.words.word(following) == "and")
        return self._push(str(factor), "D", factor) if is_one else False

    def _link(self) -> bool:
        """Words inside a value that stand for nothing: "dash", "uh", "double" and "triple", the "and" of "hundred and six"."""
        word, following = self.words.folded[self.index], self.index + 1
        if following == len(self.words):
            return False
        is_filler = bool(self.parts) and word in _FILLERS and _part(self.words, following, is_running=True) is not None
        is_and = (
            word == "and"
            and (self.room >= 100 or self.parts[-1:] == ["19"])
            and self.words.folded[following] in NUMBER_WORDS
        )
        repeated = self.words.folded[following]
        is_repeat = word in _REPEATS and (
            is_number(self.words, following) or repeated in _ZEROS or (bool(self.parts) and len(repeated) == 1)
        )
        if not ((is_filler and _is_joined(self.words, following)) or is_and or is_repeat):
            return False
        self.repeat = _REPEATS[word] if is_repeat else 1
        self.index = following
        return True

    def _letter_x(self) -> bool:
        """ "X-ray" is two words here."""
        is_x = self.words.folded[self.index] == "x" and self.words.word(self.index + 1) == "ray"
        return self._push("X", "P", 0, words=2) if is_x else False

    def _next_part(self) -> bool:
        word = self.words.folded[self.index]
        part = _part(self.words, self.index, is_running=len(self.parts) > 1)
        if part is None:
            return False
        kind, said = part
        fills = self.room and word in NUMBER_WORDS and said != "0" and len(said) < len(str(self.room))
        if fills and self.words.gap(self.index) in {" ", "-"}:
            # "forty two", "two thousand six", but not "forty forty".
            self.parts[-1] = str(int(self.parts[-1]) + int(said))
            return self._pass(1, 10 if word in _TENS and self.room > 10 else 0)
        # "S as in Sam": the words after the letter only say it again.
        following = self.words.folded[self.index + 1 : self.index + 4]
        is_explained = kind == "L" and len(following) == 3 and following[:2] == ["as", "in"]
        return self._push(said * self.repeat, kind, 10 if word in _TENS else 0, words=4 if is_explained else 1)
