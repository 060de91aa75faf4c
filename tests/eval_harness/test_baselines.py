"""Trivial baselines: fitted on train, answering from the chat alone."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from dataset_script.dialogue import item_messages
from eval_harness.baselines import BASELINES, SALAD_WORDS, BaselineLM, LongestCommonSubsequences, fit
from eval_harness.benchmark import load_benchmark
from eval_harness.errors import EvaluationError
from eval_harness.prompt import render_prompt
from submissions.schema import BASELINES as BASELINE_IDS

PAIRS = [
    ("You okay?", "No, I don't know."), ("What happened?", "I don't know what happened."), ("Sit down.", "No."),
    ("Any weapons on you?", "I don't have any weapons."), ("Whose car is this?", "It's my brother's car, I don't know."),
]  # fmt: skip
CHAT = [
    {"role": "system", "content": "Play the civilian."},
    {"role": "user", "content": "Evening."},
    {"role": "assistant", "content": "What."},
    {"role": "user", "content": "Is that your car, sir?"},
]


def test_every_baseline_of_the_ledger_exists():
    assert {f"baseline/{name}" for name in BASELINES} == set(BASELINE_IDS)


def test_every_item_of_the_shipped_sample_can_be_put_to_a_baseline(built_sample):
    benchmark = load_benchmark(built_sample, "test")
    template = BaselineLM(fit("copy-officer", PAIRS)).apply_chat_template
    for item in benchmark.items:
        messages = item_messages(benchmark.scenarios[item.scenario_id], item.turn_index)
        assert json.loads(render_prompt(messages, template)) == messages


def test_constant_is_the_train_reply_with_the_best_mean_rouge():
    scorer = RougeScorer(["rougeL"])
    replies = [reply for _, reply in PAIRS]

    def mean_rouge(candidate):
        return sum(scorer.score(reply, candidate)["rougeL"].fmeasure for reply in replies) / len(replies)

    assert fit("constant", PAIRS).reply(CHAT) == max(sorted(replies), key=mean_rouge)


def test_salad_is_twelve_train_words_and_beats_any_single_step_change():
    words = fit("salad", PAIRS).reply(CHAT).split()
    known = {
        word for _, reply in PAIRS for word in reply.lower().replace("'", " ").replace(",", "").replace(".", "").split()
    }
    assert len(words) == SALAD_WORDS and set(words) <= known


def test_answers():
    assert fit("copy-officer", PAIRS).reply(CHAT) == "Is that your car, sir?"
    assert fit("repeat-civilian", PAIRS).reply(CHAT) == "What."
    assert fit("repeat-civilian", PAIRS).reply(CHAT[:2]) == ""
    assert fit("retrieval", PAIRS).reply(CHAT) == "It's my brother's car, I don't know."


def test_random_replies_are_from_train_and_the_same_at_every_run():
    replies = {fit("random-train-reply", PAIRS).reply([*CHAT, {"role": "user", "content": str(n)}]) for n in range(60)}
    assert replies == {reply for _, reply in PAIRS}
    assert fit("random-train-reply", PAIRS).reply(CHAT) == fit("random-train-reply", PAIRS).reply(
        json.loads(json.dumps(CHAT))
    )


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=8).map(" ".join), min_size=1, max_size=5),
    st.lists(st.sampled_from("abcde"), min_size=1, max_size=8),
)
def test_the_fitting_table_is_rouge_l(references, candidate):
    table = LongestCommonSubsequences(references)
    state = table.start()
    for word in candidate:
        state = table.extend(state, word)
    scorer = RougeScorer(["rougeL"])
    expected = [scorer.score(reference, " ".join(candidate))["rougeL"].fmeasure for reference in references]
    assert table.mean_f1(state, len(candidate)) == pytest.approx(sum(expected) / len(expected))


@pytest.mark.parametrize(
    ("name", "pairs", "says"), [("oracle", PAIRS, "There are: constant"), ("salad", [], "train split")]
)
def test_refusals(name, pairs, says):
    with pytest.raises(EvaluationError, match=says):
        fit(name, pairs)
