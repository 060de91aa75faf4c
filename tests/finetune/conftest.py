"""A small random model and a small built dataset for training in seconds."""

from pathlib import Path

import pytest
import yaml

from finetune.recipe import Recipe, read_recipe


@pytest.fixture(scope="session")
def quick_recipe() -> Recipe:
    """The CPU recipe with a few short steps."""
    recipe = read_recipe("smollm2-135m-cpu")
    training = recipe.training.model_copy(
        update={"max_steps": 6, "evaluations_per_epoch": 3, "batch_size": 2, "learning_rate": 5e-3, "patience": None}
    )
    data = recipe.data.model_copy(update={"max_length": 256})
    return recipe.model_copy(update={"training": training, "data": data})


@pytest.fixture
def recipe_file(quick_recipe, tmp_path) -> Path:
    """The quick recipe as a file, for another process."""
    path = tmp_path / "quick.yaml"
    path.write_text(yaml.safe_dump(quick_recipe.model_dump(mode="json")))
    return path
