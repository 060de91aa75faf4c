"""A result and its predictions → does every number in it follow from them? Recomputed on a CPU, by anybody.

In: a result of the ledger, the built dataset it names. Out: :class:`Report`, and where nothing is wrong a
:class:`~submissions.verification.Verification` to lie beside the result. The model is not needed, and not run.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from eval_harness import integrity
from eval_harness.benchmark import Benchmark, load_benchmark
from eval_harness.protocols import PROTOCOLS
from eval_harness.result import (
    Prediction,
    benchmark_block,
    check_metrics,
    diagnose,
    scenario_sums,
    scores_of,
    spread_of,
)
from eval_harness.scoring import METRICS, ItemScore, Metric
from submissions.items import ItemRow, parse_items
from submissions.ledger import LedgerError, items_path, path_of, read_ledger, read_result
from submissions.schema import MEAN_METRICS, Result
from submissions.verification import Flag, HeldOut, Tier, Verification

TOLERANCE = 1e-6
ENCODER_TOLERANCE = 1e-4
"""Of BERTScore, relative to its scale of 0–1: other processors round other digits of an encoder's float32."""
MAX_SHOWN = 5


@dataclass(frozen=True)
class Report:
    """Outcome of one check. ``problems``: one line each, empty where every number follows from the predictions.

    ``largest``: metric → largest difference between a stated and a recomputed item score.
    """

    path: Path
    problems: tuple[str, ...]
    largest: Mapping[str, float]
    verification: Verification | None


def verify(
    path: Path, results: Path, data: Path, *, tier: Tier = "recomputed", held_out: Result | None = None
) -> Report:
    """Check one result of a ledger.

    Args:
        path: the result file; its predictions lie beside it.
        results: the ledger's results folder; baselines and the model's validation result are looked up in it.
        tier: what the outcome may be called: ``verified`` only by whoever ran the model themselves.
        held_out: the same model's result on the private split, checked before; only its scores are kept.

    Raises:
        LedgerError: the result cannot be read at all.
        DataError, MissingDataset, MissingAsset: the dataset or a metric's files are not there.
    """
    result = read_result(path, results)
    if held_out and _measured(held_out) != _measured(result):
        raise LedgerError(f"{path.name}: the private result is of another model or protocol. Measure this one.")
    try:
        content = items_path(path).read_bytes()
    except OSError:
        raise LedgerError(
            f"{path.name}: its predictions {items_path(path).name} are not there. Add the file."
        ) from None
    rows = parse_items(content, result.provenance.items_sha256)
    protocol = PROTOCOLS[result.protocol.name]
    whole = load_benchmark(data, result.benchmark.split)
    benchmark = protocol.view(whole.first_scenarios(result.provenance.limit_scenarios))
    metrics = protocol.metrics()
    seeds: list[int] | list[None] = result.protocol.generation.seeds or [None]
    problems = list(_wrong_benchmark(result, benchmark, metrics)) or list(_wrong_rows(rows, benchmark, seeds))
    if problems:
        return Report(path, tuple(problems), {}, None)
    predictions = _score_again(rows, metrics)
    problems += _wrong_numbers(result, predictions, benchmark, metrics)
    largest, wrong_items = _wrong_items(rows, predictions)
    problems += wrong_items
    if result.latency is not None and tier != "verified":
        problems.append("latency: only our own runs on a named machine count. Set it to null.")
    if problems:
        return Report(path, tuple(problems), largest, None)
    verification = Verification(
        result_sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        items_sha256=result.provenance.items_sha256,
        tier=tier,
        checked_at=datetime.now(UTC).replace(microsecond=0),
        code_version=f"deescalwild-hub {version('deescalwild-hub')}",
        flags=_flags(result, rows, benchmark.manifest.canary, results),
        heldout=HeldOut.of(held_out) if held_out else None,
    )
    return Report(path, (), largest, verification)


def _measured(result: Result) -> tuple[str, ...]:
    """What was measured by which rules, whatever the split."""
    model, protocol = result.model, result.protocol
    return model.id, model.revision, model.precision, protocol.name, protocol.version, protocol.generation.label


def _wrong_benchmark(result: Result, benchmark: Benchmark, metrics: Mapping[str, Metric]) -> Iterator[str]:
    """Version, digests, counts and signatures are the benchmark's and ours."""
    ours = benchmark_block(benchmark).model_dump()
    for name, stated in result.benchmark.model_dump().items():
        if stated != ours[name]:
            yield f"benchmark.{name}: states {_short(stated)}, the dataset here has {_short(ours[name])}. Build that version of the dataset."
    for metric, signature in check_metrics(metrics).items():
        for scores in ("scores", "scores_as_released"):
            stated = getattr(getattr(result, scores), metric).signature
            if stated != signature:
                yield f"{scores}.{metric}: signature {stated!r} is not ours, {signature!r}. Score the predictions again with `deescalwild score`."


def _wrong_rows(rows: Sequence[ItemRow], benchmark: Benchmark, seeds: Sequence[int | None]) -> Iterator[str]:
    """The predictions answer the benchmark's items, all of them, in order, with its own references, once a seed."""
    expected = [(seed, item) for seed in seeds for item in benchmark.items]
    if len(rows) != len(expected):
        yield f"predictions: {len(rows)} rows for {len(benchmark.items)} items. Answer every item once, in a sampled run once a seed."
        return
    for number, (row, (seed, item)) in enumerate(zip(rows, expected, strict=True), start=1):
        stated = (row.seed, row.item_id, row.scenario_id, row.subset, row.officer_text, row.reference)
        if stated != (seed, item.item_id, item.scenario_id, item.subset, item.officer_text, item.reference):
            yield f"predictions line {number}: {row.item_id!r} is not the benchmark's item {item.item_id!r} with its words. Do not edit the file."
            return


