"""Decisions of reviewers: writing, settling, agreement, and what the build makes of them."""

import json
import multiprocessing
import time
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
from dataset_script.judge.answers import ScenarioAnswer
from dataset_script.judge.judgements import ScenarioJudgement
from dataset_script.judge.rubrics import rubric
from dataset_script.quality.relevance import taxonomy
from dataset_script.review import agreement
from dataset_script.review.commands import decision, parse, undo
from dataset_script.review.decisions import ReviewDecision, append, read_decisions, read_review, transcript_sha256
from dataset_script.review.settlement import Mark, settle
from dataset_script.review.view import Desk, ReviewScenario, load_scenarios

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
        reviewer=reviewer, time=more.pop("time", START + timedelta(seconds=second)), **more,
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


def test_reviewers_who_differ_on_the_type_of_personal_data_have_it_masked_while_they_wait():
    place = {"turn": 3, "span": (0, 4), "words": "Ruth"}
    settled = settle(
        [made("personal_data", "NAME", **place), made("personal_data", "ADDRESS", reviewer="ben", **place)]
    )
    assert len(settled.conflicts) == 1
    assert settled.of("stop", SHA).personal_data == (Mark(3, 0, 4, "ADDRESS", ("Ruth",)),)


DECISIONS = st.lists(
    st.builds(
        made,
        kind=st.just("role"),
        value=st.sampled_from(["officer", "subject", "civilian"]),
        reviewer=st.sampled_from(["ada", "ben", "chi"]),
        second=st.integers(0, 5),
        speaker=st.sampled_from(["Dana", "[Voice 2]"]),
        withdrawn=st.booleans(),
        adjudication=st.booleans(),
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
        {"kind": "role", "value": "officer", "turn": 1, "words": "Ruth"}, {"time": datetime(2026, 11, 23)},
        {"reviewer": "<b>"}, {"reviewer": ""}, {"colour": "red"}, {"turn": -1},
    ],
)  # fmt: skip
def test_what_is_no_decision_is_refused(bad):
    with pytest.raises(ValueError):
        made(**bad)


def test_a_desk_of_the_whole_corpus_answers_at_once():
    scenarios = [ReviewScenario(f"s{number}", SHA, "", ()) for number in range(1500)]
    decisions = [
        made(transcript=f"s{number % 1500}", second=number, reviewer=f"r{number // 1500}") for number in range(9000)
    ]
    started = time.process_time()
    desk = Desk.of(scenarios, decisions, "r0")
    assert all(desk.state(scenario).mine == "accepted" for scenario in scenarios) and desk.shown("undecided") == []
    assert time.process_time() - started < 5


def test_whoever_adjudicates_sees_and_takes_back_adjudications_only(source):
    (scenario,) = load_scenarios(source)
    own = made(seen_sha256=scenario.sha256)
    settled = made(value="reject", seen_sha256=scenario.sha256, adjudication=True, second=1)
    desk = Desk.of([scenario], [own, settled], "ada", adjudicates=True)
    assert desk.state(scenario).mine == "rejected"
    assert undo(desk, scenario).adjudication
    assert undo(Desk.of([scenario], [own], "ada", adjudicates=True), scenario) is None
    assert undo(Desk.of([scenario], [own, settled], "ada"), scenario).value == "accept"


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


@pytest.mark.parametrize(
    ("first", "second", "alpha"),
    [("0100000010", "1110010000", 0.095), ("aabbdcccedda", "babbbccceddd", 0.692)],
    ids=["2011, A: two observers, binary", "2011, B: two observers, nominal"],
)
def test_alpha_of_two_observers_is_that_of_the_published_examples(first, second, alpha):
    ratings = {str(unit): {"one": a, "other": b} for unit, (a, b) in enumerate(zip(first, second, strict=True))}
    assert agreement.krippendorff_alpha(ratings) == pytest.approx(alpha, abs=0.0005)


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


