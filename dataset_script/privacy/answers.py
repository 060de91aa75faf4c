"""What is left of an answer: numbers and parts of dates that no recogniser could place, said where personal data was asked for.

An answer to such a question is never ranked (dialogue.py), so a number too many hidden there costs nothing, and
one too few shows somebody's house. Everything here is therefore generous, but only close to the question.
"""

from collections.abc import Iterator, Sequence

from dataset_script.privacy.dates import date_words
from dataset_script.privacy.lexicon import words as word_list
from dataset_script.privacy.mentions import ADDRESS, DOB, LICENSE, OTHER_ID, PHONE, PLATE, SSN, VIN
from dataset_script.privacy.numbers import KEEP, is_gun_or_road, is_measured, is_year, said_of
from dataset_script.privacy.questions import NOTHING, Open
from dataset_script.privacy.radio import is_call
from dataset_script.privacy.reading import Reading
from dataset_script.privacy.streets import ORDINAL_ENDINGS, ZIP_DIGITS, end_of_address, end_of_street, numbered_part
from dataset_script.privacy.tokens import Words
from dataset_script.privacy.values import Value

_ANSWER = 16
"""Longer turns tell a story; numbers in them are mostly none of those that were asked for."""
_DATE_ANSWER = 9
_LONGEST_HOUSE_NUMBER = 5
_SAYS_NUMBERS = (SSN, PHONE, LICENSE, OTHER_ID, PLATE, VIN)
_CONTINUATION = 11
"""A turn of so many words at most may go on with what the turns before it gave."""
_LONG = 3
_LONGEST_READING, _LONGEST_PLATE = 40, 8
_IN_PARTS = frozenset((ADDRESS, SSN, PHONE, LICENSE, OTHER_ID))
_SHOWS_NUMBER = frozenset(("mailbox", "mailboxes", "doorbell", "house", "houses"))
"""Where these are spoken of soon after an address, bare numbers are those of houses."""
_VISITED = (["rang"], ["buzzed"], ["knocked", "on"], ["knocked", "at"])
_BEFORE_AGES = frozenset(("he's", "she's"))
_OF_A_NEIGHBOUR = frozenset(("is", "was", "has", "who", "says", "keeps"))
_SAME_STREET = (["same", "street"], ["same", "road"], ["same", "building"])
_RADIO = frozenset(("104", "911", "108", "107", "106"))

Found = tuple[int, int, str]
"""First word, last word (inclusive), and type."""


def rest_of_answer(turn: Reading, left: Sequence[Value], given: Open) -> Iterator[Found]:
    """What of a turn is probably part of an answer although nothing says so.

    Args:
        left: values that no recogniser took.
        given: types that were said in the turns just before, perhaps only in part.
    """
    words = turn.words
    yield from _plates_read_out(words, left)
    wanted = turn.asked & turn.recent
    continued = given & _IN_PARTS if len(words) <= _CONTINUATION else NOTHING
    if not wanted | continued or len(words) > _ANSWER:
        return
    is_question = words.text.rstrip().endswith("?")
    if DOB in wanted and len(words) <= _DATE_ANSWER and not is_question:
        plain = [value for value in left if not is_measured(words, value)]
        yield from ((first, last, DOB) for first, last in date_words(words, plain, turn.taken))
    if ADDRESS in wanted | continued:
        yield from _parts_of_home(words)
    if ADDRESS in wanted | turn.types():
        yield from ((value.first, value.last, ADDRESS) for value in left if _is_spelled(words, value))
    for value in left:
        if not _may_be_personal(words, value):
            continue
        if words.word(value.last + 1) in ORDINAL_ENDINGS or words.word(value.first - 1) in _BEFORE_AGES:
            continue
        if ADDRESS in wanted and value.letters <= 1 and value.digits <= _LONGEST_HOUSE_NUMBER and not is_question:
            yield value.first, _end_of_home(words, value), ADDRESS
            continue
        is_long = value.digits >= _LONG or len(value.parts) >= _LONG
        kinds = wanted | continued if is_long else wanted
        kind = next((kind for kind in _SAYS_NUMBERS if kind in kinds), None)
        is_count = kind == OTHER_ID and value.digits <= _LONG and not value.letters  # "There was forty-eight."
        if kind is not None and not is_count and (value.digits >= 2 or value.letters):
            yield value.first, value.last, kind


