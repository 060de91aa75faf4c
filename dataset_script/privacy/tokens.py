"""A turn's text → its words with their places, which all recognisers share."""

import re
from dataclasses import dataclass
from functools import lru_cache

from dataset_script.privacy.lexicon import fold
from dataset_script.privacy.lexicon import words as word_list

_WORD = re.compile(r"\[[A-Z]+(?:_[A-Z]+)*_\d+\]|\d+|[^\W\d_]+(?:['’][^\W\d_]+)*")
_SENTENCE_END = re.compile(r"[.?!:;\"“”…—]|--|[-–] ")
_ABBREVIATED = word_list("abbreviated")


@lru_cache(maxsize=65536)
def _folded(word: str) -> tuple[str, int]:
    """A word folded, without a possessive 's, and the length of what was cut."""
    folded = fold(word)
    if folded.endswith("'s") and len(folded) == len(word):
        return folded[:-2], 2
    return folded, 0


@dataclass(frozen=True)
class Words:
    """The words of one text, in order.

    Attributes:
        folded: lower case, without accents and without a possessive 's; a placeholder keeps its brackets.
        starts, ends: places in the text; ``ends`` leave a possessive 's out, ``stops`` hold it.
        is_lower: the transcriber wrote no capital letters.
    """

    text: str
    folded: list[str]
    starts: list[int]
    ends: list[int]
    stops: list[int]
    is_lower: bool

    def __len__(self) -> int:
        return len(self.folded)

    def word(self, index: int) -> str:
        """A folded word; empty before the first and after the last."""
        return self.folded[index] if 0 <= index < len(self.folded) else ""

    def is_capital_at(self, index: int) -> bool:
        """Whether there is a word and it begins with a capital letter."""
        return 0 <= index < len(self.folded) and self.is_capital(index)

    def gap(self, index: int) -> str:
        """What stands between a word and the one before it; the text's beginning before the first."""
        return self.text[self.stops[index - 1] if index else 0 : self.starts[index]]

    def after(self, index: int) -> str:
        """What stands between a word (its possessive included) and the next, or the text's end."""
        return self.text[self.stops[index] : self.starts[index + 1] if index + 1 < len(self) else len(self.text)]

    def surface(self, index: int) -> str:
        """A word as it is written, without a possessive 's."""
        return self.text[self.starts[index] : self.ends[index]]

    def is_possessive(self, index: int) -> bool:
        """Whether an 's was cut off."""
        return self.ends[index] != self.stops[index]

    def is_capital(self, index: int) -> bool:
        """Whether a word begins with a capital letter."""
        return self.text[self.starts[index]].isupper()

    def opens_sentence(self, index: int) -> bool:
        """Whether a capital letter says nothing here, because a sentence begins."""
        if index == 0:
            return True
        gap = self.gap(index)
        if gap == " " or gap == ", ":
            return False
        if gap == ". " and (
            self.folded[index - 1] in _ABBREVIATED or self.ends[index - 1] - self.starts[index - 1] == 1
        ):
            return False
        return _SENTENCE_END.search(gap) is not None


def words_of(text: str) -> Words:
    """Split a text into words; digits and letters are never in one word."""
    folded, starts, ends, stops = [], [], [], []
    for match in _WORD.finditer(text):
        start, stop = match.span()
        word, cut = _folded(match.group())
        folded.append(word)
        starts.append(start)
        ends.append(stop - cut)
        stops.append(stop)
    return Words(text, folded, starts, ends, stops, text.islower())
