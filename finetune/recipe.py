"""A recipe: everything that a run depends on, in one strict YAML. ``extends`` names a recipe to start from.

``recipes/paper.yaml`` holds the paper's settings and ``recipes/tuned.yaml`` ours; a recipe of a model adds the model and
nothing else, so that a new model is one short file.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from finetune.errors import RecipeError

RECIPES = Path(__file__).parent / "recipes"
MAX_EXTENDS = 5

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{0,79}$")]
Line = Annotated[str, StringConstraints(max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Strict(BaseModel):
    """Base of a recipe's parts."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Model(Strict):
    """The model to start from. The last four numbers are its config's, for estimates before anything is downloaded."""

    id: Line
    revision: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")] | None = None
    licence: Line
    licence_note: Line | None = None
    chat_template: Line | None = Field(None, description="File of a chat template, for a tokenizer without one.")
    parameters: int = Field(gt=0)
    hidden_size: int = Field(gt=0)
    n_layers: int = Field(gt=0)
    vocabulary: int = Field(gt=0)


class Adapter(Strict):
    """LoRA (Hu et al. 2021), over weights in 16 or 32 bits or, for QLoRA (Dettmers et al. 2023), in 4-bit NF4."""

    method: Literal["lora", "qlora"]
    rank: int = Field(gt=0, le=1024)
    alpha: int = Field(gt=0, le=4096)
    dropout: float = Field(0.0, ge=0, lt=1)
    target_modules: Literal["all-linear"] | list[Line] = "all-linear"


class Data(Strict):
    """What is learnt. ``digest``: the only built dataset that this recipe may use; any known one where None.

    ``long_scenarios``: ``truncate`` keeps the first ``max_length`` tokens, ``split`` cuts at whole turns into windows, in which
    every civilian turn is learnt once, with at least ``overlap`` of the window as history where there is so much.
    ``packing``: several scenarios in a sequence; without FlashAttention they may see each other, so it is off in what ships.
    ``validation_sequences``: at most so many of the validation split, evenly spaced, where computing is dear.
    """

    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    max_length: int = Field(ge=64, le=131_072)
    long_scenarios: Literal["truncate", "split"]
    overlap: float = Field(0.25, ge=0, le=0.75)
    packing: bool = False
    validation_sequences: int | None = Field(None, gt=0)


class Training(Strict):
    """How it is learnt. An effective batch is ``batch_size`` × ``gradient_accumulation`` × number of processes."""

    epochs: float = Field(gt=0, le=100)
    max_steps: int = Field(-1, ge=-1)
    batch_size: int = Field(gt=0, le=1024)
    gradient_accumulation: int = Field(gt=0, le=1024)
    learning_rate: float = Field(gt=0, lt=1)
    scheduler: Literal["linear", "cosine", "constant", "constant_with_warmup"]
    warmup_steps: float = Field(ge=0, description="Steps, or a share of all steps where below 1.")
    weight_decay: float = Field(ge=0, lt=1)
    max_grad_norm: float = Field(1.0, gt=0)
    optimizer: Literal["adamw_torch", "adamw_8bit", "paged_adamw_8bit"] = "adamw_torch"
    gradient_checkpointing: bool
    group_by_length: bool
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    evaluations_per_epoch: int = Field(gt=0, le=100)
    patience: int | None = Field(None, gt=0, description="Evaluations without a better loss before it stops.")
    seed: int = Field(ge=0, lt=2**32)


class Output(Strict):
    """What is kept of a run beside the curve and the card."""

    weights: Literal["adapter", "merged"]
    gguf: bool = False


class Recipe(Strict):
    """One fine-tuning run. ``reasons``: why settings differ from the paper's, for the model card."""

    name: Name
    family: Line
    model: Model
    adapter: Adapter
    data: Data
    training: Training
    output: Output
    reasons: list[Line] = Field(default_factory=list)


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both = {**base, **over}
    for key in base.keys() & over.keys():
        if isinstance(base[key], dict) and isinstance(over[key], dict):
            both[key] = _merged(base[key], over[key])
    return both


def _load(path: Path, depth: int = 0) -> dict[str, Any]:
    if depth > MAX_EXTENDS:
        raise RecipeError(f"{path}: recipes extend each other more than {MAX_EXTENDS} deep. Does one extend itself?")
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        raise RecipeError(f"{path} is not there. `deescalwild finetune --list` names the recipes that ship.") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RecipeError(f"{path} cannot be read as YAML: {str(error).splitlines()[0]}.") from None
    if not isinstance(content, dict):
        raise RecipeError(f"{path}: expected a mapping of settings at the top level.")
    parents = content.pop("extends", [])
    whole: dict[str, Any] = {}
    for parent in [parents] if isinstance(parents, str) else parents:
        whole = _merged(whole, _load(path.parent / str(parent), depth + 1))
    return _merged(whole, content)


def read_recipe(path: Path | str) -> Recipe:
    """Read a recipe: a file, or the name of one that ships.

    Raises:
        RecipeError: not there, not YAML, or a setting that is wrong, missing or unknown.
    """
    file = Path(path)
    if not file.exists() and (RECIPES / f"{path}.yaml").exists():
        file = RECIPES / f"{path}.yaml"
    try:
        return Recipe.model_validate(_load(file))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise RecipeError(f"{file}: {'.'.join(map(str, first['loc']))}: {first['msg']}.") from None


def shipped() -> list[Path]:
    """The recipes of models that ship, by name; shared settings are left out."""
    return [path for path in sorted(RECIPES.glob("*.yaml")) if "model" in _load(path)]
