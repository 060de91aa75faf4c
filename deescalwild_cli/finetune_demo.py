"""``deescalwild finetune-demo``: train SmolLM2-135M on the sample, score it before and after, and say what changed.

Works below ``.demo``, beside ``deescalwild demo``, and keeps finished work: a second run prints the comparison at once.
"""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import typer

from deescalwild_cli.demo import LEDGER_NAME, LICENCE, QUANTISATION, SCRATCH
from deescalwild_cli.steps import DATA, begin, score, step
from submissions.schema import Diagnostics, Result

RECIPE = "smollm2-135m-cpu"
RUN = Path(".demo/finetune")
TUNED_NAME = f"{LEDGER_NAME}-deescalwild-sample"
COMPARISON = "comparison.md"


def finetune_demo() -> None:
    """Train SmolLM2-135M on the sample's train split, score base and fine-tuned on the test split, show the difference.

    Example: deescalwild finetune-demo
    """
    from eval_harness import offline_assets

    started = time.monotonic()
    begin()
    base = offline_assets.model_dir(offline_assets.CIVILIAN_MODEL)
    step(f"training by the recipe {RECIPE} (importing libraries)")
    tuned = _train(base)
    step("scoring base and fine-tuned on the test split")
    own = {"quantisation": QUANTISATION, "licence": LICENCE}
    merged = {"licence": LICENCE, "kind": "fine-tuned", "base_model": LEDGER_NAME, "weights": "merged"}
    before = _scored(os.path.relpath(base), name=LEDGER_NAME, **own)
    after = _scored(os.path.relpath(tuned), name=TUNED_NAME, **merged)
    text = comparison(before, after)
    _keep(text)
    typer.echo(text)
    typer.echo(f"loss curve: {RUN / 'loss.png'}; model and card: {tuned}; {time.monotonic() - started:.0f} s", err=True)


def _train(base: Path) -> Path:
    """Train, or find what an earlier run left; returns the folder of merged weights."""
    from eval_harness.progress import progress_bar
    from finetune.arguments import Options
    from finetune.recipe import read_recipe
    from finetune.train import train

    options = Options(data=DATA, out=RUN.resolve(), model=base)
    with progress_bar("  steps") as steps:
        run = train(read_recipe(RECIPE), options, report=lambda line: typer.echo(f"  {line}", err=True), steps=steps)
    typer.echo(
        f"  {run.steps} steps in {run.seconds:.0f} s, validation loss {run.first_validation_loss:.3f} → {run.best_validation_loss:.3f}, "
        f"peak memory {run.peak_memory_mib / 1024:.1f} GiB",
        err=True,
    )
    return RUN / run.weights


def _scored(model: str, **options: str) -> Result:
    from submissions.ledger import read_result

    return read_result(score(model, SCRATCH, **options), SCRATCH.resolve())


def _keep(text: str) -> None:
    """Write the comparison beside the run, and the scores into the model's card."""
    import json

    from dataset_script.atomic import replacing
    from eval_harness import offline_assets
    from finetune.arguments import Options
    from finetune.publish import write_card
    from finetune.recipe import read_recipe
    from finetune.train import RUN_FILE, Run

    with replacing(RUN / COMPARISON) as file:
        file.write(text + "\n")
    run = Run(**json.loads((RUN / RUN_FILE).read_text("utf-8")))
    base = offline_assets.model_dir(offline_assets.CIVILIAN_MODEL)
    write_card(read_recipe(RECIPE), run, Options(DATA, RUN, model=base), TUNED_NAME, scores=text)


def comparison(before: Result, after: Result) -> str:
    """What fine-tuning changed, as Markdown: scores with paired intervals over scenarios, then faults and lengths.

    Raises:
        ValueError: the two were not measured on the same scenarios.
    """
    from leaderboard_app.paired import adjust, differences, told_apart
    from leaderboard_app.rendering import METRIC_NAMES, format_gain, format_score
    from submissions.statistics import ScenarioStatistics

    first, second = (ScenarioStatistics.from_rows(result.per_scenario) for result in (before, after))
    found = differences(first, second)
    adjusted = dict(zip(found, adjust([gap.p for gap in found.values()]), strict=True))
    rows, verdicts = [], {}
    for metric, gap in found.items():
        values = [format_score(getattr(result.scores, metric).value, metric) for result in (before, after)]
        interval = f"[{format_gain(gap.low, metric)}, {format_gain(gap.high, metric)}]"
        rows.append([METRIC_NAMES[metric], *values, f"{format_gain(gap.value, metric)} {interval}"])
        verdicts[METRIC_NAMES[metric]] = 0 if not told_apart(adjusted[metric]) else (1 if gap.value > 0 else -1)
    n = before.benchmark
    return "\n".join(
        [
            f"Paired over {n.n_scenarios} scenarios, {n.n_items_clean} items; 95 % intervals by bootstrap of scenarios, tests by Holm.",
            "",
            _table(["metric", "base", "fine-tuned", "difference [95 %]"], rows),
            "",
            _table(["replies", "base", "fine-tuned"], _habits(before.diagnostics, after.diagnostics)),
            "",
            verdict(verdicts),
        ]
    )


def verdict(by_metric: Mapping[str, int]) -> str:
    """One sentence a direction: where fine-tuning helped (1), where the split cannot tell (0), where it hurt (−1)."""
    words = {1: "Better by", -1: "Worse by", 0: "Not told apart by"}
    parts = [
        f"{words[way]} {', '.join(names)}."
        for way in words
        if (names := [name for name, found in by_metric.items() if found == way])
    ]
    return " ".join(parts)


def _habits(before: Diagnostics, after: Diagnostics) -> list[list[str]]:
    """Rows of lengths, variety and the faults that either model has."""
    both = (before, after)
    rows = [
        [
            f"words (the reference has {before.mean_reference_words:.1f})",
            *(f"{one.mean_prediction_words:.1f}" for one in both),
        ],
        ["distinct bigrams", *(f"{one.distinct_2:.2f}" for one in both)],
    ]
    for fault in before.faults:
        counts = [one.faults.get(fault, 0) for one in both]
        if any(counts):
            rows.append([fault.replace("_", " "), *map(str, counts)])
    return rows


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns line up in a terminal."""
    widths = [max(len(line[place]) for line in (header, *rows)) for place in range(len(header))]
    lines = [header, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )
