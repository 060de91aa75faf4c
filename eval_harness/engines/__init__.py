"""What generates replies: one interface, four engines. Prompts, stop strings, cleaning and scoring are the same for all.

An :class:`Engine` is a user's choice as plain data; :func:`Engine.open` loads it, and an :class:`Opened` one is an lm-eval model and what the
result says of how it was run. Open first: ``openai.py``, then ``served.py``.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from lm_eval.api.model import LM

    from submissions import schema


class EngineName(StrEnum):
    """Names as a user gives them and a result holds them."""

    hf = "hf"
    vllm = "vllm"
    openai = "openai"
    llama_cpp = "llama.cpp"


@dataclass(frozen=True)
class Work:
    """One evaluation, as an engine sees it.

    ``journal``: file for finished replies, which a rerun reads. ``progress`` is called with (finished, total).
    """

    journal: Path
    batch_size: int = 1
    progress: Callable[[int, int], None] = lambda done, total: None


def _no_versions() -> dict[str, str]:
    return {}


def _no_usage() -> None:
    return None


def _no_latency(prompts: Sequence[Any]) -> None:
    return None


@dataclass(frozen=True)
class Opened:
    """A loaded model.

    Args:
        lm: lm-eval's model. After ``generate_until`` its ``dropped_tokens`` tells, by item id, what a small window has cost.
        device: what the model runs on, as far as that is known here.
        forget: deletes the journal, once the result is written.
        versions: of what a reply depends on beside the Python packages; for the result's ``environment.packages``.
        template: text of the chat template; None where it is the server's, or where there is none.
        has_template: whether prompts are chats.
        usage: tokens and cost of the replies so far; None where nobody counts.
        latency: measures one reply at a time, given rendered prompts; None where the machine is not ours.
    """

    lm: "LM"
    device: str
    forget: Callable[[], None]
    versions: Callable[[], dict[str, str]] = _no_versions
    template: str | None = None
    has_template: bool = True
    usage: "Callable[[], schema.Usage | None]" = _no_usage
    latency: "Callable[[Sequence[Any]], schema.Latency | None]" = _no_latency


class Engine(Protocol):
    """What a user chose: plain data until it is opened."""

    @property
    def name(self) -> EngineName: ...

    def open(self, model: "schema.Model", folder: Path | None, work: Work) -> AbstractContextManager[Opened]:
        """Load a model that was resolved before.

        Args:
            model: as the ledger names it.
            folder: of its files; None where there are none on this machine.

        Raises:
            EvaluationError: the model cannot be run so.
            MissingEngine: this machine lacks the engine or its hardware.
        """
        ...


def local_device(device: str) -> str:
    """A device of this machine in words, for the result."""
    from eval_harness.latency import this_machine

    machine = this_machine()
    return f"{device}: {machine.gpu or machine.processor}, {machine.n_cores} cores"


class MissingEngine(OSError):
    """An engine that is not installed, or hardware that is not there."""

    exit_code = 2
