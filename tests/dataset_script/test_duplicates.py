"""Near-duplicates and incidents."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset_script.duplicates import group_incidents, links, near_duplicates, pairs_of_bucket, series_of, shingles
from dataset_script.inputs import SAMPLE, find_transcripts
from dataset_script.transcripts import read_transcript

WORDS = [f"word{number}" for number in range(500)]


def speech(seed: int, length: int) -> str:
    rng = random.Random(seed)
    return " ".join(rng.choice(WORDS) for _ in range(length))


def sample_texts() -> dict[str, list[str]]:
    return {path.stem: [row.text for row in read_transcript(path).rows] for path in find_transcripts(SAMPLE)}


def test_a_short_cut_of_a_long_transcript_is_found_although_they_share_little_in_all():
    long = speech(1, 3000)
    cut = " ".join(long.split()[900:1200])
    (link,) = near_duplicates({"long": long, "cut": cut, "other": speech(2, 3000)})
    assert (link.first, link.second) == ("cut", "long") and link.containment > 0.9


def test_boilerplate_in_many_files_links_nothing():
    advert = speech(9, 80)
    texts = {f"file{n}": f"{speech(n + 10, 200)} {advert}" for n in range(6)}
    assert near_duplicates(texts) == []


def test_five_copies_of_one_video_are_linked_although_their_words_are_in_more_than_three_files():
    video = speech(1, 600)
    texts = {f"copy{n}": f"{video} {speech(n + 10, 50)}" for n in range(5)}
    incidents = group_incidents(texts, near_duplicates({**texts, "other": speech(3, 600)}))
    assert set(incidents.values()) == {"copy0"}


def test_incidents_join_duplicates_and_known_parts():
    long = speech(1, 500)
    texts = {"b": long, "a": " ".join(long.split()[:200]), "c": speech(3, 300), "d": speech(4, 300)}
    incidents = group_incidents(texts, near_duplicates(texts), {"c": "event", "d": "event"})
    assert incidents == {"a": "a", "b": "a", "c": "c", "d": "c"}


def test_a_loop_does_not_make_two_texts_alike():
    assert len(shingles("no way man no way man " * 100)) == 3


@given(st.lists(st.lists(st.sampled_from("abcdefg"), max_size=40), min_size=2, max_size=6), st.integers(1, 5))
def test_counting_in_buckets_adds_up_to_counting_at_once(texts, buckets):
    found = [shingles(" ".join(words)) for words in texts]
    files = np.repeat(np.arange(len(texts), dtype=np.uint32), [len(own) for own in found])
    hashes = np.concatenate(found)
    names, sizes = [str(number) for number in range(len(texts))], [max(len(own), 1) for own in found]
    parts = [pairs_of_bucket(hashes[hashes % buckets == b], files[hashes % buckets == b]) for b in range(buckets)]
    assert links(parts, names, sizes) == links([pairs_of_bucket(hashes, files)], names, sizes)
    together = {(p["first"], p["second"]): p["all"] for p in pairs_of_bucket(hashes, files)}
    for i, first in enumerate(found):
        for j in range(i + 1, len(found)):
            assert together.get((i, j), 0) == len(np.intersect1d(first, found[j]))


@pytest.mark.parametrize(
    ("title", "series"),
    [
        ("Traffic stop goes wrong, Part 2", "traffic stop goes wrong"),
        ("Traffic stop goes wrong (part two)", "traffic stop goes wrong"),
        ("Traffic Stop Goes Wrong pt. III", "traffic stop goes wrong"),
        ("Traffic stop goes wrong 2/3", "traffic stop goes wrong"),
        ("Lady at the pool | Episode 4 | bodycam", "lady at the pool"),
        ("Traffic stop goes wrong", None),
        ("Part 2", None),
        ("He wanted no part of it", None),
        ("Stop at exit 12", None),
    ],
)
def test_part_numbers_tell_a_series(title, series):
    assert series_of(title) == series


def test_no_two_encounters_of_the_sample_share_more_than_a_stock_phrase():
    """A shared run of nine words would be a copied line; near-duplicates are far beyond that."""
    owners: dict[int, str] = {}
    shared = []
    for name, turns in sample_texts().items():
        for shingle in {int(each) for text in turns for each in shingles(text, 9)}:
            if owners.setdefault(shingle, name) != name:
                shared.append((owners[shingle], name))
    assert shared == []


def test_no_two_encounters_of_the_sample_are_near_duplicates():
    assert near_duplicates({name: " ".join(texts) for name, texts in sample_texts().items()}) == []
