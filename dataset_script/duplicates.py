"""Near-duplicate transcripts: parts, re-uploads and cuts of one event belong to one incident.

Containment of word 6-grams, not Jaccard: a short clip of a long video has a Jaccard similarity of 0.05–0.3 with it
(CORPUS.md § 4), and MinHash would miss it. Adverts, rights read out and disclaimers are left out by their words
(``comparable_text``), other boilerplate by the number of files that hold it. Shingles are 64-bit hashes in sorted arrays, so that counting pairs is a sort; the
work splits by hash into buckets that know nothing of each other (``pairs_of_bucket``) and adds up again (``links``).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import xxhash

from dataset_script.quality.patterns import normalised, pattern

SHINGLE_WORDS = 6
MIN_CONTAINMENT = 0.15
MIN_SHARED_SHINGLES = 40
MIN_CONTAINMENT_OF_SHORT = 0.3
MIN_SHARED_SHINGLES_OF_SHORT = 12
"""A file of fifty words cannot share forty shingles; twelve are a passage of seventeen words, and a third of it is no chance."""
MAX_FILES_PER_SHINGLE = 3
"""A shingle in more files than this is boilerplate (an advert, a Miranda warning) and by itself links nothing …"""
MIN_CONTAINMENT_WITH_BOILERPLATE = 0.5
"""… but half of a file shared in all is more than adverts explain (0.34 at most): a fifth copy of a video is found by this."""
MAX_FILES_PER_FREQUENT_SHINGLE = 50

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_WORD = re.compile(r"[a-z0-9']+")
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # odd, 2⁶⁴ / golden ratio: a usual multiplier for polynomial hashes
_PAIR_DTYPE = np.dtype([("first", "u4"), ("second", "u4"), ("rare", "u4"), ("all", "u4")])


@lru_cache(maxsize=200_000)
def _word_hash(word: str) -> int:
    return xxhash.xxh64_intdigest(word.encode())


def comparable_text(texts: Iterable[str]) -> str:
    """The words of a transcript's turns by which it may be compared: no adverts, no formulas that officers and channels read out."""
    own = [text for text in texts if not pattern("promotion").search(normalised(text))]
    return " ".join(
        sentence
        for text in own
        for sentence in _SENTENCE_END.split(text)
        if not pattern("formula").search(normalised(sentence))
    )


def shingles(text: str, n: int = SHINGLE_WORDS) -> np.ndarray:
    """Sorted unique 64-bit hashes of all word n-grams of a text, lower-cased, without punctuation.

    Loops collapse because it is a set. The same words give the same hashes on every machine.
    """
    words = _WORD.findall(text.lower().replace("’", "'"))
    if len(words) < n:
        return np.empty(0, np.uint64)
    hashes = np.fromiter(map(_word_hash, words), np.uint64, len(words))
    rolled = np.zeros(len(words) - n + 1, np.uint64)
    for offset in range(n):
        rolled = rolled * _MULTIPLIER + hashes[offset : offset + len(rolled)]
    return np.unique(rolled)


def pairs_of_bucket(hashes: np.ndarray, files: np.ndarray) -> np.ndarray:
    """Which files share the shingles of one bucket.

    Args:
        hashes: uint64, shape (n,).
        files: uint32, shape (n,), the file that holds each shingle; a file holds a shingle once.

    Returns:
        records (first, second, rare, all): for each pair of files with a shingle in common how many they share that lie in
        at most three files, and how many in all. Sorted, first < second.
    """
    order = np.lexsort((files, hashes))
    hashes, files = hashes[order], files[order]
    starts = np.flatnonzero(np.r_[True, hashes[1:] != hashes[:-1]]) if len(hashes) else np.empty(0, np.int64)
    sizes = np.diff(np.r_[starts, len(hashes)])
    keys: list[np.ndarray] = []
    rare: list[np.ndarray] = []
    for size in np.unique(sizes[(sizes > 1) & (sizes <= MAX_FILES_PER_FREQUENT_SHINGLE)]):
        holders = files[starts[sizes == size][:, None] + np.arange(size)]
        for i, j in zip(*np.triu_indices(size, 1), strict=True):
            keys.append(holders[:, i].astype(np.uint64) << np.uint64(32) | holders[:, j].astype(np.uint64))
            rare.append(np.full(len(holders), size <= MAX_FILES_PER_SHINGLE))
    if not keys:
        return np.empty(0, _PAIR_DTYPE)
    return _add_up(np.concatenate(keys), np.concatenate(rare).astype(np.int64), None)


def _add_up(keys: np.ndarray, rare: np.ndarray, every: np.ndarray | None) -> np.ndarray:
    unique, inverse = np.unique(keys, return_inverse=True)
    pairs = np.empty(len(unique), _PAIR_DTYPE)
    pairs["first"] = unique >> np.uint64(32)
    pairs["second"] = unique & np.uint64(0xFFFFFFFF)
    pairs["rare"] = np.bincount(inverse, rare, len(unique))
    pairs["all"] = np.bincount(inverse, every, len(unique))
    return pairs


