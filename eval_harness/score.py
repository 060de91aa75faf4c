"""Predictions made elsewhere → the same result file, so that nobody needs our runner.

In: JSON lines ``{"item_id": …, "prediction": …}``, one for every item of the split (`deescalwild score --template` writes the list to
fill in, with the messages of each item). Other keys are ignored. Out: a result whose latency is empty: time is measured by us or not at all.
"""

import json
import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dataset_script.dialogue import item_messages
from eval_harness.benchmark import Benchmark, load_benchmark
from eval_harness.engines import local_device
from eval_harness.errors import EvaluationError
from eval_harness.protocols import MAX_NEW_TOKENS, PROTOCOLS
from eval_harness.replies import clean_reply, has_thoughts
from eval_harness.result import Prediction, Run, check_metrics, environment, make_result
from eval_harness.run import PROTOCOL, protocol_block
from eval_harness.scoring import METRICS
from submissions import schema
from submissions.items import parse_items
from submissions.ledger import items_path, result_path, write_result

MAX_FILE_BYTES = 512 * 2**20
MAX_PREDICTION_CHARACTERS = 20_000


@dataclass(frozen=True)
class Claim:
    """What the author says of the run. ``generation`` is theirs to state; it stands in the result as claimed."""

    model: schema.Model
    generation: schema.Generation


def template_rows(benchmark: Benchmark) -> Iterator[dict]:
    """A line an item: id, the chat messages to answer, and an empty prediction."""
    for item in benchmark.items:
        messages = item_messages(benchmark.scenarios[item.scenario_id], item.turn_index)
        yield {"item_id": item.item_id, "messages": messages, "prediction": ""}


def read_predictions(path: Path) -> dict[str, str]:
    """Item id → prediction.

    Raises:
        EvaluationError: a line that is not such an object, an item twice, a prediction that is no text or absurdly long.
    """
    if not path.is_file():
        raise EvaluationError(f"{path} is not a file. Give JSON lines with item_id and prediction.")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise EvaluationError(
            f"{path} is larger than {MAX_FILE_BYTES // 2**20} MiB. Leave out everything but item_id and prediction."
        )
    found: dict[str, str] = {}
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                name, text = row["item_id"], row["prediction"]
            except (ValueError, KeyError, TypeError, RecursionError):
                raise EvaluationError(f'{path}:{number}: expected {{"item_id": …, "prediction": …}}.') from None
            if not isinstance(name, str) or not isinstance(text, str) or len(text) > MAX_PREDICTION_CHARACTERS:
                raise EvaluationError(
                    f"{path}:{number}: item_id and prediction must be texts, at most {MAX_PREDICTION_CHARACTERS} characters."
                )
            if name in found:
                raise EvaluationError(f"{path}:{number}: item {name[:80]!r} is answered twice. Keep one line.")
            found[name] = text
    return found


def _match(path: Path, benchmark: Benchmark, answers: dict[str, str]) -> list[str]:
    """Raw replies in the benchmark's order."""
    wanted = [item.item_id for item in benchmark.items]
    missing = [name for name in wanted if name not in answers]
    unknown = sorted(answers.keys() - set(wanted))
    if missing or unknown:
        what = (
            f"{len(missing)} items have no prediction (first: {missing[0]})"
            if missing
            else f"unknown item {unknown[0][:80]!r}"
        )
        raise EvaluationError(
            f"{path}: {what}. `deescalwild score --template FILE` writes the {len(wanted)} items of this dataset "
            f"({benchmark.manifest.digest[:8]}) to answer."
        )
    return [answers[name] for name in wanted]


def score(path: Path, claim: Claim, *, data: Path, results: Path, split: str = "test", command: str = "") -> Path:
    """Score a predictions file and write its result; returns at once where that result is already in the ledger.

    Raises:
        EvaluationError: the file does not answer exactly the split's items, or the ledger has a result of other predictions in its place.
        MissingAsset: a metric lacks what it needs.
    """
    started = time.monotonic()
    benchmark = load_benchmark(data, split)
    raw = _match(path, benchmark, read_predictions(path))
    replies = [clean_reply(text) for text in raw]
    target = result_path(results, claim.model, PROTOCOL, None, benchmark.manifest.digest, claim.generation)
    if target.exists():
        _check_same(target, dict(zip((item.item_id for item in benchmark.items), replies, strict=True)))
        return target
    metrics = PROTOCOLS[PROTOCOL].metrics()
    check_metrics(metrics)
    references = [item.reference for item in benchmark.items]
    scored = {name: metric.score(replies, references) for name, metric in metrics.items()}
    predictions = [
        Prediction(
            item.item_id,
            item.scenario_id,
            item.subset,
            item.officer_text,
            item.reference,
            reply,
            {metric: scored[metric][number] for metric in METRICS},
            had_thoughts=has_thoughts(raw[number]),
        )
        for number, (item, reply) in enumerate(zip(benchmark.items, replies, strict=True))
    ]
    result, items = make_result(
        claim.model,
        benchmark,
        protocol_block(claim.generation, template=None),
        predictions,
        metrics,
        latency=None,
        environment=environment(local_device("scored from a file")),
        run=Run(target, command or shlex.join(["deescalwild", "score", str(path)]), time.monotonic() - started, None),
    )
    write_result(results, result, items)
    return target


def _check_same(target: Path, replies: dict[str, str]) -> None:
    """A result is never overwritten, and never passed off as that of other predictions."""
    kept = {row.item_id: row.prediction for row in parse_items(items_path(target).read_bytes())}
    differing = [name for name, reply in replies.items() if kept.get(name) != reply]
    if differing:
        raise EvaluationError(
            f"{target} holds other predictions ({len(differing)} differ, first: {differing[0]}). One model, revision and precision has one "
            "result: give another --revision, or another --output."
        )


def claimed_generation(*, sampled: bool, temperature: float) -> schema.Generation:
    """The generation block of a claim: greedy or sampled, the ranked protocol's length and stop."""
    return schema.Generation(
        do_sample=sampled,
        temperature=temperature if sampled else 0.0,
        max_new_tokens=MAX_NEW_TOKENS,
        until=["\\n"],
        batch_size=1,
    )
