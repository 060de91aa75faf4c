"""A sound build has no error; each way to break it gives its own problem and no other."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from dataset_script import card
from dataset_script.build import SAMPLE, build_dataset
from dataset_script.commands.check import check as check_command
from dataset_script.duplicates import shingles
from dataset_script.manifest import read_manifest
from dataset_script.publishing.checks import check, has_errors
from dataset_script.publishing.file_checks import source_traces
from dataset_script.publishing.problems import Problem
from dataset_script.publishing.split_checks import ItemFacts, ScenarioFacts, check_splits
from tests.built_folders import edit_manifest, edit_rows, edit_scenarios, rows_of, seal, with_text

SHARD = "train-00000-of-00001.parquet"


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Path:
    """A small build that does not count as the sample: everything that guards the corpus guards it."""
    source = tmp_path_factory.mktemp("released") / "transcripts"
    source.mkdir()
    shutil.copy(SAMPLE / "scenarios.jsonl", source)
    for path in sorted((SAMPLE / "transcripts").glob("*.csv"), key=lambda path: (path.stat().st_size, path.name))[:12]:
        shutil.copy(path, source)
    out = tmp_path_factory.mktemp("sound") / "deescalwild"
    build_dataset(source, out)
    card.write_card(read_manifest(out), out)
    return out


@pytest.fixture
def folder(sound, tmp_path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "deescalwild"))


@pytest.fixture(scope="module")
def warnings(sound) -> set[Problem]:
    """What a small build cannot help: too few scenarios for none to be above a twentieth."""
    return {problem for problem in check(sound) if problem.severity == "warning"}


def new_problems(folder: Path, warnings: set[Problem]) -> list[str]:
    """Problems that the sound folder does not have; its shares move with every item."""
    return [str(problem) for problem in check(folder) if problem not in warnings and "ranked items of" not in problem.message]


def test_a_fresh_build_has_no_error(sound):
    assert not has_errors(check(sound))


def test_the_sample_has_no_error(built_sample, tmp_path):
    folder = Path(shutil.copytree(built_sample, tmp_path / "deescalwild"))
    card.write_card(read_manifest(folder), folder)
    assert not has_errors(check(folder))


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


FILE_BREAKS = {
    "a version that is none": (lambda f: edit_manifest(f, version="1"), r"manifest.json: version '1' is not"),
    "a digest that is none": (lambda f: edit_manifest(f, source_digest="x"), "manifest.json: source_digest is no sha256"),
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
    "a report line that is no JSON": (lambda f: append(f, "report/decisions.jsonl", "{\n"), r"report/decisions.jsonl:\d+: is no JSON"),
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
    "damaged Parquet": (lambda f: (f / "chat" / SHARD).write_bytes(b"PAR1"), f"chat/{SHARD}: is not readable"),
    "missing information": (
        lambda f: append(f, "README.md", "[More Information Needed]"),
        "README.md: says More Information Needed",
    ),
    "a dead link in the card": (lambda f: append(f, "README.md", "[x](plots/none.png)"), "README.md: links to plots/none.png"),
    "a link out of the folder": (lambda f: append(f, "README.md", "[x](../secret)"), r"README.md: links to \.\./secret"),
    "a card of another digest": (
        lambda f: replace_in(f, "README.md", f"description: content sha256 {read_manifest(f).digest}", "description: x"),
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
    "YAML that cannot be read": (lambda f: replace_in(f, "README.md", "language:", "language: ["), "README.md: its YAML cannot"),
    "a card without content warning": (
        lambda f: replace_in(f, "README.md", "- not-for-all-audiences\n", ""),
        "README.md: lacks the tag not-for-all-audiences",
    ),
    "a card without conditions": (
        lambda f: replace_in(f, "README.md", "extra_gated_prompt", "extra_prompt"),
        "README.md: lacks extra_gated_prompt",
    ),
    "a card without canary": (lambda f: replace_in(f, "README.md", "<!-- canary", "<!-- x").__class__ and strip_canary(f), "README.md: lacks the canary"),
    "old statistics": (lambda f: replace_in(f, "README.md", "| train |", "| train |  "), "README.md: its statistics are not those"),
    "a build without redaction": (lambda f: edit_manifest(f, privacy=False), "warning: manifest.json: built without --privacy"),
}


def strip_canary(folder: Path) -> None:
    text = (folder / "README.md").read_text()
    (folder / "README.md").write_text(text.replace(read_manifest(folder).canary, "none"))


FILE_BREAKS["a card without canary"] = (strip_canary, "README.md: lacks the canary")


@pytest.mark.parametrize("name", FILE_BREAKS)
def test_a_broken_file_is_named(folder, warnings, name):
    break_it, expected = FILE_BREAKS[name]
    break_it(folder)
    found = new_problems(folder, warnings)
    assert found
    for problem in found:
        assert __import__("re").search(expected, problem), found


def set_first(name: str, value: object):
    """Change one field of a split's first row."""
    return lambda rows: rows[0].update({name: value})


