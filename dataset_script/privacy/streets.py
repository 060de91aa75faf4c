"""How far a street goes after a house number, and what of apartment, town and zip follows it. Words in, word numbers out."""

from dataset_script.privacy.lexicon import words as word_list
from dataset_script.privacy.tokens import Words
from dataset_script.privacy.values import NUMBER_WORDS

SPOKEN_DIGITS = NUMBER_WORDS.keys() | {"oh"}
ORDINAL_ENDINGS = frozenset(("st", "nd", "rd", "th"))
ZIP_DIGITS = 5
LONGEST_STREET = 4
_LONGEST_DESIGNATION = 5
_LONGEST_TOWN = 5
_ABBREVIATED = frozenset(("apt", "bldg", "no"))
_FLOOR_WORDS = frozenset(("floor", "unit", "door", "flat", "apartment", "half", "house"))
_INSIDE_STREETS = frozenset(("of", "the", "de", "la"))
_BEFORE_STREETS = frozenset(("camino", "calle", "avenida", "paseo", "rue"))
_SUFFIXES_BEFORE_NUMBER = frozenset(("road", "route", "highway", "loop"))
_SUFFIXES_THAT_ARE_WORDS = frozenset(("way", "run", "place"))


def end_of_street(words: Words, first: int, *, is_sure: bool) -> int | None:
    """The last word of a street that begins at a word, or None where none does.

    Args:
        is_sure: a house number is certain, so that capitalised words without "Street" are enough.
    """
    if words.word(first) in _BEFORE_STREETS and words.is_capital_at(first) and words.gap(first) == " ":
        return _end_of_run(words, first)
    last_capital = None
    is_sure = is_sure or _opens_with_direction(words, first)
    for place in range(first, min(len(words), first + LONGEST_STREET + 1)):
        word, is_capital = words.folded[place], words.is_capital(place)
        if not _goes_on(words, first, place, is_sure=is_sure):
            break
        if _is_in_ordinal(words, place):
            last_capital = place
            continue
        if place > first and _is_suffix(words, place):
            # "Tern Hollow Road": a suffix may be part of the name.
            is_in_name = words.is_capital_at(place + 1) and words.gap(place + 1) == " " and _is_suffix(words, place + 1)
            number = place + is_in_name + 1
            is_numbered = words.folded[number - 1] in _SUFFIXES_BEFORE_NUMBER and words.word(number).isdigit()
            if is_numbered and words.gap(number) == " ":
                return number  # "Ranch Road 77"
            return _with_direction(words, number - 1)
        if is_capital and word in word_list("roads_before_number") and (road := _road_number(words, place)):
            return road
        if last_capital is not None and word in _INSIDE_STREETS and _leads_to_capital(words, place):
            continue
        if _ends_street(words, first, place):
            break
        if is_capital and (is_sure or last_capital is not None or word not in word_list("not_people")):
            last_capital = place
        elif last_capital is not None:
            break
    return _with_direction(words, last_capital) if is_sure and last_capital is not None else None


def _end_of_run(words: Words, first: int) -> int | None:
    """ "Camino del Sauce": capitalised words and particles."""
    last = first
    for place in range(first + 1, min(len(words), first + LONGEST_STREET + 1)):
        if words.gap(place) != " " or not (words.is_capital(place) or words.folded[place] in word_list("particles")):
            break
        last = place if words.is_capital(place) else last
    return last if last > first else None


def _opens_with_direction(words: Words, first: int) -> bool:
    """ "West Calloway", and not "West Virginia"."""
    is_direction = words.word(first) in word_list("directions") - {"rear", "old"} and words.is_capital(first)
    is_name = words.is_capital_at(first + 1) and words.gap(first + 1) == " "
    return is_direction and is_name and words.folded[first + 1] not in word_list("states_by_direction")


def _goes_on(words: Words, first: int, place: int, *, is_sure: bool) -> bool:
    """Whether nothing but a space parts a word from the one before; a pause after the house number where it is certain."""
    gap = words.gap(place)
    if place == first:
        return gap == " " or (gap == ", " and is_sure and words.is_capital(place))
    return gap in {" ", "-"} or (gap == ". " and len(words.folded[place - 1]) <= 2) or _is_in_ordinal(words, place)


def _is_in_ordinal(words: Words, place: int) -> bool:
    """Whether a word is the "93" or the "rd" of "Southwest 93rd Terrace"."""
    number = place - 1 if words.folded[place] in ORDINAL_ENDINGS else place
    is_whole = words.word(number).isdigit() and words.word(number + 1) in ORDINAL_ENDINGS and not words.gap(number + 1)
    return is_whole and words.word(number - 1) in word_list("directions")


def _is_suffix(words: Words, place: int) -> bool:
    """Whether a word is "Street", and not the "way" of "45 Elm way back"."""
    word = words.folded[place]
    is_plain = words.is_capital(place) or not words.is_capital(place - 1) or word not in _SUFFIXES_THAT_ARE_WORDS
    return is_plain and word in word_list("street_suffixes")


def _ends_street(words: Words, first: int, place: int) -> bool:
    """Whether a word cannot be inside a street: a function word, a measure, the letters of a plate."""
    word = words.folded[place]
    if word in word_list("function_words") | word_list("never_in_streets"):
        return not (place == first and word == "the" and words.is_capital(place))
    is_letters = words.surface(place).isupper() and 1 < len(word) < 5 and word not in word_list("directions")
    return word[0] == "[" or word in word_list("never_after_house_numbers") or (is_letters and not words.text.isupper())


