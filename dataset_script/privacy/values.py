"""Digits, number words, letters and alphabet words, spoken one after another → one canonical value.

``555-0142``, ``five five five, oh one four two`` and ``5 5 5 0 1 4 2`` are all ``5550142``; ``Kilo Lima 7 forty-two`` is
``KL742``. Letters alone (``D-O-L-O-R-E-S``) are a value too: names.py reads those.
"""

import itertools
import re
from dataclasses import dataclass

from dataset_script.privacy.lexicon import is_ordinary
from dataset_script.privacy.tokens import Words

_UNITS = {w: str(n) for n, w in enumerate("zero one two three four five six seven eight nine".split())} | {"niner": "9"}
_TEENS = {
    w: str(n)
    for n, w in enumerate(
        "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(), start=10
    )
}
_TENS = {w: str(n * 10) for n, w in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)}
_MULTIPLES = {"hundred": 100, "thousand": 1000}
_REPEATS = {"double": 2, "triple": 3}
_SPANISH = {w: str(n) for n, w in enumerate("cero uno dos tres cuatro cinco seis siete ocho nueve diez".split())}
NUMBER_WORDS = _UNITS | _TEENS | _TENS | _SPANISH

# The NATO alphabet and the one that American police radio uses (APCO).
ALPHABET_WORDS = frozenset(
    """alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike november oscar papa quebec romeo
    sierra tango uniform victor whiskey xray yankee zulu adam boy charles david edward frank george henry ida john king lincoln
    mary nora ocean paul queen robert sam tom union william young zebra""".split()
)
_FILLERS = frozenset("slash dash hyphen space uh um er then".split())
_ZEROS = frozenset(("o", "oh"))
_VOWELS_THAT_ARE_WORDS = frozenset("ai")
_LONGEST_BLOCK = 6
# What is written right after a figure and belongs to it: "3rd", "9mm", "70s", "10pm".
_GROWN_TO_NUMBERS = frozenset("st nd rd th mm cm km k s x lb lbs ft am pm mph oz kg ml mg hr hrs min mins yo ish g".split())
# Abbreviations that say what a number is.
_NO_BLOCKS = _GROWN_TO_NUMBERS | frozenset("oln dl ol ssn dob vin id apt no ste unit hwy rt badge tag plate".split())
_STARTERS = frozenset(NUMBER_WORDS) | {"hundred"} | ALPHABET_WORDS | frozenset(_REPEATS) | frozenset("abcdefghijklmnopqrstuvwxyz")
_JOINED = re.compile(r"[\s,.\-–—()/'’#]{0,4}")


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

    @property
    def canonical(self) -> str:
        """All parts in a row."""
        return "".join(self.parts)

    @property
    def digits(self) -> int:
        """How many digits there are."""
        return sum(len(part) for part, kind in zip(self.parts, self.kinds, strict=True) if kind == "D")

    @property
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

    def trimmed(self) -> "Value":
        """Without letters at its ends, which belong to words around a number ("a 555-0142", "Mary, 555-0142")."""
        first = next((i for i, kind in enumerate(self.kinds) if kind == "D"), 0)
        behind = next((i for i, kind in enumerate(reversed(self.kinds)) if kind == "D"), 0)
        return self.part(first, len(self.kinds) - behind) if first or behind else self

    def beside(self, first: int, last: int) -> list["Value"]:
        """What is left of it before and after words ``first`` … ``last`` (inclusive) of the turn."""
        before = sum(place < first for place in self.places)
        after = sum(place <= last for place in self.places)
        bounds = ((0, before), (after, len(self.parts)))
        return [self.part(*each) for each in bounds if each[0] < each[1]]


def _kind(words: Words, index: int) -> str:
    """``D`` digits or a number word, ``M`` hundred or thousand, ``X`` double or triple, ``P``, ``L``, or nothing."""
    word = words.folded[index]
    if word.isdigit():
        return "D" if word.isascii() else ""
    if word in NUMBER_WORDS:
        return "D"
    if len(word) == 1:
        is_unit = word in _GROWN_TO_NUMBERS and index > 0 and not words.gap(index) and not words.is_capital(index)
        return "L" if word.isascii() and not words.is_possessive(index) and not is_unit else ""
    if word in ALPHABET_WORDS:
        return "P"
    if word in _MULTIPLES:
        return "M"
    return "X" if word in _REPEATS else ""


def _is_joined(words: Words, index: int) -> bool:
    return _JOINED.fullmatch(words.gap(index)) is not None


def _is_number(words: Words, index: int) -> bool:
    return 0 <= index < len(words) and (words.folded[index] in NUMBER_WORDS or words.folded[index].isdigit())


def _beside(words: Words, index: int, step: int) -> bool:
    """Whether the neighbour in that direction is a number or a letter that is no word, with nothing but a pause between."""
    other = index + step
    if not 0 <= other < len(words) or not _is_joined(words, max(index, other)):
        return False
    word = words.folded[other]
    hyphen = words.gap(max(index, other)) == "-" and len(word) == 1
    return hyphen or (len(word) == 1 and word.isalpha() and word not in _VOWELS_THAT_ARE_WORDS)


def _is_between(words: Words, index: int) -> bool:
    """Whether a word stands between two numbers or letters."""
    return all(
        0 <= other < len(words)
        and _is_joined(words, max(index, other))
        and (_is_number(words, other) or len(words.folded[other]) == 1)
        for other in (index - 1, index + 1)
    )


