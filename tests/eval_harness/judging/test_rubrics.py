"""The rubrics as data: their words are pinned, their schemas closed, their points add up."""

import json

import jsonschema
import pytest

from dataset_script.judge.structured import InvalidAnswer, parse_answer, schema_of
from eval_harness.errors import EvaluationError
from eval_harness.judging.rubrics import CURRENT, SIDES, answer_form, load_rubric

REPLIES = {
    "realism": {"evidence": "“mate”", "emotion": 30, "language": 15, "person": 25, "situation": 15},
    "de-escalation": {"evidence": "“no”", "move": "holds", "state": 35, "technique": 20, "trajectory": 30},
}
HEADS = {"realism": {}, "de-escalation": {"officer": "asks"}}


def answer(rubric_id: str, **changes) -> dict:
    return {**HEADS[rubric_id], **{side: {**REPLIES[rubric_id], **changes} for side in SIDES}}


@pytest.mark.parametrize(
    ("rubric_id", "sha256"),
    [
        ("realism", "7cf92d350929f56157dca9d7ead6d8b709191daaf4a045de1bcda25d03f5f800"),
        ("de-escalation", "60d97af0986f3ff53a1021c6fa095ad167cf0fbf37a17b9e3020c0fd74fd39a8"),
    ],
)
def test_a_rubrics_words_change_only_with_its_version(rubric_id, sha256):
    assert load_rubric(rubric_id).sha256 == sha256
    assert load_rubric(rubric_id).name == CURRENT[rubric_id]


@pytest.mark.parametrize("rubric_id", CURRENT)
def test_the_points_of_a_rubric_add_up_to_a_hundred_and_each_is_explained(rubric_id):
    rubric = load_rubric(rubric_id)
    fields = rubric.schema["$defs"]["reply"]["properties"]
    assert sum(fields[name]["maximum"] for name in rubric.points) == 100
    assert all(
        fields[name] == {"type": "integer", "minimum": 0, "maximum": fields[name]["maximum"]} for name in rubric.points
    )
    assert all(f"`{name}`, 0 to {fields[name]['maximum']}:" in rubric.text for name in rubric.points)
    assert all(f"`{word}`" in rubric.text for name in rubric.labels for word in fields[name]["enum"])


@pytest.mark.parametrize("rubric_id", CURRENT)
def test_the_schema_is_one_that_endpoints_enforce_strictly(rubric_id):
    schema = schema_of(answer_form(rubric_id))
    jsonschema.Draft202012Validator.check_schema(schema)
    for part in (schema, schema["$defs"]["reply"]):
        assert part["additionalProperties"] is False
        assert set(part["required"]) == set(part["properties"])


@pytest.mark.parametrize("rubric_id", CURRENT)
def test_a_judge_gives_points_and_the_sum_is_ours(rubric_id):
    read = parse_answer(json.dumps(answer(rubric_id)), answer_form(rubric_id)).model_dump()
    assert load_rubric(rubric_id).score(read["A"]) == 85


@pytest.mark.parametrize(
    ("rubric_id", "changes", "where"),
    [
        ("realism", {"emotion": 31}, "A.emotion"),
        ("realism", {"emotion": -1}, "A.emotion"),
        ("realism", {"emotion": "30"}, "A.emotion"),
        ("realism", {"emotion": 12.5}, "A.emotion"),
        ("realism", {"emotion": True}, "A.emotion"),
        ("realism", {"score": 100}, "score"),
        ("realism", {"evidence": "x" * 301}, "A.evidence"),
        ("de-escalation", {"move": "calms"}, "A.move"),
    ],
)
def test_an_answer_of_another_form_is_refused_with_the_field_at_fault(rubric_id, changes, where):
    with pytest.raises(InvalidAnswer, match=where):
        parse_answer(json.dumps(answer(rubric_id, **changes)), answer_form(rubric_id))


def test_an_answer_without_one_of_the_replies_is_refused():
    with pytest.raises(InvalidAnswer, match="'B' is a required property"):
        parse_answer(json.dumps({"A": REPLIES["realism"]}), answer_form("realism"))


def test_only_realism_draws_a_line_and_draws_it_at_85():
    realism, other = load_rubric("realism"), load_rubric("de-escalation")
    assert [realism.passes(score) for score in (84.0, 85.0, 100.0)] == [False, True, True]
    assert not other.passes(100.0)


def test_an_unknown_rubric_is_refused_by_name():
    with pytest.raises(EvaluationError, match=r"'charm' is no rubric\. There are: realism, de-escalation"):
        load_rubric("charm")
