"""The result file as a type. One JSON a measured run; ``reported.csv`` rows are the paper's own numbers.

Strict: unknown keys, NaN, infinities, overlong strings and odd model ids are refused, because strangers write
these files and the board shows them.
"""

import hashlib
import json
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

SCHEMA_VERSION = 1
METRICS = ("rouge_l", "bleu_4", "meteor", "bertscore")
MEAN_METRICS = ("rouge_l", "meteor", "bertscore")
BASELINE_ORG = "baseline"
BASELINES = tuple(
    f"{BASELINE_ORG}/{name}"
    for name in ("constant", "salad", "copy-officer", "repeat-civilian", "retrieval", "random-train-reply")
)
"""The trivial baselines that stand in every table."""

ModelId = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}$")
]
Sha40 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
Line = Annotated[str, StringConstraints(max_length=300, pattern=r"^[^\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]*$")]
Score100 = Annotated[float, Field(ge=0, le=100 + 1e-6)]
Count = Annotated[int, Field(ge=0, le=10_000_000)]
Seconds = Annotated[float, Field(ge=0, le=86_400)]


class Strict(BaseModel):
    """Base of all parts of the ledger."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True, str_strip_whitespace=True)


class Model(Strict):
    """What was measured. ``revision``: the Hub commit, or the first 40 hex digits of a digest for anything else.

    ``weights``: an adapter is loaded on ``base_model`` at ``base_revision``. ``architecture``: the config's ``model_type`` (``qwen2``), the board's family.
    """

    id: ModelId
    revision: Sha40
    source: Literal["hub", "local", "baseline", "api"]
    kind: Literal["base", "fine-tuned", "api", "baseline"]
    base_model: ModelId | None = None
    base_revision: Sha40 | None = None
    weights: Literal["full", "adapter", "merged"] = "full"
    architecture: Slug | None = None
    parameters: int | None = Field(None, gt=0, le=10**13)
    precision: Slug
    quantisation: Line | None = None
    licence: Line | None = None


class Benchmark(Strict):
    """What it was measured on."""

    name: Literal["deescalwild"]
    version: Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]
    digest: Sha256
    items_digest: Sha256
    is_sample: bool
    split: Literal["train", "validation", "test"]
    n_scenarios: Count
    n_items_clean: Count
    n_items_as_released: Count


class Generation(Strict):
    """How replies were decoded."""

    do_sample: bool
    temperature: float = Field(ge=0, le=5)
    top_p: float = Field(1.0, gt=0, le=1)
    top_k: int | None = Field(None, gt=0, le=1_000_000)
    repetition_penalty: float = Field(1.0, gt=0, le=5)
    seeds: list[Annotated[int, Field(ge=0, le=2**32 - 1)]] = Field(default_factory=list, max_length=32)
    max_new_tokens: int = Field(gt=0, le=4096)
    until: list[Line] = Field(max_length=8)
    batch_size: int = Field(gt=0, le=4096)

    @property
    def label(self) -> str:
        """Empty for greedy decoding; else ``sampled-`` and a digest of the settings and seeds. Replies decoded otherwise are never compared."""
        if not self.do_sample:
            return ""
        settings = [self.temperature, self.top_p, self.top_k, self.repetition_penalty, self.seeds]
        return f"sampled-{hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:8]}"


class Protocol(Strict):
    """The rules of the run."""

    name: Slug
    version: Slug
    prompt_version: Slug
    max_history_words: int = Field(gt=0, le=1_000_000)
    generation: Generation
    chat_template_sha256: Sha256 | None = None


class Score(Strict):
    """A score with its 95 % interval (bootstrap over scenarios), the macro mean over scenarios, and its signature.

    ×100, but BERTScore 0–1.
    """

    value: Score100
    low: Score100
    high: Score100
    macro: Score100
    signature: Line

    @model_validator(mode="after")
    def _ordered(self) -> "Score":
        if not self.low - 1e-9 <= self.value <= self.high + 1e-9:
            raise ValueError("a score must lie within its interval")
        return self


class Scores(Strict):
    """All four metrics over one subset."""

    rouge_l: Score
    bleu_4: Score
    meteor: Score
    bertscore: Score


class BleuSums(Strict):
    """Corpus BLEU's sufficient statistics, summed over a scenario's items."""

    correct: tuple[Count, Count, Count, Count]
    total: tuple[Count, Count, Count, Count]
    sys_len: Count
    ref_len: Count

    @model_validator(mode="after")
    def _matches_within_totals(self) -> "BleuSums":
        if any(c > t for c, t in zip(self.correct, self.total, strict=True)):
            raise ValueError("more matched n-grams than predicted ones")
        return self


class ScenarioSums(Strict):
    """Sums over the clean items of one scenario: enough to bootstrap and to pair models again.

    ``bleu_4_mean``: the paper's protocol, whose BLEU-4 is a mean over items, sums their values here. A sampled run's n-gram counts are
    those of all its seeds' replies, its other sums are means over the seeds.
    """

    scenario_id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")]
    n_items: int = Field(gt=0, le=100_000)
    rouge_l: float = Field(ge=0)
    meteor: float = Field(ge=0)
    bertscore: float
    bleu_4: BleuSums
    bleu_4_mean: float | None = Field(None, ge=0)


class Machine(Strict):
    """Where latency was measured. ``profile`` names it for people (``jetson-orin-nano``); all fields equal: may be compared."""

    profile: Slug
    processor: Line
    n_cores: int = Field(gt=0, le=100_000)
    memory_gib: float = Field(gt=0, le=1e6)
    gpu: Line | None = None
    system: Line


class Quantiles(Strict):
    """Median and 95th percentile over items, seconds."""

    p50: Seconds
    p95: Seconds

    @model_validator(mode="after")
    def _ordered(self) -> "Quantiles":
        if self.p50 > self.p95:
            raise ValueError("p50 is larger than p95")
        return self


class Latency(Strict):
    """Time of one reply at batch 1, after ``n_warmup`` unmeasured ones. Compare equal ``machine`` and ``engine`` only.

    ``peak_memory_mib``: of the process, and of the GPU where there is one. ``energy_j_per_item``: where the platform tells.
    """

    machine: Machine
    engine: Slug
    n_items: int = Field(gt=0, le=100_000)
    n_warmup: int = Field(ge=0, le=1000)
    max_new_tokens: int = Field(gt=0, le=4096)
    first_token_s: Quantiles
    output_token_s: Quantiles
    end_to_end_s: Quantiles
    output_tokens_per_s: float = Field(ge=0, le=1e6)
    peak_memory_mib: float | None = Field(None, gt=0, le=1e8)
    peak_gpu_memory_mib: float | None = Field(None, gt=0, le=1e8)
    energy_j_per_item: float | None = Field(None, ge=0, le=1e8)

    @property
    def measured_on(self) -> tuple[Machine, str]:
        """Latencies may be compared only where this is equal."""
        return self.machine, self.engine


class Spread(Strict):
    """Scores of each seed of a sampled run. The result's scores are their mean; its corpus BLEU is that of all replies together."""

    seeds: list[Annotated[int, Field(ge=0, le=2**32 - 1)]] = Field(min_length=2, max_length=32)
    values: dict[Literal["rouge_l", "bleu_4", "meteor", "bertscore"], list[Score100]]

    @model_validator(mode="after")
    def _one_value_a_seed(self) -> "Spread":
        if any(len(own) != len(self.seeds) for own in self.values.values()) or set(self.values) != set(METRICS):
            raise ValueError("each metric needs one value a seed")
        return self


