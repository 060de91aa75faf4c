"""Published split lists."""

from pathlib import Path

import pytest

from dataset_script.errors import DataError
from dataset_script.pipeline.prepare import scenario_id
from dataset_script.pipeline.steps import SourceFile
from dataset_script.sidecar import SidecarRow
from dataset_script.split_list import read_split_list

FILES = [SourceFile(n, Path(f"in/{name}.csv"), SidecarRow(transcript=name)) for n, name in enumerate(("night", "day"))]
NIGHT, DAY = (scenario_id(file.path.stem, file.row) for file in FILES)


def written(folder: Path, content: str, suffix: str = ".csv") -> Path:
    path = folder / f"splits{suffix}"
    path.write_bytes(content.encode())
    return path


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        (f"scenario_id,split\n{NIGHT},train\n{DAY},test\n", ".csv"),
        (f"\ufeffsplit, scenario_id ,note\r\ntrain,{NIGHT},\r\n test ,{DAY},x\r\n", ".csv"),
        ("transcript,split\nnight,train\nday,test\nnight,train\n", ".csv"),
        (f'{{"scenario_id": "{NIGHT}", "split": "train"}}\n\n{{"transcript": "day", "split": "test"}}\n', ".jsonl"),
    ],
    ids=["csv", "other order, BOM, spaces", "by transcript", "JSON lines"],
)
def test_a_list_is_read(tmp_path, content, suffix):
    assert read_split_list(written(tmp_path, content, suffix), FILES) == {NIGHT: "train", DAY: "test"}


def test_a_transcript_that_the_source_lacks_is_known_by_an_id_that_does_not_name_it(tmp_path):
    splits = read_split_list(written(tmp_path, "transcript,split\nnight,train\nshouting-man,test\n"), FILES)
    assert len(splits) == 2 and "shouting-man" not in "".join(splits)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", r"splits\.csv:1: Its columns must be"),
        ("name,part\na,test\n", r"splits\.csv:1: Its columns must be"),
        ("scenario_id,split\n", "is empty"),
        (f"scenario_id,split\n{NIGHT},tset\n", r"splits\.csv:2: unknown split 'tset'\. Did you mean 'test'\?"),
        (f"scenario_id,split\n{NIGHT},Valid\n", "Did you mean 'validation'"),
        (f"scenario_id,split\n{NIGHT},\n", r":2: unknown split ''\. Splits are train"),
        ("scenario_id,split\n ,test\n", ":2: names no scenario"),
        (f"scenario_id,split\n{NIGHT},test\n{DAY},test\n{NIGHT},train\n", r":4: line 2 puts this scenario into test"),
        ("scenario_id,split\nstranger-1,test\n", "none of its 1 scenarios is among the 2 transcripts"),
        ('scenario_id,split\n"open,test\n', "not valid CSV"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path, content, says):
    with pytest.raises(DataError, match=says):
        read_split_list(written(tmp_path, content), FILES)


@pytest.mark.parametrize(
    ("content", "says"),
    [("{", r":1: not valid JSON"), ("[1]", "no JSON object"), ("scenario_id,split", "A table must end in .csv")],
)
def test_json_lines_that_are_none(tmp_path, content, says):
    with pytest.raises(DataError, match=says):
        read_split_list(written(tmp_path, content, ".jsonl"), FILES)


def test_a_list_that_is_not_utf_8(tmp_path):
    (tmp_path / "latin.csv").write_bytes(b"scenario_id,split\ncaf\xe9,test\n")
    with pytest.raises(DataError, match="not UTF-8"):
        read_split_list(tmp_path / "latin.csv", FILES)
