"""Generating replies: the published script's way against eval_harness, one process, side by side.

    python -m benchmarks.generation [--scenarios 4] [--items 30] [--new-tokens 24] [--threads 2] [--every 1]

Both sides answer the same prompts of the ranked protocol with the same weights, greedily. The script's way encodes the whole history anew for
each turn and generates one reply at a time (``generate``, batch 1, with its KV cache within a reply). Ours is ``ResumableHFLM``, the class that
`deescalwild evaluate` runs. A second case has short scenarios (4 items each, the shortest of the sample), where there is little to share.
"prefilled": prompt tokens that the model was given, counted at its input. CPU seconds are of the process, all threads.
``--every 7`` runs the script's way on each seventh item of the long case and multiplies; its items are independent of each other, ours are not.
Prints a table and, last, one JSON line. Replies must be equal, or it fails.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from lm_eval.api.instance import Instance
from rich.console import Console
from rich.table import Table

from dataset_script.build import SAMPLE, build_dataset
from dataset_script.dialogue import Scenario, item_messages, items
from eval_harness import offline_assets
from eval_harness.benchmark import load_benchmark
from eval_harness.generation import ResumableHFLM
from eval_harness.journal import Journal
from eval_harness.prompt import render_prompt
from eval_harness.quiet import quiet_libraries

TARGETS = {"prefill_ratio": 1 / 12, "cpu_ratio": 1 / 3, "short_cpu_ratio": 1.0}
SHORT_ITEMS = 4


@dataclass(frozen=True)
class Measure:
    """Cost of one side: CPU and wall seconds, prompt tokens given to the model, replies by item."""

    cpu_s: float
    wall_s: float
    prefilled: int
    replies: dict[str, str]


def sample_scenarios(folder: Path) -> list[Scenario]:
    """All scenarios of the sample, longest first."""
    build_dataset(SAMPLE, folder / "deescalwild", is_sample=True)
    found = [
        own
        for split in ("train", "validation", "test")
        for own in load_benchmark(folder / "deescalwild", split).scenarios.values()
    ]
    return sorted(found, key=lambda own: -len(list(items(own))))


def lengthened(scenarios: list[Scenario], n_items: int) -> Iterator[Scenario]:
    """Scenarios with at least that many items: one scenario's turns after another's, since the sample's own end sooner."""
    rest = iter(scenarios)
    for first in rest:
        turns = list(first.turns)
        while len(list(items(longer := replace(first, turns=tuple(turns))))) < n_items:
            turns += [replace(turn, index=len(turns) + number) for number, turn in enumerate(next(rest).turns)]
        yield longer


def requests_of(lm: ResumableHFLM, scenarios: list[Scenario], n_items: int, new_tokens: int) -> list[Instance]:
    """lm-eval's requests for the first items of each scenario."""
    settings = {"until": ["\n"], "do_sample": False, "temperature": 0.0, "max_gen_toks": new_tokens}
    requests: list[Instance] = []
    for scenario in scenarios:
        for item in list(items(scenario))[:n_items]:
            prompt = render_prompt(item_messages(scenario, item.turn_index), lm.apply_chat_template)
            doc = {"item_id": item.item_id, "scenario_id": item.scenario_id}
            requests.append(Instance("generate_until", doc, (prompt, settings), len(requests)))
    return requests


@contextmanager
def counting_prefill(model) -> Iterator[Counter]:
    """Counts the tokens of all inputs longer than one: what is encoded beyond the replies themselves."""
    counts: Counter = Counter()

    def count(_, args, kwargs):
        ids = kwargs.get("input_ids", args[0] if args else None)
        if ids.shape[1] > 1:
            counts["tokens"] += ids.numel()

    handle = model.register_forward_pre_hook(count, with_kwargs=True)
    try:
        yield counts
    finally:
        handle.remove()


def one_by_one(lm: ResumableHFLM, requests: list[Instance]) -> dict[str, str]:
    """The published script's loop: whole prompt, one reply."""
    replies = {}
    for request in requests:
        prompt, settings = request.args
        ids = lm.tokenizer(prompt, return_tensors="pt", add_special_tokens=False)
        with torch.inference_mode():
            output = lm.model.generate(
                **ids,
                max_new_tokens=settings["max_gen_toks"],
                do_sample=False,
                pad_token_id=lm.tokenizer.eos_token_id,
                stop_strings=settings["until"],
                tokenizer=lm.tokenizer,
            )
        text = lm.tokenizer.decode(output[0, ids["input_ids"].shape[1] :], skip_special_tokens=True)
        replies[request.doc["item_id"]] = text.split("\n")[0]
    return replies