def _is_block_of_letters(words: Words, index: int) -> bool:
    """Whether a word is letters of a plate or a number: in capitals beside digits ("BRX 4471"), or grown together with them."""
    word = words.folded[index]
    if not 2 <= len(word) <= _LONGEST_BLOCK or not word.isascii() or not word.isalpha() or word in _NO_BLOCKS:
        return False
    is_upper = words.surface(index).isupper() and not words.is_possessive(index)
    for other in (index - 1, index + 1):
        if 0 <= other < len(words) and words.folded[other].isdigit():
            gap = words.gap(max(index, other))
            if not gap or (is_upper and gap == "-") or (is_upper and gap == " " and not is_ordinary(word)):
                return True
    return False


def _part(words: Words, index: int) -> tuple[str, str] | None:
    """A word's kind and what it stands for; None where a value ends."""
    kind, word = _kind(words, index), words.folded[index]
    if word in _ZEROS:
        if _is_number(words, index - 1) or _is_number(words, index + 1) or word == "oh" and _near_zero(words, index):
            return "D", "0"
        return ("L", "O") if word == "o" else None
    if kind == "L" and word in _VOWELS_THAT_ARE_WORDS:
        if not (_beside(words, index, -1) or _beside(words, index, 1) or _is_between(words, index) or _is_grown(words, index)):
            return None
    if kind == "D":
        return "D", NUMBER_WORDS.get(word, word)
    if kind in {"L", "P"}:
        return kind, word[0].upper()
    return ("L", word.upper()) if _is_block_of_letters(words, index) else None


def _is_grown(words: Words, index: int) -> bool:
    """Whether a letter touches a digit ("4A")."""
    return (index > 0 and not words.gap(index) and words.folded[index - 1].isdigit()) or (
        index + 1 < len(words) and not words.gap(index + 1) and words.folded[index + 1].isdigit()
    )


def _near_zero(words: Words, index: int) -> bool:
    """Whether an "oh" stands in "oh oh seven"."""
    return words.folded[index + 1 : index + 2] == ["oh"] and _is_number(words, index + 2)


def find_values(words: Words) -> list[Value]:
    """All values of a text, in order; those of a single part too."""
    folded = words.folded
    if _STARTERS.isdisjoint(folded) and not any(word.isdigit() for word in folded):
        return []
    found, index = [], 0
    while index < len(words):
        value, index = _read_value(words, index)
        if value is not None:
            found.append(value)
    return found


def _read_value(words: Words, start: int) -> tuple[Value | None, int]:
    """The value that begins at a word, or None; and where to go on."""
    folded, n = words.folded, len(words)
    parts: list[str] = []
    kinds: list[str] = []
    places: list[int] = []
    tens_open = repeat = 0
    last, index = start, start
    while index < n:
        if parts and not _is_joined(words, index):
            break
        word = folded[index]
        if word in _MULTIPLES and kinds[-1:] == ["D"] and len(parts[-1]) <= 2:
            parts[-1] = str(int(parts[-1]) * _MULTIPLES[word])
            last, tens_open, index = index, _MULTIPLES[word], index + 1
            continue
        if word == "hundred" and not parts and index + 1 < n and (_is_number(words, index + 1) or folded[index + 1] == "and"):
            parts, kinds, places = ["100"], ["D"], [index]
            last, tens_open, index = index, 100, index + 1
            continue
        if word in _REPEATS and index + 1 < n and _is_number(words, index + 1):
            repeat, index = _REPEATS[word], index + 1
            continue
        if word in _FILLERS and parts and index + 1 < n and _part(words, index + 1) and _is_joined(words, index + 1):
            index += 1
            continue
        if word == "x" and folded[index + 1 : index + 2] == ["ray"]:
            parts, kinds, places = [*parts, "X"], [*kinds, "P"], [*places, index]
            last, index, tens_open = index + 1, index + 2, 0
            continue
        if word == "and" and tens_open >= 100 and index + 1 < n and folded[index + 1] in NUMBER_WORDS:
            index += 1
            continue
        part = _part(words, index)
        if part is None:
            break
        kind, said = part
        adds = tens_open and folded[index] in NUMBER_WORDS and said != "0" and len(said) < len(str(tens_open))
        if adds and words.gap(index) in {" ", "-"}:
            # "forty two", "two thousand six", but not "forty forty".
            parts[-1] = str(int(parts[-1]) + int(said))
            tens_open = 10 if folded[index] in _TENS and tens_open > 10 else 0
        else:
            parts, kinds, places = [*parts, said * (repeat or 1)], [*kinds, kind], [*places, index]
            tens_open = 10 if folded[index] in _TENS else 0
        last, index, repeat = index, index + 1, 0
        # "S as in Sam": the word after only says the letter again.
        if kind == "L" and folded[index : index + 2] in (["as", "in"], ["for", "in"]) and index + 2 < n:
            last, index = index + 2, index + 3
    if parts[:3] == ["D", "O", "B"]:
        del parts[:3], kinds[:3], places[:3]
    if not parts:
        return None, max(index, start + 1)
    return Value(places[0], last, tuple(parts), "".join(kinds), tuple(places)), max(index, start + 1)