def _plates_read_out(words: Words, left: Sequence[Value]) -> Iterator[Found]:
    """ "I'm going to read the plate and you tell me: King, Edward, Queen, zero, zero, eight"."""
    if word_list("near_plate").isdisjoint(words.folded) or len(words) > _LONGEST_READING:
        return
    for value in left:
        if value.kinds.count("P") >= 2 and value.digits >= 2 and len(value.canonical) <= _LONGEST_PLATE:
            yield value.first, value.last, PLATE


def _may_be_personal(words: Words, value: Value) -> bool:
    """Whether a value is no count, year, measure or call sign, and no part of the law."""
    is_count = value.digits == 1 and value.letters == 0 and len(words) > 3
    is_about = words.word(value.first - 1) in {"about", "around", "since", "point", "to"}
    if not value.digits or is_count or is_year(words, value) or is_about or value.canonical in _RADIO:
        return False
    is_call_sign = value.kinds[0] == "P" and value.letters == 1 and value.digits <= 2
    return (
        not (is_call_sign or is_call(words, value) or is_gun_or_road(value))
        and not is_measured(words, value)
        and said_of(words, value) != KEEP
    )


def _parts_of_home(words: Words) -> Iterator[Found]:
    """ "Apartment G", "Apartment 14, 00982" where the street was said before."""
    for index, word in enumerate(words.folded):
        if word in word_list("parts_of_a_home") and (end := numbered_part(words, index)) is not None:
            zip_code = (
                end + 1 < len(words) and words.folded[end + 1].isdigit() and len(words.folded[end + 1]) == ZIP_DIGITS
            )
            yield index, end + zip_code, ADDRESS


def _is_spelled(words: Words, value: Value) -> bool:
    """ "R-I-D-G-E": letters of a street's name."""
    is_row = len(value.places) >= 3 and not value.digits
    return is_row and words.gap(value.places[1]) in {"-", ", ", " "}


def _end_of_home(words: Words, value: Value) -> int:
    street = end_of_street(words, value.last + 1, is_sure=True)
    return end_of_address(words, value.last if street is None else street)


def beside_address(turn: Reading, left: Sequence[Value], given: Open) -> Iterator[Found]:
    """A bare house number beside another address: "I'm at 15 County Road 40. He's at 19.", "58 is the boy's house", "I rang 17D".

    Args:
        left, given: as for :func:`rest_of_answer`.
    """
    words = turn.words
    has_address = ADDRESS in turn.types()
    shows_houses = ADDRESS in turn.asked | given | turn.types() and not _SHOWS_NUMBER.isdisjoint(words.folded)
    for value in left:
        is_house = value.letters <= 1 and 2 <= value.digits <= _LONGEST_HOUSE_NUMBER
        if not is_house or is_measured(words, value) or words.gap(value.first).endswith(("$", ":")):
            continue
        before = words.folded[max(0, value.first - 4) : value.first]
        is_led_to = before[-1:] in (["at"], ["be"], ["number"], ["to"], ["from"])
        lives = not word_list("dwelling").isdisjoint(before)
        following = words.word(value.last + 1)
        stands_alone = not following or words.after(value.last)[:1] in ".,;" or following in _OF_A_NEIGHBOUR
        is_visited = before[-1:] in _VISITED or before[-2:] in _VISITED
        is_same_street = words.folded[value.last + 1 : value.last + 3] in _SAME_STREET
        if (
            is_visited
            or is_same_street
            or (is_led_to and stands_alone and (has_address or (lives and before[-1] == "at")))
            or (shows_houses and _is_number_of_house(words, value))
        ):
            yield value.first, value.last, ADDRESS


def _is_number_of_house(words: Words, value: Value) -> bool:
    """Whether a number where houses are spoken of is that of one: nothing is counted by it, and it is no year or road."""
    following = words.word(value.last + 1)
    is_counted = following and words.after(value.last)[:1].isspace() and following not in word_list("function_words")
    is_told = words.word(value.first - 1) in {"i'm", "we're", "says"}
    is_age = words.gap(value.first) == ", " and words.after(value.last) == ", "  # "her son, 20, is in the house"
    return (
        (is_told or not is_counted)
        and not is_age
        and following not in ORDINAL_ENDINGS
        and _may_be_personal(words, value)
    )
