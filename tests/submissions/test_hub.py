"""What the Hub says of a model, asked by the real client, and what is refused for it."""

import dataclasses
import json
import struct

import pytest

from submissions import hub as hub_module
from submissions.hub import HubUnreachable, ModelFacts, ModelNotFound, ask, look_up
from submissions.hub_checks import MAX_PARAMETERS, hub_outcomes
from submissions.report import HUB_CHECKS
from tests.hub_models import model_files, publish, weights
from tests.loopback_hub import File, loopback_hub, use_hub
from tests.loopback_hub.store import MAIN
from tests.requests import make_request

MODEL = "acme/civilian"


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A Hub, asked without a token, as the workers ask it."""
    with loopback_hub() as running:
        use_hub(monkeypatch, running, cache=tmp_path / "cache", token="")
        monkeypatch.delenv("HF_TOKEN")
        monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "no-token"))
        yield running


def faults(request) -> dict[str, str]:
    """Failed check → its first line."""
    outcomes, _ = hub_outcomes(request, ask(request))
    return {each.check: each.lines[0] for each in outcomes if each.state == "failed"}


def request_for(revision: str, **changes):
    return make_request(MODEL, revision=revision, **{"precision": "float16", **changes})


def test_a_sound_model_passes_all_checks(hub):
    sha = publish(hub, MODEL)
    outcomes, notes = hub_outcomes(request_for(sha), ask(request_for(sha)))
    assert [(each.check, each.state) for each in outcomes] == [(check, "passed") for check in HUB_CHECKS]
    assert notes == ("64 parameters, 0 MB of safetensors (F16, llama)",)


def test_weights_are_counted_without_being_downloaded(hub):
    sha = publish(hub, MODEL, model_files(model__safetensors=weights(5_000_000)))
    facts = look_up(MODEL, sha)
    assert (facts.parameters, facts.dtype, facts.weights) == (5_000_000, "F16", "full")
    assert facts.n_bytes > 10_000_000
    reads = [path for method, path in hub.requests if method == "GET" and path.endswith("model.safetensors")]
    assert len(reads) == 1, "one range request for the header"


def test_shards_are_added_up(hub):
    shards = {f"model-0000{n}-of-00002.safetensors": weights(100 * n) for n in (1, 2)}
    files = model_files(model__safetensors=None) | shards
    assert look_up(MODEL, publish(hub, MODEL, files)).parameters == 300
    files.pop("model-00002-of-00002.safetensors")
    assert faults(make_request("acme/half", revision=publish(hub, "acme/half", files)))["weights"].startswith(
        "model: 1 of its weight files are missing"
    )


def test_the_main_branch_is_resolved_to_a_commit(hub):
    sha = publish(hub, MODEL)
    assert look_up(MODEL).sha == look_up(MODEL, "main").sha == sha


AUTO_MAP = {"auto_map": {"AutoModelForCausalLM": "evil.Model"}}
REPOSITORIES = {
    "custom code in the model": ({"config__json": AUTO_MAP}, "code", "config.json: has auto_map"),
    "custom code in the tokenizer": ({"tokenizer_config__json": AUTO_MAP}, "code", "tokenizer_config.json: has auto_map"),
    "custom code in a pipeline": ({"config__json": {"custom_pipelines": {"x": {}}}}, "code", "config.json: has custom_pipelines"),
    "a config that is no JSON": ({"config__json": "{"}, "weights", "config.json: is not JSON"),
    "a config that is a list": ({"config__json": "[]"}, "weights", "config.json: is not a JSON object"),
    "a config nested too deeply": ({"config__json": "[" * 200_000}, "weights", "config.json: is not JSON"),
    "pickles only": ({"model__safetensors": None, "pytorch_model__bin": b"x"}, "weights", "model: has pickled weights only"),
    "no weights": ({"model__safetensors": None}, "weights", "model: holds no weights that we read"),
    "weights that are none": ({"model__safetensors": b"\x80\x04 a pickle"}, "weights", "model.safetensors: its header is not"),
    "weights that are empty": ({"model__safetensors": b"\0\0\0"}, "weights", "model.safetensors: its header is not"),
    "a huge header": ({"model__safetensors": struct.pack("<Q", 2**60)}, "weights", "model.safetensors: its header is not"),
    "weights cut short": ({"model__safetensors": weights(5000)[:-9000]}, "weights", "model.safetensors: is shorter than"),
    "no licence": ({"README__md": "none"}, "licence", "licence: the repository states none"),
    "another licence": ({"README__md": "---\nlicense: mit\n---\n"}, "licence", "licence: the repository says mit"),
    "no chat template": ({"tokenizer_config__json": {}}, "chat_template", "chat_template: the repository has none"),
    "an unnamed base model": ({"README__md": "---\nlicense: apache-2.0\nbase_model: acme/base\n---\n"}, "base", "base_model: the repository's README says acme/base"),
    "an adapter said to be full": ({"model__safetensors": None, "adapter_model__safetensors": weights(), "adapter_config__json": {}}, "weights", "weights: the repository holds an adapter"),
}  # fmt: skip


@pytest.mark.parametrize("case", REPOSITORIES)
def test_a_repository_is_refused_with_a_line_that_helps(hub, case):
    changes, check, line = REPOSITORIES[case]
    found = faults(request_for(publish(hub, MODEL, model_files(**changes))))
    assert found[check].startswith(line), found


def test_a_model_too_large_for_the_workers_is_refused():
    facts = ModelFacts(id=MODEL, sha="0" * 40, weights="full", parameters=MAX_PARAMETERS + 1, licence="apache-2.0")
    outcomes, _ = hub_outcomes(request_for("0" * 40), hub_module.HubAnswer(facts))
    assert any("we run up to" in line for each in outcomes for line in each.lines)


def test_a_model_that_is_not_there_is_refused(hub):
    assert faults(request_for("0" * 40)) == {
        "model": f"model: {MODEL} is not on the Hub, or private. Check the name, or make it public"
    }


def test_a_private_model_is_not_told_from_a_missing_one_and_refused_to_its_owner(hub, monkeypatch):
    sha = publish(hub, MODEL, private=True)
    assert "model" in faults(request_for(sha))
    monkeypatch.setenv("HF_TOKEN", "hf_alice")
    assert faults(request_for(sha)) == {
        "access": "model: is private. Make it public: anybody must be able to repeat the run"
    }


def test_a_gate_hides_no_code_from_the_check(hub):
    """Behind a gate nothing can be read, so nothing of it passes."""
    sha = publish(hub, MODEL, model_files(config__json=AUTO_MAP), gated="auto")
    outcomes, _ = hub_outcomes(request_for(sha), ask(request_for(sha)))
    states = {each.check: each.state for each in outcomes}
    assert states["access"] == "failed" and states["code"] == states["weights"] == "skipped"


def test_a_commit_of_somebody_elses_pull_request_is_not_the_models(hub):
    """It answers under the model's name, but its owner never took it."""
    publish(hub, MODEL)
    repo = hub.store.repos["model", MODEL]
    proposed = repo.open_discussion("my weights", "bob", repo.resolve(MAIN).oid)
    sha = repo.commit(proposed.ref, {"model.safetensors": File(weights(8))}, "my weights", "bob").oid
    assert faults(request_for(sha))["revision"].startswith("revision: is on no branch or tag of the repository")