def ours(lm: ResumableHFLM, requests: list[Instance]) -> dict[str, str]:
    """The class that evaluation runs, journal included."""
    replies = lm.generate_until(requests)
    return {request.doc["item_id"]: reply for request, reply in zip(requests, replies, strict=True)}


def measure(way, lm: ResumableHFLM, requests: list[Instance], every: int = 1) -> Measure:
    """Run one side once, on each ``every``-th request, and scale up to all."""
    chosen = requests[::every]
    scale = len(requests) / len(chosen)
    with counting_prefill(lm.model) as counts:
        cpu, wall = time.process_time(), time.perf_counter()
        replies = way(lm, chosen)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    found = Measure(cpu * scale, wall * scale, round(counts["tokens"] * scale), replies)
    print(f"{way.__name__}: {len(chosen)} replies, {cpu:.1f} CPU s", file=sys.stderr, flush=True)
    return found


def load(folder: Path, batch_size: int) -> ResumableHFLM:
    """SmolLM2-135M in float32 behind lm-eval's interface."""
    return ResumableHFLM(
        pretrained=str(offline_assets.model_dir(offline_assets.CIVILIAN_MODEL)),
        dtype="float32",
        device="cpu",
        batch_size=batch_size,
        journal=Journal(folder / "journal.jsonl"),
        fingerprint="benchmark",
        progress=lambda done, total: None,
    )


def both_sides(options: argparse.Namespace, folder: Path) -> dict[str, tuple[Measure, Measure]]:
    """Case → (the script's way, ours)."""
    scenarios = sample_scenarios(folder)
    long = list(islice(lengthened(scenarios, options.items), options.scenarios))
    enough = (own for own in reversed(scenarios) if len(list(items(own))) >= SHORT_ITEMS)
    short = list(islice(enough, options.scenarios))
    lm = load(folder, options.batch_size)
    cases = {
        "long": requests_of(lm, long, options.items, options.new_tokens),
        "short": requests_of(lm, short, SHORT_ITEMS, options.new_tokens),
    }
    every = {"long": options.every, "short": 1}
    return {name: (measure(one_by_one, lm, own, every[name]), measure(ours, lm, own)) for name, own in cases.items()}


def print_table(found: dict[str, tuple[Measure, Measure]], threads: int) -> None:
    """Both sides of each case."""
    table = Table("", "prefilled", "CPU s", "wall s", title=f"SmolLM2-135M float32, greedy, {threads} threads")
    for name, sides in found.items():
        for side, own in zip(("one by one", "ours"), sides, strict=True):
            table.add_row(f"{name}, {side}", str(own.prefilled), f"{own.cpu_s:.1f}", f"{own.wall_s:.1f}")
    Console(file=sys.stdout, width=100).print(table)


def ratios(found: dict[str, tuple[Measure, Measure]]) -> dict[str, float]:
    """Ours over the script's way."""
    (slow, fast), (short_slow, short_fast) = found["long"], found["short"]
    return {
        "prefill_ratio": fast.prefilled / slow.prefilled,
        "cpu_ratio": fast.cpu_s / slow.cpu_s,
        "wall_ratio": fast.wall_s / slow.wall_s,
        "short_cpu_ratio": short_fast.cpu_s / short_slow.cpu_s,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenarios", type=int, default=4)
    parser.add_argument("--items", type=int, default=30)
    parser.add_argument("--new-tokens", type=int, default=24)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=32)
    options = parser.parse_args()
    quiet_libraries()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as temporary:
        found = both_sides(options, Path(temporary))
    print_table(found, options.threads)
    figures = ratios(found)
    different = sum(slow.replies[key] != fast.replies[key] for slow, fast in found.values() for key in slow.replies)
    line = {
        "scenarios": options.scenarios,
        "items": options.items,
        "script_side_measured_on_every": options.every,
        **{name: round(value, 4) for name, value in figures.items()},
        "different_replies": different,
        "targets_met": all(figures[name] <= target for name, target in TARGETS.items()),
    }
    print(json.dumps(line))
    if different:
        sys.exit(f"{different} replies differ between the two sides")


if __name__ == "__main__":
    main()
