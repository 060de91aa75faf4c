"""``deescalwild evaluate``: a thin command over ``run.py``."""

import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Kind(StrEnum):
    """Kinds of model that can be loaded by name."""

    base = "base"
    fine_tuned = "fine-tuned"


def evaluate(
    model: Annotated[str, typer.Argument(help="Hub id, local folder, or baseline/NAME.")],
    split: Annotated[str, typer.Option(help="Split to score; the board ranks test.")] = "test",
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only the first N scenarios. Such runs are never ranked.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, mps; the fastest unless given.")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Replies generated at once.")] = 32,
    output: Annotated[Path, typer.Option(help="Results folder of a ledger.")] = Path("results"),
    data: Annotated[Path | None, typer.Option(help="Built dataset; ./deescalwild unless given.")] = None,
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit on the Hub.")] = None,
    name: Annotated[str | None, typer.Option(help="ORG/NAME for a local folder in the ledger.")] = None,
    kind: Annotated[Kind, typer.Option(help="What it is in the ledger.")] = Kind.base,
    quantisation: Annotated[str | None, typer.Option(help="How its weights were quantised, if they were.")] = None,
    licence: Annotated[str | None, typer.Option(help="Licence of the weights, as the Hub names it.")] = None,
    encoder: Annotated[
        str | None,
        typer.Option(help="BERTScore encoder as MODEL:LAYER, another signature than roberta-large:17."),
    ] = None,
) -> None:
    """Score a model on held-out scenarios and write the result file.

    Example: deescalwild evaluate HuggingFaceTB/SmolLM2-135M-Instruct --output results
    """
    from eval_harness.quiet import quiet_libraries

    quiet_libraries()
    from eval_harness.benchmark import find_data, load_benchmark
    from eval_harness.models import resolve
    from eval_harness.progress import progress_bar
    from eval_harness.run import Settings
    from eval_harness.run import evaluate as run_evaluation
    from eval_harness.scoring import METRICS, use_encoder
    from submissions.ledger import parse_result

    if encoder:
        use_encoder(encoder)
    folder = find_data(data)
    digest = load_benchmark(folder, split).manifest.digest
    candidate = resolve(
        model,
        revision=revision,
        ledger_name=name,
        kind=kind,
        quantisation=quantisation,
        licence=licence,
        train_digest=digest,
    )
    settings = Settings(
        data=folder,
        results=output.resolve(),
        split=split,
        limit=limit,
        device=device,
        batch_size=batch_size,
        command=shlex.join(["deescalwild", *sys.argv[1:]])[:1000],
    )
    with progress_bar(candidate.model.id) as report:
        path = run_evaluation(candidate, settings, report)
    result = parse_result(path.read_bytes())
    for metric in METRICS:
        score = getattr(result.scores, metric)
        digits = 3 if metric == "bertscore" else 1
        typer.echo(f"{metric:<10} {score.value:6.{digits}f}  [{score.low:.{digits}f}, {score.high:.{digits}f}]")
    typer.echo(path)
