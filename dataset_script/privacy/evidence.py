"""Names that something in the file announces: a rank or title, an introduction, letters spelled out, a question answered."""

import itertools
import re
from collections.abc import Iterator, Sequence

from dataset_script.privacy.lexicon import is_common_first_name, is_first_name, is_ordinary, is_surname
from dataset_script.privacy.lexicon import words as word_list
from dataset_script.privacy.mentions import NAME
from dataset_script.privacy.names import (
    ANONYMOUS,
    Known,
    Name,
    can_be_name,
    end_of_lower_case_name,
    end_of_name,
    is_blocked,
    is_listed_word,
    is_strange,
)
from dataset_script.privacy.questions import Open
from dataset_script.privacy.tokens import Words
from dataset_script.privacy.values import Value

_INTRODUCTION = re.compile(
    r"\b(?:names?(?:['’]s|['’]re| is| was| are| as| of|:|,| under| would be)?(?:,? (?:uh|um|like))?,? +"
    r"|named +|known as +|registered as +|a\.?k\.?a\.? +|alias +|maiden +|go(?:es|ing)? by +"
    r"|calls? (?:me|him|her|us|them|myself|himself|herself) +|called (?:me|him|her|myself) +"
    r"|(?:last|first|middle)(?: is|['’]s| of| name)?,? +)",
    re.I,
)
_INTRODUCTION_CUE = re.compile(r"name|call|last|first|middle|known|registered|alias|maiden|a\.?k\.?a|\bgo", re.I)
_TALK_OF_NAMES = re.compile(r"\b(?:spel|name|called|letter|with an? [A-Z]\b)", re.I)
_SAYS_WHO = frozenset(("i'm", "im", "am", "is", "he's", "she's", "that's", "it's"))
_FEWEST_LETTERS = 3
_LETTERS_THAT_SPEAK = 5
"""Letters in a row that are a name even where nobody talks of names, unless they make an English word."""
_LONGEST_ANSWER = 4
_LONGEST_ABBREVIATED_TITLE = 4


def talks_of_names(text: str) -> bool:
    """Whether letters said in this turn or the next are likely a name's."""
    return _TALK_OF_NAMES.search(text) is not None


def evidence(words: Words, values: Sequence[Value], asked: Open, known: Known, *, is_near_name: bool) -> list[Name]:
    """Names of a turn that something in the file announces.

    Args:
        asked: what the turn may be answering.
        known: names found so far, which tell what letters may spell; names of pets are added to it.
        is_near_name: the talk is of names and spelling.
    """
    found = [*_after_titles(words), *_introduced(words, known)]
    if words.is_lower:
        found += _two_strange_words(words)
    if values:
        found += _spelled(words, values, known, is_near_name=is_near_name or NAME in asked)
    if NAME in asked:
        found += _answered_in_lower_case(words) if words.is_lower else _answered(words)
    return [name for name in found if ANONYMOUS not in words.folded[name.last : name.last + 2]]


def _announced(words: Words, index: int, rule: str) -> Name | None:
    """The name that begins at a word after something that announces one."""
    if index >= len(words):
        return None
    word = words.folded[index]
    if words.is_capital(index):
        if not can_be_name(word) or (is_blocked(words, index) and word not in word_list("names_too")):
            return None
        return Name(index, end_of_name(words, index), rule)
    is_word = words.is_lower and is_listed_word(word) and not is_blocked(words, index)
    return Name(index, end_of_lower_case_name(words, index), rule) if is_word or is_strange(words, index) else None


def _after_titles(words: Words) -> Iterator[Name]:
    """ "Deputy Marsh", "Sgt. Kell", "Mrs. Bright", "Father Benoit"."""
    ranks, titles = word_list("police_ranks"), word_list("titles")
    if ranks.isdisjoint(words.folded) and titles.isdisjoint(words.folded):
        return
    for index, title in enumerate(words.folded[:-1]):
        if (title not in ranks and title not in titles) or words.is_possessive(index):
            continue
        following, gap = words.folded[index + 1], words.gap(index + 1)
        is_joined = gap == " " or (gap == ". " and len(title) <= _LONGEST_ABBREVIATED_TITLE)
        if not is_joined or following in ranks or following in titles:
            continue
        is_word = title in word_list("kin") or (title in word_list("titles_that_are_words") and not words.is_lower)
        if is_word and not words.is_capital(index + 1):
            continue
        if found := _announced(words, index + 1, "title"):
            yield found


