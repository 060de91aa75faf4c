"""Transcripts → built folder → load_dataset, as a user calls it."""

import json
import shutil
from pathlib import Path

import pytest
from datasets import get_dataset_config_names, load_dataset
from typer.testing import CliRunner

from dataset_script.build import SAMPLE, Inputs, Options, build_dataset, read_manifest
from dataset_script.cli import app
from dataset_script.dialogue import Item
from dataset_script.errors import DataError
from dataset_script.inputs import source_files
from dataset_script.pipeline import prepare
from dataset_script.pipeline.prepare import scenario_id
from dataset_script.publishing.checks import check, has_errors
from dataset_script.quality.gates import OFF_BY_DEFAULT
from dataset_script.sidecar import SidecarRow
from dataset_script.splits import SPLITS
from dataset_script.transcripts import read_transcript

UNREDACTED = Options(privacy=False)


@pytest.fixture
def source(tmp_path):
    """A copy of eleven sample transcripts, to break."""
    folder = tmp_path / "transcripts"
    folder.mkdir()
    for path in sorted((SAMPLE / "transcripts").glob("*.csv"))[:11]:
        shutil.copy(path, folder)
    return folder


def report(out: Path, name: str = "decisions") -> list[dict]:
    return [json.loads(line) for line in (out / "report" / f"{name}.jsonl").read_text("utf-8").splitlines()]


def rows_of(out: Path, config: str = "scenarios") -> list[dict]:
    return [row for rows in load_dataset(str(out), config).values() for row in rows]


def texts_of(out: Path) -> list[str]:
    return [turn["text"] for row in rows_of(out) for turn in row["turns"]]


def transcript(folder: Path, name: str, lines: list[tuple[str, str]]) -> Path:
    """Write a transcript of (label, text) rows, two seconds apart."""
    path = folder / f"{name}.txt"
    path.write_text(
        "".join(f"[{2 * n // 60:02d}:{2 * n % 60:02d}] {who}: {text}\n" for n, (who, text) in enumerate(lines)), "utf-8"
    )
    return path


def encounter(seed: str, turns: int = 10) -> list[tuple[str, str]]:
    """A dialogue whose words no other seed shares."""
    return [
        (("[Police Officer]", "[Driver]")[n % 2], " ".join(f"{seed}{n}x{word}" for word in range(6)))
        for n in range(turns)
    ]


def test_load_dataset_from_the_folder_above(built_sample, monkeypatch):
    monkeypatch.chdir(built_sample.parent)
    loaded = load_dataset("deescalwild")
    assert set(loaded) == set(SPLITS)
    row = loaded["train"][0]
    assert {"scenario_id", "turns", "context", "civilian_profile", "quality"} <= set(row)
    assert {"speaker", "role", "role_rule", "role_confidence", "text", "start_s", "flags"} <= set(row["turns"][0])
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
    assert "One more thing." not in texts_of(out)
    first = sorted(source.glob("*.csv"))[0]
    first.write_text(first.read_text("utf-8") + "12:00,[Police Officer],One more thing.\n", "utf-8")
    build_dataset(source, out)
    assert "One more thing." in texts_of(out)


def test_without_redaction_turns_are_kept_as_released(tmp_path):
    """Every row of every transcript is there, label and words unchanged: the sample has no loop to repair."""
    out = tmp_path / "deescalwild"
    build_dataset(SAMPLE, out, is_sample=True, options=UNREDACTED)
    built = {row["scenario_id"]: row for row in rows_of(out)}
    for path in (SAMPLE / "transcripts").glob("*.csv"):
        turns = built[f"sample-{path.stem}"]["turns"]
        assert [(t["speaker"], t["text"]) for t in turns] == [(r.speaker, r.text) for r in read_transcript(path).rows]


def test_two_builds_are_the_same_bytes(source, tmp_path):
    for name in ("one", "two"):
        build_dataset(source, tmp_path / name / "deescalwild")
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*") if p.is_file())
    assert files
    for path in files:
        assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes(), path


