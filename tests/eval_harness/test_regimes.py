"""Sampled runs, the paper's protocol as a run of the ledger, and a run in two processes."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, set_seed

from eval_harness import models, paper
from eval_harness.benchmark import load_benchmark
from eval_harness.run import Settings, evaluate
from eval_harness.sampling import Sampler, item_seed
from submissions.items import parse_items
from submissions.ledger import items_path, read_result

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(tiny_data, tmp_path):
    return Settings(data=tiny_data, results=tmp_path / "results", command="deescalwild evaluate …", limit=1)


@pytest.fixture
def candidate(tiny_model):
    return models.resolve(str(tiny_model), ledger_name="acme/tiny")


def rows_of(path):
    return parse_items(items_path(path).read_bytes())


def test_a_sampled_run_answers_each_item_once_a_seed_and_states_the_spread(settings, candidate):
    path = evaluate(candidate, replace(settings, seeds=(1, 2)))
    result, rows = read_result(path, settings.results), rows_of(path)
    n_items = result.benchmark.n_items_as_released
    assert [row.seed for row in rows] == [1] * n_items + [2] * n_items
    assert [row.prediction for row in rows[:n_items]] != [row.prediction for row in rows[n_items:]]
    assert result.spread is not None and result.spread.seeds == [1, 2]
    for metric in ("rouge_l", "meteor", "bertscore"):
        values = result.spread.values[metric]
        assert getattr(result.scores, metric).value == pytest.approx(sum(values) / 2)
    low, high = sorted(result.spread.values["bleu_4"])
    assert low <= result.scores.bleu_4.value <= high or result.scores.bleu_4.value == pytest.approx(low, abs=0.5)
    generation = result.protocol.generation
    assert (generation.temperature, generation.top_p, generation.repetition_penalty) == (0.6, 0.9, 1.05)


def test_a_sampled_and_a_greedy_run_are_other_files_and_never_ranked_together(settings, candidate):
    sampled, greedy = evaluate(candidate, replace(settings, seeds=(1, 2))), evaluate(candidate, settings)
    assert sampled != greedy and "sampled" in sampled.name and "sampled" not in greedy.name
    keys = {read_result(path, settings.results).comparable_key for path in (sampled, greedy)}
    assert len(keys) == 2


def test_the_same_seed_says_the_same_in_any_batch(settings, candidate, tmp_path):
    by_seed = {}
    for batch_size in (1, 32):
        own = replace(settings, seeds=(2, 1), batch_size=batch_size, results=tmp_path / str(batch_size))
        by_seed[batch_size] = {(row.seed, row.item_id): row.prediction for row in rows_of(evaluate(candidate, own))}
    assert by_seed[1] == by_seed[32]


def test_items_of_one_seed_and_seeds_of_one_item_have_generators_of_their_own():
    seeds = {item_seed(seed, f"scenario:{item}") for seed in (1, 2, 3) for item in range(100)}
    assert len(seeds) == 300


def test_the_sampler_draws_from_generates_own_distribution(tiny_model):
    """Frequencies of the first token over many seeds, against transformers' `generate` with the same settings."""
    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32).eval()
    prompt, n = [5, 9, 9, 12, 40], 4000
    settings = {"temperature": 0.6, "top_p": 0.9, "top_k": 50, "repetition_penalty": 1.05}
    with torch.inference_mode():
        logits = model(torch.tensor([prompt])).logits[:, -1].expand(n, -1)
        ours = Sampler([prompt] * n, range(n), settings)(logits, range(n), [[]] * n)
        set_seed(0)
        theirs = model.generate(
            torch.tensor([prompt]), do_sample=True, max_new_tokens=1, num_return_sequences=n, pad_token_id=0, **settings
        )[:, -1]
    counts = [torch.bincount(tokens, minlength=logits.shape[1]) / n for tokens in (ours, theirs)]
    assert (counts[0] - counts[1]).abs().sum() / 2 < 0.06  # total variation distance; two draws of one distribution give 0.02–0.04


def test_the_papers_protocol_is_a_result_of_the_ledger(settings, candidate):
    path = evaluate(candidate, replace(settings, protocol=paper.TASK, seeds=(1, 2)))
    result, rows = read_result(path, settings.results), rows_of(path)
    scenarios = load_benchmark(settings.data, "test").first_scenarios(1).scenarios
    expected = [item.item_id for name in sorted(scenarios) for item in paper.items(scenarios[name])]
    assert [row.item_id for row in rows] == expected * 2
    bleu = paper.PaperBLEU()
    values = [score.value for score in bleu.score([row.prediction for row in rows], [row.reference for row in rows])]
    assert result.scores.bleu_4.value == pytest.approx(sum(values) / len(values))
    assert result.scores.bleu_4.signature == bleu.signature
    assert result.benchmark.n_items_clean == len(expected)


def test_two_processes_give_the_result_of_one(tiny_model, tiny_data, tmp_path):
    """`accelerate launch` on this machine's processor: the same scores and the same predictions, byte for byte."""
    command = [
        "-m", "deescalwild_cli", "evaluate", str(tiny_model), "--data", str(tiny_data), "--name", "acme/two", "--limit", "2",
    ]  # fmt: skip
    launch = [str(Path(sys.executable).with_name("accelerate")), "launch", "--cpu", "--num_processes", "2"]
    launch += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"]
    found = {}
    for name, start in (("one", [sys.executable]), ("two", launch)):
        results = tmp_path / name
        run = subprocess.run(
            [*start, *command, "--output", str(results)], cwd=ROOT, capture_output=True, text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert run.returncode == 0, run.stderr[-3000:]
        assert run.stdout.count("rouge_l") == 1
        (path,) = (path for path in results.glob("*/*.json"))
        found[name] = (read_result(path, results), items_path(path).read_bytes())
        assert not list((results / ".work").glob("*"))
    (one, one_items), (two, two_items) = found["one"], found["two"]
    assert one_items == two_items
    times = {"provenance", "latency"}
    assert one.model_dump(exclude=times) == two.model_dump(exclude=times)
