"""One measured run: dataset + model → result and predictions in the ledger.

The scores are lm-eval's own run of the task (``tasks/deescalwild``); ``result.py`` adds intervals, per-scenario sums and
diagnostics. This file adds latency, and keeps finished work.
"""

import hashlib
import os
import shlex
import time
from dataclasses import dataclass
from pathlib import Path

from dataset_script import dialogue
from eval_harness.benchmark import Benchmark, load_benchmark
from eval_harness.engines import Engine, EngineName, Opened, Work
from eval_harness.engines.baseline import Baseline
from eval_harness.errors import EvaluationError
from eval_harness.latency import N_ITEMS, evenly
from eval_harness.models import Candidate
from eval_harness.processes import gathered, wait_for_others
from eval_harness.progress import Progress
from eval_harness.protocols import PROTOCOLS, SEEDS, task_settings
from eval_harness.replies import has_thoughts
from eval_harness.result import Prediction, Run, check_metrics, environment, make_result
from eval_harness.scoring import METRICS, ItemScore
from submissions import schema
from submissions.ledger import path_of, result_path, write_result

TASKS = Path(__file__).parent / "tasks"
PROTOCOL = "deescalwild"
BATCH_SIZE = 32


@dataclass(frozen=True)
class Settings:
    """What a user may choose of a run."""

    data: Path
    results: Path
    split: str = "test"
    limit: int | None = None
    batch_size: int = BATCH_SIZE
    command: str = ""
    protocol: str = PROTOCOL
    seeds: tuple[int, ...] = ()


def generation_of(candidate: Candidate, settings: Settings) -> schema.Generation:
    """How replies are decoded: greedily, or once a seed. A baseline has nothing to sample."""
    protocol = PROTOCOLS[settings.protocol]
    seeds = settings.seeds or (SEEDS if protocol.always_sampled else ())
    return protocol.generation(() if candidate.model.source == "baseline" else seeds, settings.batch_size)


def planned_path(candidate: Candidate, settings: Settings) -> Path:
    """Where the result of this run will lie."""
    digest = load_benchmark(settings.data, settings.split).manifest.digest
    generation = generation_of(candidate, settings)
    return result_path(
        settings.results, candidate.model, settings.protocol, settings.limit, digest, generation, candidate.engine.name
    )


def engine_of(candidate: Candidate, settings: Settings) -> Engine:
    """What runs the candidate. Only ``hf`` shares the work between the processes of an ``accelerate launch``.

    Raises:
        EvaluationError: another engine, and several processes.
    """
    if candidate.model.source == "baseline":
        return Baseline(settings.data)
    if candidate.engine.name != EngineName.hf and os.environ.get("WORLD_SIZE", "1") != "1":
        raise EvaluationError(
            f"--backend {candidate.engine.name} runs in one process. Start it without `accelerate launch`."
        )
    return candidate.engine


def _predict(
    lm, settings: Settings, benchmark: Benchmark, has_template: bool, seed: int | None, generation: dict
) -> tuple[list[Prediction], list[str]] | None:
    """Run the task through lm-eval; returns scored predictions and rendered prompts, in item order.

    None in the other processes of an ``accelerate launch``: the first one has everything.
    """
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
        tasks=[settings.protocol],
        task_manager=manager,
        apply_chat_template=has_template,
        log_samples=True,
        bootstrap_iters=0,
        gen_kwargs=generation or None,
    )
    dropped = gathered(lm, getattr(lm, "dropped_tokens", {}))
    if found is None:
        return None
    samples = sorted(found["samples"][settings.protocol], key=lambda sample: sample["doc_id"])
    predictions = [
        Prediction(
            item.item_id,
            item.scenario_id,
            item.subset,
            item.officer_text,
            item.reference,
            sample["filtered_resps"][0],
            {metric: _item_score(sample[metric][1]) for metric in METRICS},
            dropped.get(item.item_id, 0),
            has_thoughts(sample["resps"][0][0]),
            seed,
        )
        for item, sample in zip(benchmark.items, samples, strict=True)
    ]
    return predictions, [sample["arguments"][0][0] for sample in samples]


