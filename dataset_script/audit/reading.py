"""A folder of transcripts or a built dataset → figures of its files, on several cores."""

from collections import defaultdict
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
from dataset_script.publishing.folder import BuiltFolder

CHUNK = 8


def _of_transcript(file: SourceFile) -> FileFigures | Refusal:
    draft = prepare.read(file.path, file.number, file.row)
    if isinstance(draft, Refusal):
        return draft
    draft = prepare.resolve(draft, Options(), Guidance())
    scenario = replace(draft.scenario, scenario_id=draft.name)
    return figures(scenario, title=file.row.title, duration_s=file.row.duration_s)


def _of_row(task: tuple[str, dict, dict[int, list[str]]]) -> FileFigures:
    split, row, published = task
    return figures(scenario_of(row), split=split, published=published)


def _built_rows(folder: BuiltFolder) -> Iterator[tuple[str, dict, dict[int, list[str]]]]:
    """Split, row and published items of each scenario: turn index → flags."""
    from pyarrow import ArrowException

    try:
        for split in folder.splits():
            items: defaultdict[str, dict[int, list[str]]] = defaultdict(dict)
            for item in folder.rows("items", split):
                items[item["scenario_id"]][item["turn_index"]] = item["flags"]
            for row in folder.rows("scenarios", split):
                yield split, row, items[row["scenario_id"]]
    except (ArrowException, OSError, KeyError) as error:
        raise DataError(
            f"{folder.root} cannot be read as a built dataset ({type(error).__name__}). Run `deescalwild data check {folder.root}`."
        ) from None


def audit(path: Path, *, workers: int = 1, show_progress: bool = False) -> Audit:
    """Audit a folder.

    Raises:
        DataError: no folder, or no transcript in it that can be read.
    """
    from rich.console import Console
    from rich.progress import track

    is_built = read_manifest(path) is not None
    tasks = list(_built_rows(BuiltFolder(path))) if is_built else source_files(path)
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
