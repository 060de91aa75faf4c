"""Transcripts → built folder → load_dataset, as a user calls it."""

import json
import shutil

import pytest
from datasets import get_dataset_config_names, load_dataset
from huggingface_hub import DatasetCard
from typer.testing import CliRunner

from dataset_script import card
from dataset_script.build import SAMPLE, assemble, build_dataset, read_manifest
from dataset_script.cli import app
from dataset_script.errors import DataError
from dataset_script.splits import SPLITS


@pytest.fixture
def source(tmp_path):
    """A copy of eleven sample transcripts, to break."""
    folder = tmp_path / "transcripts"
    folder.mkdir()
    for path in sorted((SAMPLE / "transcripts").glob("*.csv"))[:11]:
        shutil.copy(path, folder)
    return folder


def test_load_dataset_from_the_folder_above(built_sample, monkeypatch):
    monkeypatch.chdir(built_sample.parent)
    loaded = load_dataset("deescalwild")
    assert set(loaded) == set(SPLITS)
    row = loaded["train"][0]
    assert {"scenario_id", "turns", "context", "civilian_profile"} <= set(row)
    assert {"speaker", "role", "role_rule", "text", "start_s"} <= set(row["turns"][0])
    assert set(get_dataset_config_names("deescalwild")) == {"scenarios", "chat", "items"}


def test_chat_rows_are_messages_from_system_to_civilian(built_sample):
    for row in load_dataset(str(built_sample), "chat", split="train"):
        roles = [message["role"] for message in row["messages"]]
        assert roles[:2] == ["system", "user"]
        assert set(roles) == {"system", "user", "assistant"}


def test_streaming_gives_the_same_rows(built_sample):
    plain = load_dataset(str(built_sample), split="test")
    streamed = load_dataset(str(built_sample), split="test", streaming=True)
    assert [row["scenario_id"] for row in streamed] == plain["scenario_id"]


def test_a_rebuild_with_other_content_is_seen_by_the_next_load(source, tmp_path):
    """The cache of `datasets` ignores file contents; version and digest in the YAML are what it sees."""
    out = tmp_path / "deescalwild"
    build_dataset(source, out)
    assert "One more thing." not in _all_texts(out)
    first = sorted(source.glob("*.csv"))[0]
    first.write_text(first.read_text("utf-8") + "12:00,[Police Officer],One more thing.\n", "utf-8")
    build_dataset(source, out)
    assert "One more thing." in _all_texts(out)


def _all_texts(out):
    return [turn["text"] for rows in load_dataset(str(out)).values() for row in rows for turn in row["turns"]]


def test_no_incident_is_in_two_splits(built_sample):
    seen = {}
    for split, rows in load_dataset(str(built_sample)).items():
        for row in rows:
            assert seen.setdefault(row["incident_id"], split) == split


def test_turns_are_kept_as_released(built_sample):
    """Nothing is dropped: every row of every transcript is there, label and words unchanged."""
    from dataset_script.transcripts import read_transcript

    built = {row["scenario_id"]: row for rows in load_dataset(str(built_sample)).values() for row in rows}
    for path in (SAMPLE / "transcripts").glob("*.csv"):
        rows = read_transcript(path).rows
        turns = built[f"sample-{path.stem}"]["turns"]
        assert [(t["speaker"], t["text"]) for t in turns] == [(r.speaker, r.text) for r in rows]


def test_two_builds_are_the_same_bytes(source, tmp_path):
    for name in ("one", "two"):
        build_dataset(source, tmp_path / name / "deescalwild")
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*") if p.is_file())
    assert files
    for path in files:
        assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes(), path


def test_an_unchanged_build_is_kept(source, tmp_path):
    out = tmp_path / "deescalwild"
    assert build_dataset(source, out)[1] is not None
    stamp = out.stat().st_mtime_ns
    assert build_dataset(source, out)[1] is None
    assert out.stat().st_mtime_ns == stamp


def test_one_bad_file_is_reported_and_does_not_stop_the_build(source, tmp_path):
    (source / "broken.csv").write_bytes(b"\xff\xfe nonsense")
    (source / "empty.csv").write_text("")
    out = tmp_path / "deescalwild"
    build_dataset(source, out)
    report = [json.loads(line) for line in (out / "report" / "decisions.jsonl").read_text("utf-8").splitlines()]
    refused = {line["where"] for line in report if line["action"] == "file refused"}
    assert refused == {"broken.csv", "empty.csv"}
    assert sum(count["scenarios"] for count in read_manifest(out).counts.values()) == 11


def test_a_folder_that_is_no_dataset_is_never_replaced(source, tmp_path):
    precious = tmp_path / "deescalwild"
    precious.mkdir()
    (precious / "thesis.tex").write_text("years")
    with pytest.raises(DataError, match="not a built dataset"):
        build_dataset(source, precious)
    assert (precious / "thesis.tex").read_text() == "years"


def test_source_names_are_hashed_where_no_id_is_given(source):
    names = {path.stem for path in source.glob("*.csv")}
    for scenario in assemble(source).scenarios:
        assert not any(name in scenario.scenario_id for name in names)


@pytest.mark.parametrize(
    ("line", "says"),
    [('{"transcript": "a", "colour": "red"}', "colour"), ("{", "JSON"), ('{"source": "x"}', "transcript")],
)
def test_a_bad_sidecar_line_is_named(source, tmp_path, line, says):
    (source / "scenarios.jsonl").write_text("\n" + line)
    with pytest.raises(DataError, match=f"scenarios.jsonl:2.*{says}"):
        build_dataset(source, tmp_path / "out")


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke(app, ["build"])
    assert run.exit_code == 0, run.output
    assert "test" in run.output and (tmp_path / "deescalwild" / "README.md").exists()


def test_the_card_template_is_valid_and_complete():
    loaded = DatasetCard(card.TEMPLATE.read_text("utf-8"), ignore_metadata_errors=False)
    assert loaded.data.license == "other" and loaded.data.pretty_name == "DeEscalWild"
    assert "More Information Needed" not in loaded.text
    wanted = (
        "Motivation", "Composition", "Collection", "Splits", "Fields", "How to load", "Known defects", "Biases",
        "Uses", "Privacy", "Licence", "Citation", "predictive policing", "Content warning",
    )  # fmt: skip
    assert [word for word in wanted if word not in loaded.text] == []


def test_the_built_card_says_it_is_a_sample_and_counts_what_is_there(built_sample):
    text = (built_sample / "README.md").read_text("utf-8")
    total = sum(count["scenarios"] for count in read_manifest(built_sample).counts.values())
    assert f"The {total} encounters in it were written for this project" in text
    data = DatasetCard(text, ignore_metadata_errors=False).data
    assert data.pretty_name == "DeEscalWild (fictional sample)"
    assert all(config["version"] and config["description"] for config in data.configs)
