"""Reading released files: three forms, odd encodings, bad rows."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dataset_script.errors import DataError
from dataset_script.transcripts import parse_time, read_transcript

HEADER = "start_time,speaker_label,transcript"


def write(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("9" * 5000 + ":00", None),
        ("00:00", 0), ("1:05", 65), ("75:10", 4510), ("1:02:03", 3723), ("00:07,250", 7.25), ("00:07.5", 7.5),
        (" 00:09 ", 9), ("", None), ("soon", None), ("00:75", None), ("12", None), ("-1:00", None),
    ],
)  # fmt: skip
def test_times(text, seconds):
    assert parse_time(text) == seconds


@given(st.integers(0, 500), st.integers(0, 59))
def test_every_minute_and_second_is_read_back(minutes, seconds):
    assert parse_time(f"{minutes:02d}:{seconds:02d}") == 60 * minutes + seconds


def test_csv_with_byte_order_mark_and_windows_line_ends(tmp_path):
    path = write(tmp_path, "a.csv", f'\ufeff{HEADER}\r\n00:01,[Driver],"Well, no."\r\n')
    (row,) = read_transcript(path).rows
    assert (row.start_s, row.speaker, row.text) == (1.0, "[Driver]", "Well, no.")


def test_the_words_na_and_null_stay_words(tmp_path):
    path = write(tmp_path, "a.csv", f"{HEADER}\n00:01,NA,null\n")
    (row,) = read_transcript(path).rows
    assert (row.speaker, row.text) == ("NA", "null")


def test_a_cell_longer_than_pythons_default_limit(tmp_path):
    path = write(tmp_path, "a.csv", f"{HEADER}\n00:01,[Man],{'no ' * 80_000}\n")
    assert len(read_transcript(path).rows[0].text) == 239_999


def test_the_same_encounter_in_all_three_forms(tmp_path):
    rows = [("00:01", "Officer 2", "Hey: you okay?"), ("00:04", "Ulla", "No.")]
    csv = write(tmp_path, "a.csv", HEADER + "".join(f"\n{t},{s},{x}" for t, s, x in rows))
    objects = [dict(zip(HEADER.split(","), row, strict=True)) for row in rows]
    as_json = write(tmp_path, "a.json", json.dumps(objects))
    lines = write(tmp_path, "a.txt", "\n".join(f"[{t}] {s}: {x}" for t, s, x in rows))
    read = [[(r.start_s, r.speaker, r.text) for r in read_transcript(path).rows] for path in (csv, as_json, lines)]
    assert read[0] == read[1] == read[2] == [(1.0, "Officer 2", "Hey: you okay?"), (4.0, "Ulla", "No.")]


def test_a_row_without_text_is_left_out_and_named_and_one_without_time_is_kept(tmp_path):
    path = write(tmp_path, "a.csv", f"{HEADER}\n00:01,[Man],\nlater,[Man],Hello\n")
    transcript = read_transcript(path)
    assert [(row.start_s, row.text) for row in transcript.rows] == [(None, "Hello")]
    assert [problem.split(":")[1] for problem in transcript.problems] == ["2", "3"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", "time,who,what\n", "column start_time"),
        ("a.csv", f"{HEADER}\n", "no row"),
        ("a.csv", b"", "column"),
        ("a.csv", HEADER.encode() + b"\n00:01,[Man],caf\xe9\n", "not UTF-8"),
        ("a.csv", f'{HEADER}\n00:01,[Man],"open\n', "not valid CSV"),
        ("a.csv", '"', "not valid CSV"),
        ("a.json", "[" * 100_000, "nested too deeply"),
        ("a.json", '{"a": ', "not valid JSON"),
        ("a.json", '{"a": 1}', "list of objects"),
        ("a.txt", "[00:01] Man: hi\nno label here", "a.txt:2"),
        ("a.srt", "1", "unknown kind"),
    ],
)
def test_refusals_say_what_and_where(tmp_path, name, content, says):
    with pytest.raises(DataError, match=says):
        read_transcript(write(tmp_path, name, content))


@example(content=b'"', suffix=".csv")  # the quote that never closes, in the header
@given(content=st.binary(max_size=300), suffix=st.sampled_from([".csv", ".json", ".txt"]))
def test_any_bytes_are_read_or_refused_never_a_crash(tmp_path_factory, content, suffix):
    path = tmp_path_factory.mktemp("fuzz") / f"a{suffix}"
    path.write_bytes(content)
    try:
        assert read_transcript(path).rows
    except DataError as error:
        assert str(path) in str(error)
