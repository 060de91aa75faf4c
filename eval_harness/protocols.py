"""The two protocols as data: their items, their metrics, how replies are decoded. ``tasks/deescalwild`` says what a prompt is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from eval_harness import paper
from eval_harness.benchmark import Benchmark
from eval_harness.scoring import METRICS, Metric, make_metric
from submissions.schema import Generation

SEEDS = (1, 2, 3)
"""Of a sampled run, unless given."""
MAX_NEW_TOKENS = 128
TOP_K = 50
"""transformers' default, in force when the published script ran, which does not name it."""


@dataclass(frozen=True)
class Protocol:
    """``name``: of the lm-eval task too. ``until``: stop strings, escaped as they stand in a result."""

    name: str
    version: str
    until: tuple[str, ...]
    always_sampled: bool
    view: Callable[[Benchmark], Benchmark]
    own_metrics: Callable[[], dict[str, Metric]] = dict

    def metrics(self) -> dict[str, Metric]:
        """Metric by name, in the order of every table.

        Raises:
            MissingAsset: a metric lacks what it needs.
        """
        own = self.own_metrics()
        return {name: own.get(name) or make_metric(name) for name in METRICS}

    def generation(self, seeds: Sequence[int], batch_size: int) -> Generation:
        """Greedy without seeds, else the paper's sampling, once a seed."""
        common = {"max_new_tokens": MAX_NEW_TOKENS, "until": list(self.until), "batch_size": batch_size}
        if not seeds:
            return Generation(do_sample=False, temperature=0.0, **common)
        return Generation(
            do_sample=True,
            temperature=paper.TEMPERATURE,
            top_p=paper.TOP_P,
            top_k=TOP_K,
            repetition_penalty=paper.REPETITION_PENALTY,
            seeds=list(seeds),
            **common,
        )


def _papers_items(benchmark: Benchmark) -> Benchmark:
    """The same scenarios with the script's items. All are scored, so they stand as ``clean``, the ledger's word for that."""
    items = tuple(
        replace(item, subset="clean")
        for scenario_id in sorted(benchmark.scenarios)
        for item in paper.items(benchmark.scenarios[scenario_id])
    )
    return replace(benchmark, items=items)


PROTOCOLS = {
    own.name: own
    for own in (
        Protocol("deescalwild", "1", ("\\n",), False, lambda benchmark: benchmark),
        Protocol(paper.TASK, "1", (), True, _papers_items, lambda: {"bleu_4": paper.PaperBLEU()}),
    )
}


def task_settings(generation: Generation, seed: int | None) -> dict:
    """lm-eval's ``gen_kwargs`` for one pass over the items; the task's own for a greedy run."""
    if seed is None:
        return {}
    names = ("do_sample", "temperature", "top_p", "top_k", "repetition_penalty")
    return {name: getattr(generation, name) for name in names} | {"seed": seed}
