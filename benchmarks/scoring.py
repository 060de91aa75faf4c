"""Scoring 1,700 pairs: row by row through `evaluate`, as the published script does, against eval_harness/scoring.

    python -m benchmarks.scoring [--pairs 1700] [--rows 150] [--bert-rows 100]

CPU seconds of this process, both sides in one run. The slow side is run over the first ``--rows`` pairs and scaled linearly: its cost is a
fixed one per call. Reproduced of it: one `evaluate` module a metric, loaded once and by local path as one must offline, `compute` called once
a row on lists of one; ROUGE with `use_aggregator` (a bootstrap of 1,000 resamples), add-one BLEU on 13a tokens, METEOR on `word_tokenize`.
The modules call rouge_score, NLTK and the NMT formula as `evaluate`'s do; the arrow and locking work around them is `evaluate`'s own.
Its METEOR module's three `nltk.download` a load are left out. "cold": a fresh process, opening WordNet included, on either side.
"warm": another model's predictions for the same references. Prints a table and, last, one JSON line.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ["HF_EVALUATE_OFFLINE"] = "1"

import torch
from rich.console import Console
from rich.table import Table

from dataset_script.dialogue import Scenario
from eval_harness import offline_assets
from eval_harness.quiet import quiet_libraries

TARGETS = {"cold_ratio": 1 / 40, "warm_ratio": 1 / 150, "bertscore_ratio": 1 / 3}
MODULE = """
import datasets
import evaluate
{imports}

