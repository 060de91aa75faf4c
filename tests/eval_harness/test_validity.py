"""The validity report."""

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from dataset_script.duplicates import Link
from deescalwild_cli.main import app
from eval_harness.leaks import Leaks
from eval_harness.validity import as_text, assess, detectable_differences
from submissions.schema import BASELINES, METRICS
from tests.results import make_result


def test_more_scenarios_tell_smaller_differences_apart():
    def found(n):
        return detectable_differences([make_result(f"acme/m{k}", 1 + k / 10, n_scenarios=n) for k in range(4)])

    few, many = found(8), found(128)
    for metric in ("rouge_l", "meteor"):
        assert many[metric].typical < few[metric].typical / 2
        assert 0 < many[metric].typical <= many[metric].noisiest


def test_equal_models_differ_by_nothing():
    result = make_result("acme/one")
    assert detectable_differences([result, result])["rouge_l"].noisiest == 0


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def report(tiny_data, results):
    return assess(tiny_data, results)


def test_the_report_counts_what_is_there(report, tiny_data):
    from eval_harness.benchmark import load_benchmark

    benchmark = load_benchmark(tiny_data, "test")
    ranked = [item for item in benchmark.items if item.subset == "clean"]
    assert (report.n_items, report.n_scenarios) == (len(ranked), len(benchmark.scenarios))
    assert set(report.baselines) == set(BASELINES) and set(report.detectable) == set(METRICS)
    assert not report.leaks.found
    assert report.one_word_share == sum(len(item.reference.split()) == 1 for item in ranked) / len(ranked)
    assert all(name in as_text(report) for name in BASELINES)


def test_the_command_needs_no_model_and_measures_no_baseline_twice(report, results, tiny_data):
    before = {path: path.stat().st_mtime_ns for path in results.glob("*/*.json")}
    run = CliRunner().invoke(app, ["evaluate", "--validity", "--data", str(tiny_data), "--output", str(results)])
    assert run.exit_code == 0, run.output
    assert run.stdout == as_text(report)
    assert "told apart" in run.stdout and "0 near-duplicate scenarios" in run.stdout
    assert {path: path.stat().st_mtime_ns for path in results.glob("*/*.json")} == before


def test_a_leak_is_named_in_the_report(report):
    leaks = Leaks(("event-1",), (Link("a", "b", 200, 0.9),), ("b:7",), 0.5)
    text = as_text(replace(report, leaks=leaks))
    assert "shared with train: 1 incidents, 1 near-duplicate scenarios, 1 exchanges word for word" in text
    for line in ("incident event-1 is in both", "a and b share 90% of their words", "b:7 stands in train"):
        assert f"leak: {line}" in text
