"""Engine ``hf``: what weights are loaded in, and LoRA adapters."""

import json
import shutil

import pytest

from eval_harness.engines import EngineName, MissingEngine, Work
from eval_harness.engines.adapter import find_adapter
from eval_harness.engines.choose import Options, choose
from eval_harness.errors import EvaluationError
from eval_harness.run import Settings, evaluate
from submissions.ledger import items_path, read_result, unpack_items


def measured(name, options, settings):
    path = evaluate(choose(str(name), options, {}), settings)
    return read_result(path, settings.results), unpack_items(items_path(path).read_bytes())


def test_an_adapter_is_measured_on_its_base_and_the_result_says_which(tiny_model, tiny_adapter, tiny_data, tmp_path):
    settings = Settings(data=tiny_data, results=tmp_path / "results", limit=1, command="deescalwild evaluate …")
    base, of_base = measured(tiny_model, Options(), settings)
    tuned, of_tuned = measured(tiny_model, Options(adapter=str(tiny_adapter)), settings)
    assert (tuned.model.id, tuned.model.weights, tuned.model.kind) == ("local/tiny-adapter", "adapter", "fine-tuned")
    assert (tuned.model.base_model, tuned.model.base_revision) == (base.model.id, base.model.revision)
    assert tuned.model.revision == find_adapter(str(tiny_adapter)).revision != base.model.revision
    assert [row["prediction"] for row in of_tuned] != [row["prediction"] for row in of_base]


def test_the_adapters_merged_weights_answer_as_peft_does(tiny_model, tiny_adapter, tmp_path):
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    candidate = choose(str(tiny_model), Options(adapter=str(tiny_adapter), device="cpu"), {})
    ids = torch.arange(5, 40)[None]
    with candidate.engine.open(candidate.model, candidate.folder, Work(tmp_path / "j")) as opened, torch.no_grad():
        ours = opened.lm.model(ids).logits
        theirs = (
            PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_model), tiny_adapter).eval()(ids).logits
        )
        assert torch.allclose(ours, theirs, atol=1e-3)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"peft_type": "PROMPT_TUNING"}, "is not LORA"),
        ({"base_model_name_or_path": "acme/another"}, "was trained on acme/another"),
        (None, "no adapter_model.safetensors"),
    ],
)
def test_an_adapter_that_cannot_be_meant_is_refused(change, reason, tiny_model, tiny_adapter, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(tiny_adapter, folder)
    if change is None:
        (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
    else:
        config = json.loads((folder / "adapter_config.json").read_text())
        (folder / "adapter_config.json").write_text(json.dumps(config | change))
    with pytest.raises(EvaluationError, match=reason):
        choose(str(tiny_model), Options(adapter=str(folder)), {})


def test_the_precision_is_that_of_the_loaded_weights(tiny_model, tmp_path):
    candidate = choose(str(tiny_model), Options(dtype="bfloat16", device="cpu"), {})
    with candidate.engine.open(candidate.model, candidate.folder, Work(tmp_path / "j")) as opened:
        assert str(opened.lm.model.dtype) == "torch.bfloat16"
    assert candidate.model.precision == "bfloat16"


@pytest.mark.parametrize(("load_in", "precision"), [("8bit", "int8"), ("4bit", "int4")])
def test_quantisation_on_loading_needs_a_gpu_and_says_so(load_in, precision, tiny_model, tmp_path, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    candidate = choose(str(tiny_model), Options(load_in=load_in), {})
    assert candidate.model.precision == precision and "bitsandbytes" in candidate.model.quantisation
    opened = candidate.engine.open(candidate.model, candidate.folder, Work(tmp_path / "j"))
    with pytest.raises(MissingEngine, match=f"--load-in {load_in} needs a CUDA GPU") as error, opened:
        pass
    assert error.value.exit_code == 2


def test_options_of_weights_go_with_engines_that_load_them(tiny_model):
    with pytest.raises(EvaluationError, match="--load-in goes with --backend hf, not vllm"):
        choose(str(tiny_model), Options(EngineName.vllm, load_in="4bit"), {})
    with pytest.raises(EvaluationError, match="exclude each other"):
        choose(str(tiny_model), Options(load_in="4bit", dtype="float16"), {})
