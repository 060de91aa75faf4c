"""A sound build has no error; each way to break it gives its own problem and no other."""

import json
import os
import re
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from dataset_script import BENCHMARK_VERSION
from dataset_script.commands.check import check as check_command
from dataset_script.duplicates import shingles
from dataset_script.manifest import read_manifest
from dataset_script.publishing.checks import check, has_errors
from dataset_script.publishing.file_checks import source_traces
from dataset_script.publishing.problems import Problem
from dataset_script.publishing.split_checks import ItemFacts, ScenarioFacts, check_splits
from tests.built_folders import build_small, edit_manifest, edit_rows, edit_scenarios, rows_of, seal, with_text

SHARD = "train-00000-of-00001.parquet"


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Path:
    """A small build that does not count as the sample: everything that guards the corpus guards it."""
    return build_small(tmp_path_factory.mktemp("sound"), is_sample=False)


@pytest.fixture
def folder(sound, tmp_path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "deescalwild"))


@pytest.fixture(scope="module")
def warnings(sound) -> set[Problem]:
    """What a small build cannot help: too few scenarios for none to be above a twentieth."""
    return {problem for problem in check(sound) if problem.severity == "warning"}


def new_problems(folder: Path, warnings: set[Problem]) -> list[str]:
    """Problems that the sound folder does not have; its shares move with every item."""
    return [
        str(problem)
        for problem in check(folder)
        if problem not in warnings and "ranked items of" not in problem.message
    ]


def test_a_fresh_build_has_no_error(sound):
    assert not has_errors(check(sound))


def test_the_sample_has_no_error(built_sample):
    assert not has_errors(check(built_sample))


def test_a_folder_that_is_no_build_says_so(tmp_path):
    assert [str(problem) for problem in check(tmp_path)] == [
        "error: manifest.json: is missing: this is no built dataset. Run `deescalwild data build`."
    ]


def replace_in(folder: Path, path: str, old: str, new: str) -> None:
    text = (folder / path).read_text()
    assert old in text
    (folder / path).write_text(text.replace(old, new))


def append(folder: Path, path: str, text: str) -> None:
    with (folder / path).open("a") as file:
        file.write(text)


def damage_pages(path: Path) -> None:
    """Overwrite the first pages of a Parquet file, whose footer stays."""
    content = path.read_bytes()
    path.write_bytes(content[:4] + bytes(296) + content[300:])


def set_metadata(folder: Path, config: str, metadata: dict[bytes, bytes]) -> None:
    from pyarrow import parquet

    table = parquet.read_table(folder / config / SHARD)
    parquet.write_table(table.replace_schema_metadata(metadata), folder / config / SHARD)


