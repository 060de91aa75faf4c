"""The datatrove steps of the build: thin shells that move drafts, indices and arrays between files and pure functions.

Every file is written beside its place and renamed, so a task that is killed leaves nothing half-written and is run again.
"""

import json
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from datatrove.data import Document, DocumentsPipeline
from datatrove.pipeline.base import PipelineStep
from loguru import logger

from dataset_script.atomic import replacing
from dataset_script.duplicates import name_of, pairs_of_bucket, series_of
from dataset_script.pipeline import prepare
from dataset_script.pipeline.prepare import Decision, Draft, Guidance, Options, Refusal
from dataset_script.sidecar import SidecarRow

# datatrove adds a sink on stderr in every worker; what fails raises, and that is what a user is to see.
logger.disable("datatrove")


@dataclass(frozen=True)
class Workspace:
    """Where the stages of one build leave what the next ones read."""

    root: Path

    def path(self, stage: str, name: str) -> Path:
        """A file of a stage; its folder is made."""
        folder = self.root / stage
        folder.mkdir(parents=True, exist_ok=True)
        return folder / name

    def files(self, stage: str, suffix: str) -> list[Path]:
        """Files of a stage, in the order of their names."""
        return sorted((self.root / stage).glob(f"*{suffix}"))


@dataclass(frozen=True)
class SourceFile:
    """A transcript to read, and what its sidecar says."""

    number: int
    path: Path
    row: SidecarRow


class ReadTranscripts(PipelineStep):
    """Source files → documents that carry a :class:`Draft`, or the reason why a file was refused."""

    type = "reader"
    name = "read transcripts"

    def __init__(self, files: list[SourceFile]) -> None:
        super().__init__()
        self.files = files

    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        """Read every ``world_size``-th file, beginning with ``rank``."""
        for file in self.files[rank::world_size]:
            with self.track_time():
                draft = prepare.read(file.path, file.number, file.row)
            self.stat_update("refused" if isinstance(draft, Refusal) else "read")
            yield Document(text="", id=str(file.number), metadata={"draft": draft})


class DraftStep(PipelineStep):
    """A step that works on one draft at a time; refused files pass through."""

    type = "draft"

    @abstractmethod
    def apply(self, draft: Draft) -> Draft:
        """What the step does with a draft."""

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        """Apply the step to every draft."""
        for document in data:
            if isinstance(document.metadata["draft"], Draft):
                with self.track_time():
                    document.metadata["draft"] = self.apply(document.metadata["draft"])
            yield document


class ResolveRoles(DraftStep):
    """Labels → roles, and reviewers' corrections."""

    name = "resolve roles"

    def __init__(self, options: Options, guidance: Guidance) -> None:
        super().__init__()
        self.options, self.guidance = options, guidance

    def apply(self, draft: Draft) -> Draft:
        """See :func:`prepare.resolve`."""
        return prepare.resolve(draft, self.options, self.guidance)


class RepairDefects(DraftStep):
    """Collapse loops, flag defects."""

    name = "repair defects"

    def apply(self, draft: Draft) -> Draft:
        """See :func:`prepare.repair`."""
        return prepare.repair(draft)


class Assess(DraftStep):
    """Relevance and gates."""

    name = "assess"

    def __init__(self, options: Options, guidance: Guidance) -> None:
        super().__init__()
        self.options, self.guidance = options, guidance

    def apply(self, draft: Draft) -> Draft:
        """See :func:`prepare.assess`."""
        return prepare.assess(draft, self.options, self.guidance)


class RedactPersonalData(DraftStep):
    """Personal data → placeholders. The spaCy model, where one is named, is loaded once a worker."""

    name = "redact personal data"

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options
        self._ner: Any = None

    def apply(self, draft: Draft) -> Draft:
        """See :func:`prepare.redact_personal_data`. Gated drafts are not published, so they are left as they are."""
        if draft.gates or not self.options.privacy:
            return draft
        if self.options.ner_model and self._ner is None:
            from dataset_script.privacy import load_ner

            self._ner = load_ner(self.options.ner_model)
        return prepare.redact_personal_data(draft, self._ner)


class ListItems(DraftStep):
    """Evaluation items and the quality columns."""

    name = "list items"

    def apply(self, draft: Draft) -> Draft:
        """See :func:`prepare.list_items`."""
        return prepare.list_items(draft)


