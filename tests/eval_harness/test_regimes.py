"""Sampled runs, the paper's protocol as a run of the ledger, and a run in two processes."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)
from typer.testing import CliRunner

from deescalwild_cli.main import app
from eval_harness import models, paper
from eval_harness.benchmark import load_benchmark
from eval_harness.errors import EvaluationError
from eval_harness.run import Settings, evaluate
from eval_harness.sampling import draw, item_seed, penalise_repetition
from eval_harness.verify import verify
from submissions.items import parse_items
from submissions.ledger import items_path, read_ledger, read_result

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
    assert not verify(path, settings.results, settings.data, tier="verified").problems
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


@pytest.mark.parametrize(("top_k", "top_p"), [(50, 0.9), (3, 1.0), (None, 0.5)])
def test_tokens_are_drawn_from_the_distribution_that_generate_samples_from(top_k, top_p):
    """Evenly spaced random numbers must meet each token as often as transformers' own chain makes it probable."""
    torch.manual_seed(0)
    vocabulary, n, seen = 80, 5000, [5, 9, 9, 12, 40]
    logits = torch.randn(1, vocabulary) * 3
    chain = [
        RepetitionPenaltyLogitsProcessor(1.05),
        TemperatureLogitsWarper(0.6),
        *([TopKLogitsWarper(top_k)] if top_k else []),
        TopPLogitsWarper(top_p),
    ]
    expected = LogitsProcessorList(chain)(torch.tensor([seen]), logits).softmax(dim=-1)[0]
    scores = (penalise_repetition(logits, [seen], 1.05) / 0.6).expand(n, -1)
    tokens = draw(scores, (torch.arange(n, dtype=torch.float64) + 0.5) / n, top_k, top_p)
    found = torch.bincount(tokens, minlength=vocabulary) / n
    assert (found - expected).abs().max() <= 1 / n


def test_the_papers_protocol_is_a_result_of_the_ledger(settings, candidate):
    path = evaluate(candidate, replace(settings, limit=None, protocol=paper.TASK, seeds=(1, 2)))
    result, rows = read_result(path, settings.results), rows_of(path)
    scenarios = load_benchmark(settings.data, "test").scenarios
    expected = [item.item_id for name in sorted(scenarios) for item in paper.items(scenarios[name])]
    assert [row.item_id for row in rows] == expected * 2
    bleu = paper.PaperBLEU()
    values = [score.value for score in bleu.score([row.prediction for row in rows], [row.reference for row in rows])]
    assert result.scores.bleu_4.value == pytest.approx(sum(values) / len(values))
    assert result.scores.bleu_4.signature == bleu.signature
    assert result.benchmark.n_items_clean == len(expected)
    assert not verify(path, settings.results, settings.data, tier="verified").problems


def test_scenarios_without_items_under_the_papers_rules_are_refused_by_name(settings, candidate):
    with pytest.raises(EvaluationError, match=r"deescalwild_paper.*no item"):
        evaluate(candidate, replace(settings, protocol=paper.TASK))


def test_both_protocols_by_one_command_are_a_result_each(tiny_data, tmp_path):
    run = CliRunner().invoke(
        app,
        ["evaluate", "baseline/constant", "--protocol", "both", "--data", str(tiny_data), "--output", str(tmp_path)],
    )
    assert run.exit_code == 0, run.output
    found = {result.protocol.name: result for result in read_ledger(tmp_path).results}
    assert set(found) == {"deescalwild", paper.TASK}
    assert found["deescalwild"].comparable_key != found[paper.TASK].comparable_key


@pytest.mark.parametrize("seeds", ["1,1", "one", "-1", "4294967296", ""])
def test_seeds_that_are_no_distinct_numbers_are_refused(seeds):
    run = CliRunner().invoke(app, ["evaluate", "baseline/constant", "--sampled", "--seeds", seeds])
    assert run.exit_code == 2 and "--seeds" in run.output


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
