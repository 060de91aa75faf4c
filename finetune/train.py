"""One run of a recipe: TRL's SFTTrainer over our sequences, resumable at every checkpoint, the best adapter kept.

Output folder: ``checkpoints/`` (removed when done unless kept), ``adapter/`` or ``merged/``, ``loss.csv``, ``loss.png``, ``recipe.yaml`` and
``run.json``. Killed at any moment and started again, it goes on from the last checkpoint and ends with the weights that it
would have had.
"""

import json
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import yaml

from dataset_script.atomic import replacing
from eval_harness.processes import process_rank
from finetune.arguments import Options, check_tracker, training_arguments
from finetune.curve import write_curve
from finetune.data import Corpus, load_corpus
from finetune.errors import RecipeError
from finetune.loading import load_model, load_tokenizer, precision_of
from finetune.masking import IGNORED
from finetune.memory import as_text, estimate
from finetune.recipe import Recipe

RUN_FILE = "run.json"
PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets")


@dataclass(frozen=True)
class Run:
    """What a finished run was. Losses are means over learnt tokens (nats); ``seconds`` are those since it was last started."""

    recipe: str
    base_model: str
    base_revision: str | None
    dataset_version: str
    dataset_digest: str
    is_sample: bool
    train_sequences: int
    train_tokens: int
    learnt_tokens: int
    steps: int
    epochs: float
    first_validation_loss: float
    best_validation_loss: float
    seconds: float
    device: str
    peak_memory_mib: float
    packages: dict[str, str]
    weights: str


def _rows(examples):
    from datasets import Dataset

    return Dataset.from_dict(
        {"input_ids": [example.input_ids for example in examples], "labels": [example.labels for example in examples]}
    )


def _trainer(recipe: Recipe, options: Options, corpus: Corpus, tokenizer, precision: str, callbacks: list):
    import torch
    from peft import LoraConfig
    from transformers import EarlyStoppingCallback, PrinterCallback
    from trl import SFTConfig, SFTTrainer

    adapter = recipe.adapter
    if recipe.training.patience:
        callbacks = [*callbacks, EarlyStoppingCallback(recipe.training.patience)]
    # Before the weights: it gives each process its device.
    arguments = SFTConfig(
        **training_arguments(recipe, options, precision, len(corpus.train)), use_cpu=not torch.cuda.is_available()
    )
    trainer = SFTTrainer(
        model=load_model(recipe, options.model, precision),
        args=arguments,
        train_dataset=_rows(corpus.train),
        eval_dataset=_rows(corpus.validation),
        processing_class=tokenizer,
        peft_config=LoraConfig(
            r=adapter.rank,
            lora_alpha=adapter.alpha,
            lora_dropout=adapter.dropout,
            target_modules=adapter.target_modules,
            task_type="CAUSAL_LM",
        ),
        callbacks=callbacks,
    )
    trainer.remove_callback(PrinterCallback)  # it prints every log as a dict
    return trainer


def _last_checkpoint(folder: Path) -> str | None:
    """The newest whole checkpoint; one that a kill cut short lacks the state that is written last, and is passed over."""
    whole = [path for path in folder.glob("checkpoint-*") if (path / "trainer_state.json").exists()]
    return str(max(whole, key=lambda path: int(path.name.split("-")[1]))) if whole else None


def train(
    recipe: Recipe,
    options: Options,
    report: Callable[[str], None] = print,
    steps: Callable[[int, int], None] = lambda done, total: None,
) -> Run:
    """Train, or go on with a run that was killed; returns at once where the run is finished.

    Args:
        report: takes one line for people.
        steps: takes the optimiser steps done and their total.

    Raises:
        RecipeError, MissingHardware: see :mod:`finetune.errors`.
    """
    import psutil
    from transformers import set_seed

    from finetune.progress import Progress

    finished = options.out / RUN_FILE
    settings = yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    _claim(options.out, settings)
    if finished.exists():
        return Run(**json.loads(finished.read_text("utf-8")))
    check_tracker(options.report_to)
    started = time.monotonic()
    precision = precision_of(recipe)
    report = report if process_rank() == 0 else lambda line: None
    report(
        f"memory: {as_text(estimate(recipe, precision))}; free here: {psutil.virtual_memory().available / 2**30:.1f} GiB of main memory"
    )
    tokenizer = load_tokenizer(recipe, options.model)
    corpus = load_corpus(options.data, tokenizer, recipe.data, any_dataset=options.any_dataset)
    set_seed(recipe.training.seed)
    trainer = _trainer(recipe, options, corpus, tokenizer, precision, [Progress(steps, report)])
    checkpoint = _last_checkpoint(options.out / "checkpoints")
    if checkpoint:
        report(f"going on from {Path(checkpoint).name}")
    trainer.train(resume_from_checkpoint=checkpoint)
    trainer.save_model(str(options.out / "adapter"))  # by all processes: shards are gathered
    if process_rank() == 0:
        _finish(recipe, options, trainer, corpus, tokenizer, started)
    trainer.accelerator.wait_for_everyone()
    return Run(**json.loads(finished.read_text("utf-8")))


def _finish(recipe: Recipe, options: Options, trainer, corpus: Corpus, tokenizer, started: float) -> None:
    """Write the curve, the weights in their last form and, last of all, what the run was."""
    import torch

    history = trainer.state.log_history
    write_curve(history, options.out)
    weights = _save(recipe, options, tokenizer)
    losses = [row["eval_loss"] for row in history if "eval_loss" in row]
    run = Run(
        recipe=recipe.name,
        base_model=recipe.model.id,
        base_revision=recipe.model.revision,
        dataset_version=corpus.manifest.version,
        dataset_digest=corpus.manifest.digest,
        is_sample=corpus.manifest.is_sample,
        train_sequences=len(corpus.train),
        train_tokens=sum(len(example.input_ids) for example in corpus.train),
        learnt_tokens=sum(label != IGNORED for example in corpus.train for label in example.labels),
        steps=trainer.state.global_step,
        epochs=round(trainer.state.epoch or 0.0, 4),
        first_validation_loss=losses[0],
        best_validation_loss=min(losses),
        seconds=round(time.monotonic() - started, 1),
        device=torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or "cpu",
        peak_memory_mib=round(_peak_mib(), 1),
        packages={name: version(name) for name in PACKAGES},
        weights=weights,
    )
    with replacing(options.out / RUN_FILE) as file:
        json.dump(asdict(run), file, indent=1)
    if not options.keep_checkpoints:
        import shutil

        shutil.rmtree(options.out / "checkpoints", ignore_errors=True)


def _claim(out: Path, settings: str) -> None:
    """Note the recipe in the output folder; a folder of another recipe is left alone."""
    noted = out / "recipe.yaml"
    if noted.exists() and noted.read_text("utf-8") != settings:
        raise RecipeError(f"{out} holds a run of another recipe. Choose another --out, or remove it.")
    if not noted.exists():
        with replacing(noted) as file:
            file.write(settings)


def _save(recipe: Recipe, options: Options, tokenizer) -> str:
    """Put the tokenizer with its own, plain template beside the adapter, and merge where the recipe says; returns the folder's name."""
    from finetune.export import merge

    adapter = options.out / "adapter"
    (adapter / "training_args.bin").unlink(missing_ok=True)  # a pickle: nothing that is shared should hold one
    tokenizer.save_pretrained(adapter)
    if recipe.output.weights == "merged":
        merge(
            adapter,
            options.model or recipe.model.id,
            recipe.model.revision,
            options.out / "merged",
            precision_of(recipe),
        )
        return "merged"
    return "adapter"


def _peak_mib() -> float:
    import resource

    import torch

    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
