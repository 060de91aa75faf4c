"""Decisions of reviewers: writing, settling, agreement, and what the build makes of them."""

import json
import multiprocessing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from datasets import load_dataset
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from dataset_script.build import Inputs, build_dataset
from dataset_script.cli import app
from dataset_script.errors import DataError
from dataset_script.review import agreement
from dataset_script.review.commands import decision, parse, undo
from dataset_script.review.decisions import ReviewDecision, append, read_decisions, read_review, transcript_sha256
from dataset_script.review.settlement import settle
from dataset_script.review.view import Desk, load_scenarios

START = datetime(2026, 11, 23, tzinfo=UTC)
SHA = "a" * 64
ROWS = [
    ("[Police Officer]", "Evening. What is going on tonight?"), ("Dana", "Nothing. I am going home."),
    ("[Police Officer]", "Have you got some ID on you?"), ("Dana", "It is in the car with my sister Ruth."),
    ("[Voice 2]", "She was sitting right there, sir."), ("[Police Officer]", "Okay. Step over here for me."),
    ("Dana", "Why should I?"), ("[Police Officer]", "Because I asked you to."), ("Dana", "Fine. I'm coming."),
]  # fmt: skip


def made(kind="verdict", value="accept", reviewer="ada", second=0, **more):
    return ReviewDecision(
        transcript=more.pop("transcript", "stop"), seen_sha256=more.pop("seen_sha256", SHA), kind=kind, value=value,
        reviewer=reviewer, time=START + timedelta(seconds=second), **more,
    )  # fmt: skip


@pytest.fixture
def source(tmp_path) -> Path:
    folder = tmp_path / "released"
    folder.mkdir()
    lines = [f"[00:{2 * number:02d}] {label}: {text}\n" for number, (label, text) in enumerate(ROWS)]
    (folder / "stop.txt").write_text("".join(lines), "utf-8")
    return folder


def test_the_last_word_of_a_reviewer_holds_and_a_withdrawn_one_does_not():
    decisions = [made(), made(value="reject", second=1), made(value="reject", second=2, withdrawn=True)]
    assert settle(decisions[:2]).of("stop", SHA).status == "rejected"
    assert settle(decisions).of("stop", SHA).status == "undecided"


def test_two_who_disagree_settle_nothing_until_somebody_adjudicates():
    decisions = [made(), made(value="reject", reviewer="ben")]
    settled = settle(decisions)
    assert settled.of("stop", SHA).status == "conflict"
    assert [dict(conflict.values) for conflict in settled.conflicts] == [{"ada": "accept", "ben": "reject"}]
    settled = settle([*decisions, made(value="reject", reviewer="chi", adjudication=True, second=9)])
    assert settled.of("stop", SHA).status == "rejected" and settled.conflicts == ()


DECISIONS = st.lists(
    st.builds(
        made,
        kind=st.just("role"),
        value=st.sampled_from(["officer", "subject", "civilian"]),
        reviewer=st.sampled_from(["ada", "ben", "chi"]),
        second=st.integers(0, 50),
        speaker=st.sampled_from(["Dana", "[Voice 2]"]),
        withdrawn=st.booleans(),
    ),
    max_size=20,
    unique_by=lambda each: (each.reviewer, each.time),
)


@given(DECISIONS, st.randoms())
def test_the_order_of_lines_is_irrelevant(decisions, rng):
    shuffled = list(decisions)
    rng.shuffle(shuffled)
    assert settle(shuffled) == settle(decisions)


@pytest.mark.parametrize(
    "bad",
    [
        {"value": "maybe"}, {"kind": "role", "value": "boss", "speaker": "Dana"}, {"kind": "role", "value": "officer"},
        {"kind": "role", "value": "officer", "speaker": "Dana", "turn": 1}, {"kind": "text", "value": " ", "turn": 1}, {"kind": "text", "value": "x"},
        {"kind": "personal_data", "value": "NAME", "turn": 1}, {"kind": "personal_data", "value": "NAME", "turn": 1, "span": (4, 2)},
        {"reviewer": "<b>"}, {"reviewer": ""}, {"colour": "red"}, {"turn": -1},
    ],
)  # fmt: skip
def test_what_is_no_decision_is_refused(bad):
    with pytest.raises(ValueError):
        made(**bad)


def _write_many(path: Path, reviewer: str) -> None:
    for number in range(100):
        append(path, [made(reviewer=reviewer, second=number)])


def test_two_processes_that_append_to_one_file_lose_nothing(tmp_path):
    path = tmp_path / "decisions.jsonl"
    writers = [
        multiprocessing.get_context("fork").Process(target=_write_many, args=(path, name)) for name in ("ada", "ben")
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(read_decisions(path)) == 200


def test_a_torn_line_spoils_nothing_and_is_reported(tmp_path):
    path = tmp_path / "decisions.jsonl"
    append(path, [made()])
    with path.open("ab") as file:
        file.write(b'{"transcript": "st')
    append(path, [made(value="reject", second=1)])
    review = read_review(path)
    assert [each.value for each in review.decisions] == ["accept", "reject"] and review.torn_lines == (2,)


def test_a_whole_line_that_is_no_decision_is_named(tmp_path):
    path = tmp_path / "decisions.jsonl"
    path.write_text(made().model_dump_json().replace("accept", "perhaps") + "\n")
    with pytest.raises(DataError, match=r"decisions\.jsonl:1"):
        read_decisions(path)


def krippendorff_2011():
    """The worked example of Krippendorff (2011), § C: four observers, twelve units, missing values; nominal α = 0.743."""
    rows = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ]
    return {
        f"unit{unit}": {f"observer{n}": str(row[unit]) for n, row in enumerate(rows) if row[unit] is not None}
        for unit in range(12)
    }


