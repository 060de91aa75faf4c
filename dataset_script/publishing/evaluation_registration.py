"""``eval.yaml``: registers the dataset as a benchmark on the Hub, one task a protocol and metric.

The form is the Hub's (huggingface/hub-docs, ``docs/hub/eval-results.md``, read in August 2026): it is validated when pushed, and the dataset must be
on the Hub's allow-list before it shows a leaderboard. Models then state results in ``.eval_results/*.yaml`` by dataset and task id.
"""

import yaml
from pydantic import BaseModel, ConfigDict, Field

from dataset_script.manifest import Manifest


class Task(BaseModel):
    """One task: its id is what results name; config and split are the dataset's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9_]+$")
    config: str
    split: str


class Registration(BaseModel):
    """The file as a whole."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    description: str = Field(min_length=1)
    evaluation_framework: str = Field(
        pattern=r"^[a-z0-9-]+$", description="the harness that measures; ours is named like the benchmark"
    )
    tasks: tuple[Task, ...] = Field(min_length=1)


PROTOCOLS = ("deescalwild", "deescalwild_paper")
METRICS = ("rouge_l", "bleu_4", "meteor", "bertscore")
TASKS = tuple(
    Task(id=f"{protocol}_{metric}", config="items", split="test") for protocol in PROTOCOLS for metric in METRICS
)
"""A task holds one number on the Hub, so each protocol (eval_harness/README.md) has one a metric."""


def registration(manifest: Manifest) -> bytes:
    """``eval.yaml`` of a built folder."""
    found = Registration(
        name="DeEscalWild" + (" (fictional sample)" if manifest.is_sample else ""),
        description="A model plays the civilian in a police encounter; its next turn is compared with what the civilian really said. "
        "deescalwild is the ranked protocol, deescalwild_paper the paper's as published.",
        evaluation_framework="deescalwild",
        tasks=TASKS,
    )
    return yaml.safe_dump(found.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=100).encode()