def test_an_unchanged_build_is_kept_and_the_working_folder_is_gone(source, tmp_path):
    out = tmp_path / "built" / "deescalwild"
    assert build_dataset(source, out).is_new
    stamp = out.stat().st_mtime_ns
    assert not build_dataset(source, out).is_new
    assert out.stat().st_mtime_ns == stamp
    assert list(out.parent.iterdir()) == [out]


def test_one_bad_file_is_reported_and_does_not_stop_the_build(source, tmp_path):
    (source / "broken.csv").write_bytes(b"start_time,who\n00:01,x\n")
    (source / "empty.csv").write_text("")
    out = tmp_path / "deescalwild"
    outcome = build_dataset(source, out)
    assert sorted(Path(sentence.split(":")[0]).name for sentence in outcome.refused) == ["broken.csv", "empty.csv"]
    assert [row["status"] for row in report(out, "files")].count("refused") == 2
    assert outcome.manifest.files == {"kept": 11, "refused": 2}


def test_no_name_of_a_source_file_is_published(source, tmp_path):
    (source / "shouting-in-aisle-nine.csv").write_text("")
    out = tmp_path / "deescalwild"
    build_dataset(source, out)
    published = "".join(path.read_text("utf-8") for path in out.rglob("*") if path.suffix in {".json", ".jsonl", ".md"})
    published += json.dumps(rows_of(out)) + json.dumps(rows_of(out, "items"))
    assert [path.stem for path in source.iterdir() if path.stem in published] == []


def test_a_folder_that_is_no_dataset_is_never_replaced(source, tmp_path):
    precious = tmp_path / "deescalwild"
    precious.mkdir()
    (precious / "thesis.tex").write_text("years")
    with pytest.raises(DataError, match="not a built dataset"):
        build_dataset(source, precious)
    assert (precious / "thesis.tex").read_text() == "years"


@pytest.mark.parametrize(
    ("line", "says"),
    [('{"transcript": "a", "colour": "red"}', "colour"), ("{", "JSON"), ('{"source": "x"}', "transcript")],
)
def test_a_bad_sidecar_line_is_named(source, tmp_path, line, says):
    (source / "scenarios.jsonl").write_text("\n" + line)
    with pytest.raises(DataError, match=f"scenarios.jsonl:2.*{says}"):
        build_dataset(source, tmp_path / "out")


