"""Word lists of the privacy pass, read once when first needed. Sources and licences: ``words/NOTICE.txt``."""

import tomllib
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files

_FOLDER = files("dataset_script.privacy") / "words"
_SHORTEST_STEM = 3
_SUFFIXES = (
    ("ies", "y"), ("ied", "y"), ("es", ""), ("s", ""), ("ed", ""), ("ed", "e"), ("d", ""), ("ing", ""), ("ing", "e"), ("in", "g"),
    ("ly", ""), ("er", ""), ("er", "e"), ("est", ""),
)  # fmt: skip
"""Regular inflections: what is cut off, and what the listed word has in its place."""


@cache
def _list(name: str) -> frozenset[str]:
    lines = (_FOLDER / name).read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


@cache
def _vocabulary() -> dict[str, frozenset[str]]:
    stored = tomllib.loads((_FOLDER / "vocabulary.toml").read_text("utf-8"))
    return {name: frozenset(words.split()) for name, words in stored.items()}


def words(name: str) -> frozenset[str]:
    """A closed list of ``words/vocabulary.toml``."""
    return _vocabulary()[name]


def fold(word: str) -> str:
    """Lower case, without accents; typographic apostrophes become plain ones."""
    word = word.lower().replace("’", "'")
    if word.isascii():
        return word
    return "".join(letter for letter in unicodedata.normalize("NFKD", word) if not unicodedata.combining(letter))


@lru_cache(maxsize=65536)
def is_ordinary(word: str) -> bool:
    """Whether a folded word, or what it is a regular inflection of, is an English word that is no name by itself."""
    known = _list("ordinary_words.txt")
    if word in known:
        return True
    if "'" in word:
        return is_ordinary(word.split("'")[0])
    return any(word.endswith(suffix) and _is_stem(word.removesuffix(suffix), ending) for suffix, ending in _SUFFIXES)


def _is_stem(stem: str, ending: str) -> bool:
    """Whether what an inflection leaves is a listed word, a doubled last letter undone."""
    known = _list("ordinary_words.txt")
    if len(stem) < _SHORTEST_STEM:
        return False
    return stem + ending in known or (not ending and stem[-1] == stem[-2] and stem[:-1] in known)


def is_common_first_name(word: str) -> bool:
    """Whether a folded word is a first name frequent enough to be one in lower case."""
    return word in _list("common_first_names.txt")


def is_first_name(word: str) -> bool:
    """Whether a folded word is a first name, frequent or not."""
    return is_common_first_name(word) or word in _list("other_first_names.txt")


def is_surname(word: str) -> bool:
    """Whether a folded word is a listed surname."""
    return word in _list("surnames.txt")
