"""The dataset card of a built folder: DATASET_CARD.md, its YAML completed with configs, its body with statistics and plots.

The YAML names the configs with ``version`` and a content digest. Both are needed: the local cache key of
``datasets`` ignores file contents, so a rebuild under an unchanged YAML would be served from a stale cache.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataset_script.atomic import replacing
from dataset_script.manifest import Manifest

if TYPE_CHECKING:
    from dataset_script.publishing.folder import BuiltFolder
    from dataset_script.publishing.statistics import SplitStatistics, Statistics

TEMPLATE = Path(__file__).parents[1] / "DATASET_CARD.md"
ERRATA = Path(__file__).parent / "ERRATA.md"
STATISTICS_MARK = "<!-- statistics of the built folder are written here -->"
CANARY_MARK = "<!-- canary: written by the build -->"
SAMPLE_NOTICE = """\
> **This folder holds the fictional sample, not the corpus.** The {n} encounters in it were written for this project,
> so that everything runs offline. No real transcript, person or event is in it. Scores on it say that the
> software works; they say nothing about the models on real speech.
"""
_MOST_ROWS = 20
"""Of a table of categories or reasons; the rest is one row."""


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


def configs(manifest: Manifest, folder: "BuiltFolder") -> list[dict]:
    """The ``configs`` block of the YAML: the files that are there; ``scenarios`` is the default."""
    from dataset_script.publishing.folder import CONFIGS

    return [
        {
            "config_name": config,
            **({"default": True} if config == "scenarios" else {}),
            "version": manifest.version,
            "description": f"content sha256 {manifest.digest}",
            "data_files": [{"split": split, "path": f"{config}/{split}-*.parquet"} for split in folder.splits(config)],
        }
        for config in CONFIGS
        if folder.splits(config)
    ]


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table: the first column text, the others figures."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)]]
    for row in rows:
        lines.append([f"{cell:,}" if isinstance(cell, int) else str(cell).replace("|", "\\|") for cell in row])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _code(value: str) -> str:
    """A value of somebody's making as code in one table cell."""
    return "`" + " ".join(value.replace("`", "'").split()) + "`"


def _percent(count: int, total: int) -> str:
    return f"{100 * count / total:.1f} %" if total else "–"


def _by_split(name: str, splits: dict[str, "SplitStatistics"], counters: Sequence[Counter[str]]) -> str:
    """A table of values by split, the most frequent first, with their share of the whole."""
    whole = sum(counters, Counter[str]())
    values = sorted(whole, key=lambda value: (-whole[value], value))
    rows = [
        [_code(value), *(own[value] for own in counters), _percent(whole[value], whole.total())]
        for value in values[:_MOST_ROWS]
    ]
    if rest := values[_MOST_ROWS:]:
        left = [sum(own[value] for value in rest) for own in counters]
        rows.append([f"{len(rest)} others", *left, _percent(sum(left), whole.total())])
    return _table([name, *splits, "share"], rows)


def _counted(name: str, values: Counter[str]) -> str:
    return _table(
        [name, "count"],
        [[_code(value), count] for value, count in sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))],
    )


def _sizes(splits: dict[str, "SplitStatistics"]) -> str:
    header = ["split", "scenarios", "incidents", "turns", "words", "items", "of these ranked (`clean`)"]
    rows = []
    for name, split in splits.items():
        words, turns = (sum(value * count for value, count in own.items()) for own in (split.words, split.turns))
        rows.append([name, split.scenarios, len(split.incidents), turns, words, split.items, split.ranked])
    return _table(header, rows)


def _lengths(splits: dict[str, "SplitStatistics"]) -> str:
    from dataset_script.publishing.statistics import quantile

    rows = [
        [f"{unit}, {name}", *(quantile(own, share) for share in (0.05, 0.5, 0.95, 1.0))]
        for unit, attribute in (
            ("turns a scenario", "turns"),
            ("words a scenario", "words"),
            ("words a ranked reference", "reference_words"),
        )
        for name, own in ((name, getattr(split, attribute)) for name, split in splits.items())
    ]
    return _table(["", "5 %", "median", "95 %", "largest"], rows)