class Usage(Strict):
    """What an endpoint counted. ``cost_usd`` where prices were given."""

    prompt_tokens: Count
    cached_prompt_tokens: Count = 0
    completion_tokens: Count
    n_requests: Count
    cost_usd: float | None = Field(None, ge=0, le=1e6)


class Slice(Strict):
    """Scores over a part of the clean items, without intervals: parts are small."""

    name: Line
    n_items: int = Field(gt=0, le=10_000_000)
    rouge_l: Score100
    bleu_4: Score100
    meteor: Score100
    bertscore: float = Field(ge=-1, le=1)


class Slices(Strict):
    """Scores by scenario category, by depth of the turn in its scenario, and by length of the reference."""

    category: list[Slice] = Field(max_length=200)
    depth: list[Slice] = Field(max_length=20)
    reference_length: list[Slice] = Field(max_length=20)


class Diagnostics(Strict):
    """What explains a score, over the clean items. ``faults``: kind of failed reply → number of replies.

    Histories are cut to the protocol's budget for every model (``n_truncated_histories``), and further for a model whose window is
    smaller (``n_window_cuts``, ``mean_dropped_tokens``).
    """

    faults: dict[Slug, Count] = Field(max_length=40)
    n_truncated_histories: Count
    n_window_cuts: Count
    mean_dropped_tokens: float = Field(ge=0, le=1e7)
    mean_prediction_words: float = Field(ge=0, le=100_000)
    mean_reference_words: float = Field(ge=0, le=100_000)
    distinct_1: float = Field(ge=0, le=1)
    distinct_2: float = Field(ge=0, le=1)
    slices: Slices


