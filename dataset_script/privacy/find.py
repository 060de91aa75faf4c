"""All recognisers over one scenario, in three passes: values and evidence, other names, and what is repeated."""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

from dataset_script.privacy.addresses import find_addresses, repeated_address, rest_of_address, speaks_of_home
from dataset_script.privacy.dates import birth_date_parts, birth_dates, find_dates
from dataset_script.privacy.emails import find_emails
from dataset_script.privacy.labels import names_in_label
from dataset_script.privacy.lexicon import is_ordinary
from dataset_script.privacy.lexicon import words as word_list
from dataset_script.privacy.mentions import (
    ADDRESS,
    DOB,
    EMAIL,
    LICENSE,
    NAME,
    OTHER_ID,
    PHONE,
    PLATE,
    SSN,
    VIN,
    Mention,
    SpokenTurn,
    without_overlaps,
)
from dataset_script.privacy.names import Known, Name, evidence, find_names, talks_of_names
from dataset_script.privacy.ner import NameFinder
from dataset_script.privacy.numbers import number_types
from dataset_script.privacy.questions import Open, open_questions
from dataset_script.privacy.tokens import Words, words_of
from dataset_script.privacy.values import Value, find_values

_NEARBY = 3
"""Turns within which a part of a value that was just said is taken for a repetition."""
_SHORT_ANSWER = 6
_SHORTEST_REPEATED = 4
_LONG_ENOUGH_TO_BE_CUT = 7


_TELLING = frozenset(("first name", "surname", "capital", "kin", "lower case"))
"""Rules whose names are looked for in the other turns too."""


@dataclass
class _Turn:
    """One turn while it is read. ``taken`` are places that are personal data already."""

    number: int
    words: Words
    values: list[Value]
    asked: Open
    mentions: list[Mention]

    def _start(self, first: int) -> int:
        """Where a mention begins: "area code" before a number belongs to it."""
        return first - 2 if self.words.folded[max(0, first - 2) : first] == ["area", "code"] else first

    def add(self, first: int, last: int, kind: str, rule: str) -> None:
        """Words ``first`` … ``last`` (inclusive) are a mention."""
        self.mentions.append(Mention(self.number, self.words.starts[self._start(first)], self.words.ends[last], kind, rule))

    def is_free(self, first: int, last: int) -> bool:
        """Whether no mention touches these words yet."""
        start, end = self.words.starts[first], self.words.ends[last]
        return all(end <= m.start or m.end <= start for m in self.mentions)


def find_personal_data(
    turns: Sequence[SpokenTurn], *, ner: NameFinder | None = None, marked: Sequence[Mention] = ()
) -> list[Mention]:
    """Personal data in what is said in one scenario, in the order of the text, none overlapping. Pure.

    Args:
        turns: in order, with roles, which tell who asks and who answers.
        ner: a further finder of names.
        marked: what people marked by hand; it goes before everything found here.
    """
    asked = open_questions(turns)
    read = []
    for number, turn in enumerate(turns):
        words = words_of(turn.text)
        read.append(_Turn(number, words, find_values(words), asked[number], []))
    for mention in marked:
        if mention.end <= len(turns[mention.turn].text):
            read[mention.turn].mentions.append(mention)
    for turn in read:
        _find_structured(turn)
        before = read[max(0, turn.number - _NEARBY) : turn.number]
        if ADDRESS in turn.asked and not turn.mentions and any(m.type == ADDRESS for near in before for m in near.mentions):
            if rest := rest_of_address(turn.words):
                turn.add(*rest, ADDRESS, "answer")
    _find_repeated(read)
    known = _known_names(turns, marked)
    announced = _find_evidence(read, known)
    _find_names(read, announced, known)
    if ner is not None:
        _find_by_ner(read, ner)
    return without_overlaps(mention for turn in read for mention in turn.mentions)


def _find_structured(turn: _Turn) -> None:
    """Everything but names, the surest kinds first."""
    words = turn.words
    for start, end in find_emails(words):
        turn.mentions.append(Mention(turn.number, start, end, EMAIL, "shape"))
    if PLATE in turn.asked:
        _find_vanity_plate(turn)
    if not turn.values and turn.asked.isdisjoint((ADDRESS, DOB)) and not speaks_of_home(words):
        return
    for date, rule in birth_dates(words, turn.values, is_asked=DOB in turn.asked):
        if turn.is_free(date.first, date.last):
            turn.add(date.first, date.last, DOB, rule)
    numbers = []
    for value in _apart_from(turn.values, words, turn.mentions):
        if len(value.canonical) < 3 and not turn.asked:
            continue
        for found in number_types(words, value, turn.asked):
            if turn.is_free(found[0].first, found[0].last):
                numbers.append(found)
    sure = {found[0].first for found in numbers if found[2] == "context" or found[0].digits > 5 or found[0].letters}
    for value, kind, rule in numbers:
        if value.first in sure:
            turn.add(value.first, value.last, kind, rule)
    for first, last, rule in find_addresses(words, _apart_from(turn.values, words, turn.mentions), is_asked=ADDRESS in turn.asked):
        if turn.is_free(first, last):
            turn.add(first, last, ADDRESS, rule)
    for value, kind, rule in numbers:
        if turn.is_free(value.first, value.last):
            turn.add(value.first, value.last, kind, rule)
    if DOB in turn.asked and not turn.mentions and len(words) <= _SHORT_ANSWER and (part := birth_date_parts(words, turn.values)):
        turn.add(*part, DOB, "answer")


def _apart_from(values: Sequence[Value], words: Words, mentions: Sequence[Mention]) -> list[Value]:
    """Values without what is a date already: "June second, eighty-one, 987-65-4321"."""
    left = list(values)
    for mention in mentions:
        first = bisect.bisect_left(words.starts, mention.start)
        last = bisect.bisect_left(words.starts, mention.end) - 1
        left = [part for value in left for part in (value.beside(first, last) if value.first <= last and first <= value.last else [value])]
    return left


