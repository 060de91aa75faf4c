"""Near-duplicates and incidents."""

import random

from dataset_script.build import SAMPLE, assemble
from dataset_script.duplicates import group_incidents, near_duplicates, shingles
from dataset_script.splits import SHARES, assign_split

WORDS = [f"word{number}" for number in range(500)]


def speech(seed: int, length: int) -> str:
    rng = random.Random(seed)
    return " ".join(rng.choice(WORDS) for _ in range(length))


def test_a_short_cut_of_a_long_transcript_is_found_although_they_share_little_in_all():
    long = speech(1, 3000)
    cut = " ".join(long.split()[900:1200])
    (pair,) = near_duplicates({"long": long, "cut": cut, "other": speech(2, 3000)})
    assert pair[:2] == ("cut", "long") and pair[2] > 0.9


def test_boilerplate_in_many_files_links_nothing():
    advert = speech(9, 80)
    texts = {f"file{n}": f"{speech(n + 10, 200)} {advert}" for n in range(6)}
    assert near_duplicates(texts) == []


def test_incidents_join_duplicates_and_known_parts():
    long = speech(1, 500)
    texts = {"b": long, "a": " ".join(long.split()[:200]), "c": speech(3, 300), "d": speech(4, 300)}
    assert group_incidents(texts, {"c": "event", "d": "event"}) == {"a": "a", "b": "a", "c": "c", "d": "c"}


def test_a_loop_does_not_make_two_texts_alike():
    assert len(shingles("no way man no way man " * 100)) == 3


def test_no_two_encounters_of_the_sample_share_more_than_a_stock_phrase():
    """A shared run of nine words would be a copied line; near-duplicates are far beyond that."""
    texts = {s.scenario_id: [shingles(t.text, 9) for t in s.turns] for s in assemble(SAMPLE).scenarios}
    owners: dict[tuple[str, ...], str] = {}
    shared = []
    for name, turns in texts.items():
        for shingle in set().union(*turns):
            if owners.setdefault(shingle, name) != name:
                shared.append((owners[shingle], name, " ".join(shingle)))
    assert shared == []


def test_no_near_duplicates_in_the_sample_even_with_loose_thresholds():
    texts = {s.scenario_id: " ".join(t.text for t in s.turns) for s in assemble(SAMPLE).scenarios}
    assert near_duplicates(texts, min_containment=0.02, min_shared=4) == []


def test_splits_depend_on_the_incident_alone_and_have_the_stated_shares():
    names = [f"incident-{n}" for n in range(20_000)]
    counts = {split: 0 for split, _ in SHARES}
    for name in names:
        counts[assign_split(name)] += 1
    for split, share in SHARES:
        assert abs(counts[split] / len(names) - share) < 0.02
