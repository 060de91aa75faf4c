"""Names in released speaker labels, and the pseudonyms that replace such labels."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

from dataset_script.privacy.lexicon import is_first_name, is_ordinary, is_surname
from dataset_script.privacy.lexicon import words as word_list
from dataset_script.privacy.mentions import SpokenTurn
from dataset_script.privacy.tokens import Words, words_of
from dataset_script.privacy.values import ALPHABET_WORDS
from dataset_script.roles import ROLES, classify_label

PSEUDONYM = re.compile(rf"(?P<role>{'|'.join(sorted(role.capitalize() for role in ROLES))})_(?P<number>[1-9]\d*)")


def _is_part(words: Words, index: int, *, is_bare: bool) -> bool:
    """Whether a word of a label belongs to a name."""
    word = words.folded[index]
    if not words.is_capital(index) or len(word) < 2 or word.startswith("["):
        return False
    if (
        word in word_list("police_ranks")
        or word in word_list("label_words")
        or word in word_list("months") - {"april", "may", "june", "august"}
    ):
        return False
    previous = words.folded[index - 1] if index else ""
    if previous in word_list("police_ranks") or previous in word_list("titles"):
        return not (word.isdigit() or word in word_list("titles")) and (
            not is_ordinary(word) or is_surname(word) or is_first_name(word)
        )
    if word in word_list("titles"):
        return False
    if is_ordinary(word):
        return is_bare and (is_first_name(word) or is_surname(word))
    return is_bare or is_first_name(word) or (is_surname(word) and word not in word_list("not_people"))


@lru_cache(maxsize=16384)
def names_in_label(label: str) -> tuple[tuple[str, ...], ...]:
    """The personal names in one released label, each as its folded words; empty for "[Police Officer]" or "Lincoln 14".

    A label without brackets is a name unless its words say otherwise, because the transcriber put positions in brackets
    (CORPUS.md § 0); inside brackets only listed names and what follows a rank count.
    """
    if PSEUDONYM.fullmatch(label):
        return ()
    words = words_of(label.strip().strip("[]"))
    if any(word.isdigit() for word in words.folded) and not ALPHABET_WORDS.isdisjoint(words.folded):
        return ()
    is_bare = not label.strip().startswith("[")
    if is_bare and (guess := classify_label(label)) is not None and guess.role not in {"civilian", "subject"}:
        # "Nurse Okafor", "Second Look Host": a name beside a role's noun is a listed one, or stands after a title.
        is_bare = bool(word_list("police_ranks") & set(words.folded[:1]))
    names: list[tuple[str, ...]] = []
    name: list[str] = []
    for index in range(len(words)):
        part = _is_part(words, index, is_bare=is_bare or bool(name))
        if name and (not part or words.gap(index) not in {" ", "-", ". "} or words.is_possessive(index - 1)):
            names.append(tuple(name))
            name = []
        if part:
            name.append(words.folded[index])
    if name:
        names.append(tuple(name))
    return tuple(names)


def pseudonyms(turns: Sequence[SpokenTurn]) -> dict[str, str]:
    """Each released label → what stands for it: ``Subject_1`` for one with a name, itself for another.

    Numbered per role in the order of first appearance; a label whose turns have several roles counts by the most frequent.
    """
    roles: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for turn in turns:
        roles[turn.speaker][turn.role] += 1
    taken = Counter(_numbers_taken(roles))
    found = {}
    for label, counted in roles.items():
        found[label] = label
        if names_in_label(label):
            role = counted.most_common(1)[0][0].capitalize()
            taken[role] += 1
            found[label] = f"{role}_{taken[role]}"
    return found


def _numbers_taken(labels: Iterable[str]) -> dict[str, int]:
    """The highest number of each role among labels that are pseudonyms already."""
    highest: dict[str, int] = {}
    for label in labels:
        if match := PSEUDONYM.fullmatch(label):
            highest[match["role"]] = max(highest.get(match["role"], 0), int(match["number"]))
    return highest
