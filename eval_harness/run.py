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
from eval_harness.benchmark import load_benchmark, train_pairs
from eval_harness.generation import Journal, Progress, ResumableHFLM
from eval_harness.models import Candidate
from eval_harness.replies import has_thoughts
from eval_harness.result import Prediction, Run, check_metrics, environment, make_result
from eval_harness.scoring import METRICS, ItemScore
from submissions import schema
from submissions.ledger import path_of, result_path, write_result

TASKS = Path(__file__).parent / "tasks"
PROTOCOL = "deescalwild"
PROTOCOL_VERSION = "1"
MAX_NEW_TOKENS = 128
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
    dropped = getattr(lm, "dropped_tokens", {})
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
                dropped.get(doc["item_id"], 0),
                has_thoughts(sample["resps"][0][0]),
            )
        )
    return predictions, [sample["arguments"][0][0] for sample in samples]


def _item_score(value) -> ItemScore:
    """From what the task returns: a value, or BLEU's counts."""
    if isinstance(value, (tuple, list)):
        return ItemScore(float("nan"), tuple(value))
    return ItemScore(value, (value,))


def protocol_block(generation: schema.Generation, template: str | None) -> schema.Protocol:
    """The ranked protocol with this generation and chat template (None: none, or unknown)."""
    return schema.Protocol(
        name=PROTOCOL,
        version=PROTOCOL_VERSION,
        prompt_version=dialogue.PROMPT_VERSION,
        max_history_words=dialogue.MAX_HISTORY_WORDS,
        generation=generation,
        chat_template_sha256=hashlib.sha256(template.encode()).hexdigest() if template else None,
    )


def _generation(settings: Settings) -> schema.Generation:
    return schema.Generation(
        do_sample=False,
        temperature=0.0,
        max_new_tokens=MAX_NEW_TOKENS,
        until=["\\n"],
        batch_size=settings.batch_size,
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
    result, items = make_result(
        candidate.model,
        benchmark,
        protocol_block(_generation(settings), template),
        predictions,
        signatures,
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
    journal.path.unlink(missing_ok=True)
    return path
