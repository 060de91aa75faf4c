"""A recipe's tokenizer and weights: safetensors only, no custom code."""

import importlib.util
from pathlib import Path
from typing import Any

from finetune.errors import MissingHardware, RecipeError
from finetune.recipe import Recipe


def precision_of(recipe: Recipe) -> str:
    """``bfloat16`` where a GPU computes in it, ``float32`` elsewhere: bfloat16 on a CPU without AMX is three times slower."""
    import torch

    if recipe.training.precision != "auto":
        return recipe.training.precision
    return "bfloat16" if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else "float32"


def load_tokenizer(recipe: Recipe, model: Path | None):
    """The model's tokenizer with the recipe's chat template, if it names one.

    Raises:
        RecipeError: there is no such model, or no fast tokenizer.
        MissingHardware: the Hub cannot be reached.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(
            str(model or recipe.model.id), revision=None if model else recipe.model.revision, trust_remote_code=False
        )
    except (OSError, ValueError) as error:
        raise MissingHardware(
            f"the tokenizer of {model or recipe.model.id} cannot be loaded ({str(error).splitlines()[0][:160]}). "
            "Go online and accept the model's terms, or give a local folder with --model."
        ) from None
    if not tokenizer.is_fast:
        raise RecipeError(f"{recipe.model.id} has no fast tokenizer, so the words' places in its tokens are not known.")
    if recipe.model.chat_template:
        tokenizer.chat_template = Path(recipe.model.chat_template).read_text("utf-8")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(recipe: Recipe, model: Path | None, precision: str):
    """The model's weights in the recipe's precision; safetensors only, no custom code.

    Raises:
        MissingHardware: 4-bit weights without a GPU or bitsandbytes, or the Hub cannot be reached.
    """
    import torch
    from transformers import AutoModelForCausalLM

    settings: dict[str, Any] = {"dtype": getattr(torch, precision)}
    if recipe.adapter.method == "qlora":
        from accelerate import PartialState

        settings["quantization_config"] = _four_bits(precision)
        settings["device_map"] = {"": PartialState().local_process_index}  # each process of a launch has its own GPU
    try:
        loaded = AutoModelForCausalLM.from_pretrained(
            str(model or recipe.model.id),
            revision=None if model else recipe.model.revision,
            trust_remote_code=False,
            use_safetensors=True,
            **settings,
        )
    except OSError as error:
        raise MissingHardware(
            f"{model or recipe.model.id} cannot be loaded ({str(error).splitlines()[0][:160]}). Go online and accept its terms, or give a folder with --model."
        ) from None
    loaded.config.use_cache = False
    return loaded


def _four_bits(precision: str):
    import torch
    from transformers import BitsAndBytesConfig

    if not torch.cuda.is_available() or importlib.util.find_spec("bitsandbytes") is None:
        raise MissingHardware(
            "adapter.method qlora needs a CUDA GPU and bitsandbytes (`pip install bitsandbytes`). Set it to lora to train here."
        )
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=getattr(torch, precision),
    )
