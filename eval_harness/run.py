"""One measured run: dataset + model → result and predictions in the ledger.

The scores are lm-eval's own run of the task (``tasks/deescalwild``); this file adds intervals, per-scenario sums,
latency and provenance, and keeps finished work.
"""

import hashlib
import platform
import shlex
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from dataset_script import dialogue
from eval_harness import latency
from eval_harness.baselines import BaselineLM, fit
from eval_harness.benchmark import Benchmark, load_benchmark, train_pairs
from eval_harness.generation import Journal, Progress, ResumableHFLM
from eval_harness.models import Candidate
from eval_harness.scoring import METRICS, ItemScore, make_metric
from submissions import schema
from submissions.ledger import pack_items, path_of, result_path, write_result
from submissions.statistics import ScenarioStatistics, intervals

TASKS = Path(__file__).parent / "tasks"
PROTOCOL = "deescalwild"
PROTOCOL_VERSION = "1"
MAX_NEW_TOKENS = 128
BATCH_SIZE = 32
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
class Settings:
    """What a user may choose of a run."""

    data: Path
    results: Path
    split: str = "test"
    limit: int | None = None
    device: str | None = None
    batch_size: int = BATCH_SIZE
    command: str = ""


@dataclass(frozen=True)
class Prediction:
    """One scored reply, as it lies in the predictions file. ``scores``: metric → item value and statistics."""

    item_id: str
    scenario_id: str
    subset: str
    officer_text: str
    reference: str
    prediction: str
    scores: dict[str, ItemScore]


def planned_path(candidate: Candidate, settings: Settings) -> Path:
    """Where the result of this run will lie."""
    digest = load_benchmark(settings.data, settings.split).manifest.digest
    return result_path(settings.results, candidate.model, PROTOCOL, settings.limit, digest)


def _load(candidate: Candidate, settings: Settings, journal: Journal, progress: Progress):
    """The model behind lm-eval's interface."""
    if candidate.folder is None:
        name = candidate.model.id.split("/")[1]
        return BaselineLM(fit(name, train_pairs(settings.data)))
    return ResumableHFLM(
        pretrained=str(candidate.folder),
        dtype=candidate.model.precision,
        device=settings.device or default_device(),
        batch_size=settings.batch_size,
        trust_remote_code=False,
        use_safetensors=True,
        journal=journal,
        fingerprint=f"{candidate.model.id}@{candidate.model.revision}/{candidate.model.precision}/b{settings.batch_size}",
        progress=progress,
    )


def default_device() -> str:
    """``cuda``, ``mps`` or ``cpu``: the fastest here."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _predict(lm, settings: Settings, has_template: bool) -> tuple[list[Prediction], list[str]]:
    """Run the task through lm-eval; returns scored predictions and rendered prompts, in item order."""
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    metadata = {
        "data_dir": str(settings.data),
        "split": settings.split,
        "subset": "as_released",
        "limit_scenarios": settings.limit,
    }
    manager = TaskManager(include_path=str(TASKS), include_defaults=False, metadata=metadata)
    found = simple_evaluate(
        model=lm,
        tasks=[PROTOCOL],
        task_manager=manager,
        apply_chat_template=has_template,
        log_samples=True,
        bootstrap_iters=0,
    )
    samples = sorted(found["samples"][PROTOCOL], key=lambda sample: sample["doc_id"])
    predictions = []
    for sample in samples:
        doc = sample["doc"]
        predictions.append(
            Prediction(
                doc["item_id"],
                doc["scenario_id"],
                doc["subset"],
                doc["officer_text"],
                doc["reference"],
                sample["filtered_resps"][0],
                {metric: _item_score(sample[metric][1]) for metric in METRICS},
            )
        )
    return predictions, [sample["arguments"][0][0] for sample in samples]


def check_metrics() -> dict[str, str]:
    """Signature of each metric, once each has scored a pair: what it needs is on this machine.

    Raises:
        MissingAsset: it is not.
    """
    metrics = [make_metric(metric) for metric in METRICS]
    for metric in metrics:
        metric.score(["Yes, sir."], ["Yes."])
    return {metric.name: metric.signature for metric in metrics}


def _item_score(value) -> ItemScore:
    """From what the task returns: a value, or BLEU's counts."""
    if isinstance(value, (tuple, list)):
        return ItemScore(float("nan"), tuple(value))
    return ItemScore(value, (value,))


