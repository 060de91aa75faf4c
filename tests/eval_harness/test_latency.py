"""Latency: what one figure means, and the file that another puts beside a result."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from deescalwild_cli.main import app
from eval_harness import latency, models
from eval_harness.errors import EvaluationError
from eval_harness.run import Settings, evaluate
from submissions.latency import attached, read_latency
from submissions.ledger import LedgerError, read_ledger, read_result, result_files


@pytest.fixture(scope="module")
def ledger(tiny_model, tiny_data, tmp_path_factory):
    """A ledger with the result of a model, and beside it latency measured alone."""
    results = tmp_path_factory.mktemp("measured")
    evaluate(models.resolve(str(tiny_model), ledger_name="acme/timed"), Settings(tiny_data, results))
    run = timed_alone(tiny_model, tiny_data, results, "--profile", "jetson-orin-nano")
    assert run.exit_code == 0, run.output
    assert "jetson-orin-nano" in run.output
    return results


def timed_alone(model, data, results, *more):
    return CliRunner().invoke(
        app,
        ["evaluate", str(model), "--data", str(data), "--name", "acme/timed", "--output", str(results),
         "--latency-only", "--latency-items", "4", *more],
    )  # fmt: skip


def test_a_run_states_warm_up_items_percentiles_and_peak_memory(ledger):
    (path,) = result_files(ledger)
    found = read_result(path, ledger).latency
    assert (found.n_warmup, found.n_items, found.max_new_tokens) == (latency.N_WARMUP, latency.N_ITEMS, 32)
    assert 0 < found.first_token_s.p50 <= found.end_to_end_s.p50 <= found.end_to_end_s.p95
    assert found.output_tokens_per_s > 0 and found.output_token_s.p50 > 0
    assert 50 < found.peak_memory_mib < 20_000


def test_latency_measured_alone_lies_beside_its_result_and_is_no_result(ledger):
    (path,) = result_files(ledger)
    (file,) = attached(path, read_result(path, ledger))
    assert file.model_id == "acme/timed" and file.latency.n_items == 4
    assert file.latency.machine.profile == "jetson-orin-nano"
    assert not read_ledger(ledger).problems


def test_it_is_not_compared_with_latency_of_another_profile(ledger):
    (path,) = result_files(ledger)
    result = read_result(path, ledger)
    (file,) = attached(path, result)
    assert file.latency.measured_on != result.latency.measured_on


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [("revision", "0" * 40, "not what"), ("benchmark_digest", "0" * 64, "not what"), ("rank", 1, "rank")],
)
def test_a_file_of_another_model_dataset_or_form_is_refused(ledger, tmp_path, field, value, said):
    results = shutil.copytree(ledger, tmp_path / "results")
    (path,) = result_files(results)
    (beside,) = path.parent.glob("*-latency-*.json")
    beside.write_text(json.dumps({**json.loads(beside.read_text("utf-8")), field: value}), "utf-8")
    with pytest.raises(LedgerError, match=said):
        attached(path, read_result(path, results))


def test_measuring_again_replaces_the_file(tiny_model, tiny_data, tmp_path):
    first = timed_alone(tiny_model, tiny_data, tmp_path)
    second = timed_alone(tiny_model, tiny_data, tmp_path)
    assert first.exit_code == second.exit_code == 0
    (path,) = tmp_path.rglob("*.json")
    assert read_latency(path).latency.engine == "hf" and str(path) in second.output


def test_a_name_that_is_no_slug_is_refused_before_anything_is_timed(tiny_model, tiny_data, tmp_path):
    run = timed_alone(tiny_model, tiny_data, tmp_path, "--profile", "My Jetson")
    assert isinstance(run.exception, EvaluationError) and "--profile" in str(run.exception)
    assert not list(tmp_path.rglob("*.json"))


def test_a_baseline_has_no_latency(tiny_data, tmp_path):
    run = timed_alone("baseline/constant", tiny_data, tmp_path)
    assert isinstance(run.exception, EvaluationError) and "can be timed" in str(run.exception)


def test_items_are_spread_evenly_from_the_first_to_the_last():
    assert latency.evenly(list(range(101)), 5) == [0, 25, 50, 75, 100]
    assert latency.evenly([1, 2], 5) == [1, 2]
