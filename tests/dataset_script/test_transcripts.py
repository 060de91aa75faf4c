"""Reading released files in any state: what is read, mended or refused, and what is said about it."""

import csv
import io
import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dataset_script.errors import DataError
from dataset_script.transcripts import SUFFIXES, parse_time, read_transcript
from dataset_script.transcripts.encoding import repair_mojibake

HEADER = "start_time,speaker_label,transcript"
CASES = json.loads((Path(__file__).parents[1] / "data" / "transcript_cases.json").read_text(encoding="utf-8"))


def write(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("case", [case for case in CASES if "rows" in case], ids=lambda case: case["is"])
def test_reads_and_says_what_was_mended(case, tmp_path):
    path = write(tmp_path, case["file"], case["content"].encode(case.get("encoding", "utf-8")))
    transcript = read_transcript(path)
    assert [[row.line, row.start_s, row.speaker, row.text] for row in transcript.rows] == case["rows"]
    assert list(transcript.problems) == case["problems"]


@pytest.mark.parametrize("case", [case for case in CASES if "refused" in case], ids=lambda case: case["is"])
def test_refuses_and_says_where(case, tmp_path):
    path = write(tmp_path, case["file"], case["content"].encode(case.get("encoding", "utf-8")))
    with pytest.raises(DataError, match=case["refused"]):
        read_transcript(path)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:00", 0), ("1:05", 65), ("75:10", 4510), ("1:02:03", 3723), ("00:07,250", 7.25), ("00:07.5", 7.5),
        ("01:02:03.5", 3723.5), ("01:07:250", 67.25), (" 00:09 ", 9), ("24:00:00", 86_400),
        ("", None), ("soon", None), ("00:75", None), ("12", None), ("-1:00", None), ("1:75:00", None), ("24:00:01", None),
        ("9999:59", None), ("9" * 5000 + ":00", None), ("٠٠:٠١", None),
    ],
)  # fmt: skip
def test_times(text, seconds):
    assert parse_time(text) == seconds


@given(st.integers(0, 500), st.integers(0, 59))
def test_every_minute_and_second_is_read_back(minutes, seconds):
    assert parse_time(f"{minutes:02d}:{seconds:02d}") == 60 * minutes + seconds


@given(st.text(alphabet=st.characters(max_codepoint=0x7F) | st.sampled_from("é’”—…ñ¿£€😀"), max_size=30))
def test_mojibake_is_undone_to_what_was_written(written):
    misread = "".join(bytes([b]).decode("cp1252", errors="ignore") or chr(b) for b in written.encode())
    assert repair_mojibake(misread) == written


def test_a_cell_longer_than_pythons_default_limit(tmp_path):
    path = write(tmp_path, "a.csv", f"{HEADER}\n00:01,[Man],{'no ' * 80_000}\n")
    assert len(read_transcript(path).rows[0].text) == 239_999


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", f"{HEADER}\n00:01,[Man],x{' ' * 1_000_000}x\n"),
        ("a.csv", f"{HEADER}\n" + '00:01,[Man],"open, and\n' * 20_000 + "00:02,[Man],x\n"),
        ("a.txt", f"[00:01]{' ' * 1_000_000}\n[00:02] Man: x\n"),
        ("a.json", json.dumps([{"start_time": "0" * 1_000_000, "speaker_label": "[Man]", "transcript": "x"}])),
    ],
    ids=["blanks in a cell", "quotes that never close", "blanks in a line", "digits in a time"],
)
def test_hostile_files_take_linear_time(tmp_path, name, content):
    path = write(tmp_path, name, content)
    begin = time.process_time()
    assert read_transcript(path).rows
    assert time.process_time() - begin < 5


def test_a_file_that_cannot_be_opened_is_refused_like_any_other(tmp_path):
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(DataError, match="cannot be opened"):
        read_transcript(tmp_path / "a.csv")


def test_json_nested_deeper_than_python_can_follow(tmp_path):
    with pytest.raises(DataError, match="nested too deeply"):
        read_transcript(write(tmp_path, "a.json", "[" * 100_000))


def test_the_same_encounter_in_all_four_forms(tmp_path):
    rows = [("00:01", "Officer 2", "Hey: you okay?"), ("00:04", "Ulla", "No.")]
    objects = [dict(zip(HEADER.split(","), row, strict=True)) for row in rows]
    forms = {
        "a.csv": HEADER + "".join(f"\n{t},{s},{x}" for t, s, x in rows),
        "a.json": json.dumps(objects),
        "a.jsonl": "\n".join(map(json.dumps, objects)),
        "a.txt": "\n".join(f"[{t}] {s}: {x}" for t, s, x in rows),
    }
    for name, content in forms.items():
        transcript = read_transcript(write(tmp_path, name, content))
        assert [(row.start_s, row.speaker, row.text) for row in transcript.rows] == [
            (1.0, "Officer 2", "Hey: you okay?"),
            (4.0, "Ulla", "No."),
        ]
        assert transcript.problems == ()


_words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="ÂÃâð"), min_size=1)
_row = st.tuples(st.integers(0, 3599), _words, _words).filter(lambda row: row[1].strip() and row[2].strip())


@given(rows=st.lists(_row, min_size=1, max_size=5), delimiter=st.sampled_from(",;\t|"))
def test_rows_written_by_the_csv_module_are_read_back(tmp_path_factory, rows, delimiter):
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(HEADER.split(","))
    writer.writerows((f"{s // 60:02d}:{s % 60:02d}", speaker, text) for s, speaker, text in rows)
    transcript = read_transcript(write(tmp_path_factory.mktemp("csv"), "a.csv", file.getvalue()))
    assert [(row.start_s, row.speaker, row.text) for row in transcript.rows] == [
        (s, speaker.strip(), text.strip()) for s, speaker, text in rows
    ]
    assert transcript.problems == ()


@given(texts=st.lists(st.text('ab",\n', max_size=8), min_size=1, max_size=6))
def test_no_row_goes_missing_without_a_word(tmp_path_factory, texts):
    """Whatever quotes and commas do: each line that begins a row is a row, or a problem names it."""
    path = write(tmp_path_factory.mktemp("csv"), "a.csv", f"{HEADER}\n" + "".join(f"00:01,[M],{t}\n" for t in texts))
    lines = path.read_text().split("\n")
    try:
        transcript = read_transcript(path)
    except DataError:
        return
    begun = {number for number, line in enumerate(lines, start=1) if line.startswith("00:01,")}
    named = {int(problem.split(":")[1]) for problem in transcript.problems}
    assert begun <= {row.line for row in transcript.rows} | named


@example(content=b'"', suffix=".csv")  # the quote that never closes, in the header
@example(content=b"\xff\xfe\x00", suffix=".csv")  # half a character of UTF-16
@given(
    content=st.binary(max_size=300) | st.text(alphabet='[]{}",:;\n\r\t 0129ab\x00é', max_size=100).map(str.encode),
    suffix=st.sampled_from(SUFFIXES),
)
def test_any_bytes_are_read_or_refused_never_a_crash(tmp_path_factory, content, suffix):
    path = write(tmp_path_factory.mktemp("fuzz"), f"a{suffix}", content)
    try:
        transcript = read_transcript(path)
    except DataError as error:
        assert str(path) in str(error)
        return
    assert transcript.rows
    assert all((row.speaker + row.text).encode() for row in transcript.rows)
    assert all(re.match(r"a\.\w+:\d+: ", problem) for problem in transcript.problems)