def _item_score(value) -> ItemScore:
    """From what the task returns: a value, or BLEU's counts."""
    if isinstance(value, (tuple, list)):
        return ItemScore(float("nan"), tuple(value))
    return ItemScore(value, (value,))


def protocol_block(generation: schema.Generation, template: str | None, name: str = PROTOCOL) -> schema.Protocol:
    """A protocol with this generation and chat template (None: none, or unknown)."""
    return schema.Protocol(
        name=name,
        version=PROTOCOLS[name].version,
        prompt_version=dialogue.PROMPT_VERSION,
        max_history_words=dialogue.MAX_HISTORY_WORDS,
        generation=generation,
        chat_template_sha256=hashlib.sha256(template.encode()).hexdigest() if template else None,
    )


class _Passes:
    """Progress over several passes as one."""

    def __init__(self, progress: Progress, n_passes: int) -> None:
        self._progress, self._n_passes, self.finished = progress, n_passes, 0

    def __call__(self, done: int, total: int) -> None:
        self._progress(self.finished * total + done, self._n_passes * total)


def evaluate(candidate: Candidate, settings: Settings, progress: Progress = lambda done, total: None) -> Path:
    """Measure a model, or return at once where its result is already in the ledger.

    Raises:
        EvaluationError, MissingAsset: see :mod:`eval_harness.models` and :mod:`eval_harness.scoring`; no items to answer.
        DataError, MissingDataset: the dataset cannot be used.
    """
    path = planned_path(candidate, settings)
    if path.exists():
        return path
    started = time.monotonic()
    protocol, generation = PROTOCOLS[settings.protocol], generation_of(candidate, settings)
    metrics = protocol.metrics()
    check_metrics(metrics)  # before hours of generation, not after
    benchmark = protocol.view(load_benchmark(settings.data, settings.split).first_scenarios(settings.limit))
    if not benchmark.items:
        raise EvaluationError(f"{settings.protocol}: the chosen scenarios have no item under its rules. Raise --limit.")
    passes = _Passes(progress, len(generation.seeds) or 1)
    work = Work(settings.results / ".work" / f"{path.parent.name}-{path.stem}.jsonl", settings.batch_size, passes)
    engine = engine_of(candidate, settings)
    with engine.open(candidate.model, candidate.folder, work) as opened:
        predictions, prompts = _passes_over(opened, settings, benchmark, generation, passes)
        if predictions:
            progress(len(predictions), len(predictions))
            result, items = make_result(
                candidate.model,
                benchmark,
                protocol_block(generation, opened.template, settings.protocol),
                predictions,
                metrics,
                latency=opened.latency(evenly(prompts, N_ITEMS)),
                environment=environment(opened.device, engine.name, opened.versions()),
                run=Run(
                    path,
                    settings.command or shlex.join(["deescalwild", "evaluate", candidate.model.id]),
                    time.monotonic() - started,
                    settings.limit,
                ),
                usage=opened.usage(),
            )
            assert path == path_of(settings.results, result)
            write_result(settings.results, result, items)
            opened.forget()
        wait_for_others(opened.lm)  # the first process writes the result
    return path


def _passes_over(
    opened: Opened, settings: Settings, benchmark: Benchmark, generation: schema.Generation, passes: _Passes
) -> tuple[list[Prediction], list]:
    """Predictions of every pass over the items, one a seed, and the rendered prompts; none but in the first process."""
    predictions: list[Prediction] = []
    prompts: list = []
    for seed in generation.seeds or (None,):
        decoding = task_settings(generation, seed)
        found = _predict(opened.lm, settings, benchmark, opened.has_template, seed, decoding)
        passes.finished += 1
        if found is not None:
            predictions += found[0]
            prompts = found[1]
    return predictions, prompts
