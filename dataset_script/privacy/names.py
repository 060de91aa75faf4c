"""Personal names in what is said.

Two kinds. Names with *evidence* in the file: in a speaker label, after a rank or title, in an introduction, spelled out letter by
letter, or as the answer to a question. Their words are masked wherever they occur. Other names: a capital letter where English has
none, first-name and surname lists, and the words before ("my cousin …").
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from dataset_script.privacy.lexicon import fold, is_common_first_name, is_first_name, is_ordinary, is_surname
from dataset_script.privacy.lexicon import words as word_list
from dataset_script.privacy.mentions import NAME
from dataset_script.privacy.questions import Open
from dataset_script.privacy.tokens import Words
from dataset_script.privacy.values import Value


@dataclass(frozen=True)
class Name:
    """Words ``first`` … ``last`` (inclusive) of a turn, and the rule that found them."""

    first: int
    last: int
    rule: str


@dataclass
class Known:
    """The words of names for which the file has evidence. 

    ``written`` are forms that are not folded ("jesús"); ``pets`` are names that are no person's.
    """

    folded: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    pets: set[str] = field(default_factory=set)

    def add(self, word: str) -> None:
        """Remember a word of a name, as written."""
        folded = fold(word)
        if len(folded) > 1 and not folded.startswith("["):
            # "Jesús" is a name, "Jesus" an exclamation: there the accent decides.
            if folded in word_list("exclamations") and folded != word.lower():
                self.written.add(word.lower())
            else:
                self.folded.add(folded)


_NAME_IS = re.compile(
    r"\b(?:names?(?:['’]s|['’]re| is| was| are| as| of|:|,| under| would be)?(?:,? (?:uh|um|like))?,? +"
    r"|named +|known as +|registered as +|a\.?k\.?a\.? +|alias +|maiden +|go(?:es|ing)? by +|calls? (?:me|him|her|us|them|myself|himself|herself) +"
    r"|called (?:me|him|her|myself) +|(?:last|first|middle)(?: is|['’]s| of| name)?,? +)",
    re.I,
)
_JOINED = frozenset((" ", "-", ". "))
_GENERATIONS = frozenset("jr sr ii iii".split())
_ANONYMOUS = frozenset("doe".split())
_SAINTS = frozenset("st saint san santa fort mount lake los port".split())
_LONGEST = 5
_SPELLED_LETTERS = 3


def _is_function_word(word: str) -> bool:
    return word in word_list("function_words")


def _is_blocked(words: Words, index: int) -> bool:
    """Whether a word cannot belong to a name: a number, a pronoun, a month, a brand, a rank, a placeholder."""
    word = words.folded[index]
    if words.is_possessive(index) and f"{word}'s" in word_list("not_people"):
        return True
    return (
        not word[0].isalpha()
        or word in word_list("honorifics")
        or _is_function_word(word)
        or word in word_list("not_people")
        or word in word_list("police_ranks")
        or "'" in word
        and is_ordinary(word)
    )


def _extend(words: Words, first: int, last: int) -> int:
    """The last word of a name that begins at ``first``: capitalised words, initials and particles that follow at once."""
    while last + 1 < len(words) and last - first + 1 < _LONGEST and not words.is_possessive(last):
        following, gap = last + 1, words.gap(last + 1)
        if gap not in _JOINED or (gap == ". " and words.ends[last] - words.starts[last] > 1):
            break
        word = words.folded[following]
        if gap != ". " and (end := _after_particles(words, following)):
            last = end
            continue
        is_initial = len(word) == 1 and words.is_capital(following) and words.after(following).startswith(". ")
        if is_initial and following + 1 < len(words) and words.is_capital(following + 1):
            last = following
            continue
        if gap == "-" and word.isalpha() and words.is_capital(first) and (words.is_capital(following) or len(word) < 4):
            last = following
            continue
        if not words.is_capital(following) or len(word) < 2 or _is_blocked(words, following):
            break
        last = following
    if last + 1 < len(words) and words.folded[last + 1] in _GENERATIONS and words.gap(last + 1) in {" ", ", "} and words.is_capital(last + 1):
        last += 1
    return last


def _is_place_or_firm(words: Words, last: int) -> bool:
    """Whether the word after a capitalised one makes it a street, a town, a bank."""
    following = last + 1
    if following >= len(words) or words.gap(following) != " " or words.is_possessive(last) and words.folded[following] in {"house", "place"}:
        return False
    word = words.folded[following]
    if word in word_list("street_suffixes") and (words.is_capital(following) or word in {"street", "avenue", "road"}):
        return True
    return word in word_list("place_suffixes") and (words.is_capital(following) or word in {"bank", "park", "county", "high", "hospital", "street"})


def _is_lower_case_name(words: Words, index: int) -> bool:
    """Whether a word in small letters can be part of a name that something announced."""
    word = words.folded[index]
    return len(word) > 2 and word.isalpha() and not is_ordinary(word) and not _is_blocked(words, index)


def _announced(words: Words, index: int, rule: str) -> Name | None:
    """The name that begins at a word after something that announces one."""
    if index >= len(words) or _is_blocked(words, index) and not (words.is_capital(index) and words.folded[index] in word_list("names_too")):
        return None
    word = words.folded[index]
    if words.is_capital(index):
        if is_ordinary(word) and not (is_surname(word) or is_first_name(word)):
            return None
        return Name(index, _extend(words, index, index), rule)
    if not _is_lower_case_name(words, index):
        return None
    last = index
    while last + 1 < len(words) and last - index < 2 and words.gap(last + 1) in {" ", "-"} and _is_lower_case_name(words, last + 1):
        last += 1
    return Name(index, last, rule)


def _after_titles(words: Words) -> Iterator[Name]:
    ranks, titles = word_list("police_ranks"), word_list("titles")
    if ranks.isdisjoint(words.folded) and titles.isdisjoint(words.folded):
        return
    for index in range(len(words) - 1):
        word = words.folded[index]
        is_rank = word in ranks
        if not (is_rank or word in titles) or words.is_possessive(index):
            continue
        gap = words.gap(index + 1)
        if gap != " " and not (gap == ". " and len(word) <= 4):
            continue
        following = words.folded[index + 1]
        if following in ranks or following in titles:
            continue
        if not words.is_capital(index + 1) and (word in word_list("kin") or word in {"officer", "agent", "doctor", "nurse", "coach", "judge", "madam", "miss", "chief", "captain", "commander", "mayor"} and not words.is_lower):
            continue
        if found := _announced(words, index + 1, "title"):
            yield found


def _introduced(words: Words, known: Known) -> Iterator[Name]:
    text = words.text
    if not any(cue in text for cue in ("name", "Name", "call", "Last", "last", "First", "first", "Middle", "middle", "known", "by ", "as ", "aka", "AKA", "alias")):
        return
    place = {start: index for index, start in enumerate(words.starts)}
    for match in _NAME_IS.finditer(text):
        index = place.get(match.end())
        while index is not None and index + 1 < len(words) and words.folded[index] in word_list("lead_ins") and words.gap(index + 1) in {" ", ", "}:
            index += 1
        if index is None:
            continue
        cue = match.group().lower().strip()
        is_weak = cue in {"last", "first", "middle", "last,", "first,", "name,", "names", "names,", "name"}
        if is_weak and (not words.is_capital(index) or words.folded[index] in word_list("not_people")):
            continue
        cue_at = place.get(match.start())
        if cue_at is not None and not word_list("animals").isdisjoint(words.folded[max(0, cue_at - 3) : cue_at]):
            known.pets.add(words.folded[index])
            continue
        if found := _announced(words, index, "introduction"):
            yield found


def _spelled(words: Words, values: Sequence[Value], known: Known, *, is_near_name: bool) -> Iterator[Name]:
    """Letters one by one that make a name."""
    for value in values:
        word = value.canonical.lower()
        if value.digits or value.letters < _SPELLED_LETTERS or word in word_list("not_letters_spelled"):
            continue
        expected = word in known.folded or is_near_name
        if "P" in value.kinds and not expected:
            # "Sam, Tom, Robert" may be three people.
            continue
        if expected or is_first_name(word) or is_surname(word) or (value.letters >= 5 and not is_ordinary(word)):
            yield Name(value.first, value.last, "spelled")


_TALK_OF_NAMES = re.compile(r"\b(?:spel|name|called|letter|with an? [A-Z]\b)", re.I)


def talks_of_names(text: str) -> bool:
    """Whether letters said in this turn or the next are likely a name's."""
    return _TALK_OF_NAMES.search(text) is not None


