"""What is judged: a result with the predictions beside it, or predictions alone, each paired with the benchmark's items."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from eval_harness.benchmark import Benchmark, load_benchmark
from eval_harness.errors import EvaluationError
from eval_harness.judging.exchange import Exchange
from eval_harness.replies import clean_reply
from eval_harness.score import read_predictions
from submissions.items import parse_items
from submissions.ledger import LedgerError, items_path, parse_result
from submissions.schema import Model

PROTOCOL = "deescalwild"


@dataclass(frozen=True)
class Judged:
    """Ranked items of the benchmark with a model's replies, in the benchmark's order.

    ``sha256``: of the file that was given. ``names``: of the model, for telling families: id, base model, architecture. ``seed``: whose
    replies these are, of a sampled run.
    """

    path: Path
    sha256: str
    model_id: str | None
    names: tuple[str, ...]
    is_baseline: bool
    benchmark: Benchmark
    exchanges: tuple[Exchange, ...]
    seed: int | None = None


def read_judged(path: Path, data: Path, *, split: str = "test", model_id: str | None = None) -> Judged:
    """Read a result (``….json``) or predictions (``….jsonl`` with ``item_id`` and ``prediction``).

    Args:
        path: the file.
        data: built dataset.
        split: of predictions; a result names its own.
        model_id: of predictions' model.

    Raises:
        EvaluationError: no such file, of another dataset, or with items that the split has not.
        LedgerError: a result or a predictions file that is not sound.
    """
    if not path.is_file():
        raise EvaluationError(f"{path} is not a file. Give a result (….json) or predictions (….jsonl).")
    if path.suffix == ".json":
        return _read_result(path, data)
    benchmark = load_benchmark(data, split)
    replies = {name: clean_reply(text) for name, text in read_predictions(path).items()}
    names = (model_id,) if model_id else ()
    return Judged(path, _sha256(path), model_id, names, False, benchmark, _pair(path, benchmark, replies))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_result(path: Path, data: Path) -> Judged:
    try:
        result = parse_result(path.read_bytes())
    except LedgerError as error:
        raise EvaluationError(f"{path} is no result: {error}.") from None
    if result.protocol.name != PROTOCOL:
        raise EvaluationError(
            f"{path} is of protocol {result.protocol.name}, whose items are others. Give a result of {PROTOCOL}."
        )
    benchmark = load_benchmark(data, result.benchmark.split)
    if benchmark.manifest.digest != result.benchmark.digest:
        raise EvaluationError(
            f"{path} was measured on data {result.benchmark.digest[:8]}, {data} is {benchmark.manifest.digest[:8]}. Give --data."
        )
    beside = items_path(path)
    if not beside.is_file():
        raise EvaluationError(f"{path} has no predictions beside it ({beside.name}). They are what is judged.")
    rows = parse_items(beside.read_bytes(), result.provenance.items_sha256)
    # Of a sampled run one seed is judged: another answer to the same item would have to be another judgement.
    seed = min((row.seed for row in rows if row.seed is not None), default=None)
    replies = {row.item_id: row.prediction for row in rows if row.seed == seed}
    return Judged(
        path,
        _sha256(path),
        result.model.id,
        _names(result.model),
        result.model.kind == "baseline",
        benchmark,
        _pair(path, benchmark, replies),
        seed,
    )


def _names(model: Model) -> tuple[str, ...]:
    return tuple(name for name in (model.id, model.base_model, model.architecture) if name)


def _pair(path: Path, benchmark: Benchmark, replies: Mapping[str, str]) -> tuple[Exchange, ...]:
    unknown = sorted(replies.keys() - {item.item_id for item in benchmark.items})
    if unknown:
        raise EvaluationError(
            f"{path}: item {json.dumps(unknown[0][:80])} is not in split {benchmark.split!r} of this dataset "
            f"({benchmark.manifest.digest[:8]}). Give --data and --split."
        )
    ranked = [item for item in benchmark.items if item.subset == "clean" and item.item_id in replies]
    if not ranked:
        raise EvaluationError(f"{path} has no reply to a ranked item of split {benchmark.split!r}.")
    return tuple(Exchange(item, replies[item.item_id]) for item in ranked)
