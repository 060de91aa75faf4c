"""The lm-evaluation-harness task: a real multi-turn chat per item, all items scored in one batch.

Works with plain lm-eval (``--include_path eval_harness/tasks --tasks deescalwild``) and under ``deescalwild evaluate``.
Written against lm-eval 0.4.13; what looks odd here answers one of its traps, named in README.md.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from datasets import Dataset, DatasetDict
from jinja2.exceptions import TemplateError
from lm_eval.api.metrics import mean
from lm_eval.api.task import ConfigurableTask

from dataset_script.dialogue import Item, item_messages
from eval_harness import paper
from eval_harness.benchmark import find_data, load_benchmark
from eval_harness.errors import EvaluationError
from eval_harness.prompt import render_prompt
from eval_harness.replies import clean_reply
from eval_harness.scoring import BLEU4, METRICS, ItemScore, Metric, make_metric


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
            **_document(item, folder, split),
            "category": benchmark.scenarios[item.scenario_id].category,
        }
        for item in benchmark.items
        if subset == "as_released" or item.subset == "clean"
    ]
    return DatasetDict({"test": Dataset.from_list(rows)})


def load_paper_items(
    data_dir: str | None = None, split: str = "test", limit_scenarios: int | None = None, **_
) -> DatasetDict:
    """The script's items: every officer row directly followed by a civilian's, by the keyword list."""
    folder = find_data(data_dir)
    scenarios = load_benchmark(folder, split).first_scenarios(limit_scenarios).scenarios
    rows = [_document(item, folder, split) for name in sorted(scenarios) for item in paper.items(scenarios[name])]
    return DatasetDict({"test": Dataset.from_list(rows)})


def _document(item: Item, folder: Path, split: str) -> dict:
    return {
        "item_id": item.item_id,
        "scenario_id": item.scenario_id,
        "turn_index": item.turn_index,
        "subset": item.subset,
        "officer_text": item.officer_text,
        "reference": item.reference,
        "data_dir": str(folder),
        "split": split,
    }


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


def categories(data_dir: str | None, split: str) -> list[str]:
    """Scenario categories of a split, sorted."""
    return sorted({scenario.category for scenario in load_benchmark(find_data(data_dir), split).scenarios.values()})


class CivilianTurn(ConfigurableTask):
    """One document an item; the model answers the officer as the civilian."""

    VERSION = 1.0

    def __init__(self, config=None, **kwargs):
        config = dict(config or {})
        config.pop("class", None)  # TaskConfig of 0.4.13 refuses the key that the YAML needs
        super().__init__(config=config, **kwargs)
        self._scores: dict[str, dict[str, ItemScore]] = {}

    def make_metrics(self) -> dict[str, Metric]:
        """Metric by name, in the order of every table."""
        return {name: make_metric(name) for name in METRICS}

    def clean(self, reply: str) -> str:
        """What of a raw reply is scored."""
        return clean_reply(reply)

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
                instance.filtered_resps[name] = self.clean(reply if isinstance(reply, str) else reply[0])
        replies = [next(iter(instance.filtered_resps.values())) for instance in self.instances]
        references = [doc["reference"] for doc in docs]
        self._scores = {doc["item_id"]: {} for doc in docs}
        for name, metric in self.make_metrics().items():
            for doc, score in zip(docs, metric.score(replies, references), strict=True):
                self._scores[doc["item_id"]][name] = score

    def process_results(self, doc, results):
        """Item values with their scenario; corpus BLEU as counts, since it is not a mean of items.

        ``<metric>_stderr`` overwrites lm-eval's own column, which treats items of one scenario as independent.
        """
        found = {}
        for metric, score in self._scores[doc["item_id"]].items():
            row = (doc["scenario_id"], score.statistics if len(score.statistics) > 1 else score.value)
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


class CivilianTurnByCategory(CivilianTurn):
    """The ranked protocol with every metric once more for each category of scenario, as ``rouge_l/traffic stop``."""

    def process_results(self, doc, results):
        """The task's own rows, and those of the document's category."""
        found = super().process_results(doc, results)
        return found | {f"{metric}/{doc['category']}": row for metric, row in found.items() if metric in METRICS}

    def aggregation(self):
        """Each category's rows become a number as the whole's do."""
        whole = super().aggregation()
        metadata = self.config.metadata
        parts = categories(metadata.get("data_dir"), metadata.get("split", "test"))
        return whole | {f"{metric}/{part}": whole[metric] for metric in METRICS for part in parts}


class PaperTurn(CivilianTurn):
    """The paper's script as published: its items, prompts, cleaning and BLEU. For comparing with its table, never ranked."""

    def make_metrics(self) -> dict[str, Metric]:
        """The four metrics; BLEU is the script's own."""
        return super().make_metrics() | {"bleu_4": paper.PaperBLEU()}

    def clean(self, reply: str) -> str:
        """The script's cleaner."""
        return paper.clean_reply(reply)

    def fewshot_context(self, doc, num_fewshot=0, apply_chat_template=False, chat_template=None, **_):
        """The script's prompt. A template that demands alternating roles refuses it, as it refused the script.

        Raises:
            EvaluationError: the template refuses the history, in which answered civilian rows stand twice.
        """
        scenario = load_benchmark(find_data(doc["data_dir"]), doc["split"]).scenarios[doc["scenario_id"]]
        history = paper.messages(scenario, doc["turn_index"])
        if not (apply_chat_template and chat_template):
            return paper.plain_prompt(history)
        try:
            return chat_template(history, add_generation_prompt=True)
        except TemplateError as error:
            raise EvaluationError(
                f"this model's chat template refuses the paper's history ({error}). The published script scored an error "
                "message in place of each of its replies; there is nothing to reproduce. Use the protocol deescalwild."
            ) from None

    def aggregation(self):
        """All four are means over items."""
        return dict.fromkeys(METRICS, _mean) | {f"{metric}_stderr": clustered_stderr for metric in METRICS}