def _answered(words: Words) -> Iterator[Name]:
    """The name in an answer to a question for one: each short sentence that is nothing but a name."""
    index, n = 0, len(words)
    if words.is_lower:
        yield from _answer_in_lower_case(words)
        return
    while index < n:
        end = index
        while end + 1 < n and not words.opens_sentence(end + 1) and (words.gap(end + 1) in {" ", "-", ". "}):
            end += 1
        yield from _answer_in(words, index, end)
        index = end + 1


def _answer_in_lower_case(words: Words) -> Iterator[Name]:
    """Without capitals and full stops: the strange words that open the answer."""
    first, n = 0, len(words)
    while first < n and words.folded[first] in word_list("lead_ins"):
        first += 1
    last = first
    while last < n and last - first < 4 and _is_lower_case_name(words, last):
        last += 1
    if last > first:
        yield Name(first, last - 1, "answer")


def _answer_in(words: Words, first: int, last: int) -> Iterator[Name]:
    while first < last and words.folded[first] in word_list("lead_ins"):
        first += 1
    while last > first and words.folded[last] in word_list("lead_outs"):
        last -= 1
    length = last - first + 1
    if length > 4 or words.after(last).startswith("?") and is_ordinary(words.folded[first]):
        return
    no_answers = word_list("not_answers")
    parts = words.folded[first : last + 1]
    if any(part in no_answers or not part[0].isalpha() or len(part) < 2 for part in parts):
        return
    for index in range(first, last + 1):
        word = words.folded[index]
        if _is_function_word(word) and word not in word_list("particles") and words.gap(index) != "-":
            return
        if word in word_list("not_people") and not (word in word_list("names_too") and is_first_name(word)):
            return
        if words.is_capital(index):
            if is_ordinary(word) and not (is_first_name(word) or is_surname(word)):
                return
        elif words.gap(index) != "-" and word not in word_list("particles") and (is_ordinary(word) or length > 1):
            return
    yield Name(first, last, "answer")


