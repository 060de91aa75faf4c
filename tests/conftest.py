"""Shared fixtures: the built sample, a tiny benchmark, ledger results. Everything offline, in temporary folders."""

import os
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_EVALUATE_OFFLINE", "1")
# Before `datasets` is imported: tests must neither see nor fill the user's cache.
os.environ["HF_DATASETS_CACHE"] = tempfile.mkdtemp(prefix="deescalwild-tests-")
os.environ["DEESCALWILD_CACHE"] = tempfile.mkdtemp(prefix="deescalwild-tests-")
if "PYTEST_XDIST_WORKER" in os.environ:
    # Before torch is imported: processes side by side that each want every core wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from eval_harness.quiet import quiet_libraries

quiet_libraries()

from pathlib import Path  # noqa: E402

import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

from dataset_script.build import SAMPLE, build_dataset  # noqa: E402
from dataset_script.splits import SPLITS  # noqa: E402
from eval_harness import offline_assets  # noqa: E402
from eval_harness.scoring import use_encoder  # noqa: E402
from tests.built_folders import build_with_splits  # noqa: E402
from tests.results import make_result  # noqa: E402

# No deadline: time is no behaviour on a shared machine. In CI the same examples every time, so that a red run means a change;
# every run elsewhere explores.
settings.register_profile("deescalwild", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("deescalwild")
use_encoder(f"{offline_assets.model_dir(offline_assets.ENCODER)}:{offline_assets.ENCODER_LAYER}")


@pytest.fixture(scope="session")
def civilian_model() -> Path:
    """Folder of SmolLM2-135M-Instruct; `make test` unpacks it."""
    folder = offline_assets.model_dir(offline_assets.CIVILIAN_MODEL)
    assert folder.is_dir(), "run `make assets` first"
    return folder


@pytest.fixture(scope="session")
def tiny_model(civilian_model, tmp_path_factory) -> Path:
    """A random two-layer Llama with SmolLM2's tokenizer and template: a real model whose runs take seconds.

    Every sixteenth token ends a reply, or a random model would go on to the limit.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(civilian_model)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=tokenizer.bos_token_id,
        initializer_range=0.3,
    )
    folder = tmp_path_factory.mktemp("model") / "tiny-llama"
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.generation_config.eos_token_id = list({tokenizer.eos_token_id, *range(0, len(tokenizer), 16)})
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_adapter(tiny_model, tmp_path_factory) -> Path:
    """A random LoRA adapter of the tiny model, strong enough to change what it says."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    config = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
    folder = tmp_path_factory.mktemp("adapter") / "tiny-adapter"
    get_peft_model(AutoModelForCausalLM.from_pretrained(tiny_model), config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def built_sample(tmp_path_factory) -> Path:
    """The shipped sample, built."""
    out = tmp_path_factory.mktemp("sample") / "deescalwild"
    build_dataset(SAMPLE, out, is_sample=True)
    return out


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory) -> Path:
    """A built dataset of the shortest sample scenarios: six to train on, one to validate, two to test."""
    splits = [split for split, count in zip(SPLITS, (6, 1, 2), strict=True) for _ in range(count)]
    return build_with_splits(tmp_path_factory.mktemp("tiny"), splits)


@pytest.fixture
def results_folder(tmp_path) -> Path:
    """A ledger's results folder with two baselines and one model."""
    from submissions.ledger import write_result

    folder = tmp_path / "results"
    write_result(folder, make_result("baseline/constant", quality=1.0), b"")
    write_result(folder, make_result("baseline/salad", quality=0.8), b"")
    write_result(folder, make_result("acme/civilian-3b", quality=1.6, latency_s=0.4), b"")
    return folder
