"""Training for real, on a small random model: it learns, keeps the best, resumes after a kill, and never opens the test split."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from dataset_script.manifest import read_manifest
from finetune import publish
from finetune.arguments import Options
from finetune.data import check_dataset
from finetune.errors import MissingHardware, RecipeError
from finetune.export import to_gguf
from finetune.loading import load_model
from finetune.train import RUN_FILE, train
from tests.llama_server import llama_server

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def blind_data(tiny_data, tmp_path_factory) -> Path:
    """The tiny dataset with unreadable test files: bytes that no reader takes."""
    folder = tmp_path_factory.mktemp("blind") / "deescalwild"
    shutil.copytree(tiny_data, folder)
    for path in folder.glob("*/test-*.parquet"):
        path.write_bytes(b"not for training")
    return folder


@pytest.fixture(scope="module")
def finished(quick_recipe, tiny_model, blind_data, tmp_path_factory):
    options = Options(blind_data, tmp_path_factory.mktemp("run") / "out", model=tiny_model, any_dataset=True)
    return options, train(quick_recipe, options, report=lambda line: None)


def test_it_learns_without_opening_the_test_split(finished):
    _, run = finished
    assert run.best_validation_loss < run.first_validation_loss
    assert 0 < run.learnt_tokens < run.train_tokens and run.steps == 6


def test_the_curve_has_every_step_and_the_best_weights_are_kept(finished):
    options, run = finished
    rows = list(csv.DictReader((options.out / "loss.csv").open()))
    losses = [float(row["validation_loss"]) for row in rows if row["validation_loss"]]
    assert int(rows[-1]["step"]) == 6 and min(losses) == pytest.approx(run.best_validation_loss)
    assert (options.out / "loss.png").read_bytes().startswith(b"\x89PNG")
    assert (options.out / "merged" / "model.safetensors").exists() and not (options.out / "checkpoints").exists()


def test_the_plain_template_is_written_beside_the_weights(finished, tiny_model):
    options, _ = finished
    own = (options.out / "merged" / "chat_template.jinja").read_text()
    assert (
        own == (tiny_model / "chat_template.jinja").read_text()
        and "generation" not in own.split("add_generation_prompt")[0]
    )


def test_merging_gives_what_the_adapter_computes(finished, tiny_model):
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    options, _ = finished
    ids = torch.arange(40)[None]
    base = AutoModelForCausalLM.from_pretrained(tiny_model)
    plain = base(ids).logits
    with_adapter = PeftModel.from_pretrained(base, options.out / "adapter").eval()(ids).logits
    merged = AutoModelForCausalLM.from_pretrained(options.out / "merged")(ids).logits
    assert (merged - with_adapter).abs().max() < 1e-3 < (merged - plain).abs().max()


def test_a_finished_run_is_not_repeated(finished, quick_recipe):
    options, run = finished
    assert train(quick_recipe, options, report=lambda line: pytest.fail(line)) == run


def test_a_folder_of_another_recipe_is_left_alone(finished, quick_recipe):
    options, _ = finished
    other = quick_recipe.model_copy(update={"name": "other"})
    with pytest.raises(RecipeError, match="another recipe"):
        train(other, options)


def _command(recipe_file, data, model, out) -> list[str]:
    return [
        sys.executable, "-m", "deescalwild_cli", "finetune", str(recipe_file), "--data", str(data),
        "--model", str(model), "--out", str(out), "--any-dataset",
    ]  # fmt: skip


def test_killed_and_started_again_it_ends_with_the_same_weights(
    finished, recipe_file, tiny_model, blind_data, tmp_path
):
    options, run = finished
    out = tmp_path / "out"
    command = _command(recipe_file, blind_data, tiny_model, out)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    deadline = time.monotonic() + 240
    while not list(out.glob("checkpoints/checkpoint-*/trainer_state.json")) and time.monotonic() < deadline:
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (out / RUN_FILE).exists()
    again = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert "going on from checkpoint-" in again.stderr
    assert "step 6/6: validation loss" in again.stderr and "{" not in again.stdout + again.stderr
    whole, resumed = (load_file(folder / "merged" / "model.safetensors") for folder in (options.out, out))
    assert whole.keys() == resumed.keys() and all((whole[key] == resumed[key]).all() for key in whole)
    stated = json.loads((out / RUN_FILE).read_text())
    assert stated["best_validation_loss"] == run.best_validation_loss


def test_two_processes_train_one_model(recipe_file, tiny_model, blind_data, tmp_path):
    out = tmp_path / "out"
    _, *rest = _command(recipe_file, blind_data, tiny_model, out)
    launch = [
        sys.executable,
        "-m",
        "accelerate.commands.launch",
        "--cpu",
        "--num_processes",
        "2",
        "--num_machines",
        "1",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*launch, *rest], capture_output=True, text=True, env=environment, timeout=280)
    assert done.returncode == 0, done.stderr[-2000:]
    run = json.loads((out / RUN_FILE).read_text())
    assert run["best_validation_loss"] < run["first_validation_loss"] and run["steps"] == 6
    assert done.stdout.count("validation loss") == 1, "the first process alone speaks"
    assert not list((out / "adapter").glob("*.bin"))


def test_a_dataset_that_nobody_knows_is_refused_unless_told_so(tiny_data, built_sample, tmp_path):
    with pytest.raises(RecipeError, match="no published build"):
        check_dataset(tiny_data, None)
    assert check_dataset(tiny_data, None, any_dataset=True) == read_manifest(tiny_data)
    assert check_dataset(built_sample, None).is_sample
    with pytest.raises(RecipeError, match="the recipe wants"):
        check_dataset(built_sample, "0" * 64)
    with pytest.raises(RecipeError, match="not a built dataset"):
        check_dataset(tmp_path, None)


def test_four_bits_without_a_gpu_are_refused_with_the_way_out(quick_recipe, tiny_model):
    recipe = quick_recipe.model_copy(update={"adapter": quick_recipe.adapter.model_copy(update={"method": "qlora"})})
    with pytest.raises(MissingHardware, match="Set it to lora"):
        load_model(recipe, tiny_model, "float32")


def test_the_card_states_recipe_data_and_limits(finished, quick_recipe):
    from huggingface_hub import ModelCard

    options, run = finished
    path = publish.write_card(quick_recipe, run, options, "acme/civilian")
    card = ModelCard.load(path)
    assert card.data.base_model == quick_recipe.model.id and card.data.license == "apache-2.0"
    for words in (run.dataset_digest, "test` was never opened", "Not for predicting behaviour", quick_recipe.name):
        assert words in card.text


def test_the_request_is_one_that_the_ledger_accepts(finished, quick_recipe, tmp_path):
    from submissions.request_file import read_request

    _, run = finished
    path = publish.write_request(
        quick_recipe, run, name="acme/civilian", revision="0" * 39 + "1", contact="ada@example.org", ledger=tmp_path
    )
    request = read_request(path, tmp_path)
    assert request.kind == "fine-tuned" and request.weights == "merged" and request.trained_on_corpus == "train"
    with pytest.raises(RecipeError, match="exists"):
        publish.write_request(
            quick_recipe, run, name="acme/civilian", revision="0" * 39 + "1", contact="ada@example.org", ledger=tmp_path
        )


def test_without_a_converter_gguf_says_where_to_get_one(finished, monkeypatch, tmp_path):
    options, _ = finished
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("LLAMA_CPP_CONVERTER", raising=False)
    monkeypatch.setenv("DEESCALWILD_ASSETS", str(tmp_path))
    with pytest.raises(MissingHardware, match="GGUF needs"):
        to_gguf(options.out / "merged", tmp_path / "model.gguf")


def test_gguf_speaks_as_the_merged_weights_do(finished, tmp_path, monkeypatch):
    import httpx
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    options, _ = finished
    merged = options.out / "merged"
    monkeypatch.chdir(tmp_path)  # the converter runs in a folder of its own
    gguf = to_gguf(Path(os.path.relpath(merged)), Path("model.gguf"), outtype="f32")
    messages = [
        {"role": "system", "content": "You stand at the roadside."},
        {"role": "user", "content": "Licence, please."},
    ]
    tokenizer = AutoTokenizer.from_pretrained(merged)
    prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    model = AutoModelForCausalLM.from_pretrained(merged).eval()
    with torch.inference_mode():
        own = model.generate(**prompt, max_new_tokens=12, do_sample=False)[0, prompt["input_ids"].shape[1] :]
    with llama_server(gguf) as url:
        body = {"messages": messages, "max_tokens": 12, "temperature": 0}
        answer = httpx.post(f"{url}/chat/completions", json=body, timeout=60).raise_for_status().json()
    assert answer["choices"][0]["message"]["content"].strip() == tokenizer.decode(own, skip_special_tokens=True).strip()


def test_a_tracker_that_is_not_installed_is_named_before_anything_is_loaded(
    quick_recipe, tiny_model, blind_data, tmp_path
):
    options = Options(blind_data, tmp_path / "out", model=tiny_model, any_dataset=True, report_to="wandb")
    with pytest.raises(MissingHardware, match="pip install wandb"):
        train(quick_recipe, options)