def test_a_commit_of_another_branch_or_a_tag_is_the_models(hub):
    publish(hub, MODEL)
    repo = hub.store.repos["model", MODEL]
    head = repo.resolve(MAIN)
    for ref in ("refs/heads/v2", "refs/tags/v3"):
        sha = repo.commit(ref, head.files, "another", "alice").oid
        assert faults(request_for(sha)) == {}


def test_an_unknown_commit_is_refused(hub):
    publish(hub, MODEL)
    assert faults(request_for("0" * 40))["revision"].startswith("revision: 0000000000000000")


def test_an_adapter_is_bound_to_its_base(hub):
    base = publish(hub, "acme/base")
    adapter = model_files(
        model__safetensors=None,
        adapter_model__safetensors=weights(),
        adapter_config__json={"base_model_name_or_path": "acme/base"},
    )
    sha = publish(hub, MODEL, adapter)
    sound = request_for(sha, kind="fine-tuned", weights="adapter", base_model="acme/base", base_revision=base)
    assert faults(sound) == {}
    publish(hub, "acme/other")
    other = dataclasses.asdict(look_up("acme/other"))["sha"]
    assert faults(sound.model_copy(update={"base_model": "acme/other", "base_revision": other}))["base"].startswith(
        "base_model: adapter_config.json says acme/base"
    )
    assert faults(sound.model_copy(update={"base_revision": "1" * 40}))["base"].startswith("base_revision: 1111")
    assert faults(sound.model_copy(update={"base_model": "acme/gone"}))["base"].startswith(
        "base_model: acme/gone is not"
    )


def test_a_gguf_file_must_be_there(hub):
    total = {"total": 134_000_000, "architecture": "llama", "chat_template": "{{ messages }}"}
    files = {"README.md": model_files()["README.md"], "model-Q4_K_M.gguf": b"GGUF"}
    sha = publish(hub, MODEL, files, extra={"gguf": total})
    request = request_for(sha, precision="gguf", gguf_file="model-Q4_K_M.gguf")
    assert faults(request) == {}
    assert look_up(MODEL, sha).parameters == 134_000_000
    missing = faults(request.model_copy(update={"gguf_file": "model-Q8_0.gguf"}))
    assert missing == {
        "weights": "gguf_file: is not at the root of the repository, which holds model-Q4_K_M.gguf. Name one that is"
    }


def test_a_name_in_other_letters_is_refused(hub):
    sha = publish(hub, MODEL)
    hub.store.repos["model", "Acme/Civilian"] = hub.store.repos["model", MODEL]  # the Hub redirects
    assert (
        faults(make_request("Acme/Civilian", revision=sha))["model"]
        == "model: the Hub spells it acme/civilian. Write it so"
    )


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_hub_that_fails_is_no_verdict(hub, status, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    sha = publish(hub, MODEL)
    hub.faults["repo_info"].extend([status] * 20)
    with pytest.raises(HubUnreachable):
        look_up(MODEL, sha)


def test_offline_is_no_verdict(hub, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(HubUnreachable, match="HF_HUB_OFFLINE is set"):
        look_up(MODEL)


@pytest.mark.parametrize("name", ["a--b/c", "acme/x..y", "x/y/z"])
def test_a_name_that_the_client_refuses_is_not_found(hub, name):
    assert isinstance(look_up(name), ModelNotFound)


def test_facts_of_hostile_values_are_printable(hub):
    config = {"model_type": "llama\u202e\n<b>", "quantization_config": {"quant_method": "x\n#", "bits": 4}}
    sha = publish(hub, MODEL, model_files(config__json=json.dumps(config)))
    assert all(line.isprintable() for line in look_up(MODEL, sha).summary())
