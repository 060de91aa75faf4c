"""Latency and nothing else: what people run on a device of their own, for the file to be put beside the model's result."""

import re
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from dataset_script.dialogue import item_messages
from eval_harness.benchmark import Benchmark, load_benchmark
from eval_harness.engines import Opened, Work
from eval_harness.errors import EvaluationError
from eval_harness.latency import evenly, this_machine
from eval_harness.models import Candidate
from eval_harness.prompt import render_prompt
from eval_harness.run import Settings, engine_of, planned_path
from submissions.latency import LatencyFile, latency_path
from submissions.ledger import write_whole

PACKAGES = ("torch", "transformers")


def check_profile(profile: str | None) -> None:
    """Refuse a name that is no slug before an hour is spent on it."""
    if profile is not None and not re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,62}", profile):
        raise EvaluationError(
            f"--profile {profile[:80]!r}: use small letters, digits, - _ and . as in jetson-orin-nano."
        )


def measure_alone(candidate: Candidate, settings: Settings, *, profile: str | None, n_items: int) -> Path:
    """Time replies to items spread over the split, one at a time; a file in the ledger's form, in place of an older one.

    Args:
        profile: name of this machine for people; its GPU's or processor's unless given.

    Raises:
        EvaluationError: a wrong name; the engine's model does not run on this machine.
    """
    check_profile(profile)
    benchmark = load_benchmark(settings.data, settings.split).first_scenarios(settings.limit)
    result = planned_path(candidate, settings)
    engine = engine_of(candidate, settings)
    with engine.open(candidate.model, candidate.folder, Work(result.parent / ".latency.jsonl")) as opened:
        found = opened.latency(_prompts(opened, benchmark, n_items))
    if found is None:
        raise EvaluationError(
            f"{candidate.model.id}: only a model that --backend hf loads on this machine can be timed."
        )
    latency = found.model_copy(update={"machine": this_machine(profile)})
    path = latency_path(result, latency)
    file = LatencyFile(
        model_id=candidate.model.id,
        revision=candidate.model.revision,
        precision=candidate.model.precision,
        benchmark_digest=benchmark.manifest.digest,
        latency=latency,
        created_at=datetime.now(UTC).replace(microsecond=0),
        command=settings.command,
        versions={name: version(name) for name in PACKAGES},
    )
    write_whole(path, f"{file.model_dump_json(indent=1)}\n".encode())
    return path


def _prompts(opened: Opened, benchmark: Benchmark, n_items: int) -> list[str]:
    template = opened.lm.apply_chat_template if opened.has_template else None
    return [
        render_prompt(item_messages(benchmark.scenarios[item.scenario_id], item.turn_index), template)
        for item in evenly(benchmark.items, n_items)
    ]
