"""Near-duplicate transcripts: parts, re-uploads and cuts of one event belong to one incident.

Containment of word n-grams, not Jaccard: a short clip of a long video has a Jaccard similarity of 0.05–0.3
with it (CORPUS.md § 4), and MinHash would miss it.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import combinations

SHINGLE_WORDS = 6
MIN_CONTAINMENT = 0.15
MIN_SHARED_SHINGLES = 40
MAX_FILES_PER_SHINGLE = 3
"""A shingle in more files than this is boilerplate (an advert, a Miranda warning) and links nothing."""

_WORD = re.compile(r"[a-z0-9']+")


def shingles(text: str, n: int = SHINGLE_WORDS) -> set[tuple[str, ...]]:
    """All word n-grams of a text, lower-cased, without punctuation; loops collapse because it is a set."""
    words = _WORD.findall(text.lower().replace("’", "'"))
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}


def near_duplicates(
    texts: Mapping[str, str],
    min_containment: float = MIN_CONTAINMENT,
    min_shared: int = MIN_SHARED_SHINGLES,
) -> list[tuple[str, str, float]]:
    """Pairs that share at least ``min_shared`` shingles and ``min_containment`` of the smaller text's.

    Args:
        texts: id → whole text.

    Returns:
        (id, id, containment in 0–1), ids sorted within a pair, pairs sorted.
    """
    sizes: dict[str, int] = {}
    holders: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name in sorted(texts):
        found = shingles(texts[name])
        sizes[name] = len(found)
        for shingle in found:
            holders[shingle].append(name)
    shared: Counter[tuple[str, str]] = Counter()
    for names in holders.values():
        if 1 < len(names) <= MAX_FILES_PER_SHINGLE:
            shared.update(combinations(names, 2))
    return sorted(
        (first, second, count / min(sizes[first], sizes[second]))
        for (first, second), count in shared.items()
        if count >= min_shared and count / min(sizes[first], sizes[second]) >= min_containment
    )


def group_incidents(texts: Mapping[str, str], known: Mapping[str, str] | None = None) -> dict[str, str]:
    """Scenario id → incident id: the union of near-duplicates and of scenarios known to be one event.

    Args:
        texts: scenario id → whole text.
        known: scenario id → name of the event, where the source tells (title and part number, say).

    Returns:
        for every scenario the smallest scenario id of its incident.
    """
    parent = {name: name for name in texts}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    def union(first: str, second: str) -> None:
        low, high = sorted((root(first), root(second)))
        parent[high] = low

    for first, second, _ in near_duplicates(texts):
        union(first, second)
    by_event: dict[str, list[str]] = defaultdict(list)
    for name, event in (known or {}).items():
        by_event[event].append(name)
    for names in by_event.values():
        for name in names[1:]:
            union(names[0], name)
    return {name: root(name) for name in texts}