def evidence(words: Words, values: Sequence[Value], asked: Open, known: Known, *, is_near_name: bool) -> list[Name]:
    """Names of a turn that something in the file announces.

    Args:
        asked: what the turn may be answering.
        known: names found so far; they tell which letters are worth reading.
        is_near_name: the talk is of names and spelling.
    """
    found = [*_after_titles(words), *_introduced(words, known)]
    if values:
        found += _spelled(words, values, known, is_near_name=is_near_name or NAME in asked)
    if NAME in asked:
        found += _answered(words)
    return [name for name in found if words.folded[name.last] not in _ANONYMOUS]


def _is_said_as_known(words: Words, index: int, known: Known) -> bool:
    """Whether a word is one of a known name's, and not the English word that is written alike."""
    word = words.folded[index]
    if index and words.folded[index - 1] in _SAINTS and words.gap(index) in {" ", ". "}:
        return False
    if word not in known.folded:
        if known.written and words.surface(index).lower() in known.written:
            return True
        if not (word.endswith("s") and word[:-1] in known.folded and len(word) > 4 and words.is_capital(index)):
            return False
        return not is_ordinary(word)
    if word in word_list("not_people"):
        return words.is_capital(index) and not _is_place_or_firm(words, index)
    if not is_ordinary(word):
        return words.is_capital(index) or len(word) > 2
    if not words.is_capital(index) or _is_place_or_firm(words, index):
        return False
    return not words.opens_sentence(index) or _stands_as_name(words, index, known)