def set_turn(name: str, value: object):
    return lambda rows: rows[0]["turns"][0].update({name: value})


def drop_last(rows: list[dict]) -> None:
    rows.pop()


ROW_BREAKS = {
    "an id in capitals": ("scenarios", lambda rows: rename_first(rows), "is no scenario id"),
    "an unknown role": ("scenarios", set_turn("role", "hero"), "unknown role 'hero'"),
    "an unknown flag": ("scenarios", set_turn("flags", ["nice"]), "unknown flag 'nice'"),
    "a confidence above one": ("scenarios", set_turn("role_confidence", 2.0), "role_confidence is not between"),
    "an index that does not count": ("scenarios", lambda rows: rows[0]["turns"][-1].update(index=999), "do not count from 0"),
    "a wrong number of turns": ("scenarios", set_first("n_turns", 1), "n_turns is 1"),
    "a wrong number of items": ("scenarios", set_first("n_items", 1000), "n_items is 1000"),
    "a null": ("scenarios", set_first("category", None), "is null"),
    "a path in the provenance": ("scenarios", set_first("provenance", "/home/ada/videos/1"), "provenance holds an absolute path"),
    "a video's address": ("scenarios", set_first("provenance", "https://youtu.be/xyz"), "provenance holds the address of a video"),
    "chat that says something else": (
        "chat",
        lambda rows: rows[0]["messages"][0].update(content="Sing."),
        "its chat messages do not follow",
    ),
    "a missing chat row": ("chat", drop_last, "has no row at its place in the config chat"),
    "a chat row too many": ("chat", lambda rows: rows.append(rows[-1]), "chat/train: has more rows than scenarios"),
    "an item id of another form": ("items", set_first("item_id", "x"), "item_id is not its scenario_id"),
    "an item of no scenario": (
        "items",
        lambda rows: rows.append({**rows[0], "scenario_id": "ghost", "item_id": f"ghost:{rows[0]['turn_index']}"}),
        "items/train: an item names scenario 'ghost'",
    ),
    "an item at the officer's turn": ("items", lambda rows: move_item(rows, -1), "does not begin an answer of the civilian side"),
    "an invented flag of an item": ("items", set_first("flags", ["too_hard"]), "its flags are not those that follow"),
    "a subset that does not fit": ("items", lambda rows: flip_subset(rows), "which does not fit its flags"),
}


def rename_first(rows: list[dict]) -> None:
    rows[0]["scenario_id"] = "Sample_1"


def move_item(rows: list[dict], by: int) -> None:
    first = rows[0]
    first["turn_index"] += by
    first["item_id"] = f"{first['scenario_id']}:{first['turn_index']}"


def flip_subset(rows: list[dict]) -> None:
    rows[0]["subset"] = "as_released" if rows[0]["subset"] == "clean" else "clean"


@pytest.mark.parametrize("name", ROW_BREAKS)
def test_a_broken_row_is_named_even_where_the_folder_is_sealed_again(folder, warnings, name):
    config, change, expected = ROW_BREAKS[name]
    edit_rows(folder, config, "train", change)
    if name != "a null":  # a card of it cannot be drawn
        seal(folder)
    assert any(expected in problem for problem in new_problems(folder, warnings))
