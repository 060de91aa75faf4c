"""One measured run: dataset + model → result and predictions in the ledger.

The scores are lm-eval's own run of the task (``tasks/deescalwild``); ``result.py`` adds intervals, per-scenario sums and
diagnostics. This file adds latency, and keeps finished work.
"""

import hashlib
import shlex
import time
from dataclasses import dataclass
from pathlib import Path

from dataset_script import dialogue
from eval_harness import latency
from eval_harness.baselines import BaselineLM, fit
from eval_harness.benchmark import Benchmark, load_benchmark, train_pairs
from eval_harness.errors import EvaluationError
from eval_harness.generation import ResumableHFLM
from eval_harness.journal import Journal
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
    device: str | None = None
    batch_size: int = BATCH_SIZE
    command: str = ""
    protocol: str = PROTOCOL
    seeds: tuple[int, ...] = ()


def generation_of(candidate: Candidate, settings: Settings) -> schema.Generation:
    """How replies are decoded: greedily, or once a seed. A baseline has nothing to sample."""
    protocol = PROTOCOLS[settings.protocol]
    seeds = settings.seeds or (SEEDS if protocol.always_sampled else ())
    return protocol.generation(() if candidate.folder is None else seeds, settings.batch_size)


def planned_path(candidate: Candidate, settings: Settings) -> Path:
    """Where the result of this run will lie."""
    digest = load_benchmark(settings.data, settings.split).manifest.digest
    generation = generation_of(candidate, settings)
    return result_path(settings.results, candidate.model, settings.protocol, settings.limit, digest, generation)


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
        enable_thinking=False,
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
    journal = Journal(settings.results / ".work" / f"{path.parent.name}-{path.stem}.jsonl")
    passes = _Passes(progress, len(generation.seeds) or 1)
    lm = _load(candidate, settings, journal, passes)
    template = getattr(getattr(lm, "tokenizer", None), "chat_template", None)
    is_baseline = candidate.folder is None
    predictions: list[Prediction] = []
    prompts: list[str] = []
    for seed in generation.seeds or (None,):
        decoding = task_settings(generation, seed)
        found = _predict(lm, settings, benchmark, is_baseline or bool(template), seed, decoding)
        passes.finished += 1
        if found is not None:
            predictions += found[0]
            prompts = found[1]
    if not predictions:
        wait_for_others(lm)  # the first process writes the result
        return path
    progress(len(predictions), len(predictions))
    result, items = make_result(
        candidate.model,
        benchmark,
        protocol_block(generation, template, settings.protocol),
        predictions,
        metrics,
        latency=None if is_baseline else latency.measure(lm, prompts),
        environment=environment("cpu" if is_baseline else str(lm.device)),
        run=Run(
            path,
            settings.command or shlex.join(["deescalwild", "evaluate", candidate.model.id]),
            time.monotonic() - started,
            settings.limit,
        ),
    )
    assert path == path_of(settings.results, result)
    write_result(settings.results, result, items)
    journal.remove()
    wait_for_others(lm)
    return path
