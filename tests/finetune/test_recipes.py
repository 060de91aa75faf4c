"""Recipes: each that ships is whole, and a wrong one is named in one line."""

from pathlib import Path

import pytest
import yaml

from finetune.arguments import Options, training_arguments
from finetune.errors import RecipeError
from finetune.memory import adapter_parameters, estimate
from finetune.recipe import RECIPES, read_recipe, shipped
from finetune.report import recipe_table

PAPER_FAMILIES = {"Qwen 2.5", "Llama 3.2", "Gemma 2", "Granite 3.0", "Falcon 3", "Phi 4", "Ministral 3"}


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_a_shipped_recipe_is_whole_and_named_as_its_file(path):
    recipe = read_recipe(path)
    assert recipe.name == path.stem and read_recipe(path.stem) == recipe
    assert 0.5 < estimate(recipe, "bfloat16").total < 24
    arguments = training_arguments(recipe, Options(Path("data"), Path("out")), "bfloat16", 1000)
    assert arguments["eval_steps"] == arguments["save_steps"] and arguments["load_best_model_at_end"]


def test_every_family_of_the_paper_has_its_settings_and_a_tuned_variant():
    recipes = [read_recipe(path) for path in shipped()]
    published = {recipe.family: recipe for recipe in recipes if recipe.name.endswith("-qlora")}
    tuned = {recipe.family: recipe for recipe in recipes if recipe.name.endswith("-tuned")}
    assert published.keys() >= PAPER_FAMILIES and tuned.keys() >= PAPER_FAMILIES
    for family in PAPER_FAMILIES:
        adapter, training, data = published[family].adapter, published[family].training, published[family].data
        assert (adapter.method, adapter.rank, adapter.alpha, adapter.target_modules) == ("qlora", 16, 16, "all-linear")
        assert (training.epochs, training.batch_size, training.gradient_accumulation) == (2, 2, 4)
        assert (training.learning_rate, data.max_length) == (2e-4, 2048)
        assert tuned[family].reasons and tuned[family].model == published[family].model


def test_the_estimate_of_trainable_parameters_is_near_what_peft_counts():
    # 4,884,480 by peft for SmolLM2-135M, r 16 on all linear layers (shared/research/datasets.md § 6).
    assert adapter_parameters(read_recipe("smollm2-135m-cpu")) == pytest.approx(4_884_480, rel=0.35)


def test_the_table_names_each_recipe_with_its_memory():
    table = recipe_table()
    assert all(path.stem in table for path in shipped()) and "apache-2.0" in table


GOOD = yaml.safe_load((RECIPES / "smollm2-135m-cpu.yaml").read_text())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"adapter": {"rank": 0}}, "adapter.rank"),
        ({"adapter": {"method": "magic"}}, "adapter.method"),
        ({"training": {"learning_rate": "fast"}}, "training.learning_rate"),
        ({"training": {"epohcs": 2}}, "training.epohcs"),
        ({"model": {"revision": "main"}}, "model.revision"),
        ({"name": "../escape"}, "name"),
        ({"extends": "nowhere.yaml"}, "is not there"),
        ({"training": {"max_grad_norm": float("inf")}}, "training.max_grad_norm"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, change, says):
    base = {**GOOD, "extends": str(RECIPES / "paper.yaml")}
    for key, value in change.items():
        base[key] = {**base[key], **value} if isinstance(value, dict) and key in base else value
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(base))
    with pytest.raises(RecipeError, match=says) as error:
        read_recipe(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", ["- a list", "just text", "a: [", "a: !!python/object:os.system {}", ""])
def test_what_is_no_recipe_is_refused(tmp_path, content):
    path = tmp_path / "recipe.yaml"
    path.write_text(content)
    with pytest.raises(RecipeError):
        read_recipe(path)


def test_a_recipe_that_extends_itself_is_refused(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text("extends: recipe.yaml\n")
    with pytest.raises(RecipeError, match="extend each other"):
        read_recipe(path)


@pytest.mark.parametrize("name", ["fsdp", "deepspeed_zero2", "deepspeed_zero3"])
def test_the_launch_configurations_are_read_by_accelerate(name):
    from accelerate.commands.config.config_args import load_config_from_file

    config = load_config_from_file(str(RECIPES.parent / "accelerate" / f"{name}.yaml"))
    assert config.num_processes == 2 and config.mixed_precision == "bf16"
