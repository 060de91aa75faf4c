"""Latency of one reply at batch 1, measured apart from the throughput run, on a named machine."""

import os
import platform
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import psutil

from eval_harness.meters import metered
from eval_harness.scoring.bertscore import forget_encoders
from submissions.schema import Latency, Machine, Quantiles

N_WARMUP = 2
N_ITEMS = 12
MAX_NEW_TOKENS = 32
_TRADE_WORDS = re.compile(r"\((?:R|TM)\)|\b(?:CPU|Processor)\b|@.*", re.I)
"""What makers add to a processor's name and nobody says: "Intel(R) Xeon(R) Processor"."""
T = TypeVar("T")


def this_machine(profile: str | None = None) -> Machine:
    """What this machine is. ``profile``: its name for people; made from the GPU or processor unless given."""
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")
        ]
        processor = names[0] if names else processor
    n_cores = os.cpu_count() or 1
    name = profile or f"{_TRADE_WORDS.sub('', gpu or processor)}-{n_cores}-cores"
    return Machine(
        profile=re.sub(r"[^a-z0-9_.]+", "-", name.lower()).strip("-.")[:64],
        processor=processor,
        n_cores=n_cores,
        memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
        gpu=gpu,
        system=f"{platform.system()} {platform.machine()}",
    )


class _FirstToken:
    """A streamer that notes when the first new token arrives (its first call carries the prompt)."""

    def __init__(self) -> None:
        self.calls: list[float] = []

    def put(self, value) -> None:
        self.calls.append(time.perf_counter())

    def end(self) -> None:
        """Part of the streamer interface; nothing to flush."""


def _one(lm, prompt: str) -> tuple[float, float, int]:
    """(seconds to first token, seconds in all, new tokens) of one greedy reply."""
    import torch

    streamer = _FirstToken()
    start = time.perf_counter()
    encoded = lm.tokenizer(prompt, return_tensors="pt", add_special_tokens=False).to(lm.device)
    with torch.inference_mode():
        output = lm.model.generate(
            **encoded,
            max_new_tokens=MAX_NEW_TOKENS,
            do_sample=False,
            streamer=streamer,
            pad_token_id=lm.tokenizer.eos_token_id,
        )
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    end = time.perf_counter()
    return streamer.calls[1] - start, end - start, int(output.shape[1] - encoded["input_ids"].shape[1])


def _quantiles(seconds: np.ndarray) -> Quantiles:
    p50, p95 = np.percentile(seconds, [50, 95])
    return Quantiles(p50=float(p50), p95=float(p95))


def evenly(values: Sequence[T], n: int) -> list[T]:
    """At most ``n`` values, spread evenly over all, the first and the last among them."""
    return [values[i] for i in np.linspace(0, len(values) - 1, min(n, len(values))).astype(int)]


def measure(lm, prompts: Sequence[str]) -> Latency:
    """Time greedy replies, after ``N_WARMUP`` replies that do not count.

    Peak memory is of the whole process; what a run's metrics had loaded is let go first.

    Args:
        lm: a loaded lm-eval ``HFLM``.
        prompts: rendered prompts, at least one; see :func:`evenly`.
    """
    for prompt in prompts[:N_WARMUP]:
        _one(lm, prompt)
    forget_encoders()
    with metered() as reading:
        timings = [_one(lm, prompt) for prompt in prompts]
    first, total, tokens = (np.array(column) for column in zip(*timings, strict=True))
    # A reply of one token has no time between tokens.
    later, rest = (tokens - 1)[tokens > 1], (total - first)[tokens > 1]
    return Latency(
        machine=this_machine(),
        engine="hf",
        n_items=len(prompts),
        n_warmup=min(N_WARMUP, len(prompts)),
        max_new_tokens=MAX_NEW_TOKENS,
        first_token_s=_quantiles(first),
        output_token_s=_quantiles(rest / later if len(later) else np.zeros(1)),
        end_to_end_s=_quantiles(total),
        output_tokens_per_s=float(later.sum() / rest.sum()) if len(later) else 0.0,
        peak_memory_mib=reading.peak_memory_mib,
        peak_gpu_memory_mib=reading.peak_gpu_memory_mib,
        energy_j_per_item=None if reading.energy_j is None else reading.energy_j / len(prompts),
    )