def index_row(draft: Draft, task: int, offset: int, length: int) -> dict:
    """What planning needs of a draft, and where its scenario lies: the task's file, byte offset and length."""
    scenario = draft.scenario
    assert draft.measures is not None
    return {
        "number": draft.number,
        "scenario_id": scenario.scenario_id,
        "source": scenario.source,
        "category": scenario.category,
        "event": draft.row.event,
        "series": series_of(draft.title),
        "title": name_of(draft.title),
        "gates": draft.gates,
        "measures": asdict(draft.measures),
        "n_shingles": len(draft.shingles),
        "items": [
            {
                "item_id": item.item_id,
                "is_clean": item.subset == "clean",
                "pair": prepare.pair_key(item),
                "reference_words": len(item.reference.split()),
            }
            for item in draft.items
        ],
        "place": [task, offset, length],
    }


class WriteDrafts(PipelineStep):
    """Drafts → ``drafts/`` (scenarios, index, decisions) and ``shingles/BUCKET/``, one file of each a task."""

    type = "writer"
    name = "write drafts"

    def __init__(self, workspace: Workspace, buckets: int) -> None:
        super().__init__()
        self.workspace, self.buckets = workspace, buckets

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        """Write all drafts of the task. The index comes last: a task without one has not ended."""
        index: list[dict] = []
        decisions: list[dict] = []
        refused: list[dict] = []
        numbers: list[int] = []
        arrays: list[np.ndarray] = []
        task = f"{rank:05d}"
        with replacing(self.workspace.path("drafts", f"{task}.scenarios"), "wb") as scenarios:
            for document in data:
                draft = document.metadata["draft"]
                if isinstance(draft, Refusal):
                    refused.append(asdict(draft))
                    decisions.append(
                        {
                            "number": int(document.id),
                            **asdict(Decision(draft.scenario_id, "file refused", draft.reason)),
                        }
                    )
                    continue
                line = json.dumps(asdict(draft.scenario), ensure_ascii=False).encode()
                index.append(index_row(draft, rank, scenarios.tell(), len(line)))
                scenarios.write(line + b"\n")
                decisions += [{"number": draft.number, **asdict(decision)} for decision in draft.decisions]
                numbers.append(draft.number)
                arrays.append(draft.shingles)
        hashes = np.concatenate([np.empty(0, np.uint64), *arrays])
        files = np.repeat(np.array(numbers, np.uint32), [len(array) for array in arrays])
        bucket_of = (hashes >> np.uint64(32)) % np.uint64(self.buckets)
        for bucket in range(self.buckets):
            chosen = bucket_of == bucket
            with replacing(self.workspace.path(f"shingles/{bucket:05d}", f"{task}.npz"), "wb") as file:
                np.savez(file, hashes=hashes[chosen], files=files[chosen])
        write_lines(self.workspace.path("drafts", f"{task}.refused"), refused)
        write_lines(self.workspace.path("drafts", f"{task}.decisions"), decisions)
        write_lines(self.workspace.path("drafts", f"{task}.index"), index)
        yield from ()


class CountSharedShingles(PipelineStep):
    """``shingles/BUCKET/`` → ``pairs/BUCKET.npy``: how many shingles any two files share in a bucket."""

    type = "duplicates"
    name = "count shared shingles"

    def __init__(self, workspace: Workspace, buckets: int) -> None:
        super().__init__()
        self.workspace, self.buckets = workspace, buckets

    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        """Count pairs in every ``world_size``-th bucket, beginning with ``rank``."""
        for bucket in range(rank, self.buckets, world_size):
            parts = [np.load(path) for path in self.workspace.files(f"shingles/{bucket:05d}", ".npz")]
            hashes = np.concatenate([np.empty(0, np.uint64), *(part["hashes"] for part in parts)])
            files = np.concatenate([np.empty(0, np.uint32), *(part["files"] for part in parts)])
            with replacing(self.workspace.path("pairs", f"{bucket:05d}.npy"), "wb") as file:
                np.save(file, pairs_of_bucket(hashes, files))
        yield from ()


class Once(PipelineStep):
    """A step without documents: calls a function of the workspace, in the first task only."""

    type = "stage"

    def __init__(self, name: str, function: Callable[..., None], **arguments: Any) -> None:
        super().__init__()
        self.name, self.function, self.arguments = name, function, arguments

    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        """Call the function once."""
        if rank == 0:
            self.function(**self.arguments)
        yield from ()


class EachTask(Once):
    """A step without documents that every task runs; the function is given ``rank`` and ``world_size``."""

    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        """Call the function for this task."""
        self.function(**self.arguments, rank=rank, world_size=world_size)
        yield from ()


def write_lines(path: Path, rows: list[dict]) -> None:
    """JSON lines, written whole or not at all."""
    with replacing(path, "w") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def read_lines(path: Path) -> Iterator[dict]:
    """JSON lines of a file."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
