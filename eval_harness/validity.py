"""What a split can tell and what it cannot: baselines, power, one-word references, leaks. The board's About page shows it.

In: a built dataset and the baselines' results on it. Out: :class:`Validity`, as data and as text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dataset_script.dialogue import plain
from eval_harness import models
from eval_harness.benchmark import load_benchmark
from eval_harness.leaks import SAID_BY_EVERYBODY_WORDS, Leaks, find_leaks
from eval_harness.run import Settings, evaluate
from submissions.ledger import parse_result
from submissions.power import POWER, Detectable, detectable_differences
from submissions.schema import BASELINES, METRICS

SHORT_REFERENCE_WORDS = (1, 3)
MAX_LEAKS_SHOWN = 10


@dataclass(frozen=True)
class Validity:
    """Shares are 0–1 of the split's ranked items; scores ×100 but BERTScore."""

    digest: str
    split: str
    n_scenarios: int
    n_items: int
    largest_scenario_share: float
    one_word_share: float
    three_word_share: float
    most_frequent_reference: tuple[str, float]
    leaks: Leaks
    baselines: Mapping[str, Mapping[str, float]]
    detectable: Mapping[str, Detectable]


def assess(data: Path, results: Path, split: str = "test") -> Validity:
    """Run the baselines that are not in the ledger yet, and put the report together.

    Raises:
        DataError, MissingDataset, MissingAsset: as :func:`eval_harness.run.evaluate`.
    """
    benchmark = load_benchmark(data, split)
    digest = benchmark.manifest.digest
    settings = Settings(data, results, split=split, command=f"deescalwild evaluate --validity --split {split}")
    measured = {}
    for name in BASELINES:
        path = evaluate(models.resolve(name, train_digest=digest), settings)
        measured[name] = parse_result(path.read_bytes())
    ranked = [item for item in benchmark.items if item.subset == "clean"]
    lengths = [len(item.reference.split()) for item in ranked]
    texts = [plain(item.reference) for item in ranked]
    most = max(sorted(set(texts)), key=texts.count)
    per_scenario = [sum(item.scenario_id == name for item in ranked) for name in benchmark.scenarios]
    one, three = (sum(length <= limit for length in lengths) / len(ranked) for limit in SHORT_REFERENCE_WORDS)
    return Validity(
        digest=digest,
        split=split,
        n_scenarios=len(benchmark.scenarios),
        n_items=len(ranked),
        largest_scenario_share=max(per_scenario) / len(ranked),
        one_word_share=one,
        three_word_share=three,
        most_frequent_reference=(most, texts.count(most) / len(texts)),
        leaks=find_leaks(load_benchmark(data, "train"), benchmark),
        baselines={
            name: {metric: getattr(result.scores, metric).value for metric in METRICS}
            for name, result in measured.items()
        },
        detectable=detectable_differences(list(measured.values())),
    )


def _leak_lines(leaks: Leaks) -> list[str]:
    """The first of each kind, named: what has to be looked at."""
    lines = [f"incident {name} is in both splits" for name in leaks.incidents]
    lines += [
        f"{each.first} and {each.second} share {each.containment:.0%} of their words" for each in leaks.duplicates
    ]
    lines += [f"{item_id} stands in train with its officer's line" for item_id in leaks.exchanges]
    return lines[:MAX_LEAKS_SHOWN]


def as_text(validity: Validity) -> str:
    """The report as lines of at most 110 characters."""
    names = {"rouge_l": "ROUGE-L", "bleu_4": "BLEU-4", "meteor": "METEOR", "bertscore": "BERTScore"}

    def row(label: str, values: Mapping[str, float]) -> str:
        return f"  {label:<38}" + "".join(f"{values[m]:>12.{3 if m == 'bertscore' else 1}f}" for m in METRICS)

    text, share = validity.most_frequent_reference
    leaks = validity.leaks
    return "\n".join(
        [
            f"Validity of split {validity.split!r}, data {validity.digest[:8]}",
            "",
            f"  {validity.n_scenarios} scenarios, {validity.n_items} ranked items; the largest scenario has "
            f"{validity.largest_scenario_share:.1%} of them",
            f"  references of one word {validity.one_word_share:.1%}, of at most three {validity.three_word_share:.1%}; "
            f"the most frequent is “{text}” ({share:.1%})",
            f"  shared with train: {len(leaks.incidents)} incidents, {len(leaks.duplicates)} near-duplicate scenarios, "
            f"{len(leaks.exchanges)} exchanges word for word",
            f"  of references longer than {SAID_BY_EVERYBODY_WORDS} words, {leaks.references_share:.1%} are said by somebody in train",
            *(f"  leak: {line}" for line in _leak_lines(leaks)),
            "",
            "What understands nothing reaches",
            f"  {'':<38}" + "".join(f"{names[metric]:>12}" for metric in METRICS),
            *(row(name, values) for name, values in validity.baselines.items()),
            "",
            f"Smallest difference that two models can be told apart by ({POWER:.0%} power, 5 % two-sided, paired)",
            row("a typical pair", {metric: own.typical for metric, own in validity.detectable.items()}),
            row("the noisiest pair", {metric: own.noisiest for metric, own in validity.detectable.items()}),
            "",
        ]
    )
