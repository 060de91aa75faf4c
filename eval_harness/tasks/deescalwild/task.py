"""The lm-evaluation-harness task: a real multi-turn chat per item, all items scored in one batch.

Works with plain lm-eval (``--include_path eval_harness/tasks --tasks deescalwild``) and under ``deescalwild evaluate``.
Written against lm-eval 0.4.13; what looks odd here answers one of its traps, named in README.md.
"""

from collections import defaultdict
from collections.abc import Sequence

from datasets import Dataset, DatasetDict
from lm_eval.api.metrics import mean
from lm_eval.api.task import ConfigurableTask

from dataset_script.dialogue import item_messages
from eval_harness.benchmark import find_data, load_benchmark
from eval_harness.prompt import render_prompt
from eval_harness.replies import clean_reply
from eval_harness.scoring import BLEU4, METRICS, ItemScore, make_metric


def load_items(
    data_dir: str | None = None,
    subset: str = "clean",
    split: str = "test",
    limit_scenarios: int | None = None,
    **_,
) -> DatasetDict:
    """The item list as lm-eval documents. lm-eval passes the task's metadata, ``--metadata`` and the model's arguments.

    Documents hold ids and the pair only; the history is derived when the prompt is made.
    """
    folder = find_data(data_dir)
    benchmark = load_benchmark(folder, split).first_scenarios(limit_scenarios)
    rows = [
        {
            "item_id": item.item_id,
            "scenario_id": item.scenario_id,
            "turn_index": item.turn_index,
            "subset": item.subset,
            "officer_text": item.officer_text,
            "reference": item.reference,
            "data_dir": str(folder),
            "split": split,
        }
        for item in benchmark.items
        if subset == "as_released" or item.subset == "clean"
    ]
    return DatasetDict({"test": Dataset.from_list(rows)})


def clustered_stderr(values: Sequence[tuple[str, float]]) -> float:
    """Standard error of a mean whose items are clustered by scenario (CR1: C/(C-1) correction).

    Args:
        values: (scenario id, item value).
    """
    clusters: dict[str, list[float]] = defaultdict(list)
    for scenario_id, value in values:
        clusters[scenario_id].append(value)
    if len(clusters) < 2:
        return float("nan")
    centre = mean([value for _, value in values])
    squares = sum(sum(value - centre for value in own) ** 2 for own in clusters.values())
    return (len(clusters) / (len(clusters) - 1) * squares) ** 0.5 / len(values)


def _corpus_bleu(values: Sequence[tuple[str, tuple[float, ...]]]) -> float:
    return BLEU4().aggregate([ItemScore(0.0, statistics) for _, statistics in values])


def _corpus_bleu_stderr(values: Sequence[tuple[str, tuple[float, ...]]]) -> float:
    """Jackknife over scenarios: corpus BLEU is no mean, so it has no closed form."""
    clusters = sorted({scenario_id for scenario_id, _ in values})
    if len(clusters) < 2:
        return float("nan")
    left_out = [_corpus_bleu([row for row in values if row[0] != cluster]) for cluster in clusters]
    centre = mean(left_out)
    return ((len(clusters) - 1) / len(clusters) * sum((x - centre) ** 2 for x in left_out)) ** 0.5


def _mean(values: Sequence[tuple[str, float]]) -> float:
    return mean([value for _, value in values])


class CivilianTurn(ConfigurableTask):
    """One document an item; the model answers the officer as the civilian."""

    VERSION = 1.0

    def __init__(self, config=None, **kwargs):
        config = dict(config or {})
        config.pop("class", None)  # TaskConfig of 0.4.13 refuses the key that the YAML needs
        super().__init__(config=config, **kwargs)
        self._scores: dict[str, dict[str, ItemScore]] = {}

    def fewshot_context(self, doc, num_fewshot=0, apply_chat_template=False, chat_template=None, **_):
        """The prompt: system, history as alternating turns, the officer's last words."""
        scenario = load_benchmark(find_data(doc["data_dir"]), doc["split"]).scenarios[doc["scenario_id"]]
        messages = item_messages(scenario, doc["turn_index"])
        return render_prompt(messages, chat_template if apply_chat_template else None)

    def apply_filters(self):
        """Clean and score all replies at once: one BERTScore pass instead of one a document."""
        super().apply_filters()
        docs = [instance.doc for instance in self.instances]
        for instance in self.instances:
            for name, reply in instance.filtered_resps.items():
                instance.filtered_resps[name] = clean_reply(reply if isinstance(reply, str) else reply[0])
        replies = [next(iter(instance.filtered_resps.values())) for instance in self.instances]
        references = [doc["reference"] for doc in docs]
        self._scores = {doc["item_id"]: {} for doc in docs}
        for metric in METRICS:
            for doc, score in zip(docs, make_metric(metric).score(replies, references), strict=True):
                self._scores[doc["item_id"]][metric] = score

    def process_results(self, doc, results):
        """Item values with their scenario; BLEU as counts, since corpus BLEU is not a mean of items.

        ``<metric>_stderr`` overwrites lm-eval's own column, which treats items of one scenario as independent.
        """
        found = {}
        for metric, score in self._scores[doc["item_id"]].items():
            row = (doc["scenario_id"], score.statistics if metric == "bleu_4" else score.value)
            found[metric] = found[f"{metric}_stderr"] = row
        return found

    def aggregation(self):
        """Metric → how its rows become one number."""
        means = {metric: _mean for metric in METRICS if metric != "bleu_4"}
        errors = {f"{metric}_stderr": clustered_stderr for metric in means}
        return {**means, **errors, "bleu_4": _corpus_bleu, "bleu_4_stderr": _corpus_bleu_stderr}

    def higher_is_better(self):
        """All four are."""
        return dict.fromkeys(METRICS, True)