def test_a_reviewer_of_other_words_rates_another_unit():
    decisions = [made(), made(value="reject", reviewer="ben", seen_sha256="b" * 64)]
    assert agreement.agreement("verdict", agreement.ratings_of(decisions)["verdict"]).units == 0


def test_a_label_that_is_a_number_is_not_the_turn_of_that_number():
    decisions = [made("role", "officer", speaker="3"), made("role", "subject", reviewer="ben", turn=3)]
    assert agreement.agreement("role", agreement.ratings_of(decisions)["role"]).units == 0


@pytest.mark.parametrize(("sha256", "units"), [(SHA, 1), (None, 1), ("b" * 64, 0)])
def test_a_judge_is_compared_with_people_on_the_same_words_and_under_its_own_name(sha256, units):
    features = {feature.id: False for feature in taxonomy()}
    answer = ScenarioAnswer(
        evidence=[], features=features, category="other", people=2, invented=False, language="en", confidence=1.0
    )
    judged = {
        "stop": ScenarioJudgement(transcript="stop", model="ada", rubric="r", answer=answer, transcript_sha256=sha256)
    }
    ratings = agreement.judge_ratings([made()], judged)
    found = agreement.agreement("verdict", ratings)
    assert found.units == units
    assert not units or ratings.popitem()[1] == {"ada": "accept", "judge ada": "reject"}


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


@pytest.mark.parametrize(
    ("corrected", "span"),
    [("It is over there, in the car of my sister Ruth.", (25, 36)), (None, (35, 46))],
    ids=["corrected after the mark", "marked in a correction that was withdrawn"],
)
def test_marked_words_are_masked_wherever_a_correction_has_moved_them(source, tmp_path, corrected, span):
    sha, path = transcript_sha256(ROWS), tmp_path / "decisions.jsonl"
    decisions = [made("personal_data", "NAME", turn=3, span=span, words="sister Ruth", seen_sha256=sha, reviewer="ben")]
    if corrected:
        decisions.append(made("text", corrected, turn=3, seen_sha256=sha))
    append(path, decisions)
    build_dataset(source, tmp_path / "out", inputs=Inputs(reviews=path))
    (row,) = (row for rows in load_dataset(str(tmp_path / "out")).values() for row in rows)
    assert "sister" not in row["turns"][3]["text"]
    assert "mark not applied" not in (tmp_path / "out" / "report" / "decisions.jsonl").read_text("utf-8")


def test_what_a_decisions_file_says_of_turns_and_speakers_that_do_not_exist_is_reported(source, tmp_path):
    sha, path = transcript_sha256(ROWS), tmp_path / "decisions.jsonl"
    append(path, [
        made("text", "x", turn=99, seen_sha256=sha), made("role", "officer", turn=98, seen_sha256=sha), made("role", "officer", speaker="Nobody", seen_sha256=sha),
        made("personal_data", "NAME", turn=97, span=(0, 4), seen_sha256=sha), made("personal_data", "NAME", turn=3, span=(900, 904), words="Eve", seen_sha256=sha),
        made("text", "This.", turn=1, seen_sha256=sha), made("text", "That.", turn=1, reviewer="ben", seen_sha256=sha),
    ])  # fmt: skip
    build_dataset(source, tmp_path / "out", inputs=Inputs(reviews=path))
    rows = [
        json.loads(line) for line in (tmp_path / "out" / "report" / "decisions.jsonl").read_text("utf-8").splitlines()
    ]
    said = {(row["where"].partition(":")[2], row["reason"]) for row in rows if row["action"].endswith("not applied")}
    assert said == {
        ("97", "there is no such turn"), ("98", "there is no such turn"), ("99", "there is no such turn"), ("1", "reviewers disagree on the text"),
        ("", "1 roles are for speakers who are not in the file"), ("3", "the words that a reviewer marked are no longer in the turn"),
    }  # fmt: skip


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0]])
def test_a_build_is_the_same_whatever_the_order_and_times_of_decisions_that_do_not_conflict(source, tmp_path, order):
    sha = transcript_sha256(ROWS)
    say = [
        ("verdict", "accept", {"reason": "fine"}), ("verdict", "accept", {"reviewer": "ben", "reason": "good"}),
        ("role", "civilian", {"speaker": "[Voice 2]"}), ("text", "Nothing at all.", {"turn": 1, "reviewer": "ben"}),
    ]  # fmt: skip
    for name, places in (("plain", range(4)), ("other", order)):
        append(
            tmp_path / f"{name}.jsonl",
            [made(*say[n][:2], seen_sha256=sha, second=second * 7, **say[n][2]) for second, n in enumerate(places)],
        )
        build_dataset(source, tmp_path / name / "deescalwild", inputs=Inputs(reviews=tmp_path / f"{name}.jsonl"))
    one, two = (
        {
            file.relative_to(tmp_path / name): file.read_bytes()
            for file in (tmp_path / name).rglob("*")
            if file.is_file()
        }
        for name in ("plain", "other")
    )
    one.pop(Path("deescalwild/manifest.json"), None), two.pop(Path("deescalwild/manifest.json"), None)
    differ = sorted(str(name) for name in one.keys() | two.keys() if one.get(name) != two.get(name))
    assert differ == []


