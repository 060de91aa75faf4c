"""All names of a turn: those announced, words of names that the file knows, and those for which it has no evidence.

Without evidence speak a capital letter where English has none, first-name and surname lists, and the words around.
"""

from collections.abc import Iterable, Sequence

from dataset_script.privacy.lexicon import is_common_first_name, is_first_name, is_ordinary, is_surname
from dataset_script.privacy.lexicon import words as word_list
from dataset_script.privacy.names import (
    ANONYMOUS,
    Known,
    Name,
    end_of_lower_case_name,
    end_of_name,
    ends_as_place,
    is_before_place,
    is_blocked,
)
from dataset_script.privacy.tokens import Words
from dataset_script.privacy.values import Value

_ARTICLES = frozenset(("the", "a", "an"))
_FOREIGN_PLACE_OPENERS = frozenset(("santa", "san", "los", "las", "el"))
_LONGEST_ABBREVIATION = 4


def find_names(words: Words, values: Sequence[Value], announced: Iterable[Name], known: Known) -> list[Name]:
    """All names of a turn, in order, none overlapping.

    Args:
        announced: names found by evidence in this turn; they go first.
        known: words of names of the whole file.
    """
    call_signs = {place for value in values if value.digits for place in value.alphabet_words()}
    starting: dict[int, Name] = {}
    for name in announced:
        if name.first not in starting or name.last > starting[name.first].last:
            starting[name.first] = name
    found: list[Name] = []
    index = 0
    while index < len(words):
        is_call_sign = index in call_signs and words.folded[index] not in known.of_labels
        at = starting.get(index) or (None if is_call_sign else _name_at(words, index, known))
        if at is not None:
            found.append(_with_initial(words, _with_nickname(words, at)))
        index = index + 1 if at is None else at.last + 1
    return found


def _with_nickname(words: Words, name: Name) -> Name:
    """With the word before in "Big Curtis"."""
    before = name.first - 1
    is_part = words.word(before) in word_list("nickname_words") and words.is_capital(before)
    is_joined = is_part and words.after(before) == " " and not words.opens_sentence(before)
    return Name(before, name.last, name.rule) if is_joined else name


def _with_initial(words: Words, name: Name) -> Name:
    """With the letter before in "D. Applewhite"."""
    before = name.first - 1
    is_initial = before >= 0 and len(words.folded[before]) == 1 and words.is_capital(before)
    return Name(before, name.last, name.rule) if is_initial and words.gap(name.first) == ". " else name


def _name_at(words: Words, index: int, known: Known) -> Name | None:
    word = words.folded[index]
    if (word in known.pets and word not in known.of_labels) or not word[0].isalpha():
        return None
    may_be_known = word in known.folded or word[:-1] in known.folded or known.written
    if may_be_known and _is_known(words, index, known):
        return Name(index, _end_of_known(words, index, known), "known")
    if words.is_capital(index):
        last = end_of_name(words, index)
        rule = None if words.folded[last] == ANONYMOUS else _rule_for_capital(words, index, last)
        return Name(index, last, rule) if rule else None
    if (words.is_lower or not is_ordinary(word)) and _is_name_in_lower_case(words, index):
        return Name(index, end_of_lower_case_name(words, index) if words.is_lower else index, "lower case")
    return None


def _is_known(words: Words, index: int, known: Known) -> bool:
    """Whether a word is one of a known name's, and not the English word or the place that is written alike."""
    word, is_capital = words.folded[index], words.is_capital(index)
    if word not in known.folded:
        is_plural = word[-1] == "s" and word[:-1] in known.folded and len(word) > 4 and is_capital
        return words.surface(index).lower() in known.written or (is_plural and not is_ordinary(word))
    is_word = is_ordinary(word) or word in word_list("not_people")
    if words.gap(index) == " " and _is_date_or_place(word, words.word(index - 1)):
        return False
    if word in known.of_labels and not is_word:
        return True
    is_saint = words.word(index - 1) in word_list("place_openers") and words.gap(index) in {" ", ". "}
    if is_saint or words.word(index + 1) in word_list("after_places") | {ANONYMOUS}:
        return False
    if not is_word:
        return is_capital or len(word) > 2
    if not is_capital or is_before_place(words, index):
        return False
    return word in word_list("not_people") or not words.opens_sentence(index) or _opens_as_known(words, index)


