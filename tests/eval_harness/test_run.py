"""Whole runs on a tiny benchmark: real models, real metrics, the result file, resuming, plain lm-eval."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from eval_harness import models, run
from eval_harness.benchmark import load_benchmark
from eval_harness.errors import EvaluationError, MissingAsset
from eval_harness.journal import Journal
from eval_harness.run import Settings, evaluate
from eval_harness.scoring import METRICS
from submissions.ledger import items_path, read_ledger, read_result, unpack_items
from submissions.statistics import ScenarioStatistics, intervals

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(tiny_data, tmp_path):
    return Settings(data=tiny_data, results=tmp_path / "results", command="deescalwild evaluate …")


def run_baseline(name, settings):
    digest = load_benchmark(settings.data, "test").manifest.digest
    path = evaluate(models.resolve(f"baseline/{name}", train_digest=digest), settings)
    return path, read_result(path, settings.results)


def test_a_baselines_result_and_predictions(settings):
    path, result = run_baseline("copy-officer", settings)
    items = unpack_items(items_path(path).read_bytes())
    benchmark = load_benchmark(settings.data, "test")
    assert [row["item_id"] for row in items] == [item.item_id for item in benchmark.items]
    assert result.benchmark.n_items_clean == sum(item.subset == "clean" for item in benchmark.items)
    assert result.benchmark.digest == benchmark.manifest.digest
    assert result.model.kind == "baseline" and result.latency is None
    assert result.diagnostics.faults["copies_officer"] == result.benchmark.n_items_clean


def test_scores_follow_from_the_predictions_and_from_the_per_scenario_sums(settings):
    path, result = run_baseline("retrieval", settings)
    items = [row for row in unpack_items(items_path(path).read_bytes()) if row["subset"] == "clean"]
    for metric in ("rouge_l", "meteor", "bertscore"):
        mean = sum(row["scores"][metric] for row in items) / len(items)
        assert getattr(result.scores, metric).value == pytest.approx(mean, abs=1e-9)
    for metric, own in intervals(ScenarioStatistics.from_rows(result.per_scenario)).items():
        assert getattr(result.scores, metric).value == pytest.approx(own.value)


def test_a_finished_run_is_kept_not_repeated(settings):
    path, _ = run_baseline("constant", settings)
    stamp = path.stat().st_mtime_ns
    assert run_baseline("constant", settings)[0] == path
    assert path.stat().st_mtime_ns == stamp


def test_a_partial_run_says_so_in_its_path_and_is_another_file(settings):
    whole, _ = run_baseline("constant", settings)
    part, result = run_baseline("constant", replace(settings, limit=1))
    assert part != whole and "limit1" in part.name
    assert result.benchmark.n_scenarios == 1 and result.provenance.limit_scenarios == 1


def test_the_real_model_end_to_end(civilian_model, settings):
    progress = []
    candidate = models.resolve(str(civilian_model), ledger_name="acme/tiny-civilian")
    path = evaluate(candidate, replace(settings, limit=1), lambda done, total: progress.append((done, total)))
    result = read_result(path, settings.results)
    assert result.model.id == "acme/tiny-civilian" and result.model.parameters == 134_515_008
    assert result.latency.end_to_end_s.p50 > result.latency.first_token_s.p50 > 0
    assert result.latency.end_to_end_s.p95 >= result.latency.output_token_s.p95 > 0
    assert progress[0][0] == 0 and progress[-1][0] == progress[-1][1]
    assert 0 < result.scores.rouge_l.value < 100
    assert not (settings.results / ".work").exists() or not list((settings.results / ".work").iterdir())


def test_a_torn_line_of_the_journal_is_ignored(tmp_path):
    path = tmp_path / "work.jsonl"
    Journal(path).add({"a": "one", "b": "two"})
    path.write_bytes(path.read_bytes()[:-5])
    journal = Journal(path)
    assert journal.replies == {"a": "one"}
    journal.add({"b": "two again"})
    assert Journal(path).replies == {"a": "one", "b": "two again"}


def test_plain_lm_eval_runs_the_task(tiny_model, tiny_data, tmp_path):
    """The command of the README, through lm-eval's own CLI and model class."""
    run = subprocess.run(
        [
            str(Path(sys.executable).with_name("lm-eval")), "run", "--include_path", "eval_harness/tasks",
            "--tasks", "deescalwild", "--model", "hf", "--model_args", f"pretrained={tiny_model}", "--device", "cpu",
            "--apply_chat_template", "--limit", "3", "--output_path", str(tmp_path), "--gen_kwargs", "max_gen_toks=16",
        ],
        cwd=ROOT, capture_output=True, text=True, env={**os.environ, "DEESCALWILD_DATA": str(tiny_data)},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-3000:]
    (file,) = tmp_path.rglob("results_*.json")
    found = json.loads(file.read_text("utf-8"))["results"]["deescalwild"]
    for metric in METRICS:
        assert isinstance(found[f"{metric},none"], float)
        assert isinstance(found[f"{metric}_stderr,none"], float)
        assert f"|{metric}" in run.stdout.replace(" ", "")


