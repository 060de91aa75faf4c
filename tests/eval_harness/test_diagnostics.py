"""Faults of replies, distinct-n, and scores by part."""

import pytest

from eval_harness.benchmark import load_benchmark
from eval_harness.diagnostics import FAULTS, ItemContext, Reply, contexts, count_faults, distinct, faults_of, slices
from eval_harness.scoring import METRICS, ItemScore


def reply(
    prediction, *, officer="Where are you headed?", own=(), reference="Home.", depth=0, category="stop", value=10.0
):
    scores = {metric: ItemScore(value, (value,)) for metric in METRICS}
    scores["bleu_4"] = ItemScore(0.0, (1.0, 0.0, 0.0, 0.0, 2.0, 1.0, 0.0, 0.0, 2.0, 2.0))
    return Reply(prediction, reference, officer, scores, ItemContext(category, depth, frozenset(own)))


CASES = [
    ("", ["empty"]),
    ("…", ["empty"]),
    ("I was going home, sir.", []),
    ("Why would I step out? I've got my license right here.", []),
    ("Officer: Step out of the car.", ["speaks_as_officer"]),
    ("License and registration, please.", ["speaks_as_officer"]),
    ("You're under arrest.", ["speaks_as_officer"]),
    ("*sighs and looks away* Fine.", ["narrates"]),
    ("(crying) I can't do this.", ["narrates"]),
    ("He nods slowly.", ["narrates"]),
    ("As an AI language model, I don't drive.", ["speaks_as_assistant"]),
    ("How can I assist you today?", ["speaks_as_assistant"]),
    ("I cannot assist with that request.", ["refuses"]),
    ("where are you headed", ["copies_officer"]),
    ("I told you, I live here!", ["copies_itself"]),
    ("Yes, sir.", []),
    ("get off me " * 5, ["loops"]),
]


@pytest.mark.parametrize(("prediction", "faults"), CASES, ids=[text[:25] or "nothing" for text, _ in CASES])
def test_faults(prediction, faults):
    assert faults_of(reply(prediction, own=["i told you i live here", "yes sir"])) == faults


def test_every_fault_is_counted_and_named():
    counts = count_faults([reply(""), reply(""), reply("Fine.")])
    assert set(counts) == set(FAULTS) and counts["empty"] == 2


def test_distinct_n_is_the_share_of_different_n_grams():
    assert distinct(["a b a b", "a b"], 1) == pytest.approx(2 / 6)
    assert distinct(["a b a b", "a b"], 2) == pytest.approx(2 / 4)
    assert distinct([], 2) == 0.0


def test_parts_add_up_and_corpus_bleu_is_aggregated_as_such():
    replies = [reply("x", depth=0, reference="No."), reply("x", depth=3, reference="I will not go home.", value=30.0)]
    found = slices(replies)
    assert [(part.name, part.n_items) for part in found["depth"]] == [("first", 1), ("2nd–5th", 1)]
    assert [part.scores["rouge_l"] for part in found["reference_length"]] == [10.0, 30.0]
    (whole,) = found["category"]
    assert (whole.name, whole.n_items, whole.scores["meteor"]) == ("stop", 2, 20.0)


def test_contexts_see_only_earlier_lines(tiny_data):
    benchmark = load_benchmark(tiny_data, "test")
    found = contexts(benchmark.scenarios, benchmark.items)
    assert set(found) == {item.item_id for item in benchmark.items}
    firsts = [context for context in found.values() if context.depth == 0]
    assert len(firsts) == len(benchmark.scenarios)
    for item in benchmark.items:
        said = len(found[item.item_id].own_lines)
        assert said <= item.turn_index
