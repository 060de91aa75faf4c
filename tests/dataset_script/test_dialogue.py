"""Joined turns, items and chat messages."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset_script.dialogue import (
    OPENING_STAGE_LINE,
    Scenario,
    Turn,
    chat_messages,
    fit_history,
    is_periodic,
    item_messages,
    items,
    join_turns,
    reference_flags,
)
from dataset_script.roles import BREAKING, ROLES


def scenario(*rows: tuple[str, str, str]) -> Scenario:
    """From (speaker, role, text) rows."""
    turns = tuple(Turn(i, float(i), speaker, role, "test", 1.0, text) for i, (speaker, role, text) in enumerate(rows))
    return Scenario("s-1", "sample", "test", "A street.", "Tired.", "s-1", turns)


ENCOUNTER = scenario(
    ("Officer 2", "officer", "Evening."),
    ("Officer 2", "officer", "You waiting on somebody?"),
    ("Ulla", "subject", "No."),
    ("[Narrator]", "narrator", "She was."),
    ("[Paramedic]", "medical", "Her pulse is fine."),
    ("Officer 2", "officer", "Mind if I sit?"),
    ("Ulla", "subject", "It's a free"),
    ("Ulla", "subject", "bench."),
    ("Officer 2", "officer", "Right."),
    ("[Narrator]", "narrator", "He sat."),
    ("Ulla", "subject", "What do you want?"),
)

rows = st.lists(
    st.tuples(st.sampled_from("ABCD"), st.sampled_from(sorted(ROLES)), st.text("xyz .", min_size=1, max_size=12)),
    min_size=1,
    max_size=25,
)


def test_consecutive_rows_of_one_speaker_are_one_turn():
    assert [turn.text for turn in join_turns(ENCOUNTER.turns)][:2] == [
        "Evening. You waiting on somebody?",
        "No.",
    ]


def test_items_are_authority_turns_directly_answered_and_narrators_break_adjacency():
    found = [(item.item_id, item.officer_text, item.reference) for item in items(ENCOUNTER)]
    assert found == [
        ("s-1:2", "Evening. You waiting on somebody?", "No."),
        ("s-1:6", "Mind if I sit?", "It's a free bench."),
    ]


def test_messages_of_an_item():
    system, *turns = item_messages(ENCOUNTER, 6)
    assert "A street." in system["content"] and "Tired." in system["content"]
    assert turns == [
        {"role": "user", "content": "Evening. You waiting on somebody?"},
        {"role": "assistant", "content": "No."},
        {"role": "user", "content": "[Paramedic] Her pulse is fine.\nMind if I sit?"},
    ]


FLAGGED = replace(
    ENCOUNTER,
    turns=tuple(
        replace(turn, flags=("cycle",) if turn.index in (1, 4) else ("promotion",) if turn.index == 5 else ())
        for turn in ENCOUNTER.turns
    ),
)


def test_a_defective_row_takes_no_other_row_out_of_the_history():
    contents = [message["content"] for message in chat_messages(FLAGGED)[1:]]
    assert contents == ["Evening.", "No.\nIt's a free bench.", "Right.", "What do you want?"]


def test_an_item_that_is_not_ranked_still_ends_with_what_the_officer_said():
    for item in items(FLAGGED):
        last = item_messages(FLAGGED, item.turn_index)[-1]
        assert last["role"] == "user" and last["content"].endswith(item.officer_text)
    assert [item.subset for item in items(FLAGGED)] == ["as_released", "as_released"]


def test_a_civilian_who_speaks_first_is_answered_to_a_stage_line():
    messages = chat_messages(scenario(("Ulla", "subject", "Help."), ("Officer", "officer", "Where?")))
    assert [m["content"] for m in messages[1:]] == [OPENING_STAGE_LINE, "Help.", "Where?"]


@given(rows)
def test_messages_alternate_and_hold_no_word_of_narrators(rows):
    rows = [(f"{role}-{speaker}", role, f"{role} says {text}") for speaker, role, text in rows]
    _, *turns = chat_messages(scenario(*rows))
    expected = ["user", "assistant"] * len(turns)
    assert [m["role"] for m in turns] == expected[: len(turns)]
    assert not any(f"{role} says" in m["content"] for m in turns for role in BREAKING)


@given(rows)
def test_the_history_of_an_item_cannot_see_the_future(rows):
    whole = scenario(*rows)
    for item in items(whole):
        changed = replace(
            whole,
            turns=tuple(t if t.index < item.turn_index else replace(t, text="LATER") for t in whole.turns),
        )
        assert item_messages(whole, item.turn_index) == item_messages(changed, item.turn_index)
        assert item_messages(whole, item.turn_index)[-1]["content"].endswith(item.officer_text)


@given(st.integers(1, 12), st.integers(0, 60))
def test_fitting_keeps_system_and_last_turn_and_cuts_whole_turns_from_the_front(n_pairs, budget):
    messages = [{"role": "system", "content": "s"}]
    for number in range(n_pairs):
        messages += [
            {"role": "user", "content": f"u{number} a b"},
            {"role": "assistant", "content": f"a{number} c"},
        ]
    messages = messages[:-1]
    fitted = fit_history(messages, budget)
    assert fitted[0] == messages[0] and fitted[-1] == messages[-1]
    assert fitted[1:] == messages[len(messages) - len(fitted) + 1 :]
    assert fitted[1]["role"] == "user"
    length = sum(len(m["content"].split()) for m in fitted)
    assert length <= budget or len(fitted) == 2


@pytest.mark.parametrize(
    ("officer", "reference", "flags"),
    [
        ("You okay?", "Yeah.", ()),
        ("Okay.", "okay.", ("equals_officer_line",)),
        ("What's your date of birth?", "March.", ("personal_data_answer",)),
        ("Can I get your name?", "Ulla.", ("personal_data_answer",)),
        ("What's the name of the dog?", "Fig.", ()),
        ("I need your current address.", "The yellow house.", ("personal_data_answer",)),
        ("We need to address the noise first.", "Fine.", ()),
        ("And then?", "I left. " * 5, ("loop",)),
        ("And then?", "No no no no no.", ()),
        ("And then?", " ".join(f"w{n}" for n in range(129)), ("long_reference",)),
    ],
)
def test_reference_flags(officer, reference, flags):
    assert reference_flags(officer, reference) == flags


@given(st.lists(st.sampled_from("abcdefg"), min_size=3, max_size=9), st.integers(4, 8))
def test_any_loop_inside_a_sentence_is_found(words, repeats):
    text = " ".join(["so", "then", *(words * (repeats * 2)), "and", "home"])
    assert is_periodic(text)


@given(st.integers(1, 400))
def test_counting_is_no_loop(length):
    assert not is_periodic(" ".join(map(str, range(length))))