FILE_BREAKS = {
    "a version that is none": (lambda f: edit_manifest(f, version="1"), r"manifest.json: version '1' is not"),
    "a digest that is none": (
        lambda f: edit_manifest(f, source_digest="x"),
        "manifest.json: source_digest is no sha256",
    ),
    "a manifest that lacks a field": (
        lambda f: (f / "manifest.json").write_text("{}"),
        "error: manifest.json: name:",
    ),
    "a manifest that is no JSON": (lambda f: (f / "manifest.json").write_text("{"), "error: manifest.json: file:"),
    "counts without a split": (lambda f: edit_manifest(f, counts={}), "manifest.json: counts must give"),
    "another canary": (lambda f: edit_manifest(f, canary="other"), "manifest.json: canary is not the dataset's"),
    "a missing report": (lambda f: (f / "report/links.jsonl").unlink(), "report/links.jsonl: is missing"),
    "a missing plot": (lambda f: (f / "plots/roles.png").unlink(), "plots/roles.png: is missing"),
    "a stray file": (lambda f: (f / "notes.txt").write_text("mine"), "notes.txt: does not belong"),
    "a hidden stray file": (lambda f: (f / "chat/.draft").write_text("x"), "chat/.draft: does not belong"),
    "a link": (lambda f: (f / "report/more").symlink_to("/etc/hostname"), "report/more: is a link"),
    "a missing shard": (
        lambda f: (f / "items" / SHARD).rename(f / "items/train-00000-of-00002.parquet"),
        "items/train: its shards are not numbered",
    ),
    "a report line that is no JSON": (
        lambda f: append(f, "report/decisions.jsonl", "{\n"),
        r"report/decisions.jsonl:\d+: is no JSON",
    ),
    "a report line without its keys": (
        lambda f: append(f, "report/leaks.jsonl", '{"what": 1}\n'),
        "report/leaks.jsonl:1: lacks one of kind",
    ),
    "a path in a report": (
        lambda f: append(f, "report/decisions.jsonl", '{"where": "/home/ada/x", "action": "", "reason": ""}\n'),
        "holds an absolute path",
    ),
    "a file name in a report": (
        lambda f: append(f, "report/links.jsonl", '{"first": "a.csv", "second": "b", "shared": 1, "containment": 1}\n'),
        "report/links.jsonl:1: holds the name of a source file",
    ),
    "a key that a report does not know": (
        lambda f: append(
            f,
            "report/files.jsonl",
            '{"scenario_id": "x", "status": "kept", "split": null, "reasons": [], "title": "x"}\n',
        ),
        r"report/files.jsonl:13: has a key that this report does not know|files are 12 kept, but .* has 13 kept",
    ),
    "a value of another type in a report": (
        lambda f: append(f, "report/decisions.jsonl", '{"where": "x", "action": {"a": 1}, "reason": ""}\n'),
        r"report/decisions.jsonl:13: action: Input should be a valid string",
    ),
    "bytes that are no text in a report": (
        lambda f: (f / "report/links.jsonl").write_bytes(b'{"first": "\xff"}\n'),
        "report/links.jsonl:1: is no JSON",
    ),
    "a phone number in a report": (
        lambda f: append(
            f, "report/decisions.jsonl", '{"where": "x", "action": "row mended", "reason": "555-010-0199"}\n'
        ),
        r"report/decisions.jsonl:13: holds a phone number",
    ),
    "a field that manifests do not have": (
        lambda f: edit_manifest(f, mapping={"Ada": "[NAME_1]"}),
        "manifest.json: mapping is no field of a manifest",
    ),
    "wrong numbers of files": (
        lambda f: edit_manifest(f, files={"kept": 999}),
        "manifest.json: files are 999 kept, but report/files.jsonl has 12 kept",
    ),
    "a pipe": (lambda f: os.mkfifo(f / "pipe"), "pipe: is no plain file"),
    "a damaged page": (lambda f: damage_pages(f / "items" / SHARD), f"items/{SHARD}: is not readable"),
    "metadata that is no JSON": (
        lambda f: set_metadata(f, "items", {b"huggingface": b"{", b"deescalwild": b"[]"}),
        f"items/{SHARD}: its (?:`huggingface` )?metadata",
    ),
    "another number of rows in the card": (
        lambda f: replace_in(f, "README.md", "- n<1K", "- 1M<n<10M"),
        "README.md: size_categories must be n<1K",
    ),
    "split sizes in the card": (
        lambda f: replace_in(f, "README.md", "configs:\n", "dataset_info:\n  splits: []\nconfigs:\n"),
        "README.md: has a dataset_info",
    ),
    "tags that are no list": (
        lambda f: replace_in(f, "README.md", "tags:\n", "tags: 5\nlabels:\n"),
        "README.md: lacks the tag not-for-all-audiences",
    ),
    "a card without warning": (
        lambda f: replace_in(f, "README.md", "Content warning", "Note"),
        "README.md: lacks the content warning",
    ),
    "damaged Parquet": (lambda f: (f / "chat" / SHARD).write_bytes(b"PAR1"), f"chat/{SHARD}: is not readable"),
    "missing information": (
        lambda f: append(f, "README.md", "[More Information Needed]"),
        "README.md: says More Information Needed",
    ),
    "a dead link in the card": (
        lambda f: append(f, "README.md", "[x](plots/none.png)"),
        "README.md: links to plots/none.png",
    ),
    "a link out of the folder": (
        lambda f: append(f, "README.md", "[x](../secret)"),
        r"README.md: links to \.\./secret",
    ),
    "a card of another digest": (
        lambda f: replace_in(
            f, "README.md", f"description: content sha256 {read_manifest(f).digest}", "description: x"
        ),
        "README.md: config scenarios: description is not|config chat: description|config items: description",
    ),
    "a config that the card does not name": (
        lambda f: replace_in(f, "README.md", "config_name: chat", "config_name: talk"),
        "README.md: its YAML must name the configs scenarios, chat, items",
    ),
    "a split that the card does not name": (
        lambda f: replace_in(f, "README.md", "  - split: test\n    path: items/test-*.parquet\n", ""),
        "README.md: config items: data_files is not",
    ),
    "YAML that cannot be read": (
        lambda f: replace_in(f, "README.md", "language:", "language: ["),
        "README.md: its YAML cannot",
    ),
    "a card without content warning": (
        lambda f: replace_in(f, "README.md", "- not-for-all-audiences\n", ""),
        "README.md: lacks the tag not-for-all-audiences",
    ),
    "a card without conditions": (
        lambda f: replace_in(f, "README.md", "extra_gated_prompt", "extra_prompt"),
        "README.md: lacks extra_gated_prompt",
    ),
    "a card without canary": (
        lambda f: replace_in(f, "README.md", read_manifest(f).canary, "none"),
        "README.md: lacks the canary",
    ),
    "old statistics": (
        lambda f: replace_in(f, "README.md", "| train |", "| train |  "),
        "README.md: its statistics are not those",
    ),
    "a build without redaction": (
        lambda f: edit_manifest(f, privacy=False),
        "warning: manifest.json: built without --privacy",
    ),
}


