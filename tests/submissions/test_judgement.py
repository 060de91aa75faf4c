"""Judgements beside a result: found, bound to its bytes, refused where they are broken."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from submissions.judgement import Judgement, judge_slug, judgement_path, read_judgements, verdicts_path
from submissions.ledger import path_of, read_ledger, write_whole

MEAN = {"value": 60.0, "low": 50.0, "high": 70.0}
SHARE = {"value": 0.5, "low": 0.3, "high": 0.7}
SIDE = {"score": MEAN, "passing": SHARE, "first": 61.0, "second": None, "points": {"emotion": 20.0}, "labels": {}}


def judgement(result: bytes = b"", **changes) -> Judgement:
    """A valid judgement of these bytes."""
    written = {
        "judged_sha256": hashlib.sha256(result).hexdigest(),
        "model_id": "acme/civilian-3b",
        "benchmark_digest": "a" * 64,
        "rubric": {
            "id": "realism",
            "version": "v1",
            "sha256": "b" * 64,
            "threshold": 85,
            "threshold_name": "looks_real",
        },
        "judge": {
            "model": "Qwen/Qwen3-32B",
            "endpoint": "127.0.0.1:8000",
            "temperature": 0.0,
            "seed": 0,
            "max_tokens": 2048,
            "structures": ["json_schema"],
        },
        "self_preference": {"relation": "unknown", "judge_families": ["qwen"], "model_families": [], "flagged": True},
        "sample": {
            "n_items": 10,
            "n_available": 10,
            "n_scenarios": 2,
            "seed": 0,
            "both_orders": False,
            "history_words": 1500,
        },
        "counts": {"requests": 10, "valid": 10, "failures": {}, "empty": 0, "unjudged": 0, "addresses_judge": 0},
        "model": SIDE,
        "human": SIDE,
        "gap": {"value": -1.0, "low": -5.0, "high": 3.0},
        "human_preferred": SHARE,
        "same_labels": {},
        "position": None,
        "repeats": None,
        "work": {
            "http_requests": 10,
            "prompt_tokens": 100,
            "completion_tokens": 10,
            "uncounted": 0,
            "cost": 0.0,
            "seconds": 1.0,
        },
        "judged_at": "2026-11-23T00:00:00Z",
        "verdicts_file": "x-judge-qwen-realism.v1-verdicts.jsonl.gz",
        "verdicts_sha256": "c" * 64,
    }
    return Judgement.model_validate(written | changes)


@pytest.fixture
def result(results_folder):
    [own] = [each for each in read_ledger(results_folder).results if each.model.id == "acme/civilian-3b"]
    return path_of(results_folder, own)


def write(result, found: Judgement) -> None:
    path = judgement_path(result, found.judge.model, f"{found.rubric.id}.{found.rubric.version}")
    write_whole(path, found.model_dump_json().encode())


def test_a_judgement_lies_beside_its_result_and_is_no_result_itself(results_folder, result):
    found = judgement(result.read_bytes())
    write(result, found)
    assert read_judgements(result) == ([found], [])
    ledger = read_ledger(results_folder)
    assert (len(ledger.results), ledger.problems) == (3, ())


def test_a_judgement_of_another_version_of_the_result_is_named_and_left_out(result):
    write(result, judgement(b"other bytes"))
    found, [problem] = read_judgements(result)
    assert found == [] and "another version of the result" in problem.message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", "judged_sha256"),
        ("no json", "Invalid JSON"),
        (judgement().model_dump_json().replace("Qwen/Qwen3-32B", "other"), "under another name"),
        (f'{{"model_id": "{"x" * 2**20}"}}', "larger than 1 MiB"),
    ],
    ids=["empty", "no json", "misplaced", "too large"],
)
def test_a_broken_judgement_is_named_and_never_fatal(result, content, message):
    judgement_path(result, "Qwen/Qwen3-32B", "realism.v1").write_text(content)
    found, [problem] = read_judgements(result)
    assert found == [] and message in problem.message


def test_a_link_is_not_followed(result, tmp_path):
    target = tmp_path / "elsewhere.json"
    target.write_text(judgement(result.read_bytes()).model_dump_json())
    judgement_path(result, "Qwen/Qwen3-32B", "realism.v1").symlink_to(target)
    assert [problem.message for problem in read_judgements(result)[1]] == ["not a plain file"]


@pytest.mark.parametrize(
    "changes",
    [
        {"extra": 1},
        {"gap": {"value": 4.0, "low": -5.0, "high": 3.0}},
        {"gap": {"value": float("nan"), "low": 0.0, "high": 1.0}},
        {"model_id": "<script>"},
        {"verdicts_file": "../x-verdicts.jsonl.gz"},
        {"human": {**SIDE, "first": 101.0}},
        {"self_preference": {"relation": "fine", "judge_families": [], "model_families": [], "flagged": False}},
        {"judge": {**json.loads(judgement().judge.model_dump_json()), "model": "a\u202eb"}},
    ],
)
def test_what_a_stranger_might_write_is_refused(changes):
    with pytest.raises(ValidationError):
        judgement(**changes)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Qwen/Qwen3-32B", "qwen-qwen3-32b"),
        ("gpt-4.1", "gpt-4.1"),
        ("../../etc", "etc"),
        ("審判", "judge"),
        ("..", "judge"),
    ],
)
def test_a_judges_name_becomes_a_harmless_part_of_a_files_name(name, slug):
    assert judge_slug(name) == slug


@given(st.text(max_size=300))
def test_whatever_a_judge_is_called_its_files_lie_beside_the_result(tmp_path_factory, name):
    result = tmp_path_factory.getbasetemp() / "org__model" / "0123456789ab-bfloat16-deescalwild-89abcdef.json"
    path = judgement_path(result, name, "realism.v1")
    assert path.parent == verdicts_path(path).parent == result.parent
    assert len(verdicts_path(path).name) < 200 and path.name.isascii()


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.jsonl.gz"])
def test_a_judgement_of_a_file_is_called_after_it(tmp_path, name):
    assert judgement_path(tmp_path / name, "gpt", "realism.v1").name == "a-judge-gpt-realism.v1.json"
