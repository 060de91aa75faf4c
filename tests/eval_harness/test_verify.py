"""A result holds where every number in it follows from its predictions, and nowhere else."""

import gzip
import hashlib
import json
import shutil

import pytest
from typer.testing import CliRunner

from deescalwild_cli.main import app
from eval_harness import models
from eval_harness.benchmark import load_benchmark
from eval_harness.run import Settings, evaluate
from eval_harness.verify import differences, verify
from submissions.ledger import LedgerError, items_path, read_ledger, read_result, result_files, verification_path
from submissions.verification import Verification


@pytest.fixture(scope="module")
def measured(tiny_data, tmp_path_factory):
    """A ledger with two baselines on the tiny benchmark; nobody changes it."""
    results = tmp_path_factory.mktemp("measured")
    digest = load_benchmark(tiny_data, "test").manifest.digest
    for name in ("copy-officer", "retrieval"):
        evaluate(models.resolve(f"baseline/{name}", train_digest=digest), Settings(tiny_data, results))
    return results


@pytest.fixture
def ledger(measured, tmp_path):
    return shutil.copytree(measured, tmp_path / "results")


def result_of(ledger, name="copy-officer"):
    (path,) = (path for path in result_files(ledger) if path.parent.name == f"baseline__{name}")
    return path


def change(path, edit):
    """Change a result's JSON in place."""
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


def change_items(path, edit):
    """Change the rows of a predictions file, and state its new digest, as a forger would."""
    rows = [json.loads(line) for line in gzip.decompress(items_path(path).read_bytes()).decode().splitlines()]
    edit(rows)
    content = gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode())
    items_path(path).write_bytes(content)
    change(path, lambda result: result["provenance"].update(items_sha256=hashlib.sha256(content).hexdigest()))


def test_a_true_result_is_recomputed_to_the_last_digit(ledger, tiny_data):
    report = verify(result_of(ledger), ledger, tiny_data)
    assert report.problems == () and report.verification.tier == "recomputed"
    assert max(report.largest.values()) < 1e-6


def raise_score(result):
    score = result["scores"]["rouge_l"]
    score["value"] += 0.01
    score["high"] += 0.01


def raise_sum(result):
    result["per_scenario"][0]["meteor"] += 1


def hide_loops(result):
    result["diagnostics"]["faults"]["copies_officer"] = 0


def add_latency(result):
    time = {"p50": 0.1, "p95": 0.2}
    machine = {"profile": "mine", "processor": "x", "n_cores": 1, "memory_gib": 1, "system": "Linux"}
    result["latency"] = {
        "machine": machine, "engine": "hf", "n_items": 1, "n_warmup": 0, "max_new_tokens": 8, "output_tokens_per_s": 9,
        "first_token_s": time, "output_token_s": time, "end_to_end_s": time,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (raise_score, "scores.rouge_l.value"),
        (raise_sum, "per_scenario[0].meteor"),
        (hide_loops, "diagnostics.faults.copies_officer"),
        (add_latency, "latency: only our own runs"),
        (lambda r: r["benchmark"].update(version="9.9.9"), "benchmark.version"),
        (lambda r: r["benchmark"].update(items_digest="0" * 64), "benchmark.items_digest"),
        (lambda r: r["scores"]["meteor"].update(signature="meteor|mine"), "signature 'meteor|mine' is not ours"),
    ],
)
def test_an_edited_result_is_named_where_it_was_edited(ledger, tiny_data, edit, says):
    path = result_of(ledger)
    change(path, edit)
    report = verify(path, ledger, tiny_data)
    assert report.verification is None and any(says in problem for problem in report.problems)


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda rows: rows.pop(), "rows for"),
        (lambda rows: rows.reverse(), "line 1"),
        (lambda rows: rows[0].update(reference="something kinder"), "line 1"),
        (lambda rows: rows[0].update(subset="as_released" if rows[0]["subset"] == "clean" else "clean"), "line 1"),
        (lambda rows: rows[3].update(prediction=rows[3]["reference"]), "recomputed"),
        (lambda rows: rows[2]["scores"].update(rouge_l=99.0), "rouge_l 99.000000, recomputed"),
    ],
)
def test_edited_predictions_are_named(ledger, tiny_data, edit, says):
    path = result_of(ledger)
    change_items(path, edit)
    report = verify(path, ledger, tiny_data)
    assert report.verification is None and any(says in problem for problem in report.problems), report.problems


def test_other_bytes_than_the_stated_predictions_are_refused(ledger, tiny_data):
    path = result_of(ledger)
    items_path(path).write_bytes(gzip.compress(b""))
    with pytest.raises(LedgerError, match="sha256"):
        verify(path, ledger, tiny_data)


def test_missing_predictions_are_asked_for(ledger, tiny_data):
    path = result_of(ledger)
    items_path(path).unlink()
    with pytest.raises(LedgerError, match="Add the file"):
        verify(path, ledger, tiny_data)


def test_small_roundings_of_another_machine_are_no_difference():
    stated = {"a": [{"bertscore": 0.5, "rouge_l": 12.0}]}
    assert not list(differences(stated, {"a": [{"bertscore": 0.50005, "rouge_l": 12.0000005}]}))
    assert [where for where, *_ in differences(stated, {"a": [{"bertscore": 0.51, "rouge_l": 12.00001}]})] == [
        "a[0].bertscore",
        "a[0].rouge_l",
    ]


def test_the_command_records_the_outcome_beside_the_result_and_the_board_goes_on_reading_results(
    ledger, tiny_data, monkeypatch
):
    monkeypatch.setenv("DEESCALWILD_DATA", str(tiny_data))
    run = CliRunner().invoke(app, ["submissions", "verify", "--ledger", str(ledger), "--record", "--ours"])
    assert run.exit_code == 0 and run.output.count("every number recomputed") == 2
    path = result_of(ledger)
    record = Verification.model_validate_json(verification_path(path).read_bytes())
    assert record.tier == "verified" and record.result_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(read_ledger(ledger).results) == 2 and not read_ledger(ledger).problems


def test_the_command_says_what_is_wrong_and_records_nothing(ledger, tiny_data, monkeypatch):
    monkeypatch.setenv("DEESCALWILD_DATA", str(tiny_data))
    path = result_of(ledger)
    change(path, raise_sum)
    run = CliRunner().invoke(app, ["submissions", "verify", str(path), "--ledger", str(ledger), "--record", "--json"])
    assert isinstance(run.exception, LedgerError) and not verification_path(path).exists()
    row = json.loads(run.output.splitlines()[0])
    assert row["valid"] is False and any("per_scenario[0].meteor" in problem for problem in row["problems"])


def test_only_aggregates_of_the_private_split_are_kept(ledger, tiny_data):
    private = read_result(result_of(ledger), ledger)
    record = verify(result_of(ledger), ledger, tiny_data, held_out=private).verification
    assert record.heldout.scores == private.scores and record.heldout.n_scenarios == private.benchmark.n_scenarios
    assert record.held_out["rouge_l"] == private.scores.rouge_l.value
    written = record.model_dump_json()
    assert private.per_scenario[0].scenario_id not in written and private.benchmark.digest not in written


def test_a_private_result_of_another_model_is_refused(ledger, tiny_data):
    other = read_result(result_of(ledger, "retrieval"), ledger)
    with pytest.raises(LedgerError, match="another model"):
        verify(result_of(ledger), ledger, tiny_data, held_out=other)
