"""What a build takes from a folder: every file has a fate, whatever it is called and whatever it is."""

import json
import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dataset_script.build import SAMPLE, Inputs, Options, build_dataset
from dataset_script.cli import app
from dataset_script.errors import DataError
from dataset_script.inputs import find_transcripts, input_digest, source_files
from dataset_script.transcripts.reader import MAX_FILE_BYTES

HEADER = b"start_time,speaker_label,transcript\n"
CSV = HEADER + b"00:01,[Man],No.\n"


def write(path: Path, content: bytes = CSV) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture
def source(tmp_path):
    """A folder with one transcript that a build keeps."""
    folder = tmp_path / "released"
    folder.mkdir()
    shutil.copy(next((SAMPLE / "transcripts").glob("*.csv")), folder / "sound.csv")
    return folder


def digest(folder: Path) -> str:
    return input_digest(folder, source_files(folder), Inputs(), Options(), is_sample=False)


REFUSED = {
    "broken link": (lambda d: (d / "x.csv").symlink_to("nowhere"), "cannot be opened (No such file or directory)."),
    "loop": (lambda d: (d / "x.csv").symlink_to("x.csv"), "cannot be opened (Too many levels of symbolic links)."),
    "unreadable": (lambda d: (d / "x.csv").symlink_to("/proc/self/mem"), "cannot be opened (Input/output error)."),
    "link to a folder": (lambda d: (d / "x").symlink_to(d.parent), "a link to a folder, which is not followed"),
    "pipe": (lambda d: os.mkfifo(d / "x.csv"), "a pipe or a device"),
    "other kind": (lambda d: write(d / "x.srt"), "unknown kind of file"),
    "archive": (lambda d: write(d / "x.zip"), "archives must be unpacked"),
    "too large": (lambda d: os.truncate(write(d / "x.csv"), MAX_FILE_BYTES + 1), "are more than one transcript has"),
    "in a folder named like a file": (lambda d: write(d / "x.csv" / "y.csv", b""), "the file is empty"),
    "name that is no text": (lambda d: write(d / os.fsdecode(b"caf\xe9.csv"), b""), "the file is empty"),
    "name with control characters": (lambda d: write(d / "x\ny\x1b[2J.csv", b""), "the file is empty"),
}
"""What is put into a folder of its own, and what is said of it."""


@pytest.fixture(scope="module")
def refusals(tmp_path_factory):
    """A build of all of them: what the maintainer is told of each, and the rows of the published report."""
    folder = tmp_path_factory.mktemp("refused")
    shutil.copy(next((SAMPLE / "transcripts").glob("*.csv")), write(folder / "in" / "sound.csv"))
    for name, (offer, _) in REFUSED.items():
        (folder / "in" / name).mkdir()
        offer(folder / "in" / name)
    outcome = build_dataset(folder / "in", folder / "out")
    assert outcome.manifest.files == {"kept": 1, "refused": len(REFUSED)}
    told = {Path(told.removeprefix(f"{folder}/in/")).parts[0]: told for told in outcome.refused}
    rows = [row for row in lines(folder / "out" / "report" / "files.jsonl") if row["status"] == "refused"]
    return told, rows


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_with_its_reason_and_the_build_goes_on(refusals, name):
    told, rows = refusals
    assert REFUSED[name][1] in told[name] and told[name].isprintable()
    assert any(REFUSED[name][1] in row["why"] for row in rows)


def test_the_published_reasons_name_no_file(refusals):
    assert [row["why"] for row in refusals[1] if "/in/" in row["why"] or "caf" in row["why"]] == []


def test_a_folder_that_cannot_be_listed_is_named(tmp_path, monkeypatch):
    write(tmp_path / "a.csv")
    (tmp_path / "locked").mkdir()

    def walk(top, onerror):
        yield str(top), [], ["a.csv"]
        onerror(PermissionError(13, "Permission denied", str(tmp_path / "locked")))

    monkeypatch.setattr(os, "walk", walk)
    assert find_transcripts(tmp_path) == [tmp_path / "a.csv", tmp_path / "locked"]


def test_the_same_files_come_in_the_same_order_whatever_order_the_disk_gives(tmp_path, monkeypatch):
    for name in ("b/2.csv", "a.csv", "B/1.CSV", "b.csv"):
        write(tmp_path / name)
    found, real = find_transcripts(tmp_path), os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: _Reversed(real(path)))
    assert find_transcripts(tmp_path) == found == [tmp_path / n for n in ("B/1.CSV", "a.csv", "b/2.csv", "b.csv")]


class _Reversed:
    """What ``os.scandir`` gives, from behind."""

    def __init__(self, entries):
        self._entries = iter(sorted(entries, key=lambda entry: entry.name, reverse=True))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def __iter__(self):
        return self._entries

    def __next__(self):
        return next(self._entries)


def test_litter_of_systems_and_tools_is_not_offered(tmp_path):
    for name in ("a.csv", "._a.csv", ".DS_Store", "__MACOSX/a.csv", ".ipynb_checkpoints/a-checkpoint.csv", "...so.csv"):
        write(tmp_path / name)
    assert find_transcripts(tmp_path) == [tmp_path / "...so.csv", tmp_path / "a.csv"]


def test_a_folder_of_archives_says_so(tmp_path):
    write(tmp_path / "YouTube.zip")
    with pytest.raises(DataError, match="but archives: unpack them, or give one"):
        find_transcripts(tmp_path)