def _stands_as_name(words: Words, index: int, known: Known) -> bool:
    """Whether a word at a sentence's beginning is a name and not the English word written alike."""
    after = words.after(index)
    if words.is_possessive(index) or not after or after[0] in ",.?!":
        return True
    if index + 1 < len(words) and after in {" ", "-"} and (words.is_capital(index + 1) and not _is_blocked(words, index + 1)):
        return True
    if words.folded[index] in word_list("verbs_too"):
        return words.folded[index + 1] in {"is", "was", "has", "had", "said", "does", "did", "lives", "knows"}
    return words.folded[index + 1] in word_list("verbs_of_people")


def _other(words: Words, index: int) -> str | None:
    """The rule by which a capitalised word begins a name for which the file has no evidence, or None."""
    word = words.folded[index]
    if len(word) < 2 or _is_blocked(words, index) and not (word in word_list("names_too") and _is_person_by_company(words, index)):
        return None
    if words.ends[index] - words.starts[index] <= 4 and words.surface(index).isupper() and not is_common_first_name(word):
        return None
    opens = words.opens_sentence(index)
    if opens and _is_named_kin(words, index):
        return "kin"
    previous = words.folded[index - 1] if index and words.gap(index) in {" ", ", ", ". "} else ""
    is_suffix = word in word_list("street_suffixes") or word in word_list("place_suffixes")
    if words.gap(index) == " " and index and words.is_capital(index - 1) and (is_suffix or not is_ordinary(previous)) and not _is_blocked(words, index - 1):
        # The rest of a run of capitals whose beginning is no name.
        return None
    last = _extend(words, index, index)
    if _ends_as_place(words, index, last):
        return None
    if _is_place_or_firm(words, last) or previous in _SAINTS:
        return None
    in_place = words.gap(index) == " " and (previous in word_list("place_prepositions") or _is_of_a_place(words, index))
    if in_place and (word in word_list("name_places") or not is_first_name(word) or is_ordinary(word)):
        return None
    if previous in {"the", "a", "an"} and words.gap(index) == " " and last == index and previous != "a":
        return None
    is_listed = is_first_name(word)
    if is_listed and not is_ordinary(word):
        return "first name" if is_common_first_name(word) or not opens or last > index or _is_person_by_company(words, index) else None
    if is_ordinary(word):
        if opens:
            return "first name" if is_listed and _opens_with_name(words, index) else None
        return "first name" if is_listed and not (previous in {"the", "a"}) else None
    if opens:
        return "surname" if is_surname(word) and _is_person_by_company(words, index) else None
    return "capital" if previous not in {"the", "a", "an"} or (previous != "the" and is_surname(word)) else None


def _after_particles(words: Words, index: int) -> int | None:
    """The capitalised word after "de", "de la", "van der"; None where there is none."""
    place = index
    while place + 1 < len(words) and place - index < 2 and words.folded[place] in word_list("particles") and words.gap(place + 1) == " ":
        place += 1
    return place if place > index and words.is_capital(place) and not is_ordinary(words.folded[place]) else None


def _ends_as_place(words: Words, first: int, last: int) -> bool:
    """Whether a run of capitalised words ends in "Avenue" or "Park". "Nathan Lane" is a person where nothing says "on Nathan Lane"."""
    word = words.folded[last]
    if first == last or word not in word_list("place_suffixes") and word not in word_list("street_suffixes"):
        return False
    is_person = is_surname(word) and is_common_first_name(words.folded[first]) and (words.opens_sentence(first) or words.folded[first - 1] in word_list("kin"))
    return not is_person


def _is_of_a_place(words: Words, index: int) -> bool:
    """Whether "corner of", "state of" stands before a word."""
    return index > 1 and words.folded[index - 1] == "of" and words.folded[index - 2] in word_list("places_of")


def _is_named_kin(words: Words, index: int) -> bool:
    """Whether a sentence is nothing but a name after one that ends in kin: "My wife. Solveig." """
    if not index or words.folded[index - 1] not in word_list("kin") or not words.gap(index).startswith("."):
        return False
    after = words.after(index)
    return (not after or after[0] in ".,?!") and not is_ordinary(words.folded[index])


