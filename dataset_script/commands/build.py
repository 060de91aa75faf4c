"""``deescalwild data build``."""

import re
from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from dataset_script.errors import DataError

MAX_TOLD = 50
"""Files that are named on the terminal; the report has all of them, by their ids."""


def _gates_off(on: list[str], off: list[str]) -> frozenset[str]:
    from dataset_script.quality.gates import ALWAYS_ON, GATES, OFF_BY_DEFAULT

    for name in [*on, *off]:
        if name not in GATES or name in ALWAYS_ON:
            choice = ", ".join(gate for gate in GATES if gate not in ALWAYS_ON)
            raise DataError(f"no gate {name!r} can be switched. Gates: {choice}.")
    return (OFF_BY_DEFAULT - set(on)) | set(off)


def _find_source(source: str, version: str | None) -> tuple[Path, bool]:
    """Folder of transcripts for what the user named, and whether it is the sample."""
    from dataset_script.download import fetch, open_source
    from dataset_script.inputs import SAMPLE

    source = re.sub(r"^https?://(dx\.)?doi\.org/", "doi:", source)
    if version is not None and not source.startswith("doi:"):
        raise DataError(f"--version {version} is that of a DOI; {source!r} has none. Leave it out.")
    if source == "sample":
        return SAMPLE, True
    if source.startswith("doi:"):
        return fetch(source, version=version), False
    return open_source(Path(source)), False


def build(
    source: Annotated[
        str, typer.Option(help="'sample' (fictional), a folder or archive of transcripts, or doi:10.7910/DVN/CWMCZI.")
    ] = "sample",
    out: Annotated[Path, typer.Option(help="Folder to write. `load_dataset` opens it by its path.")] = Path(
        "deescalwild"
    ),
    version: Annotated[
        str | None,
        typer.Option(
            help="Version of the dataset behind a DOI; unless given, the newest that is pinned here, else the latest."
        ),
    ] = None,
    roles: Annotated[str, typer.Option(help="'resolver', or 'keyword' for the published script's rule.")] = "resolver",
    overrides: Annotated[Path | None, typer.Option(help="CSV of people's role corrections.")] = None,
    decisions: Annotated[Path | None, typer.Option(help="JSON lines written by `data review`.")] = None,
    judgements: Annotated[Path | None, typer.Option(help="JSON lines written by `data judge`.")] = None,
    splits: Annotated[
        Path | None, typer.Option(help="Impose a published split list (scenario_id or transcript, split).")
    ] = None,
    previous: Annotated[
        Path | None,
        typer.Option(
            help="Earlier build whose splits stay; unless given, the one at --out, but for the sample, --splits and --fresh."
        ),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Assign splits anew, whatever stands at --out.")] = False,
    privacy: Annotated[bool, typer.Option(help="Replace personal data. Only a build with it can be published.")] = True,
    ner_model: Annotated[str | None, typer.Option(help="spaCy model to find more names with.")] = None,
    gate: Annotated[list[str] | None, typer.Option(help="Switch a gate on (not_relevant_by_words).")] = None,
    no_gate: Annotated[list[str] | None, typer.Option(help="Switch a gate off; may be repeated.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Tasks at a time.")] = 1,
    engine: Annotated[str, typer.Option(help="Where tasks run: local, ray or slurm.")] = "local",
    slurm_partition: Annotated[str, typer.Option(help="With --engine slurm.")] = "cpu",
    slurm_time: Annotated[
        str, typer.Option(help="With --engine slurm: limit of a task, hours:minutes:seconds.")
    ] = "02:00:00",
) -> None:
    """Read transcripts, resolve roles, repair, gate, redact, split by incident and write the dataset folder.

    Example: deescalwild data build --source my_transcripts --out deescalwild --workers 2
    """
    from dataset_script.build import Engine, Inputs, Options, build_dataset
    from dataset_script.pipeline.engine import ENGINES
    from dataset_script.review.decisions import read_review
    from dataset_script.roles.resolve import Mode

    if roles not in get_args(Mode):
        raise DataError(f"no way of resolving roles {roles!r}. Choose one of {', '.join(get_args(Mode))}.")
    if engine not in ENGINES:
        raise DataError(f"no engine {engine!r}. Choose one of {', '.join(ENGINES)}.")
    options = Options(cast(Mode, roles), privacy, ner_model, _gates_off(gate or [], no_gate or []))
    if decisions and (torn := read_review(decisions).torn_lines):
        typer.echo(f"{decisions}: lines {', '.join(map(str, torn))} are torn and are left out", err=True)
    folder, is_sample = _find_source(source, version)
    settings = {"partition": slurm_partition, "time": slurm_time} if engine == "slurm" else {}
    outcome = build_dataset(
        folder,
        out,
        is_sample=is_sample,
        options=options,
        inputs=Inputs(overrides, decisions, judgements, previous, splits),
        engine=Engine(engine, workers, settings),
        keep_splits=not (is_sample or fresh or splits),
        show_progress=True,
    )
    if outcome.manifest is None:
        typer.echo(f"queued on Slurm; {out} appears when the last job has ended")
        return
    manifest = outcome.manifest
    state = "" if outcome.is_new else " (up to date)"
    typer.echo(f"{out}: version {manifest.version}, digest {manifest.digest[:8]}{state}")
    for split, count in manifest.counts.items():
        typer.echo(
            f"  {split:<10} {count['scenarios']:>5} scenarios {count['turns']:>7} turns "
            f"{count['items_clean']:>6} clean items of {count['items_as_released']}"
        )
    typer.echo("  files: " + ", ".join(f"{count} {fate}" for fate, count in manifest.files.items()))
    for concern, times in outcome.concerns.items():
        typer.echo(f"splits: {times} {concern}", err=True)
    told = [*(f"refused: {sentence}" for sentence in outcome.refused), *outcome.copies]
    for sentence in told[:MAX_TOLD]:
        typer.echo(sentence, err=True)
    if len(told) > MAX_TOLD:
        typer.echo(f"and {len(told) - MAX_TOLD} more", err=True)
    typer.echo(f"  every decision is in {out / 'report'}")