def _is_date_or_place(word: str, previous: str) -> bool:
    """ "Since April", "in Madison", although somebody here is called April or Madison."""
    is_date = word in word_list("months") and previous in word_list("before_months")
    return is_date or (word in word_list("name_places") and previous in {"in", "near"})


def _opens_as_known(words: Words, index: int) -> bool:
    """Whether an English word at a sentence's beginning is the name that is written alike: "Will?", not "Will you …"."""
    after, following = words.after(index), words.word(index + 1)
    if words.is_possessive(index) or not after or after[0] in ",.?!":
        return True
    if after in {" ", "-"} and words.is_capital_at(index + 1) and not is_blocked(words, index + 1):
        return True
    is_verb_too = words.folded[index] in word_list("verbs_too")
    return following in word_list("speaking_verbs" if is_verb_too else "verbs_of_people")


def _end_of_known(words: Words, index: int, known: Known) -> int:
    last = end_of_name(words, index) if words.is_capital(index) else index
    while (
        words.after(last) in {" ", "-"} and words.word(last + 1) in known.folded and _is_known(words, last + 1, known)
    ):
        last += 1
    return last


def _rule_for_capital(words: Words, index: int, last: int) -> str | None:
    """The rule by which capitalised words are a name for which the file has no evidence, or None."""
    word, is_opening = words.folded[index], words.opens_sentence(index)
    if len(word) == 1 or _is_abbreviation(words, index):
        return None
    if is_blocked(words, index) and not (word in word_list("names_too") and _is_in_company(words, index)):
        return None
    if is_opening and _is_kin_named(words, index):
        return "kin"
    if is_opening and _is_sentence(words, index, last):
        return "sentence"
    if _is_rest_of_run(words, index) or _is_place(words, index, last) or _is_thing(words, index, last):
        return None
    if is_first_name(word):
        return "first name" if _is_first_name_here(words, index, last) else None
    if is_ordinary(word):
        return None
    if is_opening:
        is_whole = last > index and is_surname(words.folded[last]) and not is_ordinary(words.folded[last])
        return "surname" if is_whole or (is_surname(word) and _is_in_company(words, index)) else None
    return "capital"


def _is_abbreviation(words: Words, index: int) -> bool:
    surface = words.surface(index)
    return len(surface) <= _LONGEST_ABBREVIATION and surface.isupper() and not is_common_first_name(words.folded[index])


def _is_rest_of_run(words: Words, index: int) -> bool:
    """Whether a word goes on a run of capitals whose beginning is no name: "Sycamore Lane"."""
    if not index or words.gap(index) != " " or not words.is_capital(index - 1) or is_blocked(words, index - 1):
        return False
    word = words.folded[index]
    is_suffix = word in word_list("street_suffixes") or word in word_list("place_suffixes")
    return is_suffix or not is_ordinary(words.folded[index - 1])


def _is_place(words: Words, index: int, last: int) -> bool:
    """Whether the words are a street, a town or a firm, by what they end in or what stands before them."""
    if ends_as_place(words, index, last) or is_before_place(words, last):
        return True
    word, previous = words.folded[index], words.word(index - 1)
    if previous in word_list("place_openers") and words.gap(index) in {" ", ". "}:
        return True
    if word in _FOREIGN_PLACE_OPENERS and words.is_capital_at(index + 1) and words.after(index) == " ":
        return True  # "Santa Fe"
    if word in word_list("name_places") and words.after(index) == " " and _is_document(words.word(index + 1)):
        return True  # "a Georgia tag"
    if words.after(last) == ", " and words.is_capital_at(last + 1) and is_common_first_name(words.folded[last + 1]):
        return False  # "registered to Quillan, Maribel", as records are read out
    is_of_place = previous == "of" and words.word(index - 2) in word_list("places_of")
    if words.gap(index) != " " or not (previous in word_list("place_prepositions") or is_of_place):
        return False
    return word in word_list("name_places") or is_ordinary(word) or not is_first_name(word)


def _is_document(word: str) -> bool:
    return word in word_list("near_plate") or word in word_list("near_license") or word in {"permit", "id", "driver"}


