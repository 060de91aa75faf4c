"""``deescalwild score``: a thin command over ``score.py``."""

from pathlib import Path
from typing import Annotated

import typer

from eval_harness.commands.printing import print_scores, recorded_command


def _write_template(path: Path, data: Path, split: str) -> None:
    import json

    from dataset_script.atomic import replacing
    from eval_harness.benchmark import load_benchmark
    from eval_harness.score import template_rows

    rows = list(template_rows(load_benchmark(data, split)))
    with replacing(path) as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    typer.echo(f"{path}: {len(rows)} items to answer")


def score(
    predictions: Annotated[Path, typer.Argument(help="JSON lines with item_id and prediction.")],
    model: Annotated[str | None, typer.Option(help="ORG/NAME in the ledger.")] = None,
    revision: Annotated[str | None, typer.Option(help="The Hub commit that answered, 40 hex digits.")] = None,
    template: Annotated[
        bool, typer.Option("--template", help="Write the items to answer to this file, and stop.")
    ] = False,
    kind: Annotated[str, typer.Option(help="base, fine-tuned or api.")] = "fine-tuned",
    precision: Annotated[str, typer.Option(help="float32, bfloat16, q4_k_m …")] = "bfloat16",
    base_model: Annotated[str | None, typer.Option(help="ORG/NAME that it was fine-tuned from.")] = None,
    parameters: Annotated[int | None, typer.Option(help="Number of parameters.")] = None,
    licence: Annotated[str | None, typer.Option(help="Licence of the weights.")] = None,
    temperature: Annotated[float, typer.Option(min=0, max=5, help="0 for greedy decoding.")] = 0.0,
    split: Annotated[str, typer.Option(help="Split that was answered.")] = "test",
    output: Annotated[Path, typer.Option(help="Results folder of a ledger.")] = Path("results"),
    data: Annotated[Path | None, typer.Option(help="Built dataset; ./deescalwild unless given.")] = None,
    encoder: Annotated[str | None, typer.Option(help="BERTScore encoder as MODEL:LAYER.")] = None,
) -> None:
    """Score predictions that were made anywhere, and write the same result file.

    Example: deescalwild score answers.jsonl --model acme/civilian-3b --revision 0123456789abcdef0123456789abcdef01234567
    """
    from eval_harness.quiet import quiet_libraries

    quiet_libraries()
    from pydantic import ValidationError

    from eval_harness.benchmark import find_data
    from eval_harness.errors import EvaluationError
    from eval_harness.score import Claim, claimed_generation
    from eval_harness.score import score as score_file
    from eval_harness.scoring import use_encoder
    from submissions.schema import Model

    folder = find_data(data)
    if template:
        _write_template(predictions, folder, split)
        return
    if encoder:
        use_encoder(encoder)
    try:
        claimed = Model(
            id=model or "",
            revision=revision or "",
            source="api" if kind == "api" else "hub",
            kind=kind,
            base_model=base_model,
            parameters=parameters,
            precision=precision,
            licence=licence,
        )
    except ValidationError as error:
        first = error.errors()[0]
        option = {"id": "model", "base_model": "base-model"}.get(str(first["loc"][0]), first["loc"][0])
        raise EvaluationError(
            f"--{option} {str(first['input'])[:80]!r} is not accepted by the ledger: {first['msg']}."
        ) from None
    claim = Claim(claimed, claimed_generation(sampled=temperature > 0, temperature=temperature))
    print_scores(
        score_file(predictions, claim, data=folder, results=output.resolve(), split=split, command=recorded_command())
    )
