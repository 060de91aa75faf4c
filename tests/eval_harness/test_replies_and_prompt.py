"""What goes to a model and what is kept of its answer."""

import json
from functools import cache, partial
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2.exceptions import TemplateError

from dataset_script.dialogue import item_messages
from eval_harness import offline_assets
from eval_harness.benchmark import load_benchmark
from eval_harness.errors import EvaluationError
from eval_harness.prompt import WindowTooSmall, as_transcript, fit_to_window, render_prompt
from eval_harness.replies import clean_reply, has_thoughts

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


THOUGHT_OF = {
    "DeepSeek-R1, the prompt has begun the thought": "He is angry.\nSo am I.</think>\n\n{}",
    "Qwen3": "<think>\nOfficer asks.\n</think>\n\n{}",
    "Magistral": "[THINK]He asks again.[/THINK]{}",
    "Gemma 4": "<|channel>thought\nHe asks.<channel|>{}",
    "Command A Reasoning": "<|START_THINKING|>He asks.<|END_THINKING|>{}",
    "Kimi": "◁think▷He asks.◁/think▷{}",
    "gpt-oss": "<|channel|>analysis<|message|>He asks.<|end|><|start|>assistant<|channel|>final<|message|>{}<|return|>",
    "gpt-oss without special tokens": "analysisHe asks.assistantfinal{}",
}


@pytest.mark.parametrize("family", THOUGHT_OF)
def test_thoughts_are_stripped_and_seen_in_every_familys_marks(family):
    raw = THOUGHT_OF[family].format("I won't.")
    assert clean_reply(raw) == "I won't." and has_thoughts(raw)
    assert not has_thoughts("I won't.")


@pytest.mark.parametrize("raw", ["<think>\nHm", "[THINK]Hm", "<|channel|>analysis<|message|>Hm", "analysisHe wants"])
def test_a_thought_that_was_cut_off_leaves_an_empty_reply(raw):
    assert clean_reply(raw) == "" and has_thoughts(raw)


@pytest.mark.parametrize(
    "said", ["I think so.", "Analysis? What analysis?", "That's my final word.", "I was thinking of her."]
)
def test_talk_of_thinking_is_no_thought(said):
    assert clean_reply(said) == said and not has_thoughts(said)


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


ABRIDGED = Path(__file__).parents[1] / "data" / "chat_templates"
ORIGINAL = Path(str(files("trl").joinpath("chat_templates")))
"""Templates as the models ship them, which TRL keeps to tell models apart; the ``_training`` ones are its own."""
FOR_VISION = {"idefics3", "smolvlm", "llava_next"}
SHIPPED = sorted({path.stem for path in ORIGINAL.glob("*.jinja") if "training" not in path.stem} - FOR_VISION)
FAMILIES = [*SHIPPED, *(f"abridged/{path.stem}" for path in sorted(ABRIDGED.glob("*.jinja")))]


@cache
def tokenizer():
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(offline_assets.model_dir(offline_assets.CIVILIAN_MODEL))


def apply(name: str, messages, **options) -> str:
    """A family's template, applied by transformers."""
    folder, _, stem = name.rpartition("/")
    template = ((ABRIDGED if folder else ORIGINAL) / f"{stem}.jinja").read_text("utf-8")
    return tokenizer().apply_chat_template(messages, chat_template=template, tokenize=False, **options)


def renderer(name: str):
    """What lm-eval's HFLM does with a family's template."""

    def render(messages, add_generation_prompt=True):
        options = {"add_generation_prompt": add_generation_prompt, "enable_thinking": False}
        try:
            return apply(name, messages, **options)
        except TemplateError:
            return apply(name, [m for m in messages if m["role"] != "system"], **options)

    return render


def test_the_templates_at_hand_are_of_all_the_kinds_that_need_care():
    with pytest.raises(TemplateError, match="System role not supported"):
        apply("gemma", MESSAGES)
    for name in ("gemma", "gemma3", "abridged/mistral"):
        with pytest.raises(TemplateError, match="must alternate"):
            apply(name, MESSAGES[1:2] * 2)
    assert apply("deepseek_r1_distill", MESSAGES, add_generation_prompt=True).endswith("<think>\n")


@pytest.mark.parametrize("name", FAMILIES)
def test_every_familys_template_shows_the_whole_conversation_in_order_and_lets_the_civilian_speak(name):
    prompt = render_prompt(MESSAGES, renderer(name))
    places = [prompt.index(message["content"]) for message in MESSAGES]
    assert places == sorted(places)
    assert prompt.count(MESSAGES[0]["content"]) == 1
    assert "<think>" not in prompt or prompt.index("</think>") > prompt.index("<think>")
    assert not prompt.rstrip().endswith("<think>")


@pytest.mark.parametrize("name", ["gemma", "gemma3", "abridged/mistral", "llama3_2"])
def test_templates_that_demand_alternation_take_every_item_whole_and_cut(name, tiny_data):
    benchmark = load_benchmark(tiny_data, "test")
    render = partial(render_prompt, chat_template=renderer(name))
    for item in benchmark.items:
        messages = item_messages(benchmark.scenarios[item.scenario_id], item.turn_index)
        count = lambda prompt: len(prompt.split())  # noqa: E731
        least = count(render([messages[0], messages[-1]]))
        prompt, _ = fit_to_window(messages, render, count, least + 20)
        for text in (render(messages), prompt):
            assert messages[0]["content"] in text and messages[-1]["content"].strip() in text


@pytest.mark.parametrize("name", sorted(FOR_VISION))
def test_a_template_that_shows_nothing_of_what_it_is_given_is_refused(name):
    with pytest.raises(EvaluationError, match=r"chat template (leaves out|refuses)"):
        render_prompt(MESSAGES, renderer(name))


def test_a_template_that_writes_json_shows_what_it_is_given():
    messages = [{"role": "system", "content": "A kitchen."}, {"role": "user", "content": '"Sit."\nThen he sat. é'}]
    assert json.loads(render_prompt(messages, lambda chat, **_: json.dumps(chat, ensure_ascii=False))) == messages


@pytest.mark.parametrize("name", ["gemma", "abridged/smollm2", "qwen3", "deepseek_r1_distill"])
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