class Local(evaluate.Metric):
    def _info(self):
        text = datasets.Value("string")
        features = datasets.Features({{"predictions": text, "references": text}})
        return evaluate.MetricInfo(description="", citation="", inputs_description="", features=features)

    def _compute(self, predictions, references{arguments}):
{body}
"""
MODULES = {
    "rouge_l": (
        "from rouge_score import rouge_scorer, scoring",
        ", rouge_types=None, use_aggregator=True",
        """
        scorer = rouge_scorer.RougeScorer(rouge_types=rouge_types, use_stemmer=False)
        aggregator = scoring.BootstrapAggregator()
        for reference, prediction in zip(references, predictions):
            aggregator.add_scores(scorer.score(reference, prediction))
        return {"value": aggregator.aggregate()["rougeL"].mid.fmeasure}
        """,
    ),
    "bleu_4": (
        "import math\nfrom collections import Counter\nfrom sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a",
        "",
        """
        tokenizer = Tokenizer13a()
        said, wanted = tokenizer(predictions[0]).split(), tokenizer(references[0]).split()
        precisions = []
        for n in range(1, 5):
            grams = [Counter(tuple(t[i:i + n]) for i in range(len(t) - n + 1)) for t in (said, wanted)]
            overlap = sum((grams[0] & grams[1]).values())
            precisions.append((overlap + 1.0) / (max(len(said) - n + 1, 0) + 1.0))
        ratio = len(said) / len(wanted)
        brevity = 1.0 if ratio > 1.0 else math.exp(1 - 1.0 / ratio)
        return {"value": brevity * math.exp(sum(math.log(p) for p in precisions) / 4)}
        """,
    ),
    "meteor": (
        "from nltk import word_tokenize\nfrom nltk.translate import meteor_score",
        "",
        """
        pairs = zip(references, predictions)
        scores = [meteor_score.single_meteor_score(word_tokenize(r), word_tokenize(p), alpha=0.9, beta=3, gamma=0.5) for r, p in pairs]
        return {"value": sum(scores) / len(scores)}
        """,
    ),
}


def lines_of_the_sample() -> list[str]:
    """Every civilian reply of the fictional sample that an evaluation item could ask for."""
    from dataset_script.build import SAMPLE, build_dataset
    from dataset_script.dialogue import items
    from eval_harness.benchmark import load_benchmark

    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "deescalwild"
        build_dataset(SAMPLE, data, is_sample=True)
        scenarios: list[Scenario] = [
            own for split in ("train", "validation", "test") for own in load_benchmark(data, split).scenarios.values()
        ]
    return [item.reference for scenario in scenarios for item in items(scenario)]


def pairs_of(lines: list[str], n: int, seed: int) -> tuple[list[str], list[str]]:
    """Predictions and references: half the predictions are another line of the corpus, half a mangled copy of the reference.

    Beyond the corpus's size lines come again, as short answers do in the real one.
    """
    references = [lines[index % len(lines)] for index in range(n)]
    rng = random.Random(seed)
    predictions = []
    for number, reference in enumerate(references):
        words = reference.split()
        kept = " ".join(word for word in words if rng.random() > 0.3) or words[0]
        predictions.append(rng.choice(lines) if number % 2 else f"{kept} {rng.choice(words)}")
    return predictions, references


def local_modules(folder: Path) -> dict:
    """The three `evaluate` modules, written to a folder and loaded from it."""
    import evaluate

    loaded = {}
    for name, (imports, arguments, body) in MODULES.items():
        path = folder / name / f"{name}.py"
        path.parent.mkdir()
        text = "\n".join(" " * 8 + line for line in dedent(body).strip().splitlines())
        path.write_text(MODULE.format(imports=imports, arguments=arguments, body=text))
        loaded[name] = evaluate.load(str(path.parent))
    return loaded


def row_by_row(modules: dict, predictions: list[str], references: list[str]) -> tuple[dict, dict[str, float]]:
    """Values ×100 by metric, and CPU seconds by metric."""
    values, seconds = {}, {}
    for name, module in modules.items():
        options = {"rouge_types": ["rougeL"]} if name == "rouge_l" else {}
        start = time.process_time()
        rows = zip(predictions, references, strict=True)
        values[name] = [100 * module.compute(predictions=[p], references=[r], **options)["value"] for p, r in rows]
        seconds[name] = time.process_time() - start
    return values, seconds


def ours(predictions: list[str], references: list[str]) -> tuple[dict, dict[str, float]]:
    """The same by our metrics; BLEU is the paper protocol's, and sacreBLEU's beside it."""
    from eval_harness.paper import PaperBLEU
    from eval_harness.scoring import make_metric

    makers: dict[str, Callable] = {
        "rouge_l": lambda: make_metric("rouge_l"),
        "bleu_4": PaperBLEU,
        "meteor": lambda: make_metric("meteor"),
        "bleu_4_ranked": lambda: make_metric("bleu_4"),
    }
    values, seconds = {}, {}
    for name, make in makers.items():
        start = time.process_time()
        values[name] = [score.value for score in make().score(predictions, references)]
        seconds[name] = time.process_time() - start
    return values, seconds


def bertscore(predictions: list[str], references: list[str], rows: int) -> dict[str, float]:
    """BERTScore of all pairs by ours, and of the first rows one call a row with a scorer that stays loaded."""
    from bert_score import BERTScorer

    from eval_harness.scoring.bertscore import BERTScore, Encoder

    encoder = Encoder(str(offline_assets.model_dir(offline_assets.ENCODER)), offline_assets.ENCODER_LAYER)
    scorer = BERTScorer(model_type=encoder.model, num_layers=encoder.layer, use_fast_tokenizer=True)
    start = time.process_time()
    theirs = [scorer.score([p], [r])[2].item() for p, r in zip(predictions[:rows], references, strict=False)]
    slow = (time.process_time() - start) * len(predictions) / rows
    metric = BERTScore(encoder)
    metric.score(["Yes."], ["No."])  # the model is loaded, as theirs is
    start = time.process_time()
    found = metric.score(predictions, references)
    fast = time.process_time() - start
    difference = max(abs(own.value - other) for own, other in zip(found, theirs, strict=False))
    return {"theirs_s": slow, "ours_s": fast, "difference": difference}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=1700)
    parser.add_argument("--rows", type=int, default=150, help="pairs of the slow side")
    parser.add_argument("--bert-rows", type=int, default=100)
    options = parser.parse_args()
    quiet_libraries()
    torch.set_num_threads(1)
    offline_assets.add_nltk_data()
    lines = lines_of_the_sample()
    first, references = pairs_of(lines, options.pairs, seed=1)
    second, _ = pairs_of(lines, options.pairs, seed=2)

    found, cold = ours(first, references)
    _, warm = ours(second, references)
    with tempfile.TemporaryDirectory() as folder:
        modules = local_modules(Path(folder))
        row_by_row(modules, first[:1], references[:1])  # NLTK's five seconds of opening WordNet must not be scaled
        expected, part = row_by_row(modules, first[: options.rows], references[: options.rows])
    slow = {name: seconds * options.pairs / options.rows for name, seconds in part.items()}
    difference = max(abs(a - b) for name in expected for a, b in zip(expected[name], found[name], strict=False))
    bert = bertscore(first, references, options.bert_rows)

    table = Table("CPU seconds", "row by row", "ours cold", "ours warm", title=f"{options.pairs} pairs, one thread")
    for name in slow:
        table.add_row(name, f"{slow[name]:.1f}", f"{cold[name]:.2f}", f"{warm[name]:.2f}")
    table.add_row("bleu_4, ranked", "", f"{cold['bleu_4_ranked']:.2f}", f"{warm['bleu_4_ranked']:.2f}")
    total_cold, total_warm = (sum(own[name] for name in slow) for own in (cold, warm))
    table.add_row("sum of the first three", f"{sum(slow.values()):.1f}", f"{total_cold:.2f}", f"{total_warm:.2f}")
    table.add_row("bertscore, MiniLM", f"{bert['theirs_s']:.1f}", "", f"{bert['ours_s']:.1f}")
    Console(file=sys.stdout, width=100).print(table)
    figures = {
        "cold_ratio": total_cold / sum(slow.values()),
        "warm_ratio": total_warm / sum(slow.values()),
        "bertscore_ratio": bert["ours_s"] / bert["theirs_s"],
        "largest_difference": difference,
        "bertscore_largest_difference": bert["difference"],
    }
    met = all(figures[name] <= target for name, target in TARGETS.items()) and difference <= 1e-9
    rounded = {name: float(f"{value:.3g}") for name, value in figures.items()}
    print(json.dumps({"pairs": options.pairs, "rows_of_the_slow_side": options.rows, **rounded, "targets_met": met}))


if __name__ == "__main__":
    main()
