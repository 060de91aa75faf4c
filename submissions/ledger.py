"""The ledger's folder: where files lie, how they are written and read.

``results/<org>__<model>/<revision12>-<precision>-<protocol>-<digest8>.json``, and beside each its predictions
``…-items.jsonl.gz``. Written atomically, never overwritten. Reading never stops at a broken or hostile file: it
is left out and named.
"""

import csv
import gzip
import io
import json
import os
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from submissions.schema import Generation, Model, Reported, Result

LEDGER = Path(__file__).parent
Parsed = TypeVar("Parsed", bound=BaseModel)
MAX_RESULT_BYTES = 8 * 2**20
SIDE_FILES = re.compile(r"-(?:verification|latency(?:-[a-z0-9_.-]+)?|judge-[a-z0-9_.-]+)$")
"""What may lie beside a result ``<stem>.json`` as ``<stem>-….json``: written later, by others, bound to it by digest."""
REPORTED_FILE = "reported.csv"


class LedgerError(ValueError):
    """A file of the ledger is wrong or would be overwritten."""

    exit_code = 1


@dataclass(frozen=True)
class Problem:
    """A file that was left out, and why, in one printable line."""

    where: str
    message: str


@dataclass(frozen=True)
class Ledger:
    """All readable results, reported rows, and the files that could not be read."""

    results: tuple[Result, ...]
    reported: tuple[Reported, ...]
    problems: tuple[Problem, ...]


def result_path(
    results: Path,
    model: Model,
    protocol: str,
    limit: int | None,
    digest: str,
    generation: Generation | None = None,
    engine: str = "hf",
) -> Path:
    """Place of a result below ``results``, from what is known before the run.

    A run over part of a split, a sampled run, and one by another engine than transformers are named so.
    """
    label = generation.label if generation else ""
    name = protocol + (f"-{label}" if label else "") + (f"-limit{limit}" if limit else "")
    name += f"-{engine}" if engine != "hf" else ""
    return results / model.id.replace("/", "__") / f"{model.revision[:12]}-{model.precision}-{name}-{digest[:8]}.json"


def path_of(results: Path, result: Result) -> Path:
    """Place of a result below ``results``, derived from its content alone."""
    limit = result.provenance.limit_scenarios
    protocol, engine = result.protocol, result.environment.engine
    return result_path(
        results, result.model, protocol.name, limit, result.benchmark.digest, protocol.generation, engine
    )


def items_path(path: Path) -> Path:
    """The predictions file beside a result file."""
    return path.with_name(f"{path.stem}-items.jsonl.gz")


def verification_path(path: Path) -> Path:
    """What maintainers found out about a result file, beside it."""
    return path.with_name(f"{path.stem}-verification.json")


def printable(text: str, limit: int = 200) -> str:
    """A stranger's text on one line without control or direction marks."""
    line = "".join(char if char.isprintable() else " " for char in text)
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def parse_result(content: bytes) -> Result:
    """Parse and check a result file's content.

    Raises:
        LedgerError: what is wrong, in one line.
    """
    return parse_as(Result, content, MAX_RESULT_BYTES)


def parse_as(kind: type[Parsed], content: bytes, limit: int) -> Parsed:
    """Parse and check a JSON file of the ledger; ``limit`` in bytes.

    Raises:
        LedgerError: what is wrong, in one line.
    """
    if len(content) > limit:
        raise LedgerError(f"larger than {limit // 2**20} MiB")
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "file"
        raise LedgerError(printable(f"{where}: {first['msg']}")) from None


def read_result(path: Path, results: Path) -> Result:
    """Read one result file and check that it lies where its content says.

    Raises:
        LedgerError: unreadable, wrong, or in another model's place.
    """
    if path.is_symlink() or not path.is_file():
        raise LedgerError("not a plain file")
    try:
        if path.stat().st_size > MAX_RESULT_BYTES:
            raise LedgerError(f"larger than {MAX_RESULT_BYTES // 2**20} MiB")
        result = parse_result(path.read_bytes())
    except OSError as error:
        raise LedgerError(f"cannot be read ({error.strerror})") from None
    if path != (expected := path_of(results, result)):
        raise LedgerError(f"its content belongs at {expected.relative_to(results)}")
    return result


def read_reported(path: Path) -> tuple[Reported, ...]:
    """Rows of a table of published numbers; empty cells are missing values."""
    rows = csv.DictReader(io.StringIO(path.read_text("utf-8")))
    return tuple(Reported(**{key: value or None for key, value in row.items()}) for row in rows)


def result_files(results: Path) -> list[Path]:
    """The result files below a folder, in path order; what lies beside them (``SIDE_FILES``) is left out."""
    return [path for path in sorted(results.glob("*/*.json")) if not SIDE_FILES.search(path.stem)]


def read_ledger(results: Path) -> Ledger:
    """Read all results below a folder, in path order, and the reported rows beside or below the shipped ledger."""
    found: list[Result] = []
    problems: list[Problem] = []
    for path in result_files(results):
        try:
            found.append(read_result(path, results))
        except LedgerError as error:
            problems.append(Problem(printable(str(path.relative_to(results))), str(error)))
    return Ledger(tuple(found), read_reported(LEDGER / REPORTED_FILE), tuple(problems))


def write_new(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, and never over another.

    Raises:
        LedgerError: a file is there already.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        # link() fails where the target exists, so two writers cannot both win; rename() would overwrite.
        os.link(temporary, path)
    except FileExistsError:
        raise LedgerError(f"{path} exists. Results are never overwritten: remove it yourself if it is yours.") from None
    finally:
        Path(temporary).unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, in place of the one that may be there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def pack_items(rows: Iterable[dict]) -> bytes:
    """Predictions as gzipped JSON lines, the same bytes for the same rows."""
    text = "".join(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows)
    return gzip.compress(text.encode(), mtime=0)


def unpack_items(content: bytes) -> list[dict]:
    """The rows of a predictions file."""
    return [json.loads(line) for line in gzip.decompress(content).decode().splitlines()]


def write_result(results: Path, result: Result, items: bytes) -> Path:
    """Write predictions first, then the result that names them; returns the result's path."""
    path = path_of(results, result)
    if path.exists():
        raise LedgerError(f"{path} exists. Results are never overwritten.")
    items_path(path).unlink(missing_ok=True)  # left by a run that died between the two writes
    write_new(items_path(path), items)
    write_new(path, (result.model_dump_json(indent=1) + "\n").encode())
    return path
