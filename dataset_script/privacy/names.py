"""What a personal name looks like among the words of a turn, whoever found it: where it ends, and what is none.

``evidence.py`` finds names that something announces, ``other_names.py`` the rest; both build on this.
"""

from dataclasses import dataclass, field

from dataset_script.privacy.lexicon import fold, is_common_first_name, is_first_name, is_ordinary, is_surname
from dataset_script.privacy.lexicon import words as word_list
from dataset_script.privacy.tokens import Words

ANONYMOUS = "doe"
"""Surname of nobody: "John Doe" stays."""
_LONGEST = 5
_LONGEST_LOWER_CASE = 4
_LONGEST_PARTICLES = 2


@dataclass(frozen=True)
class Name:
    """Words ``first`` … ``last`` (inclusive) of a turn, and the rule that found them. ``spelled`` is what letters spell."""

    first: int
    last: int
    rule: str
    spelled: str = ""


@dataclass
class Known:
    """The words of names for which the file has evidence.

    ``of_labels`` are those of speaker labels, which stay nowhere; ``written`` are forms that are not folded ("jesús"); ``pets`` are
    names that are no person's.
    """

    folded: set[str] = field(default_factory=set)
    of_labels: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    pets: set[str] = field(default_factory=set)

    def add(self, word: str) -> None:
        """Remember a word of a name, as written. "Jesús" is a name, "Jesus" an exclamation: there the accent decides."""
        folded = fold(word)
        if folded in word_list("exclamations") and folded != word.lower():
            self.written.add(word.lower())
        elif len(folded) > 1 and folded[0].isalpha():
            self.folded.add(folded)


def is_blocked(words: Words, index: int) -> bool:
    """Whether a word cannot belong to a name: a number, a pronoun, a month, a brand, a rank, a placeholder."""
    word = words.folded[index]
    if not word[0].isalpha() or ("'" in word and is_ordinary(word)):
        return True
    if words.is_possessive(index) and f"{word}'s" in word_list("not_people"):
        return True
    return any(word in word_list(name) for name in ("function_words", "not_people", "police_ranks", "honorifics"))


def is_strange(words: Words, index: int) -> bool:
    """Whether a word in small letters is no English word, so that it can be part of a name that something announced."""
    word = words.folded[index]
    return len(word) > 2 and word.isalpha() and not is_ordinary(word) and not is_blocked(words, index)


def is_listed_word(word: str) -> bool:
    """Whether an English word is also a listed name that can stand in small letters after "call me" or "deputy"."""
    is_listed = len(word) > 2 and (is_surname(word) or is_common_first_name(word))
    return is_listed and word not in word_list("not_answers") and word not in word_list("verbs_of_people")


def end_of_name(words: Words, first: int) -> int:
    """The last word of a capitalised name: what follows at once of capitalised words, initials and particles."""
    last = first
    while last - first + 1 < _LONGEST and not words.is_possessive(last):
        longer = _next_part(words, last)
        if longer is None:
            break
        last = longer
    is_generation = words.word(last + 1) in word_list("generations") and words.is_capital(last + 1)
    return last + 1 if is_generation and words.gap(last + 1) in {" ", ", "} else last


def _next_part(words: Words, last: int) -> int | None:
    following = last + 1
    if following == len(words):
        return None
    gap, word, is_capital = words.gap(following), words.folded[following], words.is_capital(following)
    is_after_initial = gap == ". " and words.ends[last] - words.starts[last] == 1
    if gap not in {" ", "-"} and not is_after_initial:
        return None
    if not is_after_initial and (end := _after_particles(words, following)):
        return end
    if len(word) == 1 and is_capital and _is_initial(words, following):
        return following
    if gap == "-" and word.isalpha() and (is_capital or len(word) < 4):
        return following
    return following if is_capital and len(word) > 1 and not is_blocked(words, following) else None


def _is_initial(words: Words, index: int) -> bool:
    """The "J" of "Nathan J. Ouellette", "Nathan J Ouellette" and, as records are read out, of "Ouellette, Nathan J, 7-19-87"."""
    after = words.after(index)
    if after.startswith(". ") or after == " ":
        return words.is_capital_at(index + 1) and (after != " " or words.folded[index] != "i")
    return after.startswith((", ", "., ")) and words.gap(index) == " "


def _after_particles(words: Words, index: int) -> int | None:
    """The capitalised word after "de", "de la", "van der"; None where there is none."""
    place = index
    while (
        place - index < _LONGEST_PARTICLES and words.word(place) in word_list("particles") and words.after(place) == " "
    ):
        place += 1
    is_name = place > index and words.is_capital_at(place) and not is_ordinary(words.folded[place])
    return place if is_name else None


def end_of_lower_case_name(words: Words, first: int) -> int:
    """The last word of a name in small letters: strange words that follow, and one English word that is a surname."""
    last = first
    while last - first + 1 < _LONGEST_LOWER_CASE and last + 1 < len(words) and words.gap(last + 1) in {" ", "-"}:
        following = words.folded[last + 1]
        if words.is_possessive(last):
            break
        if not is_strange(words, last + 1) or (is_common_first_name(following) and last > first):
            is_surname_too = words.is_lower and is_surname(following) and is_listed_word(following)
            is_end = last + 2 == len(words) or is_ordinary(words.folded[last + 2])
            is_whole = is_surname_too and is_end and not is_ordinary(words.folded[first])
            return last + 1 if is_whole and following not in word_list("common_verbs") else last
        last += 1
    return last


def is_before_place(words: Words, last: int) -> bool:
    """Whether the word after a capitalised one makes it a street, a town, a bank: "Birch Street", "Chase bank"."""
    following = words.word(last + 1)
    if not following or words.gap(last + 1) != " " or (words.is_possessive(last) and following in {"house", "place"}):
        return False
    if words.is_capital(last + 1):
        return following in word_list("street_suffixes") or following in word_list("place_suffixes")
    return following in word_list("places_in_small_letters")


def ends_as_place(words: Words, first: int, last: int) -> bool:
    """Whether a run of capitalised words ends in "Avenue" or "Park". "Nathan Lane" is a person where a sentence or kin leads to it."""
    word = words.folded[last]
    if first == last or (word not in word_list("place_suffixes") and word not in word_list("street_suffixes")):
        return False
    is_full_name = is_surname(word) and is_common_first_name(words.folded[first])
    return not (is_full_name and (words.opens_sentence(first) or words.word(first - 1) in word_list("kin")))


def can_be_name(word: str) -> bool:
    """Whether a capitalised word that something announces is a name: no English word, or one that is listed as a name too."""
    return not is_ordinary(word) or is_surname(word) or is_first_name(word)
