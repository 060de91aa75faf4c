"""All recognisers over one scenario: structured data, names with evidence, other names, and a model's names."""

from collections.abc import Sequence
from functools import lru_cache

from dataset_script.privacy.evidence import evidence, talks_of_names
from dataset_script.privacy.labels import names_in_label
from dataset_script.privacy.lexicon import is_ordinary
from dataset_script.privacy.lexicon import words as word_list
from dataset_script.privacy.mentions import NAME, Mention, SpokenTurn, without_overlaps
from dataset_script.privacy.names import Known, Name
from dataset_script.privacy.ner import NameFinder
from dataset_script.privacy.other_names import find_names
from dataset_script.privacy.pets import pets_in
from dataset_script.privacy.questions import open_questions
from dataset_script.privacy.radio import radio_places, unit_numbers
from dataset_script.privacy.reading import Reading
from dataset_script.privacy.structured import find_structured
from dataset_script.privacy.tokens import Words, words_of
from dataset_script.privacy.values import Value, find_values

_TELLING = frozenset(("first name", "surname", "capital", "kin", "lower case"))
"""Rules whose names are looked for in the other turns too; names by evidence are already."""


def find_personal_data(
    turns: Sequence[SpokenTurn], *, ner: NameFinder | None = None, marked: Sequence[Mention] = ()
) -> list[Mention]:
    """Personal data in what is said in one scenario, in the order of the text, none overlapping. Pure.

    Args:
        turns: in order, with roles, which tell who asks and who answers.
        ner: a further finder of names.
        marked: what people marked by hand; it goes before everything found here.

    Raises:
        ValueError: a mark lies outside its turn.
    """
    split = [_split(turn.text) for turn in turns]
    asked = open_questions(turns, [words for words, _ in split])
    units = unit_numbers(split)
    read = [
        Reading(number, words, values, asked[number], radio_places(words, values, units))
        for number, (words, values) in enumerate(split)
    ]
    for mention in marked:
        if not 0 <= mention.start < mention.end <= len(turns[mention.turn].text):
            raise ValueError(f"turn {mention.turn}: the mark {mention.start}–{mention.end} lies outside the text.")
        read[mention.turn].add_place(mention.start, mention.end, mention.type, mention.rule)
    find_structured(read)
    known = _known_names(turns, marked)
    announced = _find_evidence(read, known)
    _find_names(read, announced, known)
    if ner is not None:
        _find_by_ner(read, ner)
    return without_overlaps(mention for turn in read for mention in turn.mentions)


@lru_cache(maxsize=2048)
def _split(text: str) -> tuple[Words, list[Value]]:
    """Words and values of a text. Kept for a scenario's length, because redaction looks at most texts twice; never changed."""
    words = words_of(text)
    return words, find_values(words)


def _known_names(turns: Sequence[SpokenTurn], marked: Sequence[Mention]) -> Known:
    """Names of the labels, and those that people marked."""
    known = Known()
    for label in dict.fromkeys(turn.speaker for turn in turns):
        parts = {word for name in names_in_label(label) for word in name}
        words = words_of(label)
        for index, word in enumerate(words.folded):
            if word in parts:
                known.add(words.surface(index))
    known.of_labels |= known.folded
    for mention in marked:
        if mention.type == NAME:
            words = words_of(turns[mention.turn].text[mention.start : mention.end])
            for index, word in enumerate(words.folded):
                if not is_ordinary(word):
                    known.add(words.surface(index))
    return known


def _find_evidence(read: Sequence[Reading], known: Known) -> list[list[Name]]:
    """Names announced in each turn; their words are added to what is known."""
    announced = []
    was_near = False
    for turn in read:
        is_near = talks_of_names(turn.words.text)
        found = evidence(turn.words, turn.values, turn.asked, known, is_near_name=is_near or was_near)
        was_near = is_near
        announced.append([name for name in found if turn.is_free(name.first, name.last)])
        for name in announced[-1]:
            _remember(turn, name, known)
    known.pets |= {pet for turn in read for pet in pets_in(turn.words)} - known.folded
    return announced


def _find_names(read: Sequence[Reading], announced: Sequence[Sequence[Name]], known: Known) -> None:
    """Names of all turns; those found in one are then known in all others."""
    before = set(known.folded)
    found = [find_names(turn.words, turn.values, names, known) for turn, names in zip(read, announced, strict=True)]
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


def _remember(turn: Reading, name: Name, known: Known) -> None:
    if name.spelled:
        known.add(name.spelled)
        return
    for index in range(name.first, name.last + 1):
        if turn.words.folded[index] not in word_list("particles"):
            known.add(turn.words.surface(index))


def _find_by_ner(read: Sequence[Reading], ner: NameFinder) -> None:
    """A model's names, where nothing was found and the words are not ordinary ones."""
    for turn, places in zip(read, ner([turn.words.text for turn in read]), strict=True):
        for start, end in places:
            words = words_of(turn.words.text[start:end])
            if any(w[0].isalpha() and not is_ordinary(w) and w not in word_list("not_people") for w in words.folded):
                # Last, so that without_overlaps lets every rule above go before it.
                turn.add_place(start, end, NAME, "ner")
