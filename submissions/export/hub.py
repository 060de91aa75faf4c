"""A result in the two forms that a model repository on the Hub can state it in.

``.eval_results/deescalwild.yaml`` (huggingface/hub-docs, ``docs/hub/eval-results.md``): read by model pages and benchmark leaderboards; one
value a task, so each protocol has a task a metric (``dataset_script/publishing/evaluation_registration.py`` registers them).
``model-index`` in the README's metadata: older, still read by cards.
"""

from typing import Any

import yaml
from huggingface_hub import EvalResult, EvalResultEntry, eval_result_entries_to_yaml
from huggingface_hub.repocard_data import eval_results_to_model_index

from submissions.schema import METRICS, Result

EVAL_RESULTS_FILE = ".eval_results/deescalwild.yaml"
METRIC_NAMES = {"rouge_l": "ROUGE-L", "bleu_4": "BLEU-4", "meteor": "METEOR", "bertscore": "BERTScore F1"}
METRIC_TYPES = {"rouge_l": "rouge", "bleu_4": "bleu", "meteor": "meteor", "bertscore": "bertscore"}
"""Names that the Hub's model pages know."""


def task_id(protocol: str, metric: str) -> str:
    """The task of the benchmark's registration that holds this number."""
    return f"{protocol}_{metric}"


def eval_results_yaml(result: Result, dataset: str, source_url: str | None = None) -> bytes:
    """Content of :data:`EVAL_RESULTS_FILE`.

    Args:
        dataset: id of the benchmark's dataset repository.
        source_url: where the result file can be read.
    """
    benchmark, protocol = result.benchmark, result.protocol
    notes = f"v{benchmark.version}, {benchmark.split} split, data {benchmark.digest[:8]}, revision {result.model.revision[:12]}"
    entries = [
        EvalResultEntry(
            dataset_id=dataset,
            task_id=task_id(protocol.name, metric),
            value=round(getattr(result.scores, metric).value, 6),
            date=result.provenance.created_at.date().isoformat(),
            source_url=source_url,
            source_name="DeEscalWild ledger" if source_url else None,
            notes=f"{notes}; {getattr(result.scores, metric).signature}",
        )
        for metric in METRICS
    ]
    return yaml.safe_dump(eval_result_entries_to_yaml(entries), sort_keys=False, allow_unicode=True, width=200).encode()


def model_index(result: Result, dataset: str, source_url: str | None = None) -> dict[str, Any]:
    """``{"model-index": […]}`` for the README's metadata, through the client's own types."""
    benchmark = result.benchmark
    results = [
        EvalResult(
            task_type="text-generation",
            task_name="Civilian's next turn",
            dataset_type=dataset,
            dataset_name=f"DeEscalWild {benchmark.version}" + (" (fictional sample)" if benchmark.is_sample else ""),
            dataset_config="items",
            dataset_split=benchmark.split,
            metric_type=METRIC_TYPES[metric],
            metric_name=METRIC_NAMES[metric],
            metric_value=round(getattr(result.scores, metric).value, 6),
            metric_config=getattr(result.scores, metric).signature,
            source_name="DeEscalWild ledger" if source_url else None,
            source_url=source_url,
        )
        for metric in METRICS
    ]
    return {"model-index": eval_results_to_model_index(result.model.id.split("/")[1], results)}