@pytest.mark.parametrize("name", FILE_BREAKS)
def test_a_broken_file_gives_its_problem_alone(folder, warnings, name):
    break_it, expected = FILE_BREAKS[name]
    break_it(folder)
    found = new_problems(folder, warnings)
    assert found
    assert [problem for problem in found if not re.search(expected, problem)] == []


def set_first(name: str, value: object):
    """Change one field of a split's first row."""
    return lambda rows: rows[0].update({name: value})


def set_turn(name: str, value: object):
    """Change one field of the first turn of a split's first row."""
    return lambda rows: rows[0]["turns"][0].update({name: value})


def move_item(rows: list[dict]) -> None:
    """Point the first item at the turn before."""
    first = rows[0]
    first["turn_index"] -= 1
    first["item_id"] = f"{first['scenario_id']}:{first['turn_index']}"


def flip_subset(rows: list[dict]) -> None:
    rows[0]["subset"] = "as_released" if rows[0]["subset"] == "clean" else "clean"


def invent_item(rows: list[dict]) -> None:
    rows.append({**rows[0], "scenario_id": "ghost", "item_id": f"ghost:{rows[0]['turn_index']}"})


ROW_BREAKS = {
    "an unknown role": ("scenarios", set_turn("role", "hero"), "unknown role 'hero'|do not follow|does not begin"),
    "an unknown flag": ("scenarios", set_turn("flags", ["nice"]), "unknown flag 'nice'"),
    "a confidence above one": ("scenarios", set_turn("role_confidence", 2.0), "role_confidence is not between"),
    "an index that does not count": (
        "scenarios",
        set_turn("index", 999),
        "do not count from 0|does not begin|do not follow",
    ),
    "a time that is none": ("scenarios", set_turn("start_s", float("nan")), "a start_s is no time"),
    "a time before the beginning": ("scenarios", set_turn("start_s", -1.0), "a start_s is no time"),
    "a name among the keyword rule's labels": (
        "scenarios",
        lambda rows: rows[0]["quality"].update(keyword_officers=["Officer Ada Quillfeather"]),
        "a label in keyword_officers holds a personal name",
    ),
    "a phone number in the outcome": (
        "scenarios",
        lambda rows: rows[0]["quality"].update(outcome="555-010-0199"),
        "outcome holds personal data",
    ),
    "a wrong number of turns": ("scenarios", set_first("n_turns", 1), "n_turns is 1"),
    "a wrong number of items": ("scenarios", set_first("n_items", 1000), "n_items is 1000"),
    "a path in the provenance": (
        "scenarios",
        set_first("provenance", "/home/ada/1"),
        "provenance holds an absolute path",
    ),
    "a video's address": (
        "scenarios",
        set_first("provenance", "https://youtu.be/xyz"),
        "provenance holds the address of a video",
    ),
    "chat that says something else": (
        "chat",
        lambda rows: rows[0]["messages"][0].update(content="Sing."),
        "its chat messages do not follow",
    ),
    "a missing chat row": ("chat", list.pop, "has no row at its place in the config chat"),
    "a chat row too many": ("chat", lambda rows: rows.append(rows[-1]), "chat/train: has more rows than scenarios"),
    "an item id of another form": ("items", set_first("item_id", "x"), "item_id is not its scenario_id"),
    "an item of no scenario": (
        "items",
        invent_item,
        "items/train: an item names scenario 'ghost'|items_.* is [0-9]+, but there are",
    ),
    "an item at the officer's turn": ("items", move_item, "does not begin an answer of the civilian side"),
    "an invented flag of an item": ("items", set_first("flags", ["too_hard"]), "its flags are not those that follow"),
    "a subset that does not fit": ("items", flip_subset, "which does not fit its flags"),
}


