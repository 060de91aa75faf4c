"""Splits: whole incidents, balanced, stable, and no scenario that outweighs the others."""

import itertools
import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from dataset_script.splits import SHARES, SPLITS, Candidate, assign_splits, cap_of, thin

CANDIDATES = st.lists(
    st.builds(
        Candidate,
        scenario_id=st.integers(0, 10_000).map(str),
        incident_id=st.integers(0, 30).map(lambda n: f"incident-{n}"),
        source=st.sampled_from(["youtube", "tiktok"]),
        category=st.sampled_from(["stop", "call", "other"]),
        items=st.integers(0, 200),
    ),
    max_size=60,
    unique_by=lambda candidate: candidate.scenario_id,
)


def corpus(n, seed=0):
    rng = random.Random(seed)
    return [
        Candidate(
            f"s{i}",
            f"s{i}",
            rng.choice(["youtube"] * 3 + ["tiktok"]),
            rng.choice("abcdef"),
            int(rng.expovariate(1 / 40)),
        )
        for i in range(n)
    ]


def test_sources_categories_and_items_are_balanced():
    candidates = corpus(1000)
    splits = assign_splits(candidates).splits
    for key in ("source", "category"):
        counts = Counter((getattr(candidate, key), splits[candidate.scenario_id]) for candidate in candidates)
        for value in {getattr(candidate, key) for candidate in candidates}:
            whole = sum(counts[value, split] for split in SPLITS)
            assert all(abs(counts[value, split] / whole - share) < 0.04 for split, share in SHARES.items())
    items = Counter()
    for candidate in candidates:
        items[splits[candidate.scenario_id]] += candidate.items
    assert all(abs(items[split] / items.total() - share) < 0.02 for split, share in SHARES.items())


@given(CANDIDATES)
def test_an_incident_is_in_one_split_and_order_does_not_matter(candidates):
    splits = assign_splits(candidates).splits
    homes = {}
    for candidate in candidates:
        assert homes.setdefault(candidate.incident_id, splits[candidate.scenario_id]) == splits[candidate.scenario_id]
    assert assign_splits(candidates[::-1]).splits == splits


@given(CANDIDATES, CANDIDATES)
def test_adding_scenarios_never_moves_an_old_one_nor_splits_a_pair(old, new):
    before = assign_splits(old).splits
    known = {candidate.scenario_id for candidate in old}
    added = [candidate for candidate in new if candidate.scenario_id not in known]
    after = assign_splits([*old, *added], before)
    assert all(after.splits[name] == split for name, split in before.items())
    assert not after.bridging  # whole incidents were placed before, so nothing can lie between two
    assert set(after.splits) == known | {candidate.scenario_id for candidate in added}


def test_what_joins_two_splits_is_left_out():
    previous = {"a": "train", "b": "test"}
    candidates = [Candidate(name, "one", "x", "y", 5) for name in "abc"]
    assignment = assign_splits(candidates, previous)
    assert assignment.splits == previous and assignment.bridging == ("c",)


@given(st.lists(st.integers(0, 300), min_size=20, max_size=80))
def test_under_the_cap_no_scenario_has_more_than_a_twentieth(counts):
    cap = cap_of(counts)
    if cap is not None:
        capped = [min(count, cap) for count in counts]
        assert max(capped) <= 0.05 * sum(capped)


def test_few_scenarios_cannot_be_capped_and_a_cap_never_costs_half_of_a_split():
    assert cap_of([10] * 19) is None
    assert cap_of([10] * 20) == 10
    assert cap_of([100] * 20 + [1] * 2) == 100
    assert cap_of([100] * 19 + [1]) is None


@given(st.integers(1, 300), st.integers(1, 300))
def test_thinning_keeps_an_even_spread(n, cap):
    kept = thin(n, cap)
    assert len(kept) == min(n, cap) and kept == sorted(set(kept)) and all(0 <= position < n for position in kept)
    if 1 < cap < n:
        gaps = [b - a for a, b in itertools.pairwise(kept)]
        assert max(gaps) - min(gaps) <= 1
