"""One turn while the recognisers go over it: its words and values, and which words are personal data already."""

import bisect
from dataclasses import dataclass, field

from dataset_script.privacy.mentions import Mention
from dataset_script.privacy.questions import NOTHING, Open
from dataset_script.privacy.tokens import Words
from dataset_script.privacy.values import Value


@dataclass
class Reading:
    """A turn and what was found in it.

    Attributes:
        asked: what the turn may be answering.
        radio: words that are call signs, ten-codes and numbers of units.
        recent: types named or given in it or in the few turns before.
        mentions: in the order in which they were found.
        taken: word → the mention it belongs to.
    """

    number: int
    words: Words
    values: list[Value]
    asked: Open
    radio: frozenset[int] = frozenset()
    recent: Open = NOTHING
    mentions: list[Mention] = field(default_factory=list)
    taken: dict[int, Mention] = field(default_factory=dict)

    def add(self, first: int, last: int, kind: str, rule: str) -> None:
        """Words ``first`` … ``last`` (inclusive) are a mention; "area code" before a number belongs to it."""
        if self.words.folded[max(0, first - 2) : first] == ["area", "code"]:
            first -= 2
        self.add_place(self.words.starts[first], self.words.ends[last], kind, rule)

    def add_place(self, start: int, end: int, kind: str, rule: str) -> None:
        """``text[start:end]`` is a mention."""
        mention = Mention(self.number, start, end, kind, rule)
        self.mentions.append(mention)
        first = max(0, bisect.bisect_right(self.words.starts, start) - 1)
        for index in range(first, bisect.bisect_left(self.words.starts, end)):
            self.taken.setdefault(index, mention)

    def widen(self, first: int, last: int) -> bool:
        """Let a mention found among words ``first`` … ``last`` span them all, its type kept; False where there is none."""
        inside = {id(self.taken[index]): self.taken[index] for index in range(first, last + 1) if index in self.taken}
        for mention in inside.values():
            self.mentions.remove(mention)
            self.taken = {index: other for index, other in self.taken.items() if other is not mention}
        for mention in list(inside.values())[:1]:
            start, end = min(mention.start, self.words.starts[first]), max(mention.end, self.words.ends[last])
            self.add_place(start, end, mention.type, mention.rule)
        return bool(inside)

    def is_free(self, first: int, last: int) -> bool:
        """Whether no mention touches these words yet."""
        return not any(index in self.taken for index in range(first, last + 1))

    def types(self) -> set[str]:
        """Types found so far."""
        return {mention.type for mention in self.mentions}
