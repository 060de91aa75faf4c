"""Replies through the class that `deescalwild evaluate` runs equal `generate`'s own, prompt by prompt; little is encoded twice."""

from itertools import count

import pytest
import torch
from lm_eval.api.instance import Instance
from transformers import AutoModelForCausalLM, AutoTokenizer, Qwen2Config

from benchmarks.generation import counting_prefill, one_by_one
from dataset_script.dialogue import item_messages
from eval_harness.benchmark import load_benchmark
from eval_harness.generation import ResumableHFLM
from eval_harness.journal import Journal
from eval_harness.prompt import render_prompt

SETTINGS = {"until": ["\n"], "do_sample": False, "temperature": 0.0, "max_gen_toks": 10}


@pytest.fixture(scope="module")
def tiny_qwen(civilian_model, tmp_path_factory):
    """A random Qwen2, whose layers have biases that Llama's have not, with a tokenizer and a template."""
    torch.manual_seed(3)
    tokenizer = AutoTokenizer.from_pretrained(civilian_model)
    config = Qwen2Config(
        vocab_size=len(tokenizer), hidden_size=48, intermediate_size=64, num_hidden_layers=2, num_attention_heads=6,
        num_key_value_heads=2, max_position_embeddings=4096, eos_token_id=2, bos_token_id=1, initializer_range=0.4,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("model") / "tiny-qwen"
    AutoModelForCausalLM.from_config(config, dtype=torch.float32).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def load(folder, journal, batch_size=8):
    return ResumableHFLM(
        pretrained=str(folder), dtype="float32", device="cpu", batch_size=batch_size, journal=Journal(journal),
        fingerprint="test", progress=lambda done, total: None,
    )  # fmt: skip


def requests_of(lm, data, n_items, n_dropped=0):
    """The first items of the test scenarios. ``n_dropped``: turns of the oldest history left out, one more at each item."""
    benchmark, number, found = load_benchmark(data, "test"), count(), []
    for scenario_id, scenario in sorted(benchmark.scenarios.items()):
        for place, item in enumerate([own for own in benchmark.items if own.scenario_id == scenario_id][:n_items]):
            system, *history = item_messages(scenario, item.turn_index)
            start = min(2 * n_dropped * place, len(history) - 1)
            prompt = render_prompt([system, *history[start - start % 2 :]], lm.apply_chat_template)
            doc = {"item_id": item.item_id, "scenario_id": scenario_id}
            found.append(Instance("generate_until", doc, (prompt, SETTINGS), next(number)))
    return found


def replies_of(lm, requests):
    replies = lm.generate_until(requests)
    return {request.doc["item_id"]: reply for request, reply in zip(requests, replies, strict=True)}


@pytest.mark.parametrize("model", ["civilian_model", "tiny_model", "tiny_qwen"])
def test_scenarios_in_one_batch_get_the_replies_they_get_alone(model, request, tiny_data, tmp_path):
    lm = load(request.getfixturevalue(model), tmp_path / "journal.jsonl")
    requests = requests_of(lm, tiny_data, n_items=3 if model == "civilian_model" else 8)
    alone = one_by_one(lm, requests)
    assert len({own.doc["scenario_id"] for own in requests}) == 2 and any(alone.values())
    assert replies_of(lm, requests) == alone


@pytest.mark.parametrize("model", ["tiny_model", "tiny_qwen"])
def test_histories_that_begin_at_another_turn_each_get_the_replies_they_get_alone(model, request, tiny_data, tmp_path):
    """A history beyond its budget loses its oldest turns, so the items share no more than the system prompt."""
    lm = load(request.getfixturevalue(model), tmp_path / "journal.jsonl")
    requests = requests_of(lm, tiny_data, n_items=7, n_dropped=1)
    assert replies_of(lm, requests) == one_by_one(lm, requests)


def test_each_token_of_a_dialogue_is_encoded_once_even_where_batches_cut_the_scenario(tiny_model, tiny_data, tmp_path):
    lm = load(tiny_model, tmp_path / "journal.jsonl", batch_size=3)
    requests = requests_of(lm, tiny_data, n_items=8)
    longest = {}
    for request in requests:
        length, scenario = len(lm.tok_encode(request.args[0])), request.doc["scenario_id"]
        longest[scenario] = max(length, longest.get(scenario, 0))
    with counting_prefill(lm.model) as counts:
        replies_of(lm, requests)
    assert counts["tokens"] == sum(longest.values())


def test_a_run_that_had_finished_some_batches_says_the_same(tiny_model, tiny_data, tmp_path):
    whole = load(tiny_model, tmp_path / "whole.jsonl", batch_size=3)
    requests = requests_of(whole, tiny_data, n_items=5)
    expected = replies_of(whole, requests)
    lines = (tmp_path / "whole.jsonl").read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "part.jsonl").write_text("".join(lines[3:5]), "utf-8")
    part = load(tiny_model, tmp_path / "part.jsonl", batch_size=3)
    assert replies_of(part, requests) == expected
