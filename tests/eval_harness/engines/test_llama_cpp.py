"""Engine ``llama.cpp``: GGUF files in a real server inside this process."""

import hashlib
import json
from dataclasses import replace
from importlib.metadata import version

import pytest

from eval_harness.engines import EngineName, MissingEngine, Work
from eval_harness.engines.choose import Options, choose
from eval_harness.engines.gguf_file import read_header
from eval_harness.engines.llama_cpp import serve
from eval_harness.errors import EvaluationError
from eval_harness.offline_assets import gguf_file
from eval_harness.run import Settings, evaluate
from submissions.ledger import items_path, read_result, unpack_items

LLAMA_CPP = Options(EngineName.llama_cpp, concurrency=2, threads=1)


def test_a_gguf_file_end_to_end(tiny_gguf, tiny_data, tmp_path):
    settings = Settings(data=tiny_data, results=tmp_path / "results", limit=1, command="deescalwild evaluate …")
    path = evaluate(choose(str(tiny_gguf), LLAMA_CPP, {"ledger_name": "acme/tiny-GGUF"}), settings)
    result = read_result(path, settings.results)
    sha256 = hashlib.sha256(tiny_gguf.read_bytes()).hexdigest()
    template = read_header(tiny_gguf).chat_template
    assert (result.model.id, result.model.revision) == ("acme/tiny-GGUF", sha256[:40])
    assert (result.model.precision, result.model.quantisation) == ("f32", "GGUF F32")
    assert result.environment.engine == "llama.cpp" and "llama.cpp" in path.name
    assert result.environment.packages["gguf-sha256"] == sha256
    assert result.environment.packages["xllamacpp"] == version("xllamacpp")
    assert result.protocol.chat_template_sha256 == hashlib.sha256(template.encode()).hexdigest()
    assert result.usage.n_requests == result.benchmark.n_items_as_released and result.usage.cost_usd is None
    assert len(unpack_items(items_path(path).read_bytes())) == result.benchmark.n_items_as_released


def test_the_prompt_cache_is_used_along_each_scenario(tiny_gguf, requests, tmp_path):
    candidate = choose(str(tiny_gguf), LLAMA_CPP, {})
    short = [replace(each, arguments=(each.args[0], {**each.args[1], "max_gen_toks": 2})) for each in requests]
    with candidate.engine.open(candidate.model, candidate.folder, Work(tmp_path / "j")) as opened:
        opened.lm.generate_until(short)
        usage = opened.usage()
    assert usage.n_requests == len(requests)
    assert usage.cached_prompt_tokens > usage.prompt_tokens / 2


def test_the_servers_prompt_is_the_one_that_hf_renders(tiny_gguf, tiny_model, requests):
    """The file's template and tokenizer give the tokens that transformers gives."""
    import httpx
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    messages = json.loads(requests[-1].args[0].prompt)
    expected = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    with serve(tiny_gguf, threads=1) as base_url:
        root = base_url.removesuffix("/v1")
        rendered = httpx.post(f"{root}/apply-template", json={"messages": messages}).json()["prompt"]
        tokens = httpx.post(
            f"{root}/tokenize", json={"content": rendered, "add_special": True, "parse_special": True}
        ).json()["tokens"]
    assert rendered == expected
    assert tokens == tokenizer(expected, add_special_tokens=False)["input_ids"]


def test_the_server_answers_nobody_without_its_key(tiny_gguf):
    import httpx

    body = {"messages": [{"role": "user", "content": "Hello."}], "max_tokens": 1}
    with serve(tiny_gguf, threads=1, api_key="sesame") as base_url:
        assert httpx.post(f"{base_url}/chat/completions", json=body).status_code == 401


def test_what_a_gguf_file_says_of_itself():
    header = read_header(gguf_file())
    assert (header.architecture, header.quantisation, header.context_tokens) == ("llama", "Q4_1", 8192)
    assert header.parameters == 134_515_008
    assert "<|im_start|>" in header.chat_template


@pytest.mark.parametrize(
    ("name", "reason"), [("absent.gguf", "no such file"), ("README.md", "no GGUF file that can be read")]
)
def test_what_is_no_gguf_file_is_refused(name, reason):
    with pytest.raises(EvaluationError, match=reason):
        choose(name, LLAMA_CPP, {})


def test_a_missing_package_is_said_in_one_sentence(tiny_gguf, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "xllamacpp", None)
    with pytest.raises(MissingEngine, match="pip install xllamacpp") as error, serve(tiny_gguf):
        pass
    assert error.value.exit_code == 2