def test_alpha_is_that_of_the_published_example():
    assert agreement.krippendorff_alpha(krippendorff_2011()) == pytest.approx(0.743, abs=0.0005)


def test_alpha_of_full_agreement_is_one_and_without_variation_undefined():
    assert agreement.krippendorff_alpha({"a": {"x": "1", "y": "1"}, "b": {"x": "2", "y": "2"}}) == 1
    assert agreement.krippendorff_alpha({"a": {"x": "1", "y": "1"}}) is None
    assert agreement.krippendorff_alpha({"a": {"x": "1"}}) is None


def test_kappa_and_percent_of_two_reviewers():
    ratings = {
        str(n): {"ada": "accept" if n < 6 else "reject", "ben": "accept" if n < 4 or n == 9 else "reject"}
        for n in range(10)
    }
    found = agreement.agreement("verdict", ratings)
    assert found.percent == pytest.approx(0.7) and found.kappas["ada", "ben"] == pytest.approx(0.4)


def test_a_page_command_becomes_a_decision_and_undo_takes_it_back(source):
    (scenario,) = load_scenarios(source)
    command = parse(
        json.dumps(
            {"action": "decide", "transcript": "stop", "kind": "role", "value": "civilian", "speaker": "[Voice 2]"}
        )
    )
    first = decision(command, scenario, "ada", adjudicates=False)
    assert first.seen_sha256 == transcript_sha256(ROWS)
    withdrawal = undo(Desk.of([scenario], [first], "ada"), scenario)
    assert settle([first, withdrawal]).of("stop", first.seen_sha256).label_roles == {}
    assert undo(Desk.of([scenario], [first, withdrawal], "ada"), scenario) is None


@pytest.mark.parametrize(
    "command",
    [
        "", "{", '{"action": "rm"}', '{"action": "decide", "kind": "verdict", "value": "yes"}',
        '{"action": "decide", "kind": "text", "value": "x", "turn": 99}', '{"action": "decide", "kind": "role", "value": "officer", "speaker": "nobody"}',
        '{"action": "decide", "kind": "personal_data", "value": "NAME", "turn": 0, "span": [0, 999]}', '{"action": "go", "path": "../../etc"}',
    ],
)  # fmt: skip
def test_a_strange_command_is_answered_by_a_sentence(source, command):
    (scenario,) = load_scenarios(source)
    with pytest.raises(DataError):
        decision(parse(command), scenario, "ada", adjudicates=False)


def test_the_build_applies_what_reviewers_agree_on(source, tmp_path):
    sha = transcript_sha256(ROWS)
    path = tmp_path / "decisions.jsonl"
    start = ROWS[3][1].index("Ruth")
    append(path, [
        made(seen_sha256=sha), made("role", "civilian", speaker="[Voice 2]", seen_sha256=sha), made("text", "Nothing at all.", turn=1, seen_sha256=sha),
        made("personal_data", "NAME", turn=3, span=(start, start + 4), seen_sha256=sha),
    ])  # fmt: skip
    for name in ("one", "two"):
        build_dataset(source, tmp_path / name / "deescalwild", inputs=Inputs(reviews=path))
    assert (tmp_path / "one/deescalwild/manifest.json").read_bytes() == (
        tmp_path / "two/deescalwild/manifest.json"
    ).read_bytes()
    (row,) = (row for rows in load_dataset(str(tmp_path / "one" / "deescalwild")).values() for row in rows)
    turns = row["turns"]
    assert turns[1]["text"] == "Nothing at all." and "text_corrected" in turns[1]["flags"]
    assert turns[4]["role"] == "civilian" and "role_corrected" in turns[4]["flags"]
    assert "Ruth" not in turns[3]["text"]


def test_a_rejected_scenario_is_left_out_and_a_review_of_other_words_is_not_applied(source, tmp_path):
    path = tmp_path / "decisions.jsonl"
    append(path, [made(value="reject", reason="staged", seen_sha256=transcript_sha256(ROWS))])
    with pytest.raises(DataError, match="rejected_by_reviewers"):
        build_dataset(source, tmp_path / "out", inputs=Inputs(reviews=path))
    transcript = source / "stop.txt"
    transcript.write_text(transcript.read_text("utf-8") + "[00:50] Dana: Thank you.\n", "utf-8")
    build_dataset(source, tmp_path / "out", inputs=Inputs(reviews=path))
    assert "review not applied" in (tmp_path / "out" / "report" / "decisions.jsonl").read_text("utf-8")


def test_the_report_command(tmp_path):
    path = tmp_path / "decisions.jsonl"
    append(
        path,
        [made(), made(value="reject", reviewer="ben"), made(transcript="two"), made(transcript="two", reviewer="ben")],
    )
    text = CliRunner().invoke(app, ["review", str(tmp_path), "--report", "--decisions", str(path)])
    assert text.exit_code == 0 and "1 conflicts" in text.output and "ada – ben: κ" in text.output
    parsed = json.loads(
        CliRunner().invoke(app, ["review", str(tmp_path), "--report", "--json", "--decisions", str(path)]).output
    )
    assert parsed["agreement"][0]["percent"] == 0.5
