"""Which items a judge is asked about: spread over scenarios, stable as the sample grows, positions balanced."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_harness.judging.sampling import draw

SIZES = st.lists(st.integers(1, 40), min_size=1, max_size=15)


def items_of(sizes: list[int]) -> list[tuple[str, str]]:
    return [(f"s{s}:{i}", f"s{s}") for s, size in enumerate(sizes) for i in range(size)]


@given(SIZES, st.integers(1, 200), st.integers(0, 1000))
def test_a_larger_sample_contains_a_smaller_one_with_its_positions(sizes, n, seed):
    items = items_of(sizes)
    assert draw(items, n, seed) == draw(items, n + 1, seed)[:n]
    assert len(draw(items, n, seed)) == min(n, len(items))


@given(SIZES, st.integers(0, 1000))
def test_without_a_number_every_item_is_drawn_once(sizes, seed):
    items = items_of(sizes)
    assert sorted((each.item_id, each.scenario_id) for each in draw(items, None, seed)) == sorted(items)


@given(SIZES, st.integers(1, 200), st.integers(0, 1000))
def test_every_scenario_has_one_and_the_same_share_of_its_items_in_the_sample_to_within_one_item(sizes, n, seed):
    items = items_of(sizes)
    drawn = Counter(each.scenario_id for each in draw(items, n, seed))
    counts = [drawn[f"s{s}"] for s in range(len(sizes))]
    least = max((count - 1) / size for count, size in zip(counts, sizes, strict=True))
    most = min((count + 1) / size for count, size in zip(counts, sizes, strict=True))
    assert least <= most


def test_small_scenarios_are_drawn_as_often_as_their_items_deserve():
    # One scenario of 40 items and 40 of one: half of any sample should come from the small ones.
    items = items_of([40, *[1] * 40])
    small = [sum(each.scenario_id != "s0" for each in draw(items, 20, seed)) for seed in range(200)]
    assert sum(small) / len(small) == pytest.approx(10, abs=0.6)


@given(SIZES, st.integers(1, 200), st.integers(0, 1000))
def test_the_model_is_first_as_often_as_second_in_every_scenario(sizes, n, seed):
    lead: Counter[str] = Counter()
    for each in draw(items_of(sizes), n, seed):
        lead[each.scenario_id] += 1 if each.model_first else -1
    assert all(abs(count) <= 1 for count in lead.values())


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 1000))
def test_a_sample_of_one_item_a_scenario_is_balanced_as_a_whole(n_scenarios, n, seed):
    drawn = draw(items_of([1] * n_scenarios), n, seed)
    assert abs(sum(1 if each.model_first else -1 for each in drawn)) <= 1


def test_another_seed_draws_another_sample():
    items = items_of([20, 20, 20])
    samples = {tuple(each.item_id for each in draw(items, 10, seed)) for seed in range(5)}
    assert len(samples) == 5


@pytest.mark.parametrize("n", [None, 5])
def test_the_order_in_which_items_are_given_does_not_matter(n):
    items = items_of([4, 7, 2])
    assert draw(items, n, 1) == draw(items[::-1], n, 1)