def test_a_judgement_of_other_words_is_not_applied(source, tmp_path):
    path = tmp_path / "judgements.jsonl"
    features = {feature.id: True for feature in taxonomy()}
    answer = {
        "evidence": [],
        "features": features,
        "category": "other",
        "people": 2,
        "invented": False,
        "language": "en",
        "confidence": 1.0,
    }
    request = {
        "key": "0" * 64,
        "lines": 1,
        "prompt_tokens": 1,
        "completion_tokens": 1,
        "cost": 0.0,
        "requests": 1,
        "seconds": 1.0,
        "structure": "text",
    }
    judged = {
        "kind": "scenario", "transcript": "stop", "turn": None, "rubric": rubric("scenario").id, "rubric_sha256": rubric("scenario").sha256, "model": "m",
        "endpoint": "e", "at": "2026-11-23T00:00:00+00:00", "repeat": 0, "content_sha256": SHA, "left_out": 0, "answer": answer, "failure": None, "request": request,
    }  # fmt: skip
    path.write_text(json.dumps({**judged, "transcript_sha256": "b" * 64}) + "\n")
    build_dataset(source, tmp_path / "out", inputs=Inputs(judgements=path))
    assert "judgement not applied" in (tmp_path / "out" / "report" / "decisions.jsonl").read_text("utf-8")
    (row,) = (row for rows in load_dataset(str(tmp_path / "out")).values() for row in rows)
    assert not row["quality"]["relevance"]["decided_by"].startswith("m ")


def test_a_rejected_scenario_is_left_out_and_a_review_of_other_words_is_not_applied(source, tmp_path):
    path = tmp_path / "decisions.jsonl"
    append(path, [made(value="reject", reason="staged", seen_sha256=transcript_sha256(ROWS))])
    with pytest.raises(DataError, match="rejected_by_reviewers"):
        build_dataset(source, tmp_path / "out", inputs=Inputs(reviews=path))
    transcript = source / "stop.txt"
    transcript.write_text(transcript.read_text("utf-8") + "[00:50] Dana: Thank you.\n", "utf-8")
    build_dataset(source, tmp_path / "out", inputs=Inputs(reviews=path))
    assert "review not applied" in (tmp_path / "out" / "report" / "decisions.jsonl").read_text("utf-8")


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_shown(source):
    (source / "bad.txt").write_text("no transcript\n")
    refused, steps = [], []
    scenarios = load_scenarios(source, on_refused=refused.append, on_progress=lambda *step: steps.append(step))
    assert [each.transcript for each in scenarios] == ["stop"] and steps == [(1, 2), (2, 2)]
    assert len(refused) == 1 and "bad.txt" in refused[0]


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
