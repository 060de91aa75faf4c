"""What follows a run: GGUF, the model card, the request file."""

import json
from pathlib import Path

from dataset_script.atomic import replacing
from finetune.arguments import Options
from finetune.errors import RecipeError
from finetune.export import merge, to_gguf
from finetune.loading import precision_of
from finetune.recipe import Recipe
from finetune.train import Run
from submissions.request import Request, request_path

TEMPLATE = Path(__file__).with_name("model_card.md.jinja")


def write_gguf(recipe: Recipe, options: Options, *, outtype: str, converter: Path | None) -> Path:
    """GGUF of the merged weights, which are made first where the recipe keeps the adapter alone.

    Raises:
        MissingHardware, RecipeError: see :func:`finetune.export.to_gguf`.
    """
    merged = options.out / "merged"
    if not merged.exists():
        base = options.model or recipe.model.id
        merge(options.out / "adapter", base, recipe.model.revision, merged, precision_of(recipe))
    return to_gguf(merged, options.out / f"{recipe.name}-{outtype}.gguf", converter=converter, outtype=outtype)


def write_card(recipe: Recipe, run: Run, options: Options, name: str | None, scores: str | None = None) -> Path:
    """``README.md`` beside the weights: recipe, data with its digest, losses, intended use, licence notes.

    Args:
        scores: a Markdown table of measured scores, if there are any.
    """
    from huggingface_hub import ModelCard, ModelCardData

    data = ModelCardData(
        base_model=recipe.model.id,
        library_name="peft" if run.weights == "adapter" else "transformers",
        pipeline_tag="text-generation",
        language="en",
        license=recipe.model.licence,
        tags=["deescalwild", "de-escalation", "role-play", "not-for-all-audiences"],
    )
    card = ModelCard.from_template(
        data,
        template_path=str(TEMPLATE),
        name=name or recipe.name,
        recipe=recipe,
        run=run,
        scores=scores,
        settings=json.dumps(recipe.model_dump(mode="json", exclude={"model", "reasons"}), indent=1),
    )
    path = options.out / run.weights / "README.md"
    with replacing(path) as file:
        file.write(str(card))
    return path


def write_request(
    recipe: Recipe, run: Run, *, name: str, revision: str, contact: str, ledger: Path | None = None
) -> Path:
    """The request that puts the model on the board, once its weights are on the Hub as ``revision`` of ``name``.

    Raises:
        RecipeError: something that the ledger does not accept, or a request that is there already.
    """
    from pydantic import ValidationError

    from submissions.ledger import LEDGER, LedgerError, write_new
    from submissions.request_file import request_bytes

    try:
        request = Request(
            model=name,
            revision=revision,
            precision="bfloat16",
            kind="fine-tuned",
            weights="adapter" if run.weights == "adapter" else "merged",
            base_model=recipe.model.id,
            base_revision=recipe.model.revision,
            licence=recipe.model.licence,
            contact=contact,
            trained_on_corpus="train",
            comment=f"Recipe {recipe.name}, data {run.dataset_digest[:12]}, validation loss {run.best_validation_loss:.3f}.",
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise RecipeError(f"--submit: {'.'.join(map(str, first['loc']))}: {first['msg']}.") from None
    path = (ledger or LEDGER) / request_path(request)
    try:
        write_new(path, request_bytes(request))
    except LedgerError as error:
        raise RecipeError(str(error)) from None
    return path
