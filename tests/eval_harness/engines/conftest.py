"""A tiny model as llama.cpp reads it, and the items of the tiny benchmark as lm-eval would ask for them."""

import json
from pathlib import Path

import numpy as np
import pytest
from lm_eval.api.instance import Instance
from lm_eval.models.api_models import JsonChatStr

from dataset_script.dialogue import item_messages
from eval_harness.benchmark import load_benchmark
from eval_harness.offline_assets import gguf_file

GREEDY = {"until": ["\n"], "do_sample": False, "temperature": 0.0, "max_gen_toks": 128}
WIDTH, HIDDEN, BLOCKS, HEADS = 64, 96, 2, 2


@pytest.fixture(scope="session")
def tiny_gguf(tmp_path_factory) -> Path:
    """A random two-layer Llama with SmolLM2's tokenizer and template: a real GGUF file whose replies take no time."""
    import gguf

    path = tmp_path_factory.mktemp("gguf") / "tiny-llama.F32.gguf"
    source = gguf.GGUFReader(gguf_file())
    writer = gguf.GGUFWriter(path, "llama")
    for name, field in source.fields.items():
        if name.startswith("tokenizer."):
            kinds = field.types
            writer.add_key_value(name, field.contents(), kinds[0], kinds[-1] if len(kinds) > 1 else None)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_context_length(4096)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(BLOCKS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    n_tokens = len(source.fields["tokenizer.ggml.tokens"].data)
    shapes = {"token_embd": (n_tokens, WIDTH), "output_norm": (WIDTH,)}
    for block in range(BLOCKS):
        squares = dict.fromkeys((f"attn_{part}" for part in ("q", "k", "v", "output")), (WIDTH, WIDTH))
        own = {"attn_norm": (WIDTH,), "ffn_norm": (WIDTH,), **squares, "ffn_down": (WIDTH, HIDDEN)}
        own |= dict.fromkeys(("ffn_gate", "ffn_up"), (HIDDEN, WIDTH))
        shapes |= {f"blk.{block}.{name}": shape for name, shape in own.items()}
    random = np.random.default_rng(0)
    for name, shape in shapes.items():
        values = random.normal(0, 0.3, shape) if len(shape) > 1 else np.ones(shape)
        writer.add_tensor(f"{name}.weight", values.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture(scope="session")
def requests(tiny_data) -> list[Instance]:
    """Greedy requests, in the order of the items."""
    benchmark = load_benchmark(tiny_data, "test")
    found = []
    for number, item in enumerate(benchmark.items):
        messages = item_messages(benchmark.scenarios[item.scenario_id], item.turn_index)
        doc = {"item_id": item.item_id, "scenario_id": item.scenario_id}
        found.append(Instance("generate_until", doc, (JsonChatStr(json.dumps(messages)), GREEDY), number))
    return found
