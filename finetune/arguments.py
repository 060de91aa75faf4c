"""What a user may choose of a run, and what TRL is told."""

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from finetune.errors import MissingHardware
from finetune.recipe import Recipe

Tracker = Literal["none", "tensorboard", "trackio", "wandb"]
"""Where curves go beside ``loss.csv``: the package of that name."""


@dataclass(frozen=True)
class Options:
    """What is not of the recipe. ``model``: a local folder in place of the recipe's model id."""

    data: Path
    out: Path
    model: Path | None = None
    any_dataset: bool = False
    report_to: Tracker = "none"
    keep_checkpoints: bool = False


def steps_per_epoch(recipe: Recipe, n_sequences: int) -> int:
    """Optimiser steps of one epoch, over all processes."""
    batch = recipe.training.batch_size * recipe.training.gradient_accumulation * int(os.environ.get("WORLD_SIZE", "1"))
    return max(1, -(-n_sequences // batch))


def training_arguments(recipe: Recipe, options: Options, precision: str, n_sequences: int) -> dict[str, Any]:
    """Settings of TRL's SFTConfig. Pure, so that a dry run shows what a run would do."""
    training = recipe.training
    stretch = steps_per_epoch(recipe, n_sequences)
    if training.max_steps > 0:
        stretch = min(stretch, training.max_steps)
    every = max(1, stretch // training.evaluations_per_epoch)
    return {
        "output_dir": str(options.out / "checkpoints"),
        "num_train_epochs": training.epochs,
        "max_steps": training.max_steps,
        "per_device_train_batch_size": training.batch_size,
        "per_device_eval_batch_size": training.batch_size,
        "gradient_accumulation_steps": training.gradient_accumulation,
        "learning_rate": training.learning_rate,
        "lr_scheduler_type": training.scheduler,
        "warmup_steps": training.warmup_steps,
        "weight_decay": training.weight_decay,
        "max_grad_norm": training.max_grad_norm,
        "optim": training.optimizer,
        "gradient_checkpointing": training.gradient_checkpointing,
        "train_sampling_strategy": "group_by_length" if training.group_by_length else "random",
        "bf16": precision == "bfloat16",
        "max_length": recipe.data.max_length,
        "packing": recipe.data.packing,
        "eval_packing": False,
        "seed": training.seed,
        "data_seed": training.seed,
        "eval_strategy": "steps",
        "eval_steps": every,
        "eval_on_start": True,
        "save_strategy": "steps",
        "save_steps": every,
        "save_total_limit": 2,
        "load_best_model_at_end": True,
        "metric_for_best_model": "eval_loss",
        "greater_is_better": False,
        "logging_steps": 1,
        "report_to": options.report_to,
        "disable_tqdm": True,
        "dataset_num_proc": None,
    }


def check_tracker(tracker: Tracker) -> None:
    if tracker != "none" and importlib.util.find_spec(tracker) is None:
        raise MissingHardware(f"--report-to {tracker} needs its package: `pip install {tracker}`.")
