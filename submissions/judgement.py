"""What a language model judged of a result's predictions, in a file beside the result.

``results/<org>__<model>/<stem>-judge-<judge>-<rubric>.<version>.json``, and beside it every verdict (``…-verdicts.jsonl.gz``). A judge's
scores are opinions: they are shown with the judge's name, its agreement with itself and what the real replies get from it, and never rank.
"""

import hashlib
import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from submissions.ledger import LedgerError, Problem, parse_as, printable
from submissions.schema import Count, Line, ModelId, Sha256, Slug, Strict

MAX_BYTES = 2**20
Relation = Literal["same model", "same family", "same maker", "different", "unknown"]
"""How close the judge is to the model that it judges. Judges favour their own kind."""


class Estimate(Strict):
    """A figure with its 95 % interval over scenarios."""

    value: float = Field(ge=-100, le=100)
    low: float = Field(ge=-100, le=100)
    high: float = Field(ge=-100, le=100)

    @model_validator(mode="after")
    def _ordered(self) -> "Estimate":
        if not self.low - 1e-9 <= self.value <= self.high + 1e-9:
            raise ValueError("a figure must lie within its interval")
        return self


class Side(Strict):
    """What one side got: the model, or the people whose replies are the references.

    ``score``: 0–100, mean over items. ``passing``: share (0–1) of items from the rubric's threshold on. ``first`` and ``second``: mean score
    where it was shown first and second; None where it never was. ``points``: field → mean. ``labels``: field → word → requests.
    """

    score: Estimate
    passing: Estimate | None
    first: float | None = Field(ge=0, le=100)
    second: float | None = Field(ge=0, le=100)
    points: dict[Slug, float] = Field(max_length=20)
    labels: dict[Slug, dict[Slug, Count]] = Field(max_length=20)


class Rubric(Strict):
    """Which words were asked. ``sha256``: of the rubric's file."""

    id: Slug
    version: Slug
    sha256: Sha256
    threshold: float | None = Field(None, ge=0, le=100)
    threshold_name: Slug | None = None


class Judge(Strict):
    """Who judged, and how it decoded. ``endpoint``: host and port. ``structures``: how the form of the answer was asked for."""

    model: Line = Field(min_length=1)
    endpoint: Line
    temperature: float = Field(ge=0, le=5)
    seed: int
    max_tokens: int = Field(gt=0, le=1_000_000)
    structures: list[Slug] = Field(max_length=10)


class SelfPreference(Strict):
    """Whether judge and judged are of one kind. ``flagged``: they are, or it cannot be told."""

    relation: Relation
    judge_families: list[Slug] = Field(max_length=20)
    model_families: list[Slug] = Field(max_length=20)
    flagged: bool


class Sample(Strict):
    """Which items were judged: ``n_items`` of the ``n_available``, spread over scenarios by their size.

    ``replies_seed``: of a sampled run, the seed whose replies were judged.
    """

    n_items: Count
    n_available: Count
    n_scenarios: Count
    seed: int
    both_orders: bool
    history_words: int = Field(gt=0, le=1_000_000)
    replies_seed: int | None = Field(None, ge=0, le=2**32 - 1)


class Counts(Strict):
    """What became of the items and requests.

    ``valid`` requests gave scores; ``failures``: kind → requests that gave none, none of them in a figure. ``empty`` items have no words:
    the model gets 0 without a request. ``unjudged`` items have no valid verdict at all. ``addresses_judge``: replies that look as if
    they spoke to a judge.
    """

    requests: Count
    valid: Count
    failures: dict[Slug, Count] = Field(max_length=10)
    empty: Count
    unjudged: Count
    addresses_judge: Count


class Position(Strict):
    """Position bias: the score of whatever is shown first less that of what is shown second, each request once."""

    effect: Estimate
    model_first: Count
    model_second: Count