def test_lm_evals_numbers_are_the_results_numbers(settings):
    """The task as lm-eval aggregates it and the result file agree on every score."""
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    from eval_harness.baselines import BaselineLM, fit
    from eval_harness.benchmark import train_pairs

    _, result = run_baseline("salad", settings)
    manager = TaskManager(
        include_path=str(run.TASKS), include_defaults=False, metadata={"data_dir": str(settings.data)}
    )
    found = simple_evaluate(
        model=BaselineLM(fit("salad", train_pairs(settings.data))), tasks=["deescalwild"], task_manager=manager,
        apply_chat_template=True,
    )["results"]["deescalwild"]  # fmt: skip
    for metric in METRICS:
        assert found[f"{metric},none"] == pytest.approx(getattr(result.scores, metric).value, abs=1e-6)


def test_unsafe_or_unknown_models_are_refused(tmp_path, tiny_model):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text('{"auto_map": {"AutoModel": "evil.Model"}}')
    with pytest.raises(EvaluationError, match="custom code"):
        models.resolve(str(folder))
    (folder / "config.json").write_text("{}")
    (folder / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(EvaluationError, match="safetensors"):
        models.resolve(str(folder))
    with pytest.raises(EvaluationError, match="There are: constant"):
        models.resolve("baseline/oracle")
    with pytest.raises(EvaluationError, match="--name ORG/NAME"):
        models.resolve(str(tiny_model), ledger_name="no owner")
    with pytest.raises(MissingAsset, match="Go online"):
        models.resolve("acme/not-in-any-cache")


def test_a_missing_encoder_is_said_before_generation_starts(settings, monkeypatch):
    monkeypatch.setenv("DEESCALWILD_BERTSCORE_MODEL", "acme/no-such-encoder")
    with pytest.raises(MissingAsset, match="DEESCALWILD_BERTSCORE_MODEL"):
        run_baseline("constant", settings)
    assert read_ledger(settings.results).results == ()


def _with_window(model: Path, tokens: int, folder: Path) -> Path:
    """A copy of a model that says it reads ``tokens`` tokens."""
    shutil.copytree(model, folder)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, "max_position_embeddings": tokens}))
    return folder


def test_a_window_smaller_than_the_history_is_met_by_whole_turns_and_counted(settings, tiny_model, tmp_path):
    small = _with_window(tiny_model, 420, tmp_path / "small")
    path = evaluate(models.resolve(str(small)), settings)
    result = read_result(path, settings.results)
    rows = unpack_items(items_path(path).read_bytes())
    cut = [row for row in rows if row["dropped_tokens"]]
    assert 0 < len(cut) < len(rows)
    clean = [row for row in cut if row["subset"] == "clean"]
    assert result.diagnostics.n_window_cuts == len(clean) and result.diagnostics.mean_dropped_tokens > 0


def test_a_window_too_small_for_the_prompt_itself_is_refused(settings, tiny_model, tmp_path):
    tiny = _with_window(tiny_model, 160, tmp_path / "tiny")
    with pytest.raises(EvaluationError, match="cannot be evaluated"):
        evaluate(models.resolve(str(tiny)), settings)
