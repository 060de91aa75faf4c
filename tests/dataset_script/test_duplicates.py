"""Near-duplicates and incidents."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset_script.duplicates import (
    comparable_text,
    group_incidents,
    links,
    near_duplicates,
    pairs_of_bucket,
    series_of,
    shingles,
)
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
    incidents = group_incidents(texts, near_duplicates(texts), [("c", "event"), ("d", "event")])
    assert incidents == {"a": "a", "b": "a", "c": "c", "d": "c"}


RIGHTS = (
    "You have the right to remain silent. Anything you say can and will be used against you in a court of law. You have the right to "
    "an attorney. If you cannot afford an attorney, one will be appointed for you. Do you understand each of these rights? "
    "With these rights in mind, do you wish to speak to me?"
)
ADVERT = (
    "Before we go on: this video is sponsored by a mattress that nobody has slept on. I have been sleeping beside mine for six weeks now "
    "and nothing else comes close to it. Right now my viewers get twenty percent off their first order."
)


@pytest.mark.parametrize("read_out", [RIGHTS, ADVERT, RIGHTS.replace(". ", ".|")])
def test_two_short_files_that_share_only_what_is_read_out_are_not_linked(read_out):
    texts = {name: comparable_text([speech(n, 100) + ".", *read_out.split("|")]) for n, name in enumerate("ab")}
    assert near_duplicates(texts) == []


def test_a_formula_goes_and_what_was_said_around_it_stays():
    assert (
        comparable_text(["Turn around. You have the right to remain silent. Do it now.", "No."])
        == "Turn around. Do it now. No."
    )


def heard_again(words: list[str], rate: float, seed: int) -> str:
    """Another transcription: this share of words is replaced, dropped or doubled."""
    rng = random.Random(seed)
    changes = (lambda word: [rng.choice(WORDS)], lambda word: [], lambda word: [word, rng.choice(WORDS)])
    return " ".join(part for word in words for part in (rng.choice(changes)(word) if rng.random() < rate else [word]))


@pytest.mark.parametrize(("length", "rate"), [(40, 0.0), (60, 0.04), (120, 0.08), (250, 0.12), (400, 0.18)])
@pytest.mark.parametrize("seed", range(5))
def test_a_second_transcription_is_found(length, rate, seed):
    words = speech(seed, length).split()
    texts = {"once": " ".join(words), "again": heard_again(words, rate, seed), "other": speech(seed + 50, length)}
    assert [(link.first, link.second) for link in near_duplicates(texts)] == [("again", "once")]


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
        ("Traffic stop goes wrong part2", "traffic stop goes wrong"),
        ("#pt2 Traffic stop goes wrong", "traffic stop goes wrong"),
        ("PART 2: Traffic stop goes wrong", "traffic stop goes wrong"),
        ("Part 1 of 3 - Traffic stop goes wrong", "traffic stop goes wrong"),
        ("Traffic stop goes wrong 2 of 3", "traffic stop goes wrong"),
        ("Traffic stop goes wrong, part seven", "traffic stop goes wrong"),
        ("Traffic stop goes wrong (final part)", "traffic stop goes wrong"),
        ("Traffic stop on 7/4", None),
        ("Apartment 2, noise complaint", None),
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