def _find_vanity_plate(turn: _Turn) -> None:
    """Letters alone in capitals, as the answer to a question for a plate."""
    for index, word in enumerate(turn.words.folded):
        if 4 <= len(word) <= 8 and word.isalpha() and turn.words.surface(index).isupper() and not turn.words.text.isupper():
            turn.add(index, index, PLATE, "answer")


def _find_repeated(read: Sequence[_Turn]) -> None:
    """Values said once with evidence, said again without; read back whole, or in part soon after."""
    whole: dict[str, str] = {}
    dates: set[str] = set()
    said: list[tuple[int, str, str]] = []
    for turn in read:
        for mention in turn.mentions:
            for value in turn.values:
                if mention.start <= turn.words.starts[value.first] and turn.words.ends[value.last] <= mention.end:
                    said.append((turn.number, value.canonical, mention.type))
                    if len(value.canonical) >= _SHORTEST_REPEATED and mention.type != ADDRESS:
                        whole.setdefault(value.canonical, mention.type)
        births = [m for m in turn.mentions if m.type == DOB]
        if births:
            for date in find_dates(turn.words, turn.values):
                if date.year is not None and any(m.start <= turn.words.starts[date.first] < m.end for m in births):
                    dates.add(date.canonical)
    if not said:
        return
    for turn in read:
        if not turn.values:
            continue
        if dates:
            for date in find_dates(turn.words, turn.values):
                if date.canonical in dates and turn.is_free(date.first, date.last):
                    turn.add(date.first, date.last, DOB, "repeated")
        nearby = [(text, kind) for number, text, kind in said if abs(number - turn.number) <= _NEARBY]
        for value in turn.values:
            if not turn.is_free(value.first, value.last):
                continue
            for part in (value, value.trimmed()):
                kind = whole.get(part.canonical) or _part_of(part.canonical, nearby)
                if kind is None:
                    continue
                last = repeated_address(turn.words, part) if kind == ADDRESS else part.last
                if turn.is_free(part.first, last):
                    turn.add(part.first, last, kind, "repeated")
                    break


def _part_of(canonical: str, nearby: Sequence[tuple[str, str]]) -> str | None:
    """The type of a value said nearby that these letters and digits begin or end."""
    is_year = len(canonical) == 4 and canonical[:2] in {"19", "20"}
    if len(canonical) < 3 or is_year:
        return None
    for text, kind in nearby:
        is_part = len(text) >= _LONG_ENOUGH_TO_BE_CUT and (text.startswith(canonical) or text.endswith(canonical))
        if canonical == text and kind != DOB or is_part and kind in {PHONE, SSN, LICENSE, PLATE, VIN, OTHER_ID}:
            return kind
    return None


def _known_names(turns: Sequence[SpokenTurn], marked: Sequence[Mention]) -> Known:
    """Names of the labels, and those that people marked."""
    known = Known()
    for label in dict.fromkeys(turn.speaker for turn in turns):
        for name in names_in_label(label):
            words = words_of(label)
            for index, word in enumerate(words.folded):
                if word in name:
                    known.add(words.surface(index))
    for mention in marked:
        if mention.type == NAME:
            for word in words_of(turns[mention.turn].text[mention.start : mention.end]).folded:
                if not is_ordinary(word):
                    known.add(word)
    return known


def _find_evidence(read: Sequence[_Turn], known: Known) -> list[list[Name]]:
    """Names announced in each turn; their words are added to what is known."""
    announced = []
    near = False
    for turn in read:
        talks = talks_of_names(turn.words.text)
        found = evidence(turn.words, turn.values, turn.asked, known, is_near_name=near or talks)
        found = [name for name in found if turn.is_free(name.first, name.last)]
        near = talks
        announced.append(found)
        for name in found:
            _remember(turn, name, known)
    return announced


def _find_names(read: Sequence[_Turn], announced: Sequence[Sequence[Name]], known: Known) -> None:
    """Names of all turns; those found in one are then known in all others."""
    found = [find_names(turn.words, turn.values, announced[turn.number], known) for turn in read]
    before = set(known.folded)
    for turn, names in zip(read, found, strict=True):
        for name in names:
            if name.rule in _TELLING and turn.is_free(name.first, name.last):
                _remember(turn, name, known)
    new = known.folded - before
    for turn, names in zip(read, found, strict=True):
        if not new.isdisjoint(turn.words.folded):
            names = find_names(turn.words, turn.values, announced[turn.number], known)
        for name in names:
            if turn.is_free(name.first, name.last):
                turn.add(name.first, name.last, NAME, name.rule)


def _remember(turn: _Turn, name: Name, known: Known) -> None:
    if name.rule == "spelled":
        value = next(value for value in turn.values if value.first == name.first)
        known.add(value.canonical)
        return
    for index in range(name.first, name.last + 1):
        word = turn.words.folded[index]
        if word not in word_list("particles") and len(word) > 1:
            known.add(turn.words.surface(index))


def _find_by_ner(read: Sequence[_Turn], ner: NameFinder) -> None:
    """A model's names, where nothing was found and the words are not ordinary ones."""
    for turn, places in zip(read, ner([turn.words.text for turn in read]), strict=True):
        for start, end in places:
            words = words_of(turn.words.text[start:end])
            is_name = any(not is_ordinary(w) and w[0].isalpha() and w not in word_list("not_people") for w in words.folded)
            if is_name and all(end <= m.start or m.end <= start for m in turn.mentions):
                turn.mentions.append(Mention(turn.number, start, end, NAME, "ner"))
