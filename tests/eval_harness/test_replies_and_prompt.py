"""What goes to a model and what is kept of its answer."""

from functools import cache, partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2.exceptions import TemplateError

from eval_harness import offline_assets
from eval_harness.prompt import WindowTooSmall, as_transcript, fit_to_window, render_prompt
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
        ("<think>He is angry.\nSo am I.</think>\n\nI won't.", "I won't."), ("<think>\nHm", ""), ("so I say no</think>No.", "No."),
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


TEMPLATES = Path(__file__).parents[1] / "data" / "chat_templates"


@cache
def renderer(name: str):
    """``apply_chat_template`` of a tokenizer with a family's template, as lm-eval's HFLM calls it."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(offline_assets.model_dir(offline_assets.CIVILIAN_MODEL))
    tokenizer.chat_template = (TEMPLATES / f"{name}.jinja").read_text("utf-8")

    def render(messages, add_generation_prompt=True):
        arguments = {"tokenize": False, "add_generation_prompt": add_generation_prompt, "enable_thinking": False}
        try:
            return tokenizer.apply_chat_template(messages, **arguments)
        except TemplateError:  # what HFLM does
            return tokenizer.apply_chat_template([m for m in messages if m["role"] != "system"], **arguments)

    return render


@pytest.mark.parametrize("name", sorted(path.stem for path in TEMPLATES.glob("*.jinja")))
def test_every_familys_template_shows_the_whole_conversation_in_order_and_lets_the_civilian_speak(name):
    prompt = render_prompt(MESSAGES, renderer(name))
    places = [prompt.index(message["content"]) for message in MESSAGES]
    assert places == sorted(places)
    assert prompt.count(MESSAGES[0]["content"]) == 1
    assert "<think>" not in prompt or prompt.index("</think>") > prompt.index("<think>")
    assert not prompt.rstrip().endswith("<think>")


@pytest.mark.parametrize("name", ["gemma2", "smollm2", "qwen3"])
@pytest.mark.parametrize("room", [2000, 200, 120])
def test_a_small_window_loses_whole_turns_from_the_oldest(name, room):
    render = partial(render_prompt, chat_template=renderer(name))
    messages = [MESSAGES[0]]
    for n in range(20):
        messages += [{"role": "user", "content": f"Question {n}?"}, {"role": "assistant", "content": f"Answer {n}."}]
    messages.append({"role": "user", "content": "Last question?"})
    count = lambda prompt: len(prompt.split())  # noqa: E731
    whole = render(messages)
    room = min(room, count(whole)) if room == 2000 else room // 4
    prompt, dropped = fit_to_window(messages, render, count, room)
    assert count(prompt) <= room and dropped == count(whole) - count(prompt)
    assert "Play the civilian." in prompt and "Last question?" in prompt
    kept = [n for n in range(20) if f"Question {n}?" in prompt]
    assert kept == list(range(20 - len(kept), 20)) and all(f"Answer {n}." in prompt for n in kept)


def test_a_window_that_cannot_hold_what_must_stay_is_said():
    with pytest.raises(WindowTooSmall, match="room for 3"):
        fit_to_window(MESSAGES, as_transcript, lambda prompt: len(prompt.split()), 3)
