"""Scored predictions → the result file: intervals, sums per scenario, diagnostics, provenance.

Where the predictions come from is no matter here: ``run.py`` makes them through lm-eval, ``score.py`` reads them from a file.
"""

import hashlib
import platform
import subprocess
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from dataset_script import dialogue
from eval_harness import diagnostics
from eval_harness.benchmark import Benchmark
from eval_harness.scoring import METRICS, ItemScore, Metric, make_metric
from eval_harness.scoring.bleu import pair_score
from submissions import schema
from submissions.ledger import pack_items
from submissions.statistics import ScenarioStatistics, intervals

PACKAGES = (
    "torch",
    "transformers",
    "lm_eval",
    "datasets",
    "rouge_score",
    "sacrebleu",
    "nltk",
    "bert_score",
    "numpy",
)


@dataclass(frozen=True)
class Prediction:
    """One scored reply, as it lies in the predictions file. ``scores``: metric → item value and statistics.

    ``dropped_tokens``: of the history, for a window too small for it. ``had_thoughts``: the raw reply held a thinking model's thoughts.
    """

    item_id: str
    scenario_id: str
    subset: str
    officer_text: str
    reference: str
    prediction: str
    scores: dict[str, ItemScore]
    dropped_tokens: int = 0
    had_thoughts: bool = False
    seed: int | None = None


def check_metrics(metrics: Mapping[str, Metric] | None = None) -> dict[str, str]:
    """Signature of each metric, once each has scored a pair: what it needs is on this machine.

    Args:
        metrics: a protocol's; the ranked one's unless given.

    Raises:
        MissingAsset: it is not.
    """
    checked = metrics or {metric: make_metric(metric) for metric in METRICS}
    for metric in checked.values():
        metric.score(["Yes, sir."], ["Yes."])
    return {metric.name: metric.signature for metric in checked.values()}


def scenario_sums(predictions: Sequence[Prediction]) -> list[schema.ScenarioSums]:
    """Sums over the items of each scenario, by scenario id. Of several seeds: n-gram counts of all replies, means of all else."""
    n_seeds = len({prediction.seed for prediction in predictions})
    by_scenario: dict[str, list[Prediction]] = defaultdict(list)
    for prediction in predictions:
        by_scenario[prediction.scenario_id].append(prediction)
    rows = []
    for scenario_id, own in sorted(by_scenario.items()):
        bleu = [p.scores["bleu_4"].statistics for p in own]
        is_mean = len(bleu[0]) == 1
        if is_mean:  # the paper's; the corpus's counts stand beside it
            bleu = [pair_score(p.prediction, p.reference).statistics for p in own]
        counts = [int(sum(column)) for column in zip(*bleu, strict=True)]

        def mean_sum(metric: str, own: list[Prediction] = own) -> float:
            return sum(p.scores[metric].value for p in own) / n_seeds

        rows.append(
            schema.ScenarioSums(
                scenario_id=scenario_id,
                n_items=len(own) // n_seeds,
                bleu_4=schema.BleuSums(
                    correct=tuple(counts[:4]), total=tuple(counts[4:8]), sys_len=counts[8], ref_len=counts[9]
                ),
                bleu_4_mean=mean_sum("bleu_4") if is_mean else None,
                **{metric: mean_sum(metric) for metric in schema.MEAN_METRICS},
            )
        )
    return rows


def scores_of(sums: Sequence[schema.ScenarioSums], signatures: dict[str, str]) -> schema.Scores:
    """The four scores with intervals from per-scenario sums."""
    found = intervals(ScenarioStatistics.from_rows(sums))
    return schema.Scores(
        **{
            metric: schema.Score(
                value=own.value, low=own.low, high=own.high, macro=own.macro, signature=signatures[metric]
            )
            for metric, own in found.items()
        }
    )


def spread_of(predictions: Sequence[Prediction], signatures: dict[str, str]) -> schema.Spread | None:
    """Scores of each seed; None for a run with one seed or none."""
    seeds = sorted({prediction.seed for prediction in predictions if prediction.seed is not None})
    if len(seeds) < 2:
        return None
    by_seed = [scores_of(scenario_sums([p for p in predictions if p.seed == seed]), signatures) for seed in seeds]
    return schema.Spread(
        seeds=seeds,
        values={metric: [getattr(own, metric).value for own in by_seed] for metric in METRICS},
    )


