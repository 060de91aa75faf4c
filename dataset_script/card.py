"""The dataset card of a built folder: DATASET_CARD.md, its YAML completed with configs, its body with statistics.

The YAML names the configs with ``version`` and a content digest. Both are needed: the local cache key of
``datasets`` ignores file contents, so a rebuild under an unchanged YAML would be served from a stale cache.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataset_script.build import Manifest

TEMPLATE = Path(__file__).parents[1] / "DATASET_CARD.md"
STATISTICS_MARK = "<!-- statistics of the built folder are written here -->"
SAMPLE_NOTICE = """\
> **This folder holds the fictional sample, not the corpus.** The {n} encounters in it were written for this project,
> so that everything runs offline. No real transcript, person or event is in it. Scores on it say that the
> software works; they say nothing about the models on real speech.
"""


def features(config: str):
    """``datasets.Features`` of a config: ``scenarios``, ``chat`` or ``items``."""
    from datasets import Features, List, Value

    if config == "scenarios":
        turn = {
            "index": Value("int32"),
            "start_s": Value("float32"),
            "speaker": Value("string"),
            "role": Value("string"),
            "role_rule": Value("string"),
            "role_confidence": Value("float32"),
            "text": Value("string"),
            "flags": List(Value("string")),
        }
        return Features(
            {
                **{
                    name: Value("string")
                    for name in (
                        "scenario_id",
                        "source",
                        "category",
                        "context",
                        "civilian_profile",
                        "incident_id",
                    )
                },
                "turns": List(turn),
                "n_turns": Value("int32"),
                "n_items": Value("int32"),
                "quality": {
                    "outcome": Value("string"),
                    "n_mended_rows": Value("int32"),
                    "n_words": Value("int32"),
                    "loop_words": Value("int32"),
                    "narration_share": Value("float32"),
                    "n_defective_turns": Value("int32"),
                    "n_redactions": Value("int32"),
                    "minors": Value("bool"),
                    "keyword_officers": List(Value("string")),
                    "relevance": {
                        "police": Value("int32"),
                        "escalation": Value("int32"),
                        "deescalation": Value("int32"),
                        "is_valid": Value("bool"),
                        "features": List(Value("string")),
                        "decided_by": Value("string"),
                    },
                },
                "provenance": Value("string"),
            }
        )
    if config == "chat":
        message = {"role": Value("string"), "content": Value("string")}
        return Features({"scenario_id": Value("string"), "messages": List(message)})
    if config == "items":
        return Features(
            {
                "item_id": Value("string"),
                "scenario_id": Value("string"),
                "turn_index": Value("int32"),
                "subset": Value("string"),
                "flags": List(Value("string")),
            }
        )
    raise ValueError(f"unknown config {config!r}")


def configs(manifest: "Manifest", rows: dict[str, dict[str, list]]) -> list[dict]:
    """The ``configs`` block of the YAML; ``scenarios`` is the default."""
    return [
        {
            "config_name": config,
            **({"default": True} if config == "scenarios" else {}),
            "version": manifest.version,
            "description": f"content sha256 {manifest.digest}",
            "data_files": [
                {"split": split, "path": f"{config}/{split}-*.parquet"} for split, own in splits.items() if own
            ],
        }
        for config, splits in rows.items()
        if any(splits.values())
    ]


def statistics(manifest: "Manifest") -> str:
    """A Markdown table of the build's counts by split."""
    lines = [
        "| split | scenarios | turns | items, `clean` (ranked) | items, `as_released` |",
        "|---|---:|---:|---:|---:|",
    ]
    for split, count in manifest.counts.items():
        lines.append(
            f"| {split} | {count['scenarios']:,} | {count['turns']:,} | {count['items_clean']:,} "
            f"| {count['items_as_released']:,} |"
        )
    lines += [
        "",
        f"Version {manifest.version}, content digest `{manifest.digest[:16]}`, built by `deescalwild data build`.",
    ]
    return "\n".join(lines)


def render_readme(manifest: "Manifest", rows: dict[str, dict[str, list]]) -> str:
    """README.md of a built folder, from DATASET_CARD.md."""
    from huggingface_hub import DatasetCard

    template = DatasetCard(TEMPLATE.read_text("utf-8"), ignore_metadata_errors=False)
    data: Any = template.data
    data.configs = configs(manifest, rows)
    body = template.text
    facts = statistics(manifest)
    if manifest.is_sample:
        total = sum(count["scenarios"] for count in manifest.counts.values())
        data.pretty_name = "DeEscalWild (fictional sample)"
        data.size_categories = ["n<1K"]
        facts = SAMPLE_NOTICE.format(n=total) + "\n" + facts
        title, _, rest = body.lstrip().partition("\n")
        body = f"{title}\n\n{SAMPLE_NOTICE.format(n=total)}{rest}"
    if STATISTICS_MARK not in body:
        raise ValueError(f"{TEMPLATE} has lost its line {STATISTICS_MARK!r}")
    body = body.replace(STATISTICS_MARK, facts)
    return f"---\n{data.to_yaml()}\n---\n\n{body.lstrip()}"
