"""WordNet synonyms of a word, read from WordNet's own files on demand.

NLTK's reader parses all 155,000 entries first (five CPU seconds); METEOR asks for some hundred words. Its values are kept: the
same look-up of inflected forms, the same synsets (tested against NLTK's reader).
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

from nltk.corpus.reader.wordnet import ADJ, ADV, NOUN, VERB, WordNetCorpusReader

FILES = {NOUN: "noun", VERB: "verb", ADJ: "adj", ADV: "adv"}


class _Folder(Protocol):
    """NLTK's pointer to a data folder, in a zip file or unpacked."""

    def join(self, fileid: str): ...


def _entries(index: bytes) -> bytes:
    """An index file without the licence at its head, whose lines are indented."""
    return re.sub(rb"\A(?: .*\n)+", b"", index)


class Synonyms:
    """Synonyms in one folder of WordNet files, about 28 MB held in memory.

    Raises:
        OSError: a file is missing.
    """

    def __init__(self, folder: _Folder) -> None:
        def read(name: str) -> bytes:
            with folder.join(name).open() as file:
                return file.read()

        self._index = {pos: _entries(read(f"index.{name}")) for pos, name in FILES.items()}
        self._data = {pos: read(f"data.{name}") for pos, name in FILES.items()}
        self._irregular = {
            pos: {word: forms for word, *forms in map(str.split, read(f"{name}.exc").decode().splitlines())}
            for pos, name in FILES.items()
        }

    @property
    def header(self) -> str:
        """The licence text at the head of the files, which names the version."""
        return self._data[ADJ][:2048].decode()

    def of(self, word: str) -> frozenset[str]:
        """Single-word lemmas of all synsets of a word, or of what it is an inflected form of."""
        lowered = word.lower()
        return frozenset(
            lemma
            for pos in FILES
            for form in self._forms(lowered, pos)
            for offset in self._offsets(form, pos)
            for lemma in self._lemmas(offset, pos)
            if "_" not in lemma
        )

    def _forms(self, word: str, pos: str) -> set[str]:
        """The word and what it may be a form of; WordNet's "morphy", one step."""
        if word in self._irregular[pos]:
            return {word, *self._irregular[pos][word]}
        rules = WordNetCorpusReader.MORPHOLOGICAL_SUBSTITUTIONS[pos]
        return {word, *(word[: -len(old)] + new for old, new in rules if word.endswith(old))}

    def _offsets(self, lemma: str, pos: str) -> list[int]:
        """Byte offsets of a lemma's synsets; empty where the part of speech does not have it. The index is sorted by bytes."""
        index, key = self._index[pos], lemma.encode() + b" "
        low, high = 0, len(index)
        while low < high:
            middle = (low + high) // 2
            start = index.rfind(b"\n", 0, middle) + 1
            end = index.find(b"\n", middle)
            end = len(index) if end < 0 else end
            line = index[start:end]
            if line.startswith(key):
                # lemma pos n_synsets n_pointers [pointer…] n_senses n_tagged offset…
                fields = line.split()
                return [int(field) for field in fields[-int(fields[2]) :]]
            if line < key:
                low = end + 1
            else:
                high = start
        return []

    def _lemmas(self, offset: int, pos: str) -> list[str]:
        """Lemmas of the synset at an offset, without the marks of adjectives such as ``(a)``."""
        data = self._data[pos]
        fields = data[offset : data.index(b"\n", offset)].split(b" ")
        # offset lexicographer_file type n_lemmas(hexadecimal) [lemma lexical_id]…
        lemmas = fields[4 : 4 + 2 * int(fields[3], 16) : 2]
        return [lemma.decode().partition("(")[0] for lemma in lemmas]


class _Lemma:
    def __init__(self, name: str) -> None:
        self._name = name

    def name(self) -> str:
        return self._name


class _Synset:
    def __init__(self, names: frozenset[str]) -> None:
        self._lemmas = [_Lemma(name) for name in names]

    def lemmas(self) -> list[_Lemma]:
        return self._lemmas


class WordNetOfPair:
    """What NLTK's METEOR asks of a WordNet reader, for one pair: synonyms that the reference does not hold cannot match, so they are left out."""

    def __init__(self, synonyms: Callable[[str], frozenset[str]], reference: frozenset[str]) -> None:
        self._synonyms, self._reference = synonyms, reference

    def synsets(self, word: str) -> list[_Synset]:
        """All matching synonyms of a word, as one synset."""
        matching = self._synonyms(word) & self._reference
        return [_Synset(matching)] if matching else []


class CachedStemmer:
    """NLTK's Porter stemmer, remembered."""

    def __init__(self) -> None:
        from nltk.stem.porter import PorterStemmer

        self.stem = lru_cache(maxsize=65536)(PorterStemmer().stem)