def diagnose(
    predictions: Sequence[Prediction], benchmark: Benchmark, metrics: Mapping[str, Metric] | None = None
) -> schema.Diagnostics:
    """What explains the scores of these predictions; at least one. Of several seeds: over all replies.

    ``metrics``: a protocol's; the ranked one's unless given.
    """
    places = diagnostics.contexts(benchmark.scenarios, benchmark.items)
    replies = [
        diagnostics.Reply(p.prediction, p.reference, p.officer_text, p.scores, places[p.item_id], p.had_thoughts)
        for p in predictions
    ]

    def mean_words(texts: list[str]) -> float:
        return sum(len(text.split()) for text in texts) / len(texts)

    said = [p.prediction for p in predictions]
    return schema.Diagnostics(
        faults=diagnostics.count_faults(replies),
        n_truncated_histories=_truncated(benchmark, {p.item_id for p in predictions}),
        n_window_cuts=sum(p.dropped_tokens > 0 for p in predictions),
        mean_dropped_tokens=sum(p.dropped_tokens for p in predictions) / len(predictions),
        mean_prediction_words=mean_words(said),
        mean_reference_words=mean_words([p.reference for p in predictions]),
        distinct_1=diagnostics.distinct(said, 1),
        distinct_2=diagnostics.distinct(said, 2),
        slices=schema.Slices(
            **{
                grouping: [schema.Slice(name=own.name, n_items=own.n_items, **own.scores) for own in parts]
                for grouping, parts in diagnostics.slices(replies, metrics).items()
            }
        ),
    )


def _truncated(benchmark: Benchmark, item_ids: Collection[str]) -> int:
    """Items whose history was cut to the budget."""
    cut = 0
    for item in benchmark.items:
        if item.item_id in item_ids:
            scenario = benchmark.scenarios[item.scenario_id]
            whole = dialogue.chat_messages(scenario, before=item.turn_index)
            cut += len(dialogue.item_messages(scenario, item.turn_index)) < len(whole)
    return cut


def _code_commit() -> str | None:
    run = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, cwd=Path(__file__).parent)
    return run.stdout.strip() if run.returncode == 0 else None


def environment(device: str, engine: str = "hf", versions: Mapping[str, str] | None = None) -> schema.Environment:
    """This machine, and the versions that a score may depend on.

    Args:
        device: what the model ran on, in words.
        versions: of what the engine uses beside our packages.
    """
    return schema.Environment(
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        device=device,
        engine=engine,
        packages={**{name: version(name) for name in PACKAGES}, **(versions or {})},
    )


def benchmark_block(benchmark: Benchmark) -> schema.Benchmark:
    subsets = Counter(item.subset for item in benchmark.items)
    return schema.Benchmark(
        name="deescalwild",
        version=benchmark.manifest.version,
        digest=benchmark.manifest.digest,
        items_digest=benchmark.manifest.items_digest,
        is_sample=benchmark.manifest.is_sample,
        split=benchmark.split,
        n_scenarios=len({item.scenario_id for item in benchmark.items if item.subset == "clean"}),
        n_items_clean=subsets["clean"],
        n_items_as_released=subsets.total(),
    )


@dataclass(frozen=True)
class Run:
    """Where the result goes, and how it came about."""

    path: Path
    command: str
    duration_s: float
    limit: int | None


def make_result(
    model: schema.Model,
    benchmark: Benchmark,
    protocol: schema.Protocol,
    predictions: Sequence[Prediction],
    metrics: Mapping[str, Metric],
    *,
    latency: schema.Latency | None,
    environment: schema.Environment,
    run: Run,
    usage: schema.Usage | None = None,
) -> tuple[schema.Result, bytes]:
    """The result, and the bytes of the predictions file that lies beside it.

    Args:
        predictions: one for every item of the benchmark, in its order; of a sampled run so for each seed.
        metrics: the protocol's.
    """
    signatures = {name: metric.signature for name, metric in metrics.items()}
    clean = [p for p in predictions if p.subset == "clean"]
    per_scenario = scenario_sums(clean)
    items = pack_items(
        {
            "item_id": p.item_id,
            "scenario_id": p.scenario_id,
            "subset": p.subset,
            "officer_text": p.officer_text,
            "reference": p.reference,
            "prediction": p.prediction,
            "dropped_tokens": p.dropped_tokens,
            "had_thoughts": p.had_thoughts,
            **({} if p.seed is None else {"seed": p.seed}),
            "scores": {m: p.scores[m].value for m in schema.MEAN_METRICS},
        }
        for p in predictions
    )
    result = schema.Result(
        schema_version=schema.SCHEMA_VERSION,
        model=model,
        benchmark=benchmark_block(benchmark),
        protocol=protocol,
        scores=scores_of(per_scenario, signatures),
        scores_as_released=scores_of(scenario_sums(predictions), signatures),
        per_scenario=per_scenario,
        spread=spread_of(clean, signatures),
        latency=latency,
        usage=usage,
        diagnostics=diagnose(clean, benchmark, metrics),
        environment=environment,
        provenance=schema.Provenance(
            created_at=datetime.now(UTC).replace(microsecond=0),
            command=run.command,
            code_commit=_code_commit(),
            duration_s=run.duration_s,
            items_file=f"{run.path.stem}-items.jsonl.gz",
            items_sha256=hashlib.sha256(items).hexdigest(),
            limit_scenarios=run.limit,
        ),
    )
    return result, items