def test_gated_files_are_left_out_with_every_reason_and_a_gate_can_be_switched_off(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    transcript(source, "sound", encounter("a"))
    transcript(source, "monologue", [("[Narrator]", f"And then he went to house number {n}.") for n in range(20)])
    build_dataset(source, tmp_path / "one")
    fates = {tuple(row["reasons"]): row["status"] for row in report(tmp_path / "one", "files")}
    reasons = ("no_authority", "no_civilian", "few_items", "single_speaker", "mostly_narration")
    assert fates == {(): "kept", reasons: "gated"}
    build_dataset(source, tmp_path / "two", options=Options(gates_off=OFF_BY_DEFAULT | set(reasons)))
    assert read_manifest(tmp_path / "two").files == {"kept": 2}


def test_nothing_to_publish_is_said_with_the_reasons(tmp_path):
    transcript(tmp_path, "monologue", [("[Narrator]", "Once upon a time.")])
    with pytest.raises(DataError, match="nothing is left to publish: no_authority 1"):
        build_dataset(tmp_path, tmp_path / "out")


def test_where_no_file_can_be_read_the_reasons_are_said(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    (source / "empty.csv").write_text("")
    (source / "MANIFEST.TXT").write_text("YouTube.zip\n")
    with pytest.raises(
        DataError, match=r"no file could be read\. Refused: 2, .*MANIFEST\.TXT:1: .*empty\.csv: the file is"
    ):
        build_dataset(source, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_loops_are_repaired_and_debris_stays_out_of_items_and_chat(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    lines = encounter("a", 12)
    lines[3] = ("[Driver]", "I told you already " + "let me go " * 300)
    lines[5] = ("[Driver]", '"voice": 3 }, { "start": "02:14"')
    transcript(source, "one", lines)
    out = tmp_path / "out"
    build_dataset(source, out)
    (row,) = rows_of(out)
    assert row["turns"][3]["text"] == "I told you already let me go" and "loop_collapsed" in row["turns"][3]["flags"]
    assert row["quality"]["loop_words"] == 897
    ranked = {item["turn_index"]: item["subset"] for item in rows_of(out, "items")}
    assert ranked[3] == "clean" and ranked[5] == "as_released"
    assert "voice" not in json.dumps(rows_of(out, "chat"))


def test_no_pair_of_test_or_validation_is_in_train(tmp_path):
    """Twenty files share one exchange: it stays in train and goes from the others, stock phrases excepted."""
    source = tmp_path / "in"
    source.mkdir()
    shared = [("[Police Officer]", "Where were you going tonight?"), ("[Driver]", "Home to feed the dog, sir.")]
    stock = [("[Police Officer]", "You okay?"), ("[Driver]", "Yes, sir.")]
    for n in range(20):
        transcript(source, f"file{n}", [*encounter(f"s{n}x"), *shared, *encounter(f"t{n}x"), *stock])
    out = tmp_path / "out"
    build_dataset(source, out)
    left_out = [row for row in report(out) if row["action"] == "item left out"]
    evaluated = sum(count["scenarios"] for split, count in read_manifest(out).counts.items() if split != "train")
    assert len(left_out) == evaluated > 0
    pairs = {split: set() for split in SPLITS}
    for split, rows in load_dataset(str(out)).items():
        listed = {item["item_id"] for item in load_dataset(str(out), "items", split=split)}
        for row in rows:
            texts = [turn["text"] for turn in row["turns"]]
            for index in range(1, len(texts)):
                if f"{row['scenario_id']}:{index}" in listed:
                    pairs[split].add((texts[index - 1], texts[index]))
    assert pairs["train"] & (pairs["test"] | pairs["validation"]) == {("You okay?", "Yes, sir.")}


def test_cuts_and_parts_go_where_their_incident_goes(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    for n in range(12):
        transcript(source, f"video{n}", encounter(f"v{n}x", 60))
        transcript(source, f"zcut{n}", encounter(f"v{n}x", 60)[20:44])
    titles = [{"transcript": f"video{n}", "title": f"The long night{part}"} for n, part in enumerate(("", ", Part 2"))]
    (source / "scenarios.jsonl").write_text("".join(json.dumps(row) + "\n" for row in titles))
    out = tmp_path / "out"
    build_dataset(source, out)
    rows = report(out, "files")
    by_incident = {}
    for row in rows:
        by_incident.setdefault(row["incident_id"], []).append(row["split"])
    assert sorted(len(splits) for splits in by_incident.values()) == [2] * 10 + [4]
    assert all(len(set(splits)) == 1 for splits in by_incident.values())
    assert report(out, "leaks") == []


def test_adding_files_moves_no_old_scenario(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    for n in range(15):
        transcript(source, f"old{n}", encounter(f"o{n}x"))
    build_dataset(source, tmp_path / "one")
    before = {row["scenario_id"]: row["split"] for row in report(tmp_path / "one", "files")}
    for n in range(15):
        transcript(source, f"anew{n}", encounter(f"n{n}x"))
    build_dataset(source, tmp_path / "two", inputs=Inputs(previous=tmp_path / "one"))
    after = {row["scenario_id"]: row["split"] for row in report(tmp_path / "two", "files")}
    assert {name: after[name] for name in before} == before and len(after) == 30
    run = CliRunner().invoke(app, ["build", "--source", str(source), "--out", str(tmp_path / "one")])
    assert run.exit_code == 0, run.output
    assert {row["scenario_id"]: row["split"] for row in report(tmp_path / "one", "files")} == after


def test_a_pair_is_the_same_whatever_number_its_placeholders_have():
    def key(officer: str, reference: str) -> int:
        return prepare.pair_key(Item("i", "s", 1, "clean", (), officer, reference))

    assert key("Is [NAME_1] home?", "[NAME_2] lives at [ADDRESS_1].") == key(
        "Is [NAME_3] home", "[NAME_1] lives at [ADDRESS_4]"
    )
    assert key("Is [NAME_1] home?", "No.") != key("Is [PHONE_1] home?", "No.")


def test_an_imposed_split_list_is_obeyed_and_its_leaks_are_reported(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    transcript(source, "video", encounter("v", 60))
    transcript(source, "cut", encounter("v", 60)[10:40])
    transcript(source, "other", encounter("o", 20))
    build_dataset(source, tmp_path / "free")
    names = {row["turns"]: row["scenario_id"] for row in report(tmp_path / "free", "files")}
    splits = {names[60]: "train", names[30]: "test"}
    (tmp_path / "splits.csv").write_text("scenario_id,split\n" + "".join(f"{k},{v}\n" for k, v in splits.items()))
    out = tmp_path / "imposed"
    build_dataset(source, out, inputs=Inputs(splits=tmp_path / "splits.csv"))
    assert {row["scenario_id"]: row["split"] for row in report(out, "files") if row["split"]} == splits
    kinds = [leak["kind"] for leak in report(out, "leaks")]
    assert kinds == ["near_duplicate", "same_incident"] + ["pair_in_train"] * 15
    assert [problem for problem in check(out) if problem.where.startswith("report/")] == []
    assert read_manifest(out).splits_imposed


def test_parts_of_a_series_that_share_no_words_are_leaks_of_an_imposed_list(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    for name in ("first", "second"):
        transcript(source, name, encounter(name))
    titles = [{"transcript": name, "title": f"The long night, Part {n}"} for n, name in enumerate(("first", "second"))]
    (source / "scenarios.jsonl").write_text("".join(json.dumps(row) + "\n" for row in titles))
    (tmp_path / "splits.csv").write_text("transcript,split\nfirst,train\nsecond,test\n")
    outcome = build_dataset(source, tmp_path / "out", inputs=Inputs(splits=tmp_path / "splits.csv"))
    (leak,) = report(tmp_path / "out", "leaks")
    assert leak["kind"] == "same_incident" and sorted(leak["scenarios"].values()) == ["test", "train"]
    assert outcome.concerns == {"leak: same_incident": 1}


def test_what_a_split_list_names_and_the_build_lacks_is_reported(source, tmp_path):
    transcript(source, "monologue", [("[Narrator]", f"And then he went to house number {n}.") for n in range(20)])
    known = sorted(path.stem for path in source.glob("*.csv"))
    lines = [f"{known[0]},train", f"{known[1]},test", "monologue,test", "of-another-corpus,test"]
    (tmp_path / "splits.csv").write_text("\n".join(["transcript,split", *lines]))
    out = tmp_path / "out"
    outcome = build_dataset(source, out, inputs=Inputs(splits=tmp_path / "splits.csv"))
    assert outcome.concerns == {"in the split list, not built": 2, "not_in_split_list": len(known) - 2}
    unbuilt = [row["reason"] for row in report(out) if row["action"] == "in the split list, not built"]
    assert len(unbuilt) == 2 and "no such transcript could be read" in unbuilt
    assert any("mostly_narration" in reason for reason in unbuilt)
    assert [row["reasons"] for row in report(out, "files")].count(["not_in_split_list"]) == len(known) - 2
    assert "of-another-corpus" not in "".join(path.read_text() for path in out.rglob("*.jsonl"))


def test_a_scenario_that_joins_two_old_splits_stays_out_and_the_build_stays_sound(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    for n in range(12):
        transcript(source, f"old{n}", encounter(f"o{n}x", 40))
    build_dataset(source, tmp_path / "one")
    old = {row["scenario_id"]: row["split"] for row in report(tmp_path / "one", "files")}
    by_name = {f"old{n}": old[scenario_id(f"old{n}", SidecarRow(transcript=""))] for n in range(12)}
    trained, tested = (next(name for name, at in by_name.items() if at == split) for split in ("train", "test"))
    both = [line for name in (trained, tested) for line in encounter(f"o{name[3:]}x", 40)]
    transcript(source, "bridge", both)
    build_dataset(source, tmp_path / "two", inputs=Inputs(previous=tmp_path / "one"))
    rows = {row["scenario_id"]: row for row in report(tmp_path / "two", "files")}
    assert {name: rows[name]["split"] for name in old} == old
    assert [row["reasons"] for row in rows.values() if row["reasons"]] == [["joins_two_splits"]]
    assert not has_errors(check(tmp_path / "two"))


def test_two_old_scenarios_that_turn_out_to_be_one_event_stay_and_are_named(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    for n in range(12):
        transcript(source, f"old{n}", encounter(f"o{n}x"))
    build_dataset(source, tmp_path / "one")
    old = {row["scenario_id"]: row["split"] for row in report(tmp_path / "one", "files")}
    (source / "scenarios.jsonl").write_text(
        "".join(json.dumps({"transcript": f"old{n}", "event": "fair"}) + "\n" for n in range(12))
    )
    outcome = build_dataset(source, tmp_path / "two", inputs=Inputs(previous=tmp_path / "one"))
    assert {row["scenario_id"]: row["split"] for row in report(tmp_path / "two", "files")} == old
    assert outcome.concerns == {"leak: same_incident": 1}
    assert any("this incident is in" in problem.message for problem in check(tmp_path / "two"))


def test_what_was_gated_or_missing_for_a_while_comes_back_to_its_split(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    for n in range(14):
        transcript(source, f"old{n}", encounter(f"o{n}x"))
    build_dataset(source, tmp_path / "0")
    before = {row["scenario_id"]: row["split"] for row in report(tmp_path / "0", "files")}
    texts = {path: path.read_text() for path in source.iterdir()}
    away = sorted(texts)[::2]
    for path in away[:4]:
        path.unlink()
    for path in away[4:]:
        path.write_text(texts[path].replace("[Driver]", "[Police Officer]"))
    for n in range(20):
        transcript(source, f"anew{n}", encounter(f"n{n}x"))
    build_dataset(source, tmp_path / "1", inputs=Inputs(previous=tmp_path / "0"))
    fates = read_manifest(tmp_path / "1").files
    assert (fates["absent"], fates["gated"]) == (4, 3)
    for path in away:
        path.write_text(texts[path])
    build_dataset(source, tmp_path / "2", inputs=Inputs(previous=tmp_path / "1"))
    after = {row["scenario_id"]: row["split"] for row in report(tmp_path / "2", "files")}
    assert {name: after[name] for name in before} == before
    assert not has_errors(check(tmp_path / "1"))


def test_of_two_files_with_one_id_the_sound_one_is_kept(tmp_path):
    for folder, lines in (("a", [("[Narrator]", "Once upon a time.")]), ("b", encounter("x"))):
        (tmp_path / "in" / folder).mkdir(parents=True)
        transcript(tmp_path / "in" / folder, "same", lines)
    build_dataset(tmp_path / "in", tmp_path / "out")
    rows = report(tmp_path / "out", "files")
    assert [(row["status"], row["split"]) for row in rows] == [("gated", None), ("kept", "train")]


@pytest.mark.parametrize("content", ["", "scenario_id,split\na,dev\n", "name,part\na,test\n"])
def test_a_bad_split_list_is_refused(source, tmp_path, content):
    (tmp_path / "splits.csv").write_text(content)
    with pytest.raises(DataError, match=r"splits\.csv"):
        build_dataset(source, tmp_path / "out", inputs=Inputs(splits=tmp_path / "splits.csv"))


def test_overrides_correct_roles_and_change_the_items(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    lines = [(who.replace("[Driver]", "[Police Officer 2]"), text) for who, text in encounter("a")]
    transcript(source, "stop", lines)
    (tmp_path / "roles.csv").write_text("transcript,speaker_label,role\nstop,[Police Officer 2],subject\n")
    with pytest.raises(DataError, match="no_civilian"):
        build_dataset(source, tmp_path / "out")
    build_dataset(source, tmp_path / "out", inputs=Inputs(overrides=tmp_path / "roles.csv"))
    (row,) = rows_of(tmp_path / "out")
    assert row["turns"][1]["role"] == "subject" and row["turns"][1]["flags"] == ["role_corrected"]
    assert row["n_items"] == 5


def test_the_keyword_rule_can_be_chosen(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    transcript(source, "stop", [(who.replace("Police Officer", "Detective"), text) for who, text in encounter("a")])
    build_dataset(source, tmp_path / "resolved")
    with pytest.raises(DataError, match="no_authority"):
        build_dataset(source, tmp_path / "keyword", options=Options(roles="keyword"))


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke(app, ["build"])
    assert run.exit_code == 0, run.output
    assert "91 kept" in run.output and (tmp_path / "deescalwild" / "README.md").exists()


def test_fresh_on_an_unchanged_source_gives_what_a_clean_folder_gives(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    for n in range(40):
        transcript(source, f"old{n}", encounter(f"o{n}x"))
        if n == 19:
            build_dataset(source, tmp_path / "out")
    build_dataset(source, tmp_path / "out", keep_splits=True)
    build_dataset(source, tmp_path / "clean")
    kept, clean = read_manifest(tmp_path / "out"), read_manifest(tmp_path / "clean")
    assert kept.splits_kept and kept.digest != clean.digest
    assert not build_dataset(source, tmp_path / "out", keep_splits=True).is_new
    build_dataset(source, tmp_path / "out")
    assert read_manifest(tmp_path / "out") == clean


@pytest.mark.parametrize("option", [["--roles", "foo"], ["--engine", "foo"], ["--no-gate", "refused"]])
def test_a_choice_that_is_none_is_refused(tmp_path, option):
    run = CliRunner().invoke(app, ["build", "--out", str(tmp_path / "deescalwild"), *option])
    assert isinstance(run.exception, DataError) and option[1] in str(run.exception)
    assert not (tmp_path / "deescalwild").exists()


def test_a_secret_for_the_ids_gives_new_ids_though_nothing_else_has_changed(source, tmp_path, monkeypatch):
    build_dataset(source, tmp_path / "deescalwild")
    guessable = {row["scenario_id"] for row in rows_of(tmp_path / "deescalwild")}
    monkeypatch.setenv("DEESCALWILD_ID_KEY", "secret")
    assert build_dataset(source, tmp_path / "deescalwild").is_new
    assert guessable.isdisjoint(row["scenario_id"] for row in rows_of(tmp_path / "deescalwild"))


def test_ids_are_made_before_the_work_is_handed_to_machines_without_the_secret(source, monkeypatch):
    monkeypatch.setenv("DEESCALWILD_ID_KEY", "secret")
    files = source_files(source)
    monkeypatch.delenv("DEESCALWILD_ID_KEY")
    ids = [file.row.scenario_id for file in files]
    assert [prepare.read(file.path, file.number, file.row).scenario.scenario_id for file in files] == ids
    assert ids != [file.row.scenario_id for file in source_files(source)]


def test_what_a_killed_build_of_other_input_left_is_gone_after_the_next(source, tmp_path):
    draft = tmp_path / f".deescalwild-{'0' * 12}" / "data" / "drafts" / "00000.jsonl"
    draft.parent.mkdir(parents=True)
    draft.write_text("not redacted yet")
    (tmp_path / ".deescalwild-notes").mkdir()
    build_dataset(source, tmp_path / "deescalwild")
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == [".deescalwild-notes"]


def test_a_file_moved_to_the_folder_of_another_platform_is_built_anew(source, tmp_path):
    build_dataset(source, tmp_path / "deescalwild")
    (source / "TikTok").mkdir()
    first = min(source.glob("*.csv"))
    first.rename(source / "TikTok" / first.name)
    assert build_dataset(source, tmp_path / "deescalwild").is_new
    assert "tiktok" in {row["source"] for row in rows_of(tmp_path / "deescalwild")}


def test_any_name_of_a_platform_gives_ids_that_the_check_takes_and_an_outcome_is_redacted(source, tmp_path):
    row = {"transcript": min(source.glob("*.csv")).stem, "source": "You Tube (Shorts)"}
    outcome = "Ms. Dana Whitlock was arrested; call 555-010-0199."
    (source / "scenarios.jsonl").write_text(json.dumps({**row, "outcome": outcome}) + "\n")
    build_dataset(source, tmp_path / "deescalwild")
    (found,) = (row for row in rows_of(tmp_path / "deescalwild") if row["source"] == "You Tube (Shorts)")
    assert found["scenario_id"].startswith("you-tube-shorts-")
    assert "Whitlock" not in found["quality"]["outcome"] and "[PHONE_1]" in found["quality"]["outcome"]
    assert not has_errors(check(tmp_path / "deescalwild"))
