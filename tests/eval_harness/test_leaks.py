"""Leaks between splits, planted one by one in splits that have none."""

from dataclasses import replace

import pytest

from dataset_script.dialogue import items
from eval_harness.benchmark import Benchmark, load_benchmark
from eval_harness.leaks import SAID_BY_EVERYBODY_WORDS, find_leaks


@pytest.fixture
def splits(tiny_data) -> tuple[Benchmark, Benchmark]:
    return load_benchmark(tiny_data, "train"), load_benchmark(tiny_data, "test")


def with_scenarios(split: Benchmark, *scenarios) -> Benchmark:
    known = split.scenarios | {scenario.scenario_id: scenario for scenario in scenarios}
    return replace(split, scenarios=known, items=tuple(item for own in known.values() for item in items(own)))


def longest(split: Benchmark):
    return max(split.scenarios.values(), key=lambda scenario: sum(len(turn.text) for turn in scenario.turns))


def test_the_built_splits_share_nothing(splits):
    found = find_leaks(*splits)
    assert not found.found and 0 <= found.references_share < 0.2


def test_a_second_upload_of_a_test_scenario_in_train_is_found_by_its_words(splits):
    train, test = splits
    copy = replace(longest(test), scenario_id="again", incident_id="again")
    found = find_leaks(with_scenarios(train, copy), test)
    assert [{each.first, each.second} for each in found.duplicates] == [{"again", longest(test).scenario_id}]
    assert found.duplicates[0].containment == 1
    assert found.incidents == ()
    assert set(found.exchanges) >= {
        item.item_id
        for item in test.items
        if item.scenario_id == longest(test).scenario_id
        and item.subset == "clean"
        and len(item.reference.split()) > SAID_BY_EVERYBODY_WORDS
    }


def test_another_part_of_one_event_is_found_by_its_incident(splits):
    train, test = splits
    part = replace(longest(train), incident_id=longest(test).incident_id)
    found = find_leaks(with_scenarios(train, part), test)
    assert found.incidents == (longest(test).incident_id,) and found.duplicates == ()


def test_duplicates_within_one_split_are_no_leak(splits):
    train, test = splits
    copy = replace(longest(train), scenario_id="again")
    assert not find_leaks(with_scenarios(train, copy), test).found


def test_one_exchange_said_in_both_is_named_and_short_ones_are_not(splits):
    train, test = splits
    own = next(i for i in test.items if i.subset == "clean" and len(i.reference.split()) > SAID_BY_EVERYBODY_WORDS)
    short = replace(own, item_id="short", reference="Yes, sir.")
    shouted = replace(own, item_id="train:1", officer_text=own.officer_text.upper(), reference=own.reference + "!")
    found = find_leaks(replace(train, items=(*train.items, shouted, short)), replace(test, items=(*test.items, short)))
    assert found.exchanges == (own.item_id,) and found.references_share > 0