class Environment(Strict):
    """Where it ran."""

    python: Line
    platform: Line
    device: Line
    engine: Slug = "hf"
    packages: dict[Slug, Line] = Field(max_length=40)


class Provenance(Strict):
    """Who can repeat it: the exact command, and the digest of the predictions file beside the result."""

    created_at: datetime
    command: Annotated[str, StringConstraints(max_length=1000)]
    code_commit: Sha40 | None = None
    duration_s: float = Field(ge=0, le=10**8)
    items_file: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,200}-items\.jsonl\.gz$")]
    items_sha256: Sha256
    limit_scenarios: int | None = Field(None, gt=0)


class Result(Strict):
    """One measured run."""

    schema_version: Literal[1]
    model: Model
    benchmark: Benchmark
    protocol: Protocol
    scores: Scores
    scores_as_released: Scores
    per_scenario: list[ScenarioSums] = Field(min_length=1, max_length=20_000)
    spread: Spread | None = None
    latency: Latency | None
    usage: Usage | None = None
    diagnostics: Diagnostics
    environment: Environment
    provenance: Provenance

    @model_validator(mode="after")
    def _counts_add_up(self) -> "Result":
        ids = [row.scenario_id for row in self.per_scenario]
        if len(set(ids)) != len(ids):
            raise ValueError("a scenario occurs twice in per_scenario")
        if sum(row.n_items for row in self.per_scenario) != self.benchmark.n_items_clean:
            raise ValueError("per_scenario items do not add up to n_items_clean")
        return self

    @property
    def comparable_key(self) -> tuple[str, ...]:
        """Results may be ranked together only where this is equal: digest, split, protocol, decoding, signatures, limit."""
        generation = self.protocol.generation
        return (
            self.benchmark.version,
            self.benchmark.digest,
            self.benchmark.split,
            self.protocol.name,
            self.protocol.version,
            generation.label,
            *(getattr(self.scores, metric).signature for metric in METRICS),
            str(self.provenance.limit_scenarios),
        )


class Reported(Strict):
    """A row of the paper's published table: shown, never ranked with measured ones. Percent, BERTScore 0–1."""

    model: Line
    hub_id: ModelId | None = None
    variant: Literal["base", "fine-tuned", "api"]
    rouge_l: Score100
    bleu_4: Score100
    meteor: Score100
    bertscore_f1: float = Field(ge=0, le=1)
    latency_s: Seconds | None = None
