"""Decoding along a shared prefix gives what `generate` gives."""

import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig, Qwen2Config

from eval_harness import shared_prefix

NEW_TOKENS = 12


def generate_alone(model, prompt: list[int]) -> list[int]:
    with torch.inference_mode():
        output = model.generate(
            torch.tensor([prompt]), max_new_tokens=NEW_TOKENS, do_sample=False, pad_token_id=0, use_cache=True
        )
    return output[0, len(prompt) :].tolist()


def decode_together(model, *dialogues: list[list[int]]) -> list[list[int]]:
    """Replies to the prompts of several dialogues, in order, grouped as the harness groups them."""
    end = model.generation_config.eos_token_id
    replies, by_tail, first = [[] for own in dialogues for _ in own], {}, 0
    for prompts in dialogues:
        dialogue = shared_prefix.encode(model, max(prompts, key=len))
        for tail, group in shared_prefix.group_by_tail(dialogue, prompts).items():
            by_tail.setdefault(tail, []).append((dialogue, prompts, first, group))
        first += len(prompts)
    for groups in by_tail.values():
        requests = [(dialogue, [prompts[i] for i in group]) for dialogue, prompts, _, group in groups]
        rows = iter(shared_prefix.decode(model, requests, NEW_TOKENS, lambda reply: reply[-1] == end))
        for _, _, offset, group in groups:
            for i in group:
                replies[offset + i] = next(rows)
    return replies


def tiny(config_class):
    torch.manual_seed(0)
    config = config_class(
        vocab_size=101, hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=256, eos_token_id=7, bos_token_id=None, pad_token_id=0,
        initializer_range=0.5,
    )  # fmt: skip
    return AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()


@pytest.mark.parametrize("config_class", [LlamaConfig, Qwen2Config])
def test_prefixes_and_diverging_prompts_of_random_models(config_class):
    model = tiny(config_class)
    torch.manual_seed(1)
    whole = torch.randint(8, 101, (60,)).tolist()
    prompts = [whole[:5], whole[:23], whole, [*whole[:40], 9, 9, 9], whole[:59], [11, 12, 13]]
    assert decode_together(model, prompts) == [generate_alone(model, prompt) for prompt in prompts]


@pytest.mark.parametrize("config_class", [LlamaConfig, Qwen2Config])
def test_several_dialogues_in_one_batch(config_class):
    """Rows of a dialogue end at different steps, and one dialogue ends before the others."""
    model = tiny(config_class)
    torch.manual_seed(2)
    dialogues = []
    for length in (12, 50, 31):
        whole = torch.randint(8, 101, (length,)).tolist()
        dialogues.append([whole[:cut] for cut in range(5, length + 1, 7)])
    model.generation_config.eos_token_id = generate_alone(model, dialogues[1][2])[5]
    alone = [generate_alone(model, prompt) for prompts in dialogues for prompt in prompts]
    assert len({len(reply) for reply in alone}) > 1, "no row ends early: the test would not see rows being dropped"
    assert decode_together(model, *dialogues) == alone


def test_models_whose_greedy_replies_would_differ_are_not_supported():
    model = tiny(LlamaConfig)
    assert shared_prefix.supports(model)
    model.generation_config.repetition_penalty = 1.1
    assert not shared_prefix.supports(model)


def test_the_models_attention_is_put_back():
    model = tiny(LlamaConfig)
    before = model.config._attn_implementation
    decode_together(model, [[9, 10, 11], [9, 10]])
    assert model.config._attn_implementation == before