def test_a_build_inside_its_own_source_is_not_read_again(source):
    first = build_dataset(source, source / "deescalwild")
    write(source / ".deescalwild-0123456789ab" / "data" / "plan.txt")  # what a killed build leaves
    again = build_dataset(source, source / "deescalwild")
    assert first.manifest.files == {"kept": 1} and not again.is_new


def test_no_colon_in_a_file_name_brings_it_into_the_published_report(source, tmp_path):
    name = "Police: a shouting match in aisle nine"
    (source / "sound.csv").rename(source / f"{name}.csv")
    with (source / f"{name}.csv").open("ab") as file:
        file.write(b"soon,[Man],No.\n")
    build_dataset(source, tmp_path / "out")
    mended = [row for row in lines(tmp_path / "out" / "report" / "decisions.jsonl") if row["action"] == "row mended"]
    assert mended and not any("aisle nine" in path.read_text("utf-8") for path in (tmp_path / "out").rglob("*.jsonl"))


def test_two_files_of_one_name_are_told_apart_by_sidecars_and_else_the_second_is_named(source, tmp_path):
    shutil.copy(source / "sound.csv", write(source / "b2" / "sound.csv"))
    outcome = build_dataset(source, tmp_path / "one")
    (told,) = outcome.copies
    assert str(source / "sound.csv") in told and "left out, its scenario id" in told and "scenarios.jsonl" in told
    gated = next(row for row in lines(tmp_path / "one" / "report" / "files.jsonl") if row["status"] == "gated")
    assert gated["reasons"] == ["second_copy_of_id"] and gated["split"] is None
    write(source / "b2" / "scenarios.jsonl", b'{"transcript": "sound", "scenario_id": "another"}\n')
    outcome = build_dataset(source, tmp_path / "two")
    assert outcome.copies == () and outcome.manifest.files == {"kept": 2}


def test_the_nearest_sidecar_that_knows_a_file_describes_it(tmp_path):
    for name in ("a.csv", "in/a.csv", "in/deep/a.csv", "in/b.csv"):
        write(tmp_path / name)
    write(
        tmp_path / "scenarios.jsonl", b'{"transcript": "a", "title": "outer"}\n{"transcript": "b", "title": "outer"}\n'
    )
    write(tmp_path / "in" / "scenarios.jsonl", b'{"transcript": "a", "title": "inner"}\n')
    titles = {file.path.relative_to(tmp_path).as_posix(): file.row.title for file in source_files(tmp_path)}
    assert titles == {"a.csv": "outer", "in/a.csv": "inner", "in/deep/a.csv": "inner", "in/b.csv": "outer"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_a_sidecar_as_office_programs_save_it(tmp_path, encoding):
    write(tmp_path / "a.csv")
    row = {"transcript": "a", "title": "Stop at the café"}
    write(tmp_path / "scenarios.jsonl", (json.dumps(row, ensure_ascii=False) + "\r\n").encode(encoding))
    assert source_files(tmp_path)[0].row.title == "Stop at the café"


def test_line_separators_inside_a_sidecars_text_end_no_line(tmp_path):
    write(tmp_path / "a.csv")
    write(tmp_path / "scenarios.jsonl", '{"transcript": "a", "context": "Night.\u2028Rain."}\n'.encode())
    assert source_files(tmp_path)[0].row.context == "Night.\u2028Rain."


def test_an_accent_is_one_letter_in_the_sidecar_and_two_in_the_file_name(tmp_path):
    write(tmp_path / "cafe\u0301.csv")
    write(tmp_path / "scenarios.jsonl", '{"transcript": "caf\u00e9", "title": "Stop"}\n'.encode())
    assert source_files(tmp_path)[0].row.title == "Stop"


def test_a_platform_in_a_title_is_not_the_platform_of_the_folder(tmp_path):
    write(tmp_path / "TikTok" / "YouTube star pulled over.csv")
    write(tmp_path / "x" / "a facebook live.csv")
    assert [file.row.source for file in source_files(tmp_path)] == ["tiktok", "facebook"]


def test_whatever_decides_a_build_changes_its_digest(tmp_path, monkeypatch):
    path = write(tmp_path / "youtube" / "a.csv")
    seen = [digest(tmp_path)]
    path.parent.rename(tmp_path / "tiktok")
    seen.append(digest(tmp_path))
    monkeypatch.setenv("DEESCALWILD_ID_KEY", "secret")
    seen.append(digest(tmp_path))
    write(tmp_path / "tiktok" / "scenarios.jsonl", b'{"transcript": "a", "title": "Stop"}')
    seen.append(digest(tmp_path))
    write(tmp_path / "tiktok" / "a.csv", CSV + b"00:02,[Man],Well.\n")
    seen.append(digest(tmp_path))
    assert len(set(seen)) == len(seen)


def test_many_refusals_do_not_flood_the_terminal(source, tmp_path):
    for number in range(60):
        write(source / f"{number}.srt")
    outcome = CliRunner().invoke(app, ["build", "--source", str(source), "--out", str(tmp_path / "out")])
    assert outcome.exit_code == 0, outcome.output
    assert outcome.output.count("refused: ") == 50 and "and 10 more" in outcome.output


def test_a_version_belongs_to_a_doi(source, tmp_path):
    arguments = ["build", "--source", str(source), "--version", "1.0", "--out", str(tmp_path / "out")]
    outcome = CliRunner().invoke(app, arguments)
    assert isinstance(outcome.exception, DataError) and "--version 1.0 is that of a DOI" in str(outcome.exception)
