"""A result as a record of Every Eval Ever, schema 0.3.0 (evaleval/every_eval_ever, ``eval.schema.json``).

One record a run, at ``data/deescalwild/<org>/<model>/<uuid4>.json``. The id follows from the result's bytes, so that exporting
twice gives one record. Scores stand in the units of the ledger, with their bounds.
"""

import hashlib
import json
import uuid
from pathlib import PurePosixPath
from typing import Any

from submissions.schema import METRICS, Result, Score
from submissions.statistics import N_RESAMPLES

SCHEMA_VERSION = "0.3.0"
COLLECTION = "deescalwild"
BOUNDS = {"rouge_l": (0.0, 100.0), "bleu_4": (0.0, 100.0), "meteor": (0.0, 100.0), "bertscore": (-1.0, 1.0)}


def record_path(result: Result) -> PurePosixPath:
    """Place of the record in the datastore."""
    digest = hashlib.sha256(result.model_dump_json().encode()).digest()
    name = uuid.UUID(bytes=digest[:16], version=4)
    return PurePosixPath("data", COLLECTION, *result.model.id.split("/"), f"{name}.json")


def record(
    result: Result, *, dataset: str | None, organisation: str, relationship: str = "third_party"
) -> dict[str, Any]:
    """The record.

    Args:
        dataset: id of the dataset repository on the Hub; None for a dataset that is not there.
        organisation: who measured.
        relationship: ``first_party`` where that is the model's author.
    """
    model, created = result.model, result.provenance.created_at
    timestamp = str(int(created.timestamp()))
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": f"{COLLECTION}/{model.id.replace('/', '_')}/{timestamp}",
        "evaluation_timestamp": created.isoformat(),
        "retrieved_timestamp": timestamp,
        "source_metadata": {
            "source_name": "DeEscalWild ledger",
            "source_type": "evaluation_run",
            "source_organization_name": organisation,
            "evaluator_relationship": relationship,
        },
        "eval_library": {
            "name": "lm_eval",
            "version": result.environment.packages.get("lm_eval", "unknown"),
            "additional_details": {
                "task": result.protocol.name,
                "task_version": result.protocol.version,
                "code_commit": result.provenance.code_commit or "unknown",
            },
        },
        "model_info": _model_info(result),
        "evaluation_results": [_metric(result, metric, _source(result, dataset)) for metric in METRICS],
    }


def _model_info(result: Result) -> dict[str, Any]:
    model = result.model
    details = {
        "deployment_type": "externally_managed" if model.kind == "api" else "self_deployed",
        "model_availability": "closed_weights" if model.kind == "api" else "open_weights",
        "revision": model.revision,
        "precision": model.precision,
        "kind": model.kind,
    }
    details |= {
        name: str(value)
        for name, value in (
            ("base_model", model.base_model),
            ("parameters", model.parameters),
            ("quantisation", model.quantisation),
            ("licence", model.licence),
        )
        if value is not None
    }
    return {
        "name": model.id.split("/")[1],
        "id": model.id,
        "developer": model.id.split("/")[0],
        "inference_engine": {"name": result.environment.engine},
        "additional_details": details,
    }


def _source(result: Result, dataset: str | None) -> dict[str, Any]:
    benchmark = result.benchmark
    details = {"version": benchmark.version, "digest": benchmark.digest, "is_sample": str(benchmark.is_sample).lower()}
    if dataset is None:
        return {"dataset_name": benchmark.name, "source_type": "other", "additional_details": details}
    return {
        "dataset_name": benchmark.name,
        "source_type": "hf_dataset",
        "hf_repo": dataset,
        "hf_split": {"validation": "val"}.get(benchmark.split, benchmark.split),
        "samples_number": benchmark.n_items_clean,
        "additional_details": details,
    }


def _metric(result: Result, metric: str, source: dict[str, Any]) -> dict[str, Any]:
    score: Score = getattr(result.scores, metric)
    generation = result.protocol.generation
    low, high = BOUNDS[metric]
    return {
        "evaluation_result_id": f"{result.protocol.name}/{metric}",
        "evaluation_name": f"{result.protocol.name}/{metric}",
        "source_data": source,
        "metric_config": {
            "metric_id": metric,
            "metric_name": metric,
            "metric_unit": "points" if high == 100 else "proportion",
            "lower_is_better": False,
            "score_type": "continuous",
            "min_score": low,
            "max_score": high,
            "additional_details": {"signature": score.signature},
        },
        "score_details": {
            "score": score.value,
            "details": {"macro_mean_over_scenarios": json.dumps(score.macro)},
            "uncertainty": {
                "confidence_interval": {
                    "lower": score.low,
                    "upper": score.high,
                    "confidence_level": 0.95,
                    "method": "percentile bootstrap over scenarios",
                },
                "num_samples": result.benchmark.n_items_clean,
                "num_bootstrap_samples": N_RESAMPLES,
            },
        },
        "generation_config": {
            "generation_args": {
                "temperature": generation.temperature,
                "top_p": generation.top_p,
                "max_tokens": generation.max_new_tokens,
                "execution_command": result.provenance.command,
            }
        },
    }
