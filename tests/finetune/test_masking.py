"""What is learnt is the civilian's words and the token that ends each turn, whatever the family's template does."""

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from eval_harness import offline_assets
from finetune.errors import RecipeError
from finetune.masking import IGNORED, encode, learnt_spans, renderer, special_tokens, windows
from finetune.report import learnt_texts

TEMPLATES = Path(__file__).parents[1] / "data" / "chat_templates"
END_OF_TURN = {
    "deepseek-r1": "<｜end▁of▁sentence｜>",
    "falcon3": "<|im_end|>",  # it writes the tokenizer's own end token
    "gemma2": "<end_of_turn>",
    "granite3": "<|end_of_text|>",
    "llama3.2": "<|eot_id|>",
    "mistral": "<|im_end|>",
    "phi4-mini": "<|end|>",
    "qwen3": "<|im_end|>",
    "smollm2": "<|im_end|>",
}
CONVERSATION = [
    {"role": "system", "content": "You are playing a civilian. Situation: a stop at dusk."},
    {"role": "user", "content": "Evening. Do you know why I stopped you?"},
    {"role": "assistant", "content": "No. Was I speeding?\nI was not."},
    {"role": "user", "content": "[Paramedic] He is fine.\nLicense, please."},
    {"role": "assistant", "content": "It's  in the… glove box, I'm reaching!"},
    {"role": "user", "content": "Slowly."},
    {"role": "assistant", "content": "Okay."},
]


@cache
def tokenizer(name: str):
    """SmolLM2's vocabulary with a family's template and the special tokens that it writes."""
    found = AutoTokenizer.from_pretrained(offline_assets.model_dir(offline_assets.CIVILIAN_MODEL))
    found.chat_template = (TEMPLATES / f"{name}.jinja").read_text("utf-8")
    found.add_special_tokens({"additional_special_tokens": sorted(set(END_OF_TURN.values()))})
    return found


@pytest.mark.parametrize("name", sorted(END_OF_TURN))
def test_the_decoded_mask_is_the_civilians_text_and_the_end_of_its_turn(name):
    example = encode(CONVERSATION, tokenizer(name))
    said = [message["content"] for message in CONVERSATION if message["role"] == "assistant"]
    learnt = [text.strip() for text in learnt_texts(example, tokenizer(name))]
    assert learnt == [f"{text}{END_OF_TURN[name]}" for text in said]


@pytest.mark.parametrize("name", sorted(END_OF_TURN))
def test_the_tokens_are_the_templates_own_text(name):
    own = tokenizer(name)
    text, _ = learnt_spans(CONVERSATION, renderer(own), special_tokens(own))
    assert encode(CONVERSATION, own).input_ids == own(text, add_special_tokens=False)["input_ids"]
    places = [text.index(message["content"]) for message in CONVERSATION]
    assert places == sorted(places)


def test_there_is_a_case_for_every_template():
    assert {path.stem for path in TEMPLATES.glob("*.jinja")} == set(END_OF_TURN)


def test_turns_that_another_window_learns_are_history_here():
    example = encode(CONVERSATION, tokenizer("smollm2"), [False, True, False])
    assert learnt_texts(example, tokenizer("smollm2")) == ["It's  in the… glove box, I'm reaching!<|im_end|>"]


class Broken:
    """A tokenizer with a template of its own."""

    all_special_tokens = ("<end>",)
    added_tokens_decoder: dict = {}  # noqa: RUF012

    def __init__(self, write):
        self.write, self.chat_template = write, "…"

    def apply_chat_template(self, messages, **_):
        return "".join(self.write(message) for message in messages)


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (lambda m: f"{m['content'].upper()}<end>", "drops or moves"),
        (lambda m: f"{m['content'].replace('.', '')}<end>", "changes the words"),
        (lambda m: f"{m['content']}\n", "would never learn to stop"),
        (lambda m: "" if m["role"] == "assistant" else m["content"], "drops or moves"),
    ],
)
def test_a_template_that_hides_what_is_learnt_is_refused(write, says):
    broken = Broken(write)
    with pytest.raises(RecipeError, match=says):
        learnt_spans(CONVERSATION, renderer(broken), ["<end>"])


def test_a_tokenizer_without_a_template_is_told_what_to_do():
    without = Broken(lambda m: m["content"])
    without.chat_template = None
    with pytest.raises(RecipeError, match=r"model\.chat_template"):
        renderer(without)


def count(messages):
    return sum(len(message["content"].split()) for message in messages)


@given(
    st.lists(st.tuples(st.integers(1, 30), st.integers(0, 30)), min_size=1, max_size=25),
    st.integers(10, 120),
    st.sampled_from([0.0, 0.25, 0.5]),
)
def test_windows_learn_every_turn_once_and_fit_where_a_turn_fits(lengths, room, overlap):
    messages = [{"role": "system", "content": "s s s"}]
    for number, (asked, answered) in enumerate(lengths):
        messages.append({"role": "user", "content": " ".join([f"q{number}"] * asked)})
        if answered:
            messages.append({"role": "assistant", "content": " ".join([f"a{number}"] * answered)})
    learnt = []
    for part, marks in windows(messages, count, room, overlap):
        own = [message["content"] for message in part if message["role"] == "assistant"]
        assert len(own) == len(marks) and part[0] == messages[0] and part[1]["role"] == "user"
        learnt += [text for text, mark in zip(own, marks, strict=True) if mark]
        assert count(part) <= room or sum(marks) == 1
    assert learnt == [message["content"] for message in messages if message["role"] == "assistant"]


def test_a_label_is_its_token_or_ignored():
    example = encode(CONVERSATION, tokenizer("llama3.2"))
    assert len(example.labels) == len(example.input_ids)
    assert all(label in (IGNORED, token) for label, token in zip(example.labels, example.input_ids, strict=True))
    assert 0 < example.n_learnt < len(example.labels)