def _score_again(rows: Sequence[ItemRow], metrics: Mapping[str, Metric]) -> list[Prediction]:
    replies, references = [row.prediction for row in rows], [row.reference for row in rows]
    scored = {name: metric.score(replies, references) for name, metric in metrics.items()}
    return [
        Prediction(
            row.item_id,
            row.scenario_id,
            row.subset,
            row.officer_text,
            row.reference,
            row.prediction,
            {name: scored[name][number] for name in metrics},
            row.dropped_tokens,
            row.had_thoughts,
            row.seed,
        )
        for number, row in enumerate(rows)
    ]


def _wrong_items(rows: Sequence[ItemRow], predictions: Sequence[Prediction]) -> tuple[dict[str, float], list[str]]:
    """Largest difference of item scores by metric, and the first items that differ."""
    largest = dict.fromkeys(MEAN_METRICS, 0.0)
    problems = []
    for row, prediction in zip(rows, predictions, strict=True):
        for metric in MEAN_METRICS:
            found: ItemScore = prediction.scores[metric]
            difference = abs(getattr(row.scores, metric) - found.value)
            largest[metric] = max(largest[metric], difference)
            if difference > _tolerance(metric):
                problems.append(
                    f"predictions {row.item_id}: {metric} {getattr(row.scores, metric):.6f}, recomputed {found.value:.6f}."
                )
    return largest, _first(problems)


def _wrong_numbers(
    result: Result, predictions: Sequence[Prediction], benchmark: Benchmark, metrics: Mapping[str, Metric]
) -> list[str]:
    """Scores, intervals, sums, spread and diagnostics against those that follow from the predictions."""
    clean = [prediction for prediction in predictions if prediction.subset == "clean"]
    signatures = {metric: getattr(result.scores, metric).signature for metric in METRICS}
    sums = scenario_sums(clean)
    spread = spread_of(clean, signatures)
    found = {
        "scores": scores_of(sums, signatures).model_dump(),
        "scores_as_released": scores_of(scenario_sums(predictions), signatures).model_dump(),
        "per_scenario": [row.model_dump() for row in sums],
        "spread": spread.model_dump() if spread else None,
        "diagnostics": diagnose(clean, benchmark, metrics).model_dump(),
    }
    stated = {name: result.model_dump()[name] for name in found}
    # A sum over n items may be off by n roundings.
    room = max(row.n_items for row in result.per_scenario)
    return _first(
        f"{where}: states {_short(theirs)}, recomputed {_short(ours)}."
        for where, theirs, ours in differences(stated, found, room)
    )


def differences(stated: Any, found: Any, room: int = 1, where: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Places where two JSON-like values differ by more than a metric's tolerance: (path, stated, found).

    Args:
        room: tolerance is multiplied by it below ``per_scenario``, where values are sums.
    """
    if isinstance(stated, Mapping) and isinstance(found, Mapping):
        for name in [*stated, *(name for name in found if name not in stated)]:
            yield from differences(stated.get(name), found.get(name), room, f"{where}.{name}".lstrip("."))
    elif isinstance(stated, (list, tuple)) and isinstance(found, (list, tuple)) and len(stated) == len(found):
        for number, (theirs, ours) in enumerate(zip(stated, found, strict=True)):
            yield from differences(theirs, ours, room, f"{where}[{number}]")
    elif isinstance(stated, float) and isinstance(found, (int, float)):
        allowed = _tolerance(where) * (room if where.startswith("per_scenario") else 1)
        if abs(stated - found) > allowed:
            yield where, stated, found
    elif stated != found:
        yield where, stated, found


def _tolerance(where: str) -> float:
    return ENCODER_TOLERANCE if "bertscore" in where else TOLERANCE


def _first(lines: Sequence[str] | Iterator[str]) -> list[str]:
    found = list(lines)
    rest = len(found) - MAX_SHOWN
    return [*found[:MAX_SHOWN], *([f"… and {rest} more of this kind."] if rest > 0 else [])]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"


def _answers(rows: Sequence[ItemRow]) -> list[integrity.Answer]:
    return [integrity.Answer(row.item_id, row.reference, row.prediction) for row in rows if row.subset == "clean"]


def _flags(result: Result, rows: Sequence[ItemRow], canary: str, results: Path) -> list[Flag]:
    """All signs of having seen the test split; baselines, which learn from train alone, set the thresholds."""
    ledger = read_ledger(results)
    same = [other for other in ledger.results if other.comparable_key == result.comparable_key]
    baselines = {
        other.model.id: _answers(parse_items(items_path(path_of(results, other)).read_bytes()))
        for other in same
        if other.model.kind == "baseline" and other.model.id != result.model.id
    }
    answers = _answers(rows)
    raised = [
        integrity.overlap_flag(answers, baselines),
        integrity.exact_flag(answers, baselines),
        integrity.canary_flag(answers, canary),
    ]
    validation = {
        other.model.id: other
        for other in ledger.results
        if other.benchmark.digest == result.benchmark.digest
        and other.benchmark.split == "validation"
        and other.protocol.name == result.protocol.name
        and other.provenance.limit_scenarios is None
    }
    own = validation.get(result.model.id)
    if result.benchmark.split == "test" and own is not None and own.model.revision == result.model.revision:
        pairs = [
            (other, validation[other.model.id])
            for other in same
            if other.model.id in validation and other.model.kind == "baseline"
        ]
        raised.append(integrity.split_gap_flag(result, own, pairs))
    return [flag for flag in raised if flag is not None]
