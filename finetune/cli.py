"""``deescalwild finetune``: a thin command over ``train.py``, ``export.py`` and ``publish.py``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Tracker(StrEnum):
    """Trackers of experiments, by their package."""

    none = "none"
    tensorboard = "tensorboard"
    trackio = "trackio"
    wandb = "wandb"


def finetune(
    config: Annotated[str | None, typer.Argument(help="A recipe's file, or the name of one that ships.")] = None,
    data: Annotated[Path, typer.Option(help="Built dataset.")] = Path("deescalwild"),
    out: Annotated[Path | None, typer.Option(help="Output folder; runs/RECIPE unless given.")] = None,
    model: Annotated[
        Path | None, typer.Option(help="Local folder of the base model, in place of the recipe's id.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check recipe, template, masking, sizes; load no weights.")
    ] = False,
    any_dataset: Annotated[bool, typer.Option("--any-dataset", help="Train on a build that nobody knows.")] = False,
    report_to: Annotated[Tracker, typer.Option(help="Where curves go beside loss.csv.")] = Tracker.none,
    keep_checkpoints: Annotated[
        bool, typer.Option("--keep-checkpoints", help="Leave the checkpoints when done.")
    ] = False,
    gguf: Annotated[str | None, typer.Option(help="Also write GGUF of this type: f16, bf16, q8_0.")] = None,
    converter: Annotated[Path | None, typer.Option(help="llama.cpp's convert_hf_to_gguf.py.")] = None,
    name: Annotated[str | None, typer.Option(help="ORG/NAME that the model will have on the Hub.")] = None,
    submit: Annotated[str | None, typer.Option(help="Write the request file for this 40-hex commit of --name.")] = None,
    contact: Annotated[str | None, typer.Option(help="Who answers for the submission; with --submit.")] = None,
    show_list: Annotated[bool, typer.Option("--list", help="Name the recipes that ship.")] = False,
) -> None:
    """Fine-tune a model on the civilian's turns, by a recipe.

    Example: deescalwild finetune qwen2.5-3b-qlora
    """
    from eval_harness.processes import process_rank
    from eval_harness.progress import progress_bar
    from eval_harness.quiet import quiet_libraries

    quiet_libraries()
    from finetune import arguments, publish, recipe, report, train
    from finetune.errors import RecipeError

    if show_list:
        typer.echo(report.recipe_table())
        return
    if config is None:
        raise typer.BadParameter("give a recipe, or --list.")
    chosen = recipe.read_recipe(config)
    options = arguments.Options(
        data=data,
        out=(out or Path("runs") / chosen.name).resolve(),
        model=model,
        any_dataset=any_dataset,
        report_to=report_to.value,
        keep_checkpoints=keep_checkpoints,
    )
    if dry_run:
        typer.echo(report.dry_run(chosen, options))
        return
    if submit and not (name and contact):
        raise RecipeError("--submit needs --name ORG/NAME and --contact.")
    with progress_bar(chosen.name) as steps:
        run = train.train(chosen, options, report=lambda line: typer.echo(line, err=True), steps=steps)
    if process_rank() != 0:
        return
    if gguf or chosen.output.gguf:
        path = publish.write_gguf(chosen, options, outtype=gguf or "q8_0", converter=converter)
        typer.echo(path)
    card = publish.write_card(chosen, run, options, name)
    typer.echo(
        f"{run.steps} steps, validation loss {run.first_validation_loss:.3f} → {run.best_validation_loss:.3f}, "
        f"{run.seconds:.0f} s, peak {run.peak_memory_mib:.0f} MiB"
    )
    typer.echo(card.parent)
    if submit:
        assert name is not None and contact is not None
        typer.echo(publish.write_request(chosen, run, name=name, revision=submit, contact=contact))