def _decisions(statistics: "Statistics") -> str:
    """What the build did to files, turns and items; every single decision is in ``report/decisions.jsonl``."""
    turns = sum((split.turn_flags for split in statistics.splits.values()), Counter[str]())
    items = sum((split.item_flags for split in statistics.splits.values()), Counter[str]())
    tables = {
        "file": statistics.fates,
        "why a file was gated or refused": statistics.gates,
        "decision": statistics.actions,
        "flag of a turn": turns,
        "why an item is not ranked": items,
        "personal data replaced": statistics.redactions,
    }
    return "\n\n".join(_counted(name, values) for name, values in tables.items() if values)


def statistics_text(manifest: Manifest, statistics: "Statistics") -> str:
    """The card's statistics in Markdown: tables, and links to the plots."""
    from dataset_script.publishing import plots

    splits = statistics.splits
    one_word = sum(split.reference_words[1] for split in splits.values())
    parts = [
        _sizes(splits),
        f"Version {manifest.version}, content digest `{manifest.digest[:16]}`, built by `deescalwild data build`. "
        f"{_percent(one_word, sum(split.ranked for split in splits.values()))} of the ranked references are one word. "
        f"{sum(split.minors for split in splits.values()):,} scenarios involve a minor (`quality.minors`).",
        _lengths(splits),
        _by_split("turns by role", splits, [split.roles for split in splits.values()]),
        _by_split("scenarios by source", splits, [split.sources for split in splits.values()]),
        _by_split("scenarios by category", splits, [split.categories for split in splits.values()]),
        *(f"![{text}]({plots.FOLDER}/{name}.png)" for name, text in plots.ALT_TEXTS.items()),
        _decisions(statistics),
    ]
    return "\n\n".join(parts)


def size_category(scenarios: int) -> str:
    """The Hub's name for a number of rows."""
    limits = {1_000: "n<1K", 10_000: "1K<n<10K", 100_000: "10K<n<100K", 1_000_000: "100K<n<1M"}
    return next((name for limit, name in limits.items() if scenarios < limit), "n>1M")


def _as_sample(data: Any) -> None:
    """The sample is fiction in the public domain, and open to all."""
    data.pretty_name = "DeEscalWild (fictional sample)"
    data.license = "cc0-1.0"
    for name in [name for name in vars(data) if name.startswith(("license_", "extra_gated_"))]:
        delattr(data, name)


def render_readme(manifest: Manifest, folder: Path, statistics: "Statistics | None" = None) -> str:
    """README.md of a built folder, from DATASET_CARD.md and what the folder holds.

    Args:
        folder: with its Parquet files and reports.
        statistics: of this folder, where they have been taken already.

    Raises:
        ValueError: DATASET_CARD.md has lost a line that the build fills in.
    """
    from huggingface_hub import DatasetCard

    from dataset_script.publishing.folder import BuiltFolder
    from dataset_script.publishing.statistics import measure

    built = BuiltFolder(folder)
    statistics = statistics or measure(built)
    template = DatasetCard(TEMPLATE.read_text("utf-8"), ignore_metadata_errors=False)
    scenarios = sum(split.scenarios for split in statistics.splits.values())
    data: Any = template.data
    data.configs = configs(manifest, built)
    data.size_categories = [size_category(scenarios)]
    body = template.text
    if manifest.is_sample:
        _as_sample(data)
        title, _, rest = body.lstrip().partition("\n")
        body = f"{title}\n\n{SAMPLE_NOTICE.format(n=scenarios)}{rest}"
    filled = {
        STATISTICS_MARK: statistics_text(manifest, statistics),
        CANARY_MARK: f"<!-- canary: {manifest.canary} -->",
    }
    for mark, text in filled.items():
        if mark not in body:
            raise ValueError(f"{TEMPLATE} has lost its line {mark!r}")
        body = body.replace(mark, text)
    return f"---\n{data.to_yaml()}\n---\n\n{body.lstrip()}"


def write_card(manifest: Manifest, folder: Path) -> None:
    """Write README.md, the plots that it shows and ERRATA.md into a built folder."""
    from dataset_script.publishing import plots
    from dataset_script.publishing.folder import BuiltFolder
    from dataset_script.publishing.statistics import measure

    statistics = measure(BuiltFolder(folder))
    for name, content in plots.render(statistics).items():
        with replacing(folder / name, "wb") as file:
            file.write(content)
    with replacing(folder / ERRATA.name) as file:
        file.write(ERRATA.read_text("utf-8"))
    with replacing(folder / "README.md") as file:
        file.write(render_readme(manifest, folder, statistics))
