"""A folder of transcripts or a built dataset → figures of its files, on several cores."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from dataset_script.audit.measures import FileFigures, figures
from dataset_script.audit.summary import Audit, summarise
from dataset_script.dialogue import scenario_of
from dataset_script.errors import DataError
from dataset_script.inputs import source_files
from dataset_script.manifest import read_manifest
from dataset_script.pipeline import prepare
from dataset_script.pipeline.prepare import Guidance, Options, Refusal
from dataset_script.pipeline.steps import SourceFile

CHUNK = 8


def _of_transcript(file: SourceFile) -> FileFigures | Refusal:
    draft = prepare.read(file.path, file.number, file.row)
    if isinstance(draft, Refusal):
        return draft
    draft = prepare.resolve(draft, Options(), Guidance())
    scenario = replace(draft.scenario, scenario_id=draft.name)
    return figures(scenario, title=file.row.title, duration_s=file.row.duration_s)


def _of_row(task: tuple[str, dict]) -> FileFigures:
    split, row = task
    return figures(scenario_of(row), split=split)


def _built_rows(folder: Path) -> Iterator[tuple[str, dict]]:
    from pyarrow import parquet

    for path in sorted((folder / "scenarios").glob("*.parquet")):
        for batch in parquet.ParquetFile(path).iter_batches(batch_size=50):
            for row in batch.to_pylist():
                yield path.name.partition("-")[0], row


def audit(path: Path, *, workers: int = 1, show_progress: bool = False) -> Audit:
    """Audit a folder.

    Raises:
        DataError: no folder, or no transcript in it that can be read.
    """
    from rich.console import Console
    from rich.progress import track

    is_built = read_manifest(path) is not None
    tasks = list(_built_rows(path)) if is_built else source_files(path)
    work = _of_row if is_built else _of_transcript
    bar = partial(
        track,
        description="audit",
        total=len(tasks),
        console=Console(stderr=True),
        disable=not show_progress,
        transient=True,
    )
    if workers > 1:
        with ProcessPoolExecutor(workers) as pool:
            results = list(bar(pool.map(work, tasks, chunksize=CHUNK)))
    else:
        results = list(bar(map(work, tasks)))  # type: ignore[arg-type]
    files = [result for result in results if isinstance(result, FileFigures)]
    refused = [result.error for result in results if isinstance(result, Refusal)]
    if not files:
        raise DataError(f"{path}: no file could be read. First reason: {refused[0]}")
    return summarise(files, path=str(path), is_built=is_built, refused=refused)
