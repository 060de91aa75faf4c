"""Result files: strict, atomic, never overwritten; a bad file is named and never stops the rest."""

import hashlib
import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from submissions import ledger
from submissions.ledger import (
    LEDGER,
    LedgerError,
    pack_items,
    parse_result,
    path_of,
    printable,
    read_ledger,
    read_reported,
    unpack_items,
    write_new,
    write_result,
)
from submissions.schema import BASELINES
from tests.results import make_result


def as_dict(result):
    return json.loads(result.model_dump_json())


def test_what_is_written_is_read_back(tmp_path):
    result = make_result("acme/civilian")
    path = write_result(tmp_path, result, pack_items([{"item_id": "a:1", "prediction": "Señor, no."}]))
    found = read_ledger(tmp_path)
    assert found.results == (result,) and found.problems == ()
    assert (
        path.relative_to(tmp_path).as_posix()
        == f"acme__civilian/{result.model.revision[:12]}-bfloat16-deescalwild-aaaaaaaa.json"
    )
    assert unpack_items(ledger.items_path(path).read_bytes()) == [{"item_id": "a:1", "prediction": "Señor, no."}]


def test_a_result_is_never_overwritten(tmp_path):
    result = make_result("acme/civilian")
    path = write_result(tmp_path, result, b"")
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="never overwritten"):
        write_result(tmp_path, make_result("acme/civilian", quality=2.0), b"")
    assert path.read_bytes() == before


def test_of_two_writers_one_wins_and_nothing_is_left_over(tmp_path):
    write_new(tmp_path / "x", b"first")
    with pytest.raises(LedgerError):
        write_new(tmp_path / "x", b"second")
    assert [path.name for path in tmp_path.iterdir()] == ["x"] and (tmp_path / "x").read_bytes() == b"first"


def change(path, value):
    """A function that sets one place of a result's JSON."""

    def apply(content):
        *parents, last = path
        part = content
        for key in parents:
            part = part[key]
        part[last] = value

    return apply


HOSTILE = [
    (change(["model", "id"], "../../etc/passwd"), "model.id"),
    (change(["model", "id"], "acme/<img src=x>"), "model.id"),
    (change(["model", "id"], "аcme/cyrillic-a"), "model.id"),
    (change(["model", "revision"], "main"), "model.revision"),
    (change(["scores", "rouge_l", "value"], float("nan")), "scores.rouge_l.value"),
    (change(["scores", "rouge_l", "value"], 250), "scores.rouge_l.value"),
    (change(["scores", "rouge_l", "low"], 99.0), "interval"),
    (change(["scores", "rouge_l", "signature"], "x\u202egnp"), "signature"),
    (change(["scores", "rouge_l", "signature"], "x" * 400), "signature"),
    (change(["per_scenario"], []), "per_scenario"),
    (change(["per_scenario", 0, "n_items"], 999), "add up"),
    (change(["per_scenario", 0, "scenario_id"], "scenario-001"), "occurs twice"),
    (change(["benchmark", "n_items_clean"], 1), "add up"),
    (change(["surprise"], 1), "surprise"),
    (change(["schema_version"], 2), "schema_version"),
    (change(["model", "kind"], "winner"), "model.kind"),
    (change(["provenance", "items_file"], "../x-items.jsonl.gz"), "items_file"),
]


@pytest.mark.parametrize(("spoil", "says"), HOSTILE, ids=[says for _, says in HOSTILE])
def test_a_spoiled_result_is_refused_with_the_place(spoil, says):
    content = as_dict(make_result("acme/civilian"))
    spoil(content)
    with pytest.raises(LedgerError, match=says):
        parse_result(json.dumps(content).encode())


def test_bad_files_are_named_and_the_rest_is_read(results_folder):
    good = len(read_ledger(results_folder).results)
    (results_folder / "evil__a").mkdir()
    (results_folder / "evil__a" / "nonsense.json").write_bytes(b"\xff{")
    (results_folder / "evil__a" / "huge.json").write_bytes(b"[" * (ledger.MAX_RESULT_BYTES + 1))
    (results_folder / "evil__a" / "folder.json").mkdir()
    os.mkfifo(results_folder / "evil__a" / "waits-for-ever.json")
    (results_folder / "evil__a" / "elsewhere.json").symlink_to("/etc/passwd")
    (results_folder / "evil__a" / "dangling.json").symlink_to("nowhere")
    (results_folder / "evil__a" / "deep.json").write_text("[" * 100_000)
    squatter = make_result("acme/other")
    (results_folder / "evil__a" / path_of(results_folder, squatter).name).write_text(squatter.model_dump_json())
    found = read_ledger(results_folder)
    assert len(found.results) == good
    assert len(found.problems) == 8
    assert any("belongs at acme__other" in problem.message for problem in found.problems)
    assert all("\n" not in problem.message and len(problem.message) < 300 for problem in found.problems)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200) | st.recursive(st.none() | st.floats() | st.text(max_size=9), lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=9), x, max_size=3)).map(lambda x: json.dumps(x).encode()))  # fmt: skip
def test_anything_is_a_result_or_a_ledger_error(content):
    with pytest.raises(LedgerError):
        parse_result(content)


@given(st.text())
def test_printable_text_is_one_short_line(text):
    assert printable(text).isprintable() and len(printable(text)) <= 200


def test_the_papers_table_ships_with_the_ledger():
    rows = read_reported(LEDGER / "reported.csv")
    assert len(rows) == 11
    qwen = next(row for row in rows if row.model.startswith("Qwen") and row.variant == "fine-tuned")
    assert (qwen.rouge_l, qwen.bleu_4, qwen.meteor, qwen.bertscore_f1, qwen.latency_s) == (
        15.8,
        3.8,
        19.5,
        0.88,
        0.38,
    )
    gemini = next(row for row in rows if row.variant == "api")
    assert gemini.hub_id is None and gemini.latency_s == 3.5


def test_the_shipped_results_are_sound_and_their_predictions_are_theirs():
    """Real runs of SmolLM2 and every baseline on the sample, each with the predictions its digest names."""
    found = read_ledger(LEDGER / "results")
    assert found.problems == ()
    assert set(BASELINES) <= {result.model.id for result in found.results}
    assert any(result.model.parameters for result in found.results)
    for result in found.results:
        content = ledger.items_path(path_of(LEDGER / "results", result)).read_bytes()
        assert hashlib.sha256(content).hexdigest() == result.provenance.items_sha256
        assert len(unpack_items(content)) == result.benchmark.n_items_as_released
