"""Predictions made elsewhere give the result that our runner gives."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from deescalwild_cli.main import app
from eval_harness import models
from eval_harness.benchmark import load_benchmark
from eval_harness.errors import EvaluationError
from eval_harness.run import Settings, evaluate
from eval_harness.score import Claim, claimed_generation, read_predictions, score, template_rows
from submissions.ledger import items_path, read_result, unpack_items
from submissions.schema import METRICS, Model

REVISION = "0123456789abcdef0123456789abcdef01234567"
CLAIM = Claim(
    Model(id="acme/parrot", revision=REVISION, source="hub", kind="fine-tuned", precision="bfloat16"),
    claimed_generation(sampled=False, temperature=0.0),
)


@pytest.fixture
def answers(tiny_data, tmp_path):
    """The copy-officer baseline's answers, as a file from elsewhere."""
    path = tmp_path / "answers.jsonl"
    rows = [
        {"item_id": item.item_id, "prediction": item.officer_text, "extra": 1}
        for item in load_benchmark(tiny_data, "test").items
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_a_file_scores_what_the_runner_scores(answers, tiny_data, tmp_path):
    digest = load_benchmark(tiny_data, "test").manifest.digest
    ours = evaluate(
        models.resolve("baseline/copy-officer", train_digest=digest), Settings(tiny_data, tmp_path / "ours")
    )
    theirs = score(answers, CLAIM, data=tiny_data, results=tmp_path / "theirs")
    first, second = read_result(ours, tmp_path / "ours"), read_result(theirs, tmp_path / "theirs")
    for metric in METRICS:
        assert getattr(first.scores, metric) == getattr(second.scores, metric)
    assert first.per_scenario == second.per_scenario and first.diagnostics == second.diagnostics
    assert second.latency is None and second.model.id == "acme/parrot"
    assert unpack_items(items_path(ours).read_bytes()) == unpack_items(items_path(theirs).read_bytes())


def test_thoughts_are_stripped_and_counted(answers, tiny_data, tmp_path):
    rows = [json.loads(line) for line in answers.read_text("utf-8").splitlines()]
    said = [row | {"prediction": f"<think>\nHe asks.\n</think>\n{row['prediction']}"} for row in rows]
    plainly = score(answers, CLAIM, data=tiny_data, results=tmp_path / "plainly")
    answers.write_text("".join(json.dumps(row) + "\n" for row in said), "utf-8")
    aloud = score(answers, CLAIM, data=tiny_data, results=tmp_path / "aloud")
    first, second = read_result(plainly, tmp_path / "plainly"), read_result(aloud, tmp_path / "aloud")
    assert first.scores == second.scores
    assert first.diagnostics.faults["thinks"] == 0
    assert second.diagnostics.faults["thinks"] == second.benchmark.n_items_clean
    assert all(row["had_thoughts"] for row in unpack_items(items_path(aloud).read_bytes()))


def test_the_same_predictions_are_scored_once_and_others_are_never_passed_off_as_them(answers, tiny_data, tmp_path):
    path = score(answers, CLAIM, data=tiny_data, results=tmp_path)
    before = path.read_bytes()
    assert score(answers, CLAIM, data=tiny_data, results=tmp_path) == path
    rows = [json.loads(line) for line in answers.read_text("utf-8").splitlines()]
    rows[1]["prediction"] = "Something else."
    answers.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    with pytest.raises(EvaluationError, match=f"holds other predictions \\(1 differ, first: {rows[1]['item_id']}"):
        score(answers, CLAIM, data=tiny_data, results=tmp_path)
    assert path.read_bytes() == before


def test_the_template_lists_every_item_with_its_messages(tiny_data):
    rows = list(template_rows(load_benchmark(tiny_data, "test")))
    assert [row["item_id"] for row in rows] == [item.item_id for item in load_benchmark(tiny_data, "test").items]
    assert all(row["messages"][0]["role"] == "system" and row["messages"][-1]["role"] == "user" for row in rows)


def test_a_filled_template_goes_through_the_command(tiny_data, tmp_path):
    run = CliRunner()
    path = tmp_path / "answers.jsonl"
    made = run.invoke(app, ["score", str(path), "--template", "--data", str(tiny_data)])
    assert made.exit_code == 0, made.output
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    path.write_text("".join(json.dumps({**row, "prediction": "I was going home."}) + "\n" for row in rows))
    options = [
        "--model",
        "acme/home",
        "--revision",
        REVISION,
        "--data",
        str(tiny_data),
        "--output",
        str(tmp_path / "results"),
    ]
    scored = run.invoke(app, ["score", str(path), *options])
    assert scored.exit_code == 0, scored.output
    assert "rouge_l" in scored.output and "acme__home" in scored.output


BAD = {
    "not json": ("{", "expected"),
    "no prediction": ('{"item_id": "x"}', "expected"),
    "a number": ('{"item_id": "x", "prediction": 7}', "texts"),
    "a list": ("[]", "expected"),
    "too long": (json.dumps({"item_id": "x", "prediction": "a" * 20_001}), "20000"),
    "twice": (
        '{"item_id": "x", "prediction": ""}\n{"item_id": "x", "prediction": ""}',
        ":2: item 'x' is answered twice",
    ),
    "deep": ("[" * 100_000, "expected"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_lines_are_named(tmp_path, kind):
    text, says = BAD[kind]
    (tmp_path / "p.jsonl").write_text(text)
    with pytest.raises(EvaluationError, match=says):
        read_predictions(tmp_path / "p.jsonl")


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "p.jsonl"
    path.write_bytes(data)
    try:
        assert all(isinstance(text, str) for text in read_predictions(path).values())
    except EvaluationError as error:
        assert str(path) in str(error)


def test_missing_and_unknown_items_are_refused(answers, tiny_data, tmp_path):
    lines = answers.read_text("utf-8").splitlines()
    answers.write_text("\n".join(lines[1:]), "utf-8")
    with pytest.raises(EvaluationError, match="1 items have no prediction"):
        score(answers, CLAIM, data=tiny_data, results=tmp_path / "r")
    answers.write_text("\n".join([*lines, '{"item_id": "nobody:1", "prediction": "x"}']), "utf-8")
    with pytest.raises(EvaluationError, match="unknown item 'nobody:1'"):
        score(answers, CLAIM, data=tiny_data, results=tmp_path / "r")
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("option", "value"),
    [("--model", "noslash"), ("--revision", "main"), ("--kind", "magic"), ("--base-model", "noslash")],
)
def test_what_the_ledger_would_refuse_is_refused_before_scoring(answers, tiny_data, tmp_path, option, value):
    options = {
        "--model": "acme/x",
        "--revision": REVISION,
        "--data": str(tiny_data),
        "--output": str(tmp_path / "r"),
        option: value,
    }
    run = CliRunner().invoke(app, ["score", str(answers), *[part for pair in options.items() for part in pair]])
    assert isinstance(run.exception, EvaluationError) and option in str(run.exception)
