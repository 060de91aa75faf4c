"""Results in others' forms: accepted by their own readers, and the numbers survive."""

import io
import json
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
import yaml
from huggingface_hub import ModelCard, parse_eval_result_entries
from huggingface_hub.repocard_data import model_index_to_eval_results
from typer.testing import CliRunner

from dataset_script.publishing.evaluation_registration import TASKS
from deescalwild_cli.main import app
from submissions.export.every_eval_ever import record, record_path
from submissions.export.hub import EVAL_RESULTS_FILE, eval_results_yaml, model_index
from submissions.export.push import push
from submissions.export.table import ledger_parquet
from submissions.ledger import LedgerError, read_ledger
from submissions.schema import METRICS
from submissions.statistics import ScenarioStatistics, scores
from tests.loopback_hub import loopback_hub, use_hub
from tests.results import make_result

SCHEMA = json.loads((Path(__file__).parents[1] / "data/every_eval_ever/eval-0.3.0.schema.json").read_text())
DATASET = "acme/deescalwild"


@pytest.fixture
def result():
    return make_result("acme/civilian-3b", latency_s=0.4)


def test_eval_results_name_tasks_that_the_benchmark_registers(result):
    entries = parse_eval_result_entries(
        yaml.safe_load(eval_results_yaml(result, DATASET, "https://example.org/r.json"))
    )
    assert {entry.task_id for entry in entries} <= {task.id for task in TASKS}
    assert [entry.value for entry in entries] == [round(getattr(result.scores, m).value, 6) for m in METRICS]
    assert all(entry.dataset_id == DATASET and entry.source_url for entry in entries)


def test_the_model_index_is_read_back_by_the_client(result):
    name, entries = model_index_to_eval_results(model_index(result, DATASET)["model-index"])
    assert name == "civilian-3b" and [entry.metric_name for entry in entries][:2] == ["ROUGE-L", "BLEU-4"]
    assert [entry.metric_config for entry in entries] == [getattr(result.scores, m).signature for m in METRICS]


@pytest.mark.parametrize("dataset", [DATASET, None])
@pytest.mark.parametrize("kind", ["fine-tuned", "api", "base"])
def test_a_record_of_every_eval_ever_passes_its_schema(dataset, kind):
    found = record(make_result("acme/civilian-3b", kind=kind), dataset=dataset, organisation="us")
    jsonschema.validate(found, SCHEMA)
    for row in found["evaluation_results"]:
        config, details = row["metric_config"], row["score_details"]
        assert config["min_score"] <= details["score"] <= config["max_score"]
        interval = details["uncertainty"]["confidence_interval"]
        assert interval["lower"] <= details["score"] <= interval["upper"]


def test_the_record_lies_where_its_datastore_wants_it_and_always_at_the_same_place(result):
    path = record_path(result)
    assert path == record_path(result) and path.parts[:4] == ("data", "deescalwild", "acme", "civilian-3b")
    assert path.stem[14] == "4"


def test_the_parquet_holds_what_is_needed_to_rank_again(results_folder):
    ledger = read_ledger(results_folder)
    frame = pd.read_parquet(io.BytesIO(ledger_parquet(ledger.results, results_folder)))
    assert len(frame) == 3 and list(frame["path"]) == sorted(frame["path"]) and set(frame["tier"]) == {"unchecked"}
    row = frame[frame["id"] == "acme/civilian-3b"].iloc[0]
    (result,) = [result for result in ledger.results if result.model.id == "acme/civilian-3b"]
    again = sum(sums["rouge_l"] for sums in row["per_scenario"]) / sum(sums["n_items"] for sums in row["per_scenario"])
    assert again == pytest.approx(row["rouge_l_value"], abs=1e-9)
    assert scores(ScenarioStatistics.from_rows(result.per_scenario))["rouge_l"][0] == pytest.approx(again)


@pytest.mark.parametrize(
    ("form", "file"),
    [
        ("parquet", "out"),
        ("every-eval-ever", "out/data/deescalwild/acme/civilian-3b/*.json"),
        ("eval-results", f"out/acme/civilian-3b/*/{EVAL_RESULTS_FILE}"),
        ("model-index", "out/acme/civilian-3b/*/README.metadata.yaml"),
    ],
)
def test_the_command_writes_each_form(results_folder, tmp_path, form, file):
    run = CliRunner().invoke(
        app, ["submissions", "export", form, "--out", str(tmp_path / "out"), "--ledger", str(results_folder)]
    )
    assert run.exit_code == 0, run.output
    assert len(list(tmp_path.glob(file))) == 1


@pytest.fixture
def hub(monkeypatch, tmp_path):
    with loopback_hub() as running:
        use_hub(monkeypatch, running, cache=tmp_path / "cache")
        yield running


def test_pushing_opens_a_pull_request_that_keeps_the_card(hub, result):
    from huggingface_hub import HfApi

    api = HfApi(endpoint=hub.url, token="hf_alice")
    api.create_repo(result.model.id)
    card = "---\nlicense: mit\nmodel-index:\n- name: civilian-3b\n  results:\n  - task: {type: text-generation}\n    dataset: {type: other/set, name: Other}\n    metrics:\n    - {type: accuracy, value: 0.5}\n---\n\n# Hello\n"
    api.upload_file(path_or_fileobj=card.encode(), path_in_repo="README.md", repo_id=result.model.id)
    hub_result = result.model_copy(update={"model": result.model.model_copy(update={"source": "hub"})})
    url = push(hub_result, DATASET)
    assert url.endswith("/discussions/1")
    merged = api.hf_hub_download(result.model.id, "README.md", revision="refs/pr/1")
    found = ModelCard.load(merged)
    assert found.data.license == "mit" and "# Hello" in found.text
    assert {entry.dataset_type for entry in found.data.eval_results} == {"other/set", DATASET}
    assert yaml.safe_load(
        Path(api.hf_hub_download(result.model.id, EVAL_RESULTS_FILE, revision="refs/pr/1")).read_text()
    )
    assert (
        ModelCard.load(api.hf_hub_download(result.model.id, "README.md")).data.eval_results[0].dataset_type
        == "other/set"
    )


def test_a_baseline_has_no_repository_to_write_to():
    with pytest.raises(LedgerError, match="not measured from the Hub"):
        push(make_result("baseline/salad"), DATASET)
