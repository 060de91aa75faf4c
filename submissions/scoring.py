"""The trusted step: what an engine left behind → files of the ledger, every number recomputed by our own code.

In: a folder written by an evaluation that nobody vouches for. Out: predictions, verification and result, in the order in which they
are written. The recomputation is ``deescalwild submissions verify`` in a process of its own, which never loads the model.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from submissions.engines import EvaluationFailed, Job, Limits
from submissions.engines.command import PROGRAM
from submissions.engines.process import run
from submissions.ledger import LedgerError, items_path, parse_result, read_result, result_files, verification_path
from submissions.request import Request
from submissions.schema import Result
from submissions.stores import Store

HELD_OUT = "DEESCALWILD_HELDOUT"


@dataclass(frozen=True)
class Measured:
    """A result in a folder laid out like the ledger's ``results/``."""

    path: Path
    result: Result


def differs(request: Request, result: Result) -> str | None:
    """In what a result is not the answer to a request; None where it is."""
    # A GGUF file's precision is the name of its own quantisation; llama.cpp alone reads one.
    is_gguf = result.environment.engine == "llama.cpp"
    stated: dict[str, str | None] = {
        "model": result.model.id,
        "revision": result.model.revision,
        "protocol": result.protocol.name,
        "precision": "gguf" if is_gguf else result.model.precision,
        "weights": result.model.weights,
    }
    if request.weights == "adapter":
        stated |= {"base_model": result.model.base_model, "base_revision": result.model.base_revision}
    for name, value in stated.items():
        if value != getattr(request, name):
            return f"{name} {value!r} instead of {getattr(request, name)!r}"
    if result.provenance.limit_scenarios is not None:
        return f"only {result.provenance.limit_scenarios} scenarios"
    return None


def measured(job: Job) -> Measured:
    """The one result below a job's output.

    Raises:
        EvaluationFailed: none, several, broken, or of something else.
    """
    root = job.output.resolve()
    paths = result_files(root)
    if len(paths) != 1:
        raise EvaluationFailed(f"The evaluation left {len(paths)} results instead of one.")
    try:
        result = read_result(paths[0], root)
    except LedgerError as error:
        raise EvaluationFailed(f"The evaluation's result is not valid: {error}") from None
    if difference := differs(job.request, result):
        raise EvaluationFailed(f"The evaluation measured {difference}.")
    return Measured(paths[0], result)


def known_result(store: Store, request: Request) -> str | None:
    """Path below ``results/`` of a request's result that is in the ledger already, from a worker that died after writing it."""
    folder = request.model.replace("/", "__")
    for name, content in store.results(f"{folder}/{request.revision[:12]}-*.json").items():
        try:
            result = parse_result(content)
        except LedgerError:
            continue  # a side file; or broken, which reading the ledger reports
        if differs(request, result) is None:
            return name.removeprefix("results/")
    return None


def verify(job: Job, found: Measured, store: Store, stop: Event, held_out: Path | None = None) -> dict[str, bytes]:
    """Recompute a result beside the baselines of the ledger.

    Args:
        held_out: result file of the same model on the private split.

    Returns:
        Path in the ledger → content, the result last.

    Raises:
        EvaluationFailed: a number does not follow from the predictions.
    """
    stage = job.folder / "stage"
    _stage(stage, found, store)
    path = stage / found.path.relative_to(job.output.resolve())
    extra = ["--record", *(["--held-out", str(held_out)] if held_out else [])]
    try:
        _recompute(job, path, stage, extra, stop)
    except EvaluationFailed as error:
        raise EvaluationFailed(f"Scoring: {error.reason}", error.log_tail, is_final=error.is_final) from None
    return as_files(path, stage)


def verify_held_out(job: Job, stop: Event) -> Path:
    """Recompute a result over the private split, in a process of its own; nothing is written.

    Returns:
        The result's file.

    Raises:
        EvaluationFailed: with text that must not leave the worker.
    """
    path = measured(job).path
    _recompute(job, path, job.output.resolve(), (), stop)
    return path


def _recompute(job: Job, path: Path, results: Path, extra: Sequence[str], stop: Event) -> None:
    command = [
        *PROGRAM,
        "submissions",
        "verify",
        str(path),
        "--ledger",
        str(results),
        "--data",
        str(job.data),
        "--ours",
    ]
    command += ["--encoder", job.encoder] if job.encoder else []
    run([*command, *extra], os.environ, job.folder / "scoring.txt", Limits(job.limits.time_s), stop)


def as_files(path: Path, results: Path) -> dict[str, bytes]:
    """A result and what lies beside it, as the ledger takes them: the result last."""
    beside = [items_path(path), *([verification_path(path)] if verification_path(path).exists() else [])]
    return {f"results/{each.relative_to(results)}": each.read_bytes() for each in (*beside, path)}


def _stage(stage: Path, found: Measured, store: Store) -> None:
    """A small ledger: the new result, and those that its integrity flags compare it with."""
    own = found.path.parent.name
    files: dict[str, bytes] = {**store.results("baseline__*/*"), **store.results(f"{own}/*")}
    for path in (items_path(found.path), found.path):
        files[f"results/{own}/{path.name}"] = path.read_bytes()
    for name, content in files.items():
        place = stage / name.removeprefix("results/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def held_out_folder(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The private split: a folder as it is, a gated dataset repository fetched with the maintainers' token; None where none is named.

    Raises:
        LedgerError: it is neither.
        OSError: the repository cannot be read.
    """
    named = environment.get(HELD_OUT)
    if not named:
        return None
    if Path(named).is_dir():
        return Path(named).resolve()
    if named.count("/") != 1 or named.startswith((".", "/")):
        raise LedgerError(f"{HELD_OUT}: {named} is neither a folder nor a dataset repository ORG/NAME.")
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(named, repo_type="dataset"))
