"""Repair, flags, gates and the relevance rule."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset_script.dialogue import Turn
from dataset_script.quality.defects import mark_defects
from dataset_script.quality.flags import DEFECTIVE, TURN_FLAGS
from dataset_script.quality.gates import GATES, OFF_BY_DEFAULT, REVIEWERS_OVERRULE, gates, held, measure
from dataset_script.quality.loops import collapse_loops, find_cycles, find_loops
from dataset_script.quality.relevance import Relevance, judged_relevance, lexical_relevance, taxonomy

CASES = json.loads((Path(__file__).parents[1] / "data" / "turn_defects.json").read_text("utf-8"))
WORDS = st.sampled_from(["you", "have", "to", "get", "out", "of", "the", "car", "no", "sir", "please"])


def turn(text, index=0, speaker="Dana", role="subject", start_s=0.0):
    return Turn(index, start_s, speaker, role, "test", 1.0, text)


def dialogue(*lines):
    """Turns by an officer and a subject in alternation, a second apart."""
    return [
        turn(
            text, index, *(("Officer Pell", "officer") if index % 2 == 0 else ("Dana", "subject")), start_s=float(index)
        )
        for index, text in enumerate(lines)
    ]


ENCOUNTER = dialogue(
    "License and registration. The reason I stopped you is the light.", "I'm not giving you anything.",
    "Step out of the car, sir. Dispatch, send me a unit.", "You have no right! This is illegal! Get off me!",
    "Calm down. I understand you're upset, let me explain.", "Don't touch me, I'll sue you.",
    "You're under arrest. Hands behind your back.", "Okay, okay. I'm sorry.",
)  # fmt: skip

RELEVANT = Relevance({"police": ("a", "b"), "escalation": ("a", "b", "c")}, "judge")


@pytest.mark.parametrize(("text", "flags"), CASES, ids=[text[:30] for text, _ in CASES])
def test_flags_of_a_turn(text, flags):
    (marked,) = mark_defects([turn(text)]).turns
    assert list(marked.flags) == flags


def test_every_flag_is_described_and_the_defective_ones_are_among_them():
    assert set(TURN_FLAGS) >= DEFECTIVE and all(TURN_FLAGS.values())


def test_a_loop_is_collapsed_to_its_first_round_and_what_is_around_it_stays():
    repair = collapse_loops("Well, " + "get in the car " * 50 + "or else")
    assert (repair.text, repair.removed_words) == ("Well, get in the car or else", 196)


def test_two_loops_in_one_turn_are_both_collapsed():
    repair = collapse_loops("a b c " * 25 + "then " + "x y " * 30)
    assert repair.text == "a b c then x y"


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("Get in the car, " * 20 + "get in the car.", "Get in the car,"),
        ("let me go " * 20 + "let me in please", "let me go let me in please"),
        ("let me go " * 20 + "let me", "let me go"),
        ("no no no no no no no no what " * 40, "no no no no no no no no what"),
        ("okay yes " * 30 + "okay no " * 30, "okay yes okay no okay"),
        ("no " * 60 + "wait", "no no no wait"),
    ],
    ids=[
        "punctuation",
        "a broken round goes on",
        "a broken round ends",
        "a loop in a loop",
        "side by side",
        "one word",
    ],
)
def test_what_is_left_of_a_loop(text, repaired):
    assert collapse_loops(text).text == repaired


@given(st.lists(st.tuples(st.lists(st.sampled_from("abc"), min_size=1, max_size=6), st.integers(1, 30)), max_size=6))
def test_collapsing_is_done_at_once(phrases):
    once = collapse_loops(" ".join(word for phrase, repeats in phrases for word in phrase * repeats)).text
    assert collapse_loops(once).removed_words == 0


@pytest.mark.parametrize("text", ["drop it " * 24, "no " * 49, "put your hands behind your back sir " * 7])
def test_what_people_may_have_said_again_and_again_stays(text):
    assert collapse_loops(text).text == text


def test_a_loop_of_sixty_thousand_words_is_collapsed_in_linear_time():
    repair = collapse_loops("I don't want to go there " * 10_000)
    assert repair.text == "I don't want to go there"


@given(st.lists(WORDS, max_size=60))
def test_a_collapsed_text_is_a_subsequence_and_collapsing_it_again_changes_little(words):
    text = " ".join(words)
    repair = collapse_loops(text)
    kept = iter(text.split())
    assert all(word in kept for word in repair.text.split())
    assert repair.removed_words == len(text.split()) - len(repair.text.split())
    assert repair.removed_words or repair.text == text


@given(st.lists(WORDS, min_size=2, max_size=30, unique=True), st.integers(4, 20))
def test_any_phrase_said_four_times_is_found_as_one_loop(phrase, repeats):
    (loop,) = find_loops(phrase * repeats)
    assert (loop.start, loop.end, loop.period) == (0, len(phrase) * repeats, len(phrase))


def test_a_cycle_of_lines_is_flagged_from_its_second_round_on():
    lines = ["Okay.", "Stay there.", "I am.", "Good."]
    marked = mark_defects(dialogue("Hello.", "Hi.", *lines * 4)).turns
    assert [("cycle" in each.flags) for each in marked] == [False] * 6 + [True] * 12


def test_short_exchanges_that_repeat_are_speech():
    assert find_cycles(["a", "b"] * 5) == []
    assert find_cycles(["a", "b"] * 6) == [(0, 12, 2)]


def test_clocks_and_repeated_lines_are_flagged():
    turns = [
        turn("Get out of the car.", 0, "Officer Pell", start_s=10.0),
        turn("Get out of the car.", 1, "Dana", start_s=11.0),
        turn("No.", 2, start_s=5.0),
        turn("No.", 3, start_s=None),
    ]
    assert [each.flags for each in mark_defects(turns).turns] == [
        (), ("echo",), ("time_backwards",), ("repeats_own_line", "no_time"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("times", "flagged"),
    [
        ([1, 2, 3500, 4, 5, 6], [2]),
        ([1, 2, 0, 4, 5], [2]),
        ([1, 2, 2, 3], []),
        ([None, 7, None, 3, 8, 9], [1]),
        ([], []),
    ],
)
def test_one_wrong_clock_is_one_flag(times, flagged):
    marked = mark_defects([turn(f"line {n}", n, start_s=time) for n, time in enumerate(times)]).turns
    assert [each.index for each in marked if "time_backwards" in each.flags] == flagged


def test_a_turn_longer_than_anybody_speaks_is_defective_and_a_long_story_is_not():
    words = [f"{n % 97}th{n % 89}" for n in range(4000)]
    story, monster = mark_defects([turn(" ".join(words[:600])), turn(" ".join(words), 1)]).turns
    assert story.flags == ("runaway",) and DEFECTIVE.isdisjoint(story.flags)
    assert "oversized" in monster.flags and not DEFECTIVE.isdisjoint(monster.flags)


def test_long_and_monotonous_turns_are_flagged():
    (marked,) = mark_defects([turn(" ".join(f"I went to house number {n} and then" for n in range(80)))]).turns
    assert marked.flags == ("runaway", "compressible")


def test_two_cycles_that_share_a_line_are_both_found():
    assert find_cycles(["okay", "yes"] * 8 + ["okay", "no"] * 8) == [(0, 17, 2), (17, 32, 2)]


def paced(*turns_of_words):
    """Pace of turns of (start, number of words)."""
    turns = [
        turn(" ".join(f"w{index}x{n}" for n in range(words)), index, start_s=start)
        for index, (start, words) in enumerate(turns_of_words)
    ]
    return measure(mark_defects(turns).turns, items=9, loop_words=0).words_per_minute


def test_pace_is_that_of_the_words_between_two_times():
    assert paced((0.0, 100), (30.0, 100), (60.0, 400)) == 200
    assert paced((0.0, 100), (3000.0, 50), (30.0, 50), (60.0, 1)) == 150
    assert paced((0.0, 400), (2.0, 400), (4.0, 400)) == 1600
    assert paced((0.0, 400), (0.0, 400)) is None
    assert paced((None, 400), (None, 400)) is None


@pytest.mark.parametrize(
    ("duration", "gate"), [(40, ["incomplete"]), (30, []), (28, []), (24, ["beyond_the_end"]), (None, [])]
)
def test_seconds_past_the_end_of_a_recording_are_forgiven(duration, gate):
    turns = [replace(each, start_s=each.index * 30 / 7) for each in ENCOUNTER]
    found = measure(turns, items=4, loop_words=0, duration_s=duration)
    assert gates(turns, found, RELEVANT) == gate


def sound_measures():
    return measure(ENCOUNTER, items=4, loop_words=0, duration_s=8.0)


def test_a_sound_encounter_passes_every_gate():
    assert gates(ENCOUNTER, sound_measures(), lexical_relevance(ENCOUNTER)) == []


BROKEN = {
    "no_authority": lambda m: ([turn("Hey.")], m),
    "no_civilian": lambda m: ([turn("Hey.", role="officer")], m),
    "few_items": lambda m: (ENCOUNTER, replace(m, items=2)),
    "single_speaker": lambda m: (ENCOUNTER, replace(m, speakers=1)),
    "mostly_narration": lambda m: (ENCOUNTER, replace(m, narration_share=0.51)),
    "mostly_cycles": lambda m: (ENCOUNTER, replace(m, cycle_share=0.31)),
    "not_english": lambda m: (ENCOUNTER, replace(m, foreign_share=0.6)),
    "impossible_pace": lambda m: (ENCOUNTER, replace(m, words_per_minute=300)),
    "incomplete": lambda m: (ENCOUNTER, replace(m, coverage=0.7)),
    "beyond_the_end": lambda m: (ENCOUNTER, replace(m, coverage=1.2)),
    "invented": lambda m: (ENCOUNTER, replace(m, invented_turns=3, police_words_per_100=0.1)),
}


@pytest.mark.parametrize("gate", BROKEN)
def test_each_gate_closes_on_its_defect(gate):
    turns, measures = BROKEN[gate](sound_measures())
    assert gate in gates(turns, measures, RELEVANT)


@pytest.mark.parametrize(
    ("title", "gate"),
    [
        ("Top 10 arrests", ["trailer"]),
        ("Night Patrol | Trailer", ["trailer"]),
        ("Night Patrol (official trailer)", ["trailer"]),
        ("Season 2 highlights", ["trailer"]),
        ("Deputies are called to a trailer park", []),
        ("Stolen trailer on the interstate", []),
        ("Body cam highlights a tense moment", []),
        ("Courtroom hearing: day 2", ["court_or_studio"]),
        ("Murder trial, part 3", ["court_or_studio"]),
        ("Interrogation of the man with the mower", ["court_or_studio"]),
        ("Police interview: the man at the kiosk", ["court_or_studio"]),
        ("Driver hard of hearing is pulled over", []),
        ("After hearing shots, officers run", []),
        ("Trial and error at a traffic stop", []),
        ("Officer refuses an interview at the press line", []),
    ],
)
def test_titles_gate_what_is_no_encounter(title, gate):
    assert gates(ENCOUNTER, sound_measures(), RELEVANT, title) == gate


def test_irrelevance_gates_by_a_judges_word_and_by_patterns_only_where_asked():
    judged = judged_relevance({"police_speaks": True, "staged": True}, "some-judge scenario.v1")
    lexical = lexical_relevance(dialogue("Hey.", "Hey."))
    by_judge = gates(ENCOUNTER, sound_measures(), judged)
    by_words = gates(ENCOUNTER, sound_measures(), lexical)
    assert (by_judge, by_words) == (["not_relevant"], ["not_relevant_by_words"])
    assert held(by_words, accepted_by_reviewers=False, off=OFF_BY_DEFAULT) == []


def test_a_context_filter_gates():
    judged = judged_relevance(
        {"training_range_context": True, **dict.fromkeys(["police_speaks", "command_given"], True)}, "j"
    )
    assert "context_filter" in gates(ENCOUNTER, sound_measures(), judged)


def test_people_overrule_gates_but_not_their_own_rejection():
    reasons = ["rejected_by_reviewers", "few_items", "invented"]
    assert held(reasons, accepted_by_reviewers=True, off=()) == ["rejected_by_reviewers"]
    assert set(GATES) >= REVIEWERS_OVERRULE | OFF_BY_DEFAULT


def test_c_valid_is_the_papers_rule():
    def valid(police, escalation, deescalation):
        counts = {"police": police, "escalation": escalation, "deescalation": deescalation}
        return Relevance({group: ("x",) * count for group, count in counts.items()}, "test").is_valid

    assert [valid(2, 3, 0), valid(2, 0, 3), valid(2, 2, 2), valid(1, 9, 9)] == [True, True, False, False]


def test_features_come_from_the_patterns_and_say_so():
    relevance = lexical_relevance(ENCOUNTER)
    assert relevance.decided_by == "lexical v1" and relevance.is_valid
    assert {"identification_asked", "command_given"} <= set(relevance.features["police"])
    assert {"refusal_to_comply", "rights_or_authority_challenged"} <= set(relevance.features["escalation"])


def test_the_taxonomy_is_complete_data():
    features = taxonomy()
    assert len({feature.id for feature in features}) == len(features)
    assert all(feature.question.endswith("?") for feature in features)
    assert all(feature.pattern for feature in features if feature.group != "context_filters")


@given(st.lists(st.text(max_size=80), max_size=30))
def test_any_text_is_marked_without_losing_a_turn(texts):
    turns = [turn(text, index) for index, text in enumerate(texts)]
    marked = mark_defects(turns).turns
    assert [each.index for each in marked] == list(range(len(texts)))
    assert {flag for each in marked for flag in each.flags} <= set(TURN_FLAGS)
