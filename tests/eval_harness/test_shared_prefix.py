"""Decoding along a shared prefix gives what `generate` gives."""

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, Qwen2Config

from dataset_script.dialogue import item_messages
from eval_harness import shared_prefix
from eval_harness.benchmark import load_benchmark

NEW_TOKENS = 12


def generate_alone(model, prompt: list[int]) -> list[int]:
    with torch.inference_mode():
        output = model.generate(
            torch.tensor([prompt]), max_new_tokens=NEW_TOKENS, do_sample=False, pad_token_id=0, use_cache=True
        )
    return output[0, len(prompt) :].tolist()


def decode_together(model, prompts: list[list[int]]) -> list[list[int]]:
    end = model.generation_config.eos_token_id
    shared = max(prompts, key=len)
    cache = shared_prefix.encode_prefix(model, shared)
    replies = [[] for _ in prompts]
    for group in shared_prefix.group_by_tail(shared, prompts):
        rows = shared_prefix.decode(
            model, cache, shared, [prompts[i] for i in group], NEW_TOKENS, lambda reply: reply[-1] == end
        )
        for index, row in zip(group, rows, strict=True):
            replies[index] = row
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


def test_real_dialogue_with_the_real_model(civilian_model, tiny_data):
    model = AutoModelForCausalLM.from_pretrained(civilian_model, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(civilian_model)
    benchmark = load_benchmark(tiny_data, "test")
    (first, *_) = sorted(benchmark.scenarios)
    prompts = []
    for item in [item for item in benchmark.items if item.scenario_id == first][:5]:
        messages = item_messages(benchmark.scenarios[first], item.turn_index)
        text = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        prompts.append(tokenizer(text, add_special_tokens=False).input_ids)
    assert shared_prefix.supports(model)
    assert decode_together(model, prompts) == [generate_alone(model, prompt) for prompt in prompts]


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