@dataclass(frozen=True)
class Link:
    """Two near-duplicates: ids in order, shared shingles, and their share (0–1) of the smaller file's shingles."""

    first: str
    second: str
    shared: int
    containment: float


def links(buckets: Iterable[np.ndarray], names: Sequence[str], sizes: Sequence[int]) -> list[Link]:
    """Near-duplicate pairs from the pair counts of all buckets.

    Args:
        buckets: results of :func:`pairs_of_bucket`.
        names: id of each file number.
        sizes: number of unique shingles of each file number.
    """
    counts = np.concatenate([np.empty(0, _PAIR_DTYPE), *buckets])
    keys = counts["first"].astype(np.uint64) << np.uint64(32) | counts["second"].astype(np.uint64)
    found = []
    for pair in _add_up(keys, counts["rare"], counts["all"]):
        smaller = min(sizes[pair["first"]], sizes[pair["second"]])
        by_rare = any(
            pair["rare"] >= shared and pair["rare"] / smaller >= containment
            for shared, containment in (
                (MIN_SHARED_SHINGLES, MIN_CONTAINMENT),
                (MIN_SHARED_SHINGLES_OF_SHORT, MIN_CONTAINMENT_OF_SHORT),
            )
        )
        enough = pair["all"] >= MIN_SHARED_SHINGLES_OF_SHORT
        by_all = enough and pair["all"] / smaller >= MIN_CONTAINMENT_WITH_BOILERPLATE
        if by_rare or by_all:
            shared = int(pair["all"] if by_all else pair["rare"])
            first, second = sorted((names[pair["first"]], names[pair["second"]]))
            found.append(Link(first, second, shared, round(shared / smaller, 4)))
    return sorted(found, key=lambda link: (link.first, link.second))


def near_duplicates(texts: Mapping[str, str]) -> list[Link]:
    """Near-duplicates among whole texts, id → :func:`comparable_text`, in one process and memory."""
    names = sorted(texts)
    found = [shingles(texts[name]) for name in names]
    files = np.repeat(np.arange(len(names), dtype=np.uint32), [len(own) for own in found])
    pairs = pairs_of_bucket(np.concatenate([np.empty(0, np.uint64), *found]), files)
    return links([pairs], names, [len(own) for own in found])


def group_incidents(
    names: Iterable[str], duplicates: Iterable[Link] = (), events: Iterable[tuple[str, str]] = ()
) -> dict[str, str]:
    """Scenario id → incident id: the union of near-duplicates and of scenarios known to be one event.

    Args:
        names: all scenario ids.
        duplicates: links between them.
        events: (scenario id, name of the event), where the source tells (title and part number, say); a scenario may have several.

    Returns:
        for every scenario the smallest scenario id of its incident.
    """
    parent = {name: name for name in names}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    def union(first: str, second: str) -> None:
        low, high = sorted((root(first), root(second)))
        parent[high] = low

    for link in duplicates:
        union(link.first, link.second)
    by_event: dict[str, list[str]] = defaultdict(list)
    for name, event in events:
        by_event[event].append(name)
    for members in by_event.values():
        for name in members[1:]:
            union(members[0], name)
    return {name: root(name) for name in parent}


_NUMBER = r"(?:\d{1,3}|[ivx]{1,5}|one|two|three|four|five|six|seven|eight|nine|ten)"
_PART = re.compile(
    rf"\W*(?:\b(?:part|pt|episode|ep|teil|vol)(?:[\W_]*(?=\d)|[\W_]+){_NUMBER}\b(?:\s*(?:of|/)\s*{_NUMBER}\b)?|\b(?:final|last) part\b)\W*",
    re.I,
)
_FRACTION = re.compile(r"\W*\b(\d{1,2})\s*(?:/|of)\s*(\d{1,2})\b\W*$", re.I)


def series_of(title: str) -> str | None:
    """The name that all parts of one video share, or None for a title without a part number.

    "Traffic stop goes wrong, Part 2" → "traffic stop goes wrong". What stands before the number is the name, or what follows it
    where nothing does. A name of fewer than two words is none.
    """
    part, fraction = _PART.search(title), _FRACTION.search(title)
    names: tuple[str, ...]
    if part is not None:
        names = (title[: part.start()], title[part.end() :])
    elif fraction is not None and int(fraction[1]) <= int(fraction[2]):
        names = (title[: fraction.start()],)
    else:
        return None
    return next((name for name in map(name_of, names) if name), None)


def name_of(title: str) -> str | None:
    """A title's words in lower case, for comparing it with others; None for fewer than two."""
    words = _WORD.findall(title.lower())
    return " ".join(words) if len(words) >= 2 else None