def scenario_sums(predictions: Sequence[Prediction]) -> list[schema.ScenarioSums]:
    """Sums over the items of each scenario, by scenario id."""
    by_scenario: dict[str, list[Prediction]] = defaultdict(list)
    for prediction in predictions:
        by_scenario[prediction.scenario_id].append(prediction)
    rows = []
    for scenario_id, own in sorted(by_scenario.items()):
        sums = {
            metric: [sum(column) for column in zip(*(p.scores[metric].statistics for p in own), strict=True)]
            for metric in METRICS
        }
        counts = [int(count) for count in sums["bleu_4"]]
        rows.append(
            schema.ScenarioSums(
                scenario_id=scenario_id,
                n_items=len(own),
                bleu_4=schema.BleuSums(
                    correct=tuple(counts[:4]), total=tuple(counts[4:8]), sys_len=counts[8], ref_len=counts[9]
                ),
                **{metric: sums[metric][0] for metric in schema.MEAN_METRICS},
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


def diagnostics(predictions: Sequence[Prediction], n_truncated: int) -> schema.Diagnostics:
    """Counts that explain a score."""

    def mean_words(texts: list[str]) -> float:
        return sum(len(text.split()) for text in texts) / len(texts)

    return schema.Diagnostics(
        n_empty=sum(not p.prediction for p in predictions),
        n_copied_officer=sum(p.prediction.casefold() == p.officer_text.casefold() for p in predictions),
        n_truncated_histories=n_truncated,
        mean_prediction_words=mean_words([p.prediction for p in predictions]),
        mean_reference_words=mean_words([p.reference for p in predictions]),
    )


def _truncated(benchmark: Benchmark) -> int:
    """Items whose history was cut to the budget."""
    cut = 0
    for item in benchmark.items:
        scenario = benchmark.scenarios[item.scenario_id]
        whole = dialogue.chat_messages(scenario, before=item.turn_index)
        cut += len(dialogue.item_messages(scenario, item.turn_index)) < len(whole)
    return cut


def _code_commit() -> str | None:
    run = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, cwd=Path(__file__).parent)
    return run.stdout.strip() if run.returncode == 0 else None


def _environment(device: str) -> schema.Environment:
    return schema.Environment(
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        device=f"{device}: {latency.machine_name()}",
        packages={name: version(name) for name in PACKAGES},
    )


def _protocol(settings: Settings, template: str | None) -> schema.Protocol:
    return schema.Protocol(
        name=PROTOCOL,
        version=PROTOCOL_VERSION,
        prompt_version=dialogue.PROMPT_VERSION,
        max_history_words=dialogue.MAX_HISTORY_WORDS,
        generation=schema.Generation(
            do_sample=False,
            temperature=0.0,
            max_new_tokens=MAX_NEW_TOKENS,
            until=["\\n"],
            batch_size=settings.batch_size,
        ),
        chat_template_sha256=hashlib.sha256(template.encode()).hexdigest() if template else None,
    )


def _benchmark_block(benchmark: Benchmark) -> schema.Benchmark:
    subsets = Counter(item.subset for item in benchmark.items)
    return schema.Benchmark(
        name="deescalwild",
        version=benchmark.manifest.version,
        digest=benchmark.manifest.digest,
        items_digest=benchmark.manifest.items_digest,
        is_sample=benchmark.manifest.is_sample,
        split=benchmark.split,  # type: ignore[arg-type]
        n_scenarios=len({item.scenario_id for item in benchmark.items if item.subset == "clean"}),
        n_items_clean=subsets["clean"],
        n_items_as_released=subsets.total(),
    )


def evaluate(candidate: Candidate, settings: Settings, progress: Progress = lambda done, total: None) -> Path:
    """Measure a model, or return at once where its result is already in the ledger.

    Raises:
        EvaluationError, MissingAsset: see :mod:`eval_harness.models` and :mod:`eval_harness.scoring`.
        DataError, MissingDataset: the dataset cannot be used.
    """
    path = planned_path(candidate, settings)
    if path.exists():
        return path
    started = time.monotonic()
    signatures = check_metrics()  # before hours of generation, not after
    benchmark = load_benchmark(settings.data, settings.split).first_scenarios(settings.limit)
    journal = Journal(settings.results / ".work" / f"{path.parent.name}-{path.stem}.jsonl")
    lm = _load(candidate, settings, journal, progress)
    template = getattr(getattr(lm, "tokenizer", None), "chat_template", None)
    is_baseline = candidate.folder is None
    predictions, prompts = _predict(lm, settings, has_template=is_baseline or bool(template))
    progress(len(predictions), len(predictions))
    clean = [p for p in predictions if p.subset == "clean"]
    per_scenario = scenario_sums(clean)
    items = pack_items(
        {
            "item_id": p.item_id,
            "scenario_id": p.scenario_id,
            "subset": p.subset,
            "reference": p.reference,
            "prediction": p.prediction,
            "scores": {m: p.scores[m].value for m in schema.MEAN_METRICS},
        }
        for p in predictions
    )
    result = schema.Result(
        schema_version=schema.SCHEMA_VERSION,
        model=candidate.model,
        benchmark=_benchmark_block(benchmark),
        protocol=_protocol(settings, template),
        scores=scores_of(per_scenario, signatures),
        scores_as_released=scores_of(scenario_sums(predictions), signatures),
        per_scenario=per_scenario,
        latency=None if is_baseline else latency.measure(lm, prompts),
        diagnostics=diagnostics(predictions, _truncated(benchmark)),
        environment=_environment("cpu" if is_baseline else str(lm.device)),
        provenance=schema.Provenance(
            created_at=datetime.now(UTC).replace(microsecond=0),
            command=settings.command or shlex.join(["deescalwild", "evaluate", candidate.model.id]),
            code_commit=_code_commit(),
            duration_s=time.monotonic() - started,
            items_file=f"{path.stem}-items.jsonl.gz",
            items_sha256=hashlib.sha256(items).hexdigest(),
            limit_scenarios=settings.limit,
        ),
    )
    assert path == path_of(settings.results, result)
    write_result(settings.results, result, items)
    journal.path.unlink(missing_ok=True)
    return path