class Repeats(Strict):
    """Agreement of the judge with itself over ``n_units`` replies (two to a request), each scored ``n_scores`` / ``n_units`` times.

    ``exact``: share of pairs of scores that are equal. ``mean_difference``: mean absolute one, of 100. ``alpha``: Krippendorff's, interval
    scale; None where all scores are one and the same. ``same_side``: share of pairs on one side of the threshold.
    """

    n_units: Count
    n_scores: Count
    exact: float = Field(ge=0, le=1)
    mean_difference: float = Field(ge=0, le=100)
    alpha: float | None = Field(None, ge=-1, le=1)
    same_side: float | None = Field(None, ge=0, le=1)


class Work(Strict):
    """What it took, repeats included. ``uncounted``: requests whose tokens the endpoint did not count. ``cost``: in the prices' currency."""

    http_requests: Count
    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(ge=0)
    uncounted: Count
    cost: float = Field(ge=0, le=1e6)
    seconds: float = Field(ge=0)


class Judgement(Strict):
    """Everything one judge said under one rubric of one file of predictions.

    ``judged_sha256``: of the result file, or of the predictions where there is no result. ``gap``: what people got less what the model got.
    ``human_preferred``: share of items whose real reply has the higher score, ties one half: a judge near 0.5 cannot tell them apart.
    ``same_labels``: field → share of requests in which the model's word is the person's.
    """

    schema_version: Literal[1] = 1
    judged_sha256: Sha256
    model_id: ModelId | None
    benchmark_digest: Sha256
    rubric: Rubric
    judge: Judge
    self_preference: SelfPreference
    sample: Sample
    counts: Counts
    model: Side
    human: Side
    gap: Estimate
    human_preferred: Estimate
    same_labels: dict[Slug, Annotated[float, Field(ge=0, le=1)]] = Field(max_length=20)
    position: Position | None
    repeats: Repeats | None
    work: Work
    judged_at: datetime
    verdicts_file: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,250}-verdicts\.jsonl\.gz$")]
    verdicts_sha256: Sha256


def judge_slug(name: str) -> str:
    """A judge's name as part of a file's name: ``Qwen/Qwen3-32B`` → ``qwen-qwen3-32b``."""
    return re.sub(r"[^a-z0-9_.]+", "-", name.lower()).strip("-.")[:60].rstrip("-.") or "judge"


def judgement_path(judged: Path, judge: str, rubric: str) -> Path:
    """Place of a judgement: beside what was judged. ``rubric``: its id and version, such as ``realism.v1``."""
    stem = judged.name.split(".jsonl")[0].removesuffix(".json")
    return judged.with_name(f"{stem}-judge-{judge_slug(judge)}-{rubric}.json")


def verdicts_path(judgement: Path) -> Path:
    """The verdicts beside a judgement."""
    return judgement.with_name(f"{judgement.stem}-verdicts.jsonl.gz")


def parse_judgement(content: bytes) -> Judgement:
    """Parse and check a judgement's content.

    Raises:
        LedgerError: what is wrong, in one line.
    """
    return parse_as(Judgement, content, MAX_BYTES)


def read_judgements(result: Path) -> tuple[list[Judgement], list[Problem]]:
    """All judgements beside a result, by file name, and those that cannot be taken: broken, misplaced, or of another result's bytes."""
    digest = hashlib.sha256(result.read_bytes()).hexdigest()
    found, problems = [], []
    for path in sorted(result.parent.glob(f"{result.stem}-judge-*.json")):
        try:
            if path.is_symlink() or not path.is_file():
                raise LedgerError("not a plain file")
            if path.stat().st_size > MAX_BYTES:
                raise LedgerError(f"larger than {MAX_BYTES // 2**20} MiB")
            judgement = parse_judgement(path.read_bytes())
            name = f"{judgement.rubric.id}.{judgement.rubric.version}"
            if path != judgement_path(result, judgement.judge.model, name):
                raise LedgerError("its content belongs under another name")
            if judgement.judged_sha256 != digest:
                raise LedgerError("it judges another version of the result")
            found.append(judgement)
        except LedgerError as error:
            problems.append(Problem(printable(path.name), str(error)))
    return found, problems