def _introduced(words: Words, known: Known) -> Iterator[Name]:
    """ "My name's Tavion", "they call me Stone", "last of Okafor"; a dog named Rex is remembered as no person."""
    if _INTRODUCTION_CUE.search(words.text) is None:
        return
    place = {start: index for index, start in enumerate(words.starts)}
    for match in _INTRODUCTION.finditer(words.text):
        index = place.get(match.end())
        while index is not None and words.folded[index] in word_list("lead_ins") and words.after(index) in {" ", ", "}:
            index = index + 1 if index + 1 < len(words) else None
        if index is None:
            continue
        is_weak = match.group().lower().strip() in word_list("weak_introductions")
        if is_weak and (not words.is_capital(index) or words.folded[index] in word_list("not_people")):
            continue
        cue = place.get(match.start(), 0)
        if not word_list("animals").isdisjoint(words.folded[max(0, cue - 3) : cue]):
            known.pets.add(words.folded[index])
        elif found := _announced(words, index, "introduction"):
            yield found


def _two_strange_words(words: Words) -> Iterator[Name]:
    """ "i'm barnaby okonjo", where there are no capitals: two words that English has not, after one that says who somebody is."""
    for index in range(1, len(words) - 1):
        is_said = words.folded[index - 1] in _SAYS_WHO and words.gap(index + 1) == " "
        if is_said and is_strange(words, index) and is_strange(words, index + 1):
            yield Name(index, end_of_lower_case_name(words, index), "introduction")


def _spelled(words: Words, values: Sequence[Value], known: Known, *, is_near_name: bool) -> Iterator[Name]:
    """ "D-O-L-O-R-E-S", "Sam Tom Robert Adam Nora David" for Strand."""
    for value in itertools.chain.from_iterable((value.digits and value.segments(words)) or [value] for value in values):
        word = value.canonical.lower()
        if value.digits or value.letters < _FEWEST_LETTERS or word in word_list("not_letters_spelled"):
            continue
        is_expected = is_near_name or word in known.folded
        if "P" in value.kinds and not is_expected:
            # "Sam, Tom, Robert" may be three people.
            continue
        is_long = value.letters >= _LETTERS_THAT_SPEAK and not is_ordinary(word)
        if is_expected or is_long or is_first_name(word) or is_surname(word):
            yield Name(value.first, value.last, "spelled", spelled=word)


def _answered(words: Words) -> Iterator[Name]:
    """The name in an answer to a question for one: each short sentence that is nothing but a name."""
    first = 0
    for index in range(len(words)):
        is_end = index + 1 == len(words) or words.opens_sentence(index + 1)
        if is_end or words.gap(index + 1) not in {" ", "-", ". "}:
            if name := _whole_name(words, first, index):
                yield name
            first = index + 1


def _whole_name(words: Words, first: int, last: int) -> Name | None:
    """Words that are nothing but a name, "it's" before and "sir" after them apart."""
    while first < last and words.folded[first] in word_list("lead_ins"):
        first += 1
    while last > first and words.folded[last] in word_list("lead_outs"):
        last -= 1
    length = last - first + 1
    if length > _LONGEST_ANSWER or (words.after(last).startswith("?") and is_ordinary(words.folded[first])):
        return None
    is_name = all(_is_part_of_answer(words, index, length) for index in range(first, last + 1))
    return Name(first, last, "answer") if is_name else None


def _is_part_of_answer(words: Words, index: int, length: int) -> bool:
    word = words.folded[index]
    if word in word_list("not_answers") or not word[0].isalpha() or len(word) == 1:
        return False
    if word in word_list("not_people") and not (word in word_list("names_too") and is_first_name(word)):
        return False
    if word in word_list("particles") or words.gap(index) == "-":
        return True
    if word in word_list("function_words"):
        return False
    return can_be_name(word) if words.is_capital(index) else length == 1 and not is_ordinary(word)


def _answered_in_lower_case(words: Words) -> Iterator[Name]:
    """Without capitals and full stops: the strange words that open the answer, "mark mark sandoval"."""
    first = next((i for i, word in enumerate(words.folded) if word not in word_list("lead_ins")), None)
    if first is None:
        return
    word = words.folded[first]
    is_said_twice = words.word(first + 1) == word
    is_word = is_common_first_name(word) and is_listed_word(word) and (is_said_twice or len(words) - first <= 2)
    if is_word or is_strange(words, first):
        yield Name(first, end_of_lower_case_name(words, first), "answer")
    if is_word and is_said_twice:
        yield Name(first + 1, end_of_lower_case_name(words, first + 1), "answer")
