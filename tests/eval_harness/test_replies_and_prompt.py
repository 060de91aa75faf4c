"""What goes to a model and what is kept of its answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_harness.prompt import as_transcript, render_prompt
from eval_harness.replies import clean_reply

MESSAGES = [
    {"role": "system", "content": "Play the civilian."},
    {"role": "user", "content": "Evening."},
    {"role": "assistant", "content": "What."},
    {"role": "user", "content": "That your car?"},
]


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  No sir.  ", "No sir."), ("No sir.\nOfficer: Step out.", "No sir."), ("Civilian: I said no.", "I said no."),
        ("[Driver]: What?", "What?"), ("Assistant: Hi", "Hi"), ("No.<|im_end|>junk", "No."), ('"I did not."', "I did not."),
        ('He said "no" and "yes"', 'He said "no" and "yes"'), ("", ""), ("\n\n", ""), ("<|im_end|>", ""), ("Officer: stop", "Officer: stop"),
    ],
)  # fmt: skip
def test_clean_replies(raw, clean):
    assert clean_reply(raw) == clean


@given(st.text(max_size=80))
def test_cleaning_gives_one_line_and_cleaning_twice_changes_no_plain_reply(text):
    once = clean_reply(text)
    assert len(once.splitlines()) <= 1 and once == once.strip()


def test_a_model_without_a_template_gets_a_transcript_that_ends_where_it_speaks():
    assert as_transcript(MESSAGES).endswith("Officer: Evening.\nCivilian: What.\nOfficer: That your car?\nCivilian:")


def test_a_template_that_drops_the_system_prompt_gets_it_folded_into_the_first_turn():
    def no_system(messages, add_generation_prompt):
        return "".join(f"<{m['role']}>{m['content']}" for m in messages if m["role"] != "system")

    assert render_prompt(MESSAGES, no_system).startswith("<user>Play the civilian.\n\nEvening.<assistant>What.")
