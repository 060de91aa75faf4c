"""The words of one turn → counts of the cues that tell a role.

In: a text. Out: its words and how often each cue of ``cues.toml`` stands in it. All phrases are looked up in one pass over
the words, through a tree of words, so the time grows with the text and not with the number of phrases.
"""

import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from importlib.resources import files

_DATA = tomllib.loads(files("dataset_script.roles").joinpath("cues.toml").read_text("utf-8"))
_CONTRACTIONS = {short: tuple(long.split()) for short, long in _DATA["contractions"].items()}
LISTS = {name: frozenset(words) for name, words in _DATA["lists"].items()}
CUES = tuple(_DATA["cues"])
STYLES = tuple(_DATA["style"])

MAX_CHARACTERS = 2_000
"""What is read of one turn. The corpus has turns of 60,346 words, which are loops (CORPUS.md § 3)."""

_WORD = re.compile(r"[^\W_]+(?:[-'][^\W_]+)*")
_END = ""
RANKS = LISTS["spoken_ranks"]
_VOCATIVE = re.compile(rf"(?:([\w'’]+)[,.]?\s+)?\b(?:{'|'.join(sorted(RANKS))})\s*(?:[.,?!]|$)", re.I)


@dataclass(frozen=True)
class Scan:
    """One text: its words (lower case, contractions written out), its cues and style words, and whom it speaks to."""

    words: tuple[str, ...]
    cues: Counter[str]
    is_question: bool
    to_officer: bool


def _addresses_officer(text: str, words: list[str]) -> bool:
    """Whether a rank is used to somebody ("Yes, officer.") and not of somebody ("the officer", "Officer Hale")."""
    if RANKS.isdisjoint(words):
        return False
    return any((match[1] or "").lower() not in LISTS["not_vocative"] for match in _VOCATIVE.finditer(text))


def words_of(text: str) -> list[str]:
    """Lower-case words of a text, contractions written out."""
    words: list[str] = []
    for word in _WORD.findall(text.lower().replace("’", "'")):
        long = _CONTRACTIONS.get(word)
        words.extend(long) if long else words.append(word)
    return words


def _tree() -> dict:
    root: dict = {}
    for cue, phrases in (*_DATA["cues"].items(), *_DATA["style"].items()):
        for phrase in phrases:
            node = root
            for word in words_of(phrase):
                node = node.setdefault(word, {})
            node[_END] = (*node.get(_END, ()), cue)
    return root


_TREE = _tree()


def scan(text: str) -> Scan:
    """Words and cues of the first ``MAX_CHARACTERS`` of one text."""
    text = text[:MAX_CHARACTERS]
    words = words_of(text)
    cues: Counter[str] = Counter()
    for start, word in enumerate(words):
        node = _TREE.get(word)
        end = start
        while node is not None:
            for cue in node.get(_END, ()):
                cues[cue] += 1
            end += 1
            node = node.get(words[end]) if end < len(words) else None
    return Scan(tuple(words), cues, "?" in text, _addresses_officer(text, words))
