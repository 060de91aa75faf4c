"""What a recipe would do, without weights: a table of all recipes, and a dry run of one."""

from collections.abc import Sequence

from finetune.arguments import Options, training_arguments
from finetune.data import check_dataset, conversations, examples
from finetune.errors import MissingHardware
from finetune.loading import load_tokenizer, precision_of
from finetune.masking import IGNORED, Example
from finetune.memory import as_text, estimate
from finetune.recipe import Recipe, read_recipe, shipped

SHOWN_TURNS = 3


def recipe_table() -> str:
    """Name, base model, method and estimated memory of the recipes that ship."""
    lines = [f"{'recipe':<28}{'base model':<44}{'method':<8}{'GiB':>6}  licence"]
    for path in shipped():
        recipe = read_recipe(path)
        precision = "float32" if recipe.training.precision == "float32" else "bfloat16"
        total = estimate(recipe, precision).total
        lines.append(
            f"{recipe.name:<28}{recipe.model.id:<44}{recipe.adapter.method:<8}{total:>6.1f}  {recipe.model.licence}"
        )
    return "\n".join(lines)


def token_counts(found: Sequence[Example]) -> str:
    """One line on a split's sequences."""
    tokens = [len(example.input_ids) for example in found]
    learnt = sum(example.n_learnt for example in found)
    return (
        f"{len(found)} sequences, {sum(tokens):,} tokens (longest {max(tokens)}), {learnt:,} learnt ({learnt / sum(tokens):.0%})"
        if found
        else "nothing to learn from"
    )


def dry_run(recipe: Recipe, options: Options) -> str:
    """Recipe, dataset, template, masking, token counts, steps and memory, as lines; no weights are loaded.

    Raises:
        RecipeError: what would stop the run.
        MissingHardware: the tokenizer is not here and cannot be fetched.
    """
    manifest = check_dataset(options.data, recipe.data.digest, any_dataset=options.any_dataset)
    precision = precision_of(recipe)
    lines = [
        f"{recipe.name}: {recipe.adapter.method} rank {recipe.adapter.rank} on {recipe.model.id}, {precision}",
        f"dataset {manifest.version}, digest {manifest.digest[:8]}"
        + (", the fictional sample" if manifest.is_sample else ""),
        f"memory: {as_text(estimate(recipe, precision))}",
    ]
    try:
        tokenizer = load_tokenizer(recipe, options.model)
    except MissingHardware as error:
        return "\n".join([*lines, f"not checked, template and masking: {error}"])
    found = {
        split: list(examples(conversations(options.data, split), tokenizer, recipe.data))
        for split in ("train", "validation")
    }
    lines += [f"{split}: {token_counts(own)}" for split, own in found.items()]
    settings = training_arguments(recipe, options, precision, len(found["train"]))
    lines.append(f"an evaluation every {settings['eval_steps']} steps; learnt in the first sequence, decoded:")
    lines += [f"  {text!r}" for text in learnt_texts(found["train"][0], tokenizer)[:SHOWN_TURNS]]
    return "\n".join(lines)


def learnt_texts(example: Example, tokenizer) -> list[str]:
    """The runs of learnt tokens, decoded with their special tokens."""
    runs: list[list[int]] = []
    was_learnt = False
    for token, label in zip(example.input_ids, example.labels, strict=True):
        is_learnt = label != IGNORED
        if is_learnt and not was_learnt:
            runs.append([])
        if is_learnt:
            runs[-1].append(token)
        was_learnt = is_learnt
    return [tokenizer.decode(run) for run in runs]
