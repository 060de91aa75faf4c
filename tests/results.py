"""Ledger results made of whole cloth, for tests that need many or odd ones."""

import hashlib
from datetime import UTC, datetime

import numpy as np

from submissions import schema
from submissions.statistics import ScenarioStatistics, intervals

SIGNATURES = {
    "rouge_l": "rouge_l|f1|nostem|rouge_score:0.1.2|v1",
    "bleu_4": "bleu_4|corpus|sacrebleu:2.6.0|v1",
    "meteor": "meteor|nltk:3.10.4|v1",
    "bertscore": "bertscore|f1|encoder@00000000|L6|v1",
}


def make_sums(quality: float, n_scenarios: int, seed: int) -> list[schema.ScenarioSums]:
    """Per-scenario sums around ``quality`` × 10 ROUGE-L points, different for each seed."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(n_scenarios):
        n_items = 5 + number % 4
        level = quality * 10 * rng.uniform(0.7, 1.3) * n_items
        rows.append(
            schema.ScenarioSums(
                scenario_id=f"scenario-{number:03d}",
                n_items=n_items,
                rouge_l=min(level, 100 * n_items),
                meteor=min(1.1 * level, 100 * n_items),
                bertscore=0.8 * n_items,
                bleu_4=schema.BleuSums(
                    correct=(int(20 * quality), int(6 * quality), int(2 * quality), int(quality)),
                    total=(60, 50, 40, 30),
                    sys_len=60,
                    ref_len=60,
                ),
            )
        )
    return rows


def make_result(
    model_id: str,
    quality: float = 1.0,
    *,
    n_scenarios: int = 8,
    latency_s: float | None = None,
    kind: str | None = None,
    digest: str = "a" * 64,
    **changes,
) -> schema.Result:
    """A valid result. ``changes`` replace top-level parts."""
    revision = hashlib.sha256(model_id.encode()).hexdigest()[:40]
    seed = int(revision[:8], 16)
    sums = make_sums(quality, n_scenarios, seed)
    scores = schema.Scores(
        **{
            metric: schema.Score(**vars(own), signature=SIGNATURES[metric])
            for metric, own in intervals(ScenarioStatistics.from_rows(sums)).items()
        }
    )
    is_baseline = model_id.startswith("baseline/")
    n_items = sum(row.n_items for row in sums)
    parts = {
        "schema_version": 1,
        "model": schema.Model(
            id=model_id,
            revision=revision,
            source="baseline" if is_baseline else "hub",
            kind=kind or ("baseline" if is_baseline else "fine-tuned"),
            parameters=None if is_baseline else 3_000_000_000,
            precision="none" if is_baseline else "bfloat16",
        ),
        "benchmark": schema.Benchmark(
            name="deescalwild",
            version="1.0.0",
            digest=digest,
            items_digest="b" * 64,
            is_sample=True,
            split="test",
            n_scenarios=n_scenarios,
            n_items_clean=n_items,
            n_items_as_released=n_items,
        ),
        "protocol": schema.Protocol(
            name="deescalwild",
            version="1",
            prompt_version="1",
            max_history_words=1500,
            generation=schema.Generation(
                do_sample=False, temperature=0.0, max_new_tokens=128, until=["\\n"], batch_size=16
            ),
        ),
        "scores": scores,
        "scores_as_released": scores,
        "per_scenario": sums,
        "latency": latency_s
        and schema.Latency(
            machine=schema.Machine(
                profile="test-machine", processor="Test CPU", n_cores=2, memory_gib=16.0, system="Linux x86_64"
            ),
            engine="hf",
            n_items=12,
            n_warmup=2,
            max_new_tokens=32,
            first_token_s=schema.Quantiles(p50=latency_s / 4, p95=latency_s / 3),
            output_token_s=schema.Quantiles(p50=latency_s / 40, p95=latency_s / 30),
            end_to_end_s=schema.Quantiles(p50=latency_s, p95=2 * latency_s),
            output_tokens_per_s=40.0,
        ),
        "diagnostics": schema.Diagnostics(
            faults={"empty": 0, "loops": 1},
            n_truncated_histories=0,
            n_window_cuts=0,
            mean_dropped_tokens=0,
            mean_prediction_words=9,
            mean_reference_words=8,
            distinct_1=0.4,
            distinct_2=0.8,
            slices=schema.Slices(
                category=[
                    schema.Slice(name="traffic stop", n_items=n_items, rouge_l=9, bleu_4=1, meteor=9, bertscore=0.8)
                ],
                depth=[],
                reference_length=[],
            ),
        ),
        "environment": schema.Environment(python="3.11.7", platform="Linux x86_64", device="cpu", packages={}),
        "provenance": schema.Provenance(
            created_at=datetime(2026, 11, 23, tzinfo=UTC),
            command=f"deescalwild evaluate {model_id}",
            duration_s=1.0,
            items_file="x-items.jsonl.gz",
            items_sha256="c" * 64,
        ),
    }
    return schema.Result(**{**parts, **changes})