def _opens_with_name(words: Words, index: int) -> bool:
    """Whether an English word that is also a first name opens a sentence as a name: "Grace, come here", "Mark Sandoval"."""
    after = words.after(index)
    if after.startswith(",") and words.folded[index] not in word_list("interjections"):
        return is_common_first_name(words.folded[index])
    return index + 1 < len(words) and after == " " and words.is_capital(index + 1) and not _is_blocked(words, index + 1)


def _is_person_by_company(words: Words, index: int) -> bool:
    """Whether the words around make a capitalised word a person: kin before it, a comma of address, a verb of people after."""
    previous = words.folded[index - 1] if index else ""
    if previous in word_list("kin") and words.gap(index) in {" ", ", "}:
        return True
    after = words.after(index)
    if words.is_possessive(index) and words.gap(index) == " ":
        return True
    if index and words.gap(index) == ", " and after[:1] in {",", ".", "?", "!"} and not words.opens_sentence(index):
        return False
    following = words.folded[index + 1] if index + 1 < len(words) else ""
    return after == " " and following in word_list("verbs_of_people") or words.opens_sentence(index) and after[:1] == ","


def _in_lower_case(words: Words, index: int) -> bool:
    """Whether a word in small letters is a name without evidence: a frequent first name, or a stranger after kin."""
    word = words.folded[index]
    if is_ordinary(word) or _is_blocked(words, index) or len(word) < 3:
        return False
    if is_common_first_name(word) and len(word) > 3:
        return word not in word_list("name_places") or words.folded[index - 1 : index] not in (["in"], ["to"], ["from"])
    return words.is_lower and index > 0 and (words.folded[index - 1] in word_list("kin") or words.folded[index - 1] in {"is", "tell", "ask"}) and (is_first_name(word) or is_surname(word))


def find_names(words: Words, values: Sequence[Value], announced: Iterable[Name], known: Known) -> list[Name]:
    """All names of a turn: those announced in it, words of known names, and others; none overlapping."""
    call_signs = {place for value in values if value.digits for place, kind in zip(value.places, value.kinds, strict=True) if kind == "P"}
    starting = {}
    for name in announced:
        if name.first not in starting or name.last > starting[name.first].last:
            starting[name.first] = name
    found: list[Name] = []
    index, n = 0, len(words)
    while index < n:
        name = starting.get(index) or (None if index in call_signs else _name_at(words, index, known))
        if name is None:
            index += 1
            continue
        found.append(_with_nickname(words, name))
        index = name.last + 1
    return found


def _with_nickname(words: Words, name: Name) -> Name:
    """With the word before in "Big Curtis"."""
    before = name.first - 1
    is_part = before >= 0 and words.folded[before] in word_list("nickname_words") and words.is_capital(before) and words.gap(name.first) == " "
    return Name(before, name.last, name.rule) if is_part and not words.opens_sentence(before) else name


def _name_at(words: Words, index: int, known: Known) -> Name | None:
    word = words.folded[index]
    if word in known.pets:
        return None
    if (word in known.folded or word[:-1] in known.folded or known.written) and _is_said_as_known(words, index, known):
        return Name(index, _extend_known(words, index, known), "known")
    if words.is_capital(index):
        if word[0].isalpha() and (rule := _other(words, index)):
            last = _extend(words, index, index)
            return None if words.folded[last] in _ANONYMOUS else Name(index, last, rule)
    elif not is_ordinary(word) and word[0].isalpha() and _in_lower_case(words, index):
        return Name(index, index, "lower case")
    return None


def _extend_known(words: Words, index: int, known: Known) -> int:
    last = index
    if words.is_capital(index):
        last = _extend(words, index, index)
    while last + 1 < len(words) and words.gap(last + 1) in {" ", "-"} and words.folded[last + 1] in known.folded and not words.is_possessive(last) and _is_said_as_known(words, last + 1, known):
        last += 1
    return last
