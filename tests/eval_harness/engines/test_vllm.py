"""Engine ``vllm`` by construction: lm-eval's real class takes our arguments and answers through our journal.

vLLM itself is not run here. Its place is taken by a package of the same name that has what lm-eval imports, refuses arguments that vLLM's
``EngineArgs`` does not know, and echoes its prompt.
"""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from eval_harness.engines import EngineName, MissingEngine, Work
from eval_harness.engines.choose import Options, choose
from eval_harness.engines.vllm import Vllm

STAND_IN = """
from types import SimpleNamespace

KNOWN = {
    "model", "revision", "dtype", "tokenizer", "tokenizer_mode", "tokenizer_revision", "trust_remote_code", "tensor_parallel_size",
    "max_model_len", "max_num_seqs", "quantization", "seed", "enable_lora", "max_lora_rank", "enable_prefix_caching", "load_format",
    "generation_config",
}
CALLS = []

class LLM:
    def __init__(self, **arguments):
        unknown = set(arguments) - KNOWN
        if unknown:
            raise TypeError(f"EngineArgs does not know {unknown}")
        self.arguments = arguments
        config = SimpleNamespace(max_model_len=arguments["max_model_len"] or 4096)
        self.llm_engine = SimpleNamespace(model_config=config)

    def generate(self, prompts, sampling_params, use_tqdm, lora_request):
        CALLS.append((prompts, sampling_params, lora_request))
        return [SimpleNamespace(outputs=[SimpleNamespace(text=f"{len(p['prompt_token_ids'])} tokens.\\nOfficer:")]) for p in prompts]

class SamplingParams:
    def __init__(self, **settings):
        self.settings = settings

def TokensPrompt(prompt_token_ids):
    return {"prompt_token_ids": prompt_token_ids}
"""
MODULES = {
    "__init__": STAND_IN,
    "lora/__init__": "",
    "lora/request": "class LoRARequest:\n    def __init__(self, name, number, path):\n        self.path = path\n",
    "renderers/__init__": "",
    "renderers/hf": "def resolve_chat_template(tokenizer, **_):\n    return tokenizer.chat_template\n",
    "tokenizers": (
        "from transformers import AutoTokenizer\n\n"
        "def get_tokenizer(name, tokenizer_mode, trust_remote_code, revision, **_):\n"
        "    return AutoTokenizer.from_pretrained(name)\n"
    ),
}


def _forget():
    for name in [each for each in sys.modules if each.partition(".")[0] == "vllm"]:
        del sys.modules[name]
    for name in ("lm_eval.models.vllm_causallms", "eval_harness.engines.vllm_lm"):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The package in vLLM's place; imported once, because lm-eval registers its class once."""
    root = tmp_path_factory.mktemp("site")
    for name, text in MODULES.items():
        file = root / "vllm" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    information = root / "vllm-0.99.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: vllm\nVersion: 0.99.0\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(root)
        _forget()
        yield
        _forget()


@pytest.fixture
def stand_in(installed):
    """The package, asked nothing yet."""
    import vllm

    vllm.CALLS.clear()
    return vllm


def plain(request):
    """A request whose prompt is text, as for every engine with a tokenizer."""
    return replace(request, arguments=(f"<|im_start|>user\n{request.doc['item_id']}<|im_end|>", request.args[1]))


def test_a_missing_vllm_is_said_in_one_sentence(tiny_model, tmp_path):
    candidate = choose(str(tiny_model), Options(EngineName.vllm), {})
    opened = candidate.engine.open(candidate.model, candidate.folder, Work(tmp_path / "j"))
    with pytest.raises(MissingEngine, match="pip install vllm") as error, opened:
        pass
    assert error.value.exit_code == 2


def test_lm_evals_class_is_made_and_asked_and_its_answers_are_kept(stand_in, tiny_model, requests, tmp_path):
    options = Options(EngineName.vllm, dtype="bfloat16", tensor_parallel=2, max_model_len=2048)
    candidate = choose(str(tiny_model), options, {})
    asked = [plain(request) for request in requests]
    with candidate.engine.open(candidate.model, candidate.folder, Work(tmp_path / "j")) as opened:
        arguments = opened.lm.model.arguments
        replies = opened.lm.generate_until(asked)
        assert opened.versions() == {"vllm": "0.99.0"} and opened.has_template
    assert arguments["enable_prefix_caching"] is True and arguments["trust_remote_code"] is False
    assert (arguments["dtype"], arguments["tensor_parallel_size"]) == ("bfloat16", 2)
    assert arguments["max_model_len"] == 2048
    assert replies == [f"{len(opened.lm.encode(request.args[0]))} tokens." for request in asked]
    (prompts, sampling, lora), *more = stand_in.CALLS
    assert len(prompts) == len(requests) and not more and lora is None
    assert {each.settings["temperature"] for each in sampling} == {0.0}
    assert {(each.settings["max_tokens"], "\n" in each.settings["stop"]) for each in sampling} == {(128, True)}
    with candidate.engine.open(candidate.model, candidate.folder, Work(tmp_path / "j")) as again:
        assert again.lm.generate_until(asked) == replies
    assert len(stand_in.CALLS) == 1, "a rerun asks nothing"


def test_each_item_of_a_sampled_run_has_a_seed_of_its_own(stand_in, tiny_model, requests, tmp_path):
    sampled = {**requests[0].args[1], "do_sample": True, "temperature": 0.6, "top_p": 0.9, "seed": 1}
    asked = [replace(plain(request), arguments=(plain(request).args[0], sampled)) for request in requests[:3]]
    candidate = choose(str(tiny_model), Options(EngineName.vllm), {})
    with candidate.engine.open(candidate.model, candidate.folder, Work(tmp_path / "j")) as opened:
        opened.lm.generate_until(asked)
    settings = [each.settings for each in stand_in.CALLS[0][1]]
    assert len({each["seed"] for each in settings}) == 3
    assert {(each["temperature"], each["top_p"]) for each in settings} == {(0.6, 0.9)}


@pytest.mark.parametrize(("rank", "allowed"), [(1, 8), (8, 8), (9, 16), (64, 64)])
def test_an_adapters_rank_is_rounded_up_to_what_vllm_takes(rank, allowed):
    arguments = Vllm(adapter=Path("adapter"), adapter_rank=rank).arguments("bfloat16", Path("base"))
    assert (arguments["max_lora_rank"], arguments["lora_local_path"]) == (allowed, "adapter")