@pytest.mark.parametrize("name", ROW_BREAKS)
def test_a_broken_row_gives_its_problem_alone_though_counts_and_digests_fit(folder, warnings, name):
    config, change, expected = ROW_BREAKS[name]
    edit_rows(folder, config, "train", change)
    seal(folder)
    found = new_problems(folder, warnings)
    assert found
    assert [problem for problem in found if not re.search(expected, problem)] == []


def test_a_null_is_named_and_does_not_stop_the_check(folder, warnings):
    edit_rows(folder, "scenarios", "train", set_first("category", None))
    found = new_problems(folder, warnings)
    assert "is null" in found[0]
    assert any("manifest.json: train: scenarios is" in problem for problem in found)


def set_scenario(**values: object):
    """Change fields of the first scenario of a split."""
    return lambda scenarios: [replace(scenarios[0], **values), *scenarios[1:]]


def say(text: str):
    """Change what is said first in a split."""
    return lambda scenarios: [with_text(scenarios[0], text), *scenarios[1:]]


SCENARIO_BREAKS = {
    "an id in capitals": (set_scenario(scenario_id="Sample_1"), "Sample_1: is no scenario id"),
    "an e-mail address": (
        say("Write to ada@example.org."),
        r":0: holds an e-mail address|:0: may hold personal data \(EMAIL\)",
    ),
    "a phone number": (say("It is 555-010-0199."), r":0: holds a phone number|:0: may hold personal data"),
    "a social-security number": (say("078-05-1120."), r":0: holds a social-security number|:0: may hold personal data"),
    "a name that someone gives": (
        say("My name is Ada Quillfeather."),
        r"warning: .*:0: may hold personal data \(NAME\)",
    ),
    "data in the context": (set_scenario(context="Call 555-010-0199."), "context holds personal data"),
    "a name in the context": (
        set_scenario(context="Officer Ada Quillfeather stops a car."),
        r"warning: .* its context may hold personal data \(NAME\); look at it",
    ),
}


@pytest.mark.parametrize("name", SCENARIO_BREAKS)
def test_a_scenario_that_is_wrong_in_itself_gives_its_problem_alone(folder, warnings, name):
    change, expected = SCENARIO_BREAKS[name]
    edit_scenarios(folder, "train", change)
    seal(folder)
    found = new_problems(folder, warnings)
    assert found
    assert [problem for problem in found if not re.search(expected, problem)] == []
    assert "555" not in "".join(found)


def test_a_speaker_label_that_is_a_name_is_an_error(folder, warnings):
    def rename(scenarios):
        first = scenarios[0]
        turns = [replace(turn, speaker="Ada Quillfeather") if turn.index == 0 else turn for turn in first.turns]
        return [replace(first, turns=tuple(turns)), *scenarios[1:]]

    edit_scenarios(folder, "train", rename)
    seal(folder)
    assert "a speaker label holds a personal name" in new_problems(folder, warnings)[0]


def test_rows_changed_after_the_build_are_told_by_the_digest(folder, warnings):
    edit_rows(folder, "scenarios", "test", set_first("category", "else"))
    found = new_problems(folder, warnings)
    assert "error: manifest.json: digest is not that of the rows: they were changed after the build" in found


def test_items_of_another_build_are_told_by_their_digest(folder, warnings):
    edit_manifest(folder, items_digest="0" * 64)
    assert new_problems(folder, warnings) == ["error: manifest.json: items_digest is not that of the items"]


def test_wrong_counts_are_told_by_split_and_name(folder, warnings):
    counts = read_manifest(folder).counts
    edit_manifest(folder, counts={**counts, "test": {**counts["test"], "turns": 7}})
    (problem,) = new_problems(folder, warnings)
    assert problem.startswith("error: manifest.json: test: turns is 7, but there are ")


def test_a_table_with_a_column_too_few_is_named(folder, warnings):
    from pyarrow import parquet

    table = parquet.read_table(folder / "items" / SHARD)
    parquet.write_table(table.drop_columns(["flags"]), folder / "items" / SHARD)
    found = new_problems(folder, warnings)
    assert f"error: items/{SHARD}: its columns are not those of items: flags is missing" in found


def test_a_table_without_the_canary_is_named(folder, warnings):
    from pyarrow import parquet

    table = parquet.read_table(folder / "items" / SHARD)
    metadata = {**table.schema.metadata, b"deescalwild": json.dumps({"version": "0.0.0"}).encode()}
    parquet.write_table(table.replace_schema_metadata(metadata), folder / "items" / SHARD)
    assert new_problems(folder, warnings) == [
        f"error: items/{SHARD}: its metadata lacks the canary",
        f"error: items/{SHARD}: its metadata gives version 0.0.0, the manifest {BENCHMARK_VERSION}",
    ]