def _road_number(words: Words, place: int) -> int | None:
    """The number of "Highway 12", "County Road nine"."""
    number = place + 2 if words.word(place + 1) in {"road", "highway", "route"} else place + 1
    return number if words.word(number).isdigit() or words.word(number) in SPOKEN_DIGITS else None


def _leads_to_capital(words: Words, index: int) -> bool:
    """Whether "of the" leads on to a capitalised word: "Avenue of the Elms"."""
    return any(words.is_capital_at(i) and words.gap(i) == " " for i in (index + 1, index + 2))


def _with_direction(words: Words, last: int) -> int:
    following = words.word(last + 1)
    is_direction = following in word_list("directions") and words.gap(last + 1) == " "
    return last + 1 if is_direction and (words.is_capital(last + 1) or len(following) > 2) else last


def end_of_address(words: Words, last: int) -> int:
    """The last word of an address whose street ends at a word, with its apartment, town and zip."""
    while last + 1 < len(words) and words.gap(last + 1).rstrip("#") in {", ", " ", ". "}:
        further = _next_part(words, last + 1)
        if further is None:
            break
        last = further
    return last


def _next_part(words: Words, index: int) -> int | None:
    word, is_after_pause = words.folded[index], words.gap(index).startswith(", ")
    apartment = _apartment(words, index) if is_after_pause else None
    if apartment is None:
        apartment = numbered_part(words, index)
    if apartment is not None:
        return apartment
    if words.is_lower:
        return _zip_soon(words, index)
    if is_after_pause and (words.is_capital(index) or (word == "in" and words.is_capital_at(index + 1))):
        return _town(words, index + (word == "in" and not words.is_capital(index)))
    return index if word.isdigit() and len(word) == ZIP_DIGITS else None


def numbered_part(words: Words, index: int) -> int | None:
    """The last word of "apartment 6", "unit B", "lot number eleven" that begins at a word."""
    word, after = words.folded[index], words.after(index)
    is_figure = words.word(index + 1).isdigit() or word != "no"  # "Oh, no. Oh, my God"
    is_joined = after in {" ", " #"} or (after in {". ", ". #"} and word in _ABBREVIATED and is_figure)
    if word not in word_list("parts_of_a_house") or not is_joined:
        return None
    return designation(words, index + 1 + (words.word(index + 1) == "number"))


def _apartment(words: Words, index: int) -> int | None:
    """After a pause: "the basement apartment", "three C", "3C", "upstairs", "second floor", "in the back"."""
    word = words.folded[index]
    if word in {"in", "the"} and (inside := _inside_part(words, index)) is not None:
        return inside
    if word == "the" and "apartment" in words.folded[index : index + 4]:
        return words.folded.index("apartment", index)
    if word in word_list("floors"):
        return index + (words.word(index + 1) in _FLOOR_WORDS)
    if word not in SPOKEN_DIGITS and not word.isdigit():
        return None
    end = designation(words, index)
    is_letter = end is not None and len(words.folded[end]) == 1
    is_last_number = word.isdigit() and len(word) < ZIP_DIGITS and end == len(words) - 1
    return end if is_letter or is_last_number else None


def _inside_part(words: Words, index: int) -> int | None:
    """ "In the back", "the upstairs": the last word of it."""
    place = index
    while words.word(place) in {"in", "the"}:
        place += 1
    return place + (words.word(place + 1) in _FLOOR_WORDS) if words.word(place) in word_list("floors") else None


def designation(words: Words, index: int) -> int | None:
    """The last word of "4", "4B", "B", "12 C", "twenty-one"; None where a word is none of these."""
    word = words.word(index)
    if not word or not (word.isdigit() or word in SPOKEN_DIGITS or len(word) == 1):
        return None
    end = index
    while end - index < _LONGEST_DESIGNATION and words.word(end + 1) and words.after(end) in {"", " ", "-"}:
        following, is_grown = words.folded[end + 1], words.after(end) != " "
        is_letter = len(following) == 1 and following != "i" and (following != "a" or words.is_capital(end + 1))
        if not (is_letter or following in SPOKEN_DIGITS or (following.isdigit() and is_grown)):
            break
        end += 1
    return end


def _zip_soon(words: Words, index: int) -> int | None:
    """Five digits within the next words, or a last "3c", where no capitals show the town."""
    if words.folded[index].isdigit() and index + 2 == len(words) and len(words.folded[index + 1]) == 1:
        return index + 1
    soon = range(index, min(len(words), index + 3))
    return next((i for i in soon if words.folded[i].isdigit() and len(words.folded[i]) == ZIP_DIGITS), None)


def _town(words: Words, index: int) -> int | None:
    """ "Millhaven 00417", "Ford City, Ohio": capitalised words up to five digits or the sentence's end."""
    for place in range(index, min(len(words), index + _LONGEST_TOWN)):
        if words.folded[place].isdigit():
            return place if len(words.folded[place]) == ZIP_DIGITS else None
        if not words.is_capital(place):
            return None
        if place + 1 == len(words) or words.opens_sentence(place + 1):
            return place
    return None