def _is_thing(words: Words, index: int, last: int) -> bool:
    """Whether an article makes a single capitalised word a thing; "a Boyle" is a person, because a surname."""
    previous = words.word(index - 1)
    if previous in word_list("car_makes") and words.gap(index) == " ":
        return True
    if previous not in _ARTICLES or words.gap(index) != " ":
        return False
    word = words.folded[index]
    is_person = previous in {"a", "an"} and not is_ordinary(word) and (is_first_name(word) or is_surname(word))
    return not is_person and (last == index or not is_first_name(word))


def _is_first_name_here(words: Words, index: int, last: int) -> bool:
    """Whether a listed first name is one here, and not the English word written alike or an opening foreign word."""
    word = words.folded[index]
    if not words.opens_sentence(index):
        return True
    if is_ordinary(word):
        return _opens_as_name(words, index)
    is_acting = words.after(index) == " " and is_ordinary(words.word(index + 1))  # "Mateo sleeps through everything"
    return is_common_first_name(word) or last > index or is_acting or _is_in_company(words, index)


def _opens_as_name(words: Words, index: int) -> bool:
    """Whether an English word that is also a first name opens a sentence as a name: "Grace, come here", "Mark Sandoval"."""
    after = words.after(index)
    if after.startswith(",") and words.folded[index] not in word_list("interjections"):
        return is_common_first_name(words.folded[index])
    is_verb_too = words.folded[index] in word_list("verbs_too") or words.folded[index] in word_list("interjections")
    if after == " " and words.word(index + 1) in word_list("speaking_verbs") and not is_verb_too:
        return is_common_first_name(words.folded[index])  # "Peter is in Denver"
    return after == " " and words.is_capital_at(index + 1) and not is_blocked(words, index + 1)


def _is_sentence(words: Words, index: int, last: int) -> bool:
    """Whether one listed name, no English word, is all of a sentence that is not all of its turn: "My girl on my arm. Lucero." """
    said = words.folded[index : last + 1]
    is_listed = any(is_first_name(word) or (is_surname(word) and word[-1] != "s") for word in said)
    if not is_listed or any(is_ordinary(word) for word in said) or (last == index and len(said[0]) <= 3):
        return False
    is_whole = last + 1 == len(words) or words.opens_sentence(last + 1)
    return is_whole and index > 0 and words.after(last)[:1] in {".", "?"}


def _is_kin_named(words: Words, index: int) -> bool:
    """Whether a sentence is nothing but a name after one that ends in kin: "My wife. Solveig." """
    if words.word(index - 1) not in word_list("kin") or not words.gap(index).startswith("."):
        return False
    after = words.after(index)
    return (not after or after[0] in ".,?!") and not is_ordinary(words.folded[index])


def _is_in_company(words: Words, index: int) -> bool:
    """Whether the words around make a capitalised word a person: kin before it, a comma of address, a verb of people after."""
    gap, after = words.gap(index), words.after(index)
    if (words.word(index - 1) in word_list("kin") and gap in {" ", ", "}) or (
        words.is_possessive(index) and gap == " "
    ):
        return True
    is_acting = after == " " and words.word(index + 1) in word_list("verbs_of_people")
    return is_acting or (words.opens_sentence(index) and after.startswith(","))


def _is_name_in_lower_case(words: Words, index: int) -> bool:
    """Whether a word in small letters is a name: a frequent first name, or a listed one where there are no capitals at all."""
    word = words.folded[index]
    if len(word) < 3 or not is_first_name(word) or is_blocked(words, index):
        return False
    previous, following = words.word(index - 1), words.word(index + 1)
    if following in word_list("after_places") | {ANONYMOUS}:
        return False
    if is_ordinary(word):
        is_kin = words.is_lower and previous in word_list("kin")
        return is_kin and is_common_first_name(word) and word not in word_list("common_verbs")
    if previous in word_list("place_prepositions") and word in word_list("name_places"):
        return False
    if is_common_first_name(word) and len(word) > 3:
        return True
    shortest = 4 if previous in {"i'm", "is", "am", "this"} else 5
    return words.is_lower and len(word) >= shortest