def move_to_test(folder: Path) -> str:
    """Put a copy of the first training scenario into test under another id."""
    from dataset_script.dialogue import scenario_of

    original = scenario_of(rows_of(folder, "scenarios", "train")[0])
    copy = replace(original, scenario_id="zz-copy", incident_id="zz-copy")
    edit_scenarios(folder, "test", lambda scenarios: [*scenarios, copy])
    return original.scenario_id


def test_a_copy_in_another_split_is_a_near_duplicate_and_its_items_are_leaks(folder, warnings):
    original = move_to_test(folder)
    seal(folder)
    found = new_problems(folder, warnings)
    assert found[0].startswith(
        f"error: {original}: is in train, its near-duplicate zz-copy (100% of the shorter one) in test"
    )
    assert len(found) > 1
    assert all("zz-copy:" in problem and "both occur in train" in problem for problem in found[1:])


def test_leaks_of_an_imposed_split_list_are_warnings(folder, warnings):
    move_to_test(folder)
    edit_manifest(folder, splits_imposed=True)
    seal(folder)
    found = new_problems(folder, warnings)
    assert found
    assert all(problem.startswith("warning: ") for problem in found)


def test_an_incident_in_two_splits_is_named(folder, warnings):
    incident = rows_of(folder, "scenarios", "train")[0]["incident_id"]
    edit_scenarios(folder, "test", set_scenario(incident_id=incident))
    seal(folder)
    assert new_problems(folder, warnings) == [f"error: {incident}: this incident is in train and test"]


def facts(name: str, split: str, n_items: int, *, words: str = "") -> ScenarioFacts:
    items = tuple(ItemFacts(f"{name}:{k}", hash((name, k)), 5, True) for k in range(n_items))
    return ScenarioFacts(name, split, name, shingles(words), items)


def test_a_scenario_above_a_twentieth_is_an_error_where_the_build_could_have_thinned_it():
    many = [facts(f"s{k}", "test", 10) for k in range(30)]
    (problem,) = check_splits([*many, facts("giant", "test", 60)], splits_imposed=False)
    assert (problem.where, problem.severity) == ("giant", "error")
    assert list(check_splits(many, splits_imposed=False)) == []
    (few,) = check_splits(many[:5], splits_imposed=False)
    assert few.severity == "warning"


def test_an_id_given_twice_is_named():
    twice = [facts("same", "train", 0), facts("same", "train", 0)]
    assert [str(problem) for problem in check_splits(twice, splits_imposed=False)] == [
        "error: same: is the id of two scenarios"
    ]


def test_one_id_twice_in_a_large_split_is_found_at_once():
    many = [facts(f"s{number:06}", "train", 1) for number in range(60_000)]
    began = time.perf_counter()
    (problem,) = check_splits([*many, facts("s059999", "train", 0)], splits_imposed=False)
    assert problem.message == "is the id of two scenarios"
    assert time.perf_counter() - began < 10


@pytest.mark.parametrize(
    ("text", "trace"),
    [
        ("/home/ada/corpus", "an absolute path"),
        (r"C:\videos\1", "an absolute path"),
        (json.dumps({"where": r"C:\videos\1"}), "an absolute path"),
        ("stop_12.csv", "the name of a source file"),
        ("see youtube.com/watch?v=1", "the address of a video"),
    ],
)
def test_traces_of_sources_are_found(text, trace):
    assert source_traces(text) == [trace]


@given(st.lists(st.sampled_from(["he", "said", "and/or", "she", "24/7", "No.", "9", "w/o", "it."]), max_size=12))
def test_ordinary_speech_leaves_no_trace(words):
    assert source_traces(" ".join(words)) == []


def test_the_command_prints_one_problem_a_line_and_exits_with_1(folder):
    app = typer.Typer()
    app.command()(check_command)
    assert CliRunner().invoke(app, [str(folder)]).exit_code == 0
    (folder / "stray").touch()
    told = CliRunner().invoke(app, [str(folder)])
    assert told.exit_code == 1
    assert told.stdout.splitlines()[0] == "error: stray: does not belong to a built dataset. Move it away."
    as_json = json.loads(CliRunner().invoke(app, [str(folder), "--json"]).stdout)
    assert as_json[0]["where"] == "stray"
