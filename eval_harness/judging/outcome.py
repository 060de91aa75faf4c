"""A finished plan → the judgement file, the verdicts behind it, and a table for the terminal."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from eval_harness.errors import EvaluationError
from eval_harness.judging import figures
from eval_harness.judging.agreement import repeat_agreement
from eval_harness.judging.families import families_of, relation
from eval_harness.judging.run import Plan, last_verdicts
from eval_harness.judging.sources import Judged
from eval_harness.judging.verdicts import Verdict, published
from submissions import judgement as schema
from submissions.ledger import pack_items, write_whole


def make_judgement(
    judged: Judged, plan: Plan, journal: Sequence[Verdict], endpoint: str
) -> tuple[schema.Judgement, bytes]:
    """The judgement, and the bytes of the verdicts file that lies beside it.

    Args:
        judged: what was judged.
        plan: all of whose requests have a line in the journal.
        journal: lines in order; those of other plans are left out.
        endpoint: host and port of the judge.

    Raises:
        EvaluationError: there is no valid verdict.
    """
    verdicts = _of_plan(plan, journal)
    valid = [verdict for verdict in verdicts if verdict.answer is not None and verdict.repeat == 0]
    if not valid:
        raise EvaluationError(_why_nothing(verdicts))
    rubric = plan.rubric
    rows = figures.score_items(valid, [(each.item_id, each.scenario_id) for each in plan.empty], rubric)
    people = [row for row in rows if row.human is not None]
    model = [(row.scenario_id, row.model) for row in rows]
    human = [(row.scenario_id, row.human or 0.0) for row in people]
    path = schema.judgement_path(judged.path, plan.judge, rubric.name)
    packed = pack_items(published(verdicts))
    found = schema.Judgement(
        judged_sha256=judged.sha256,
        model_id=judged.model_id,
        benchmark_digest=judged.benchmark.manifest.digest,
        rubric=schema.Rubric(
            id=rubric.id,
            version=rubric.version,
            sha256=rubric.sha256,
            threshold=rubric.threshold,
            threshold_name=rubric.threshold_name,
        ),
        judge=_judge(plan, verdicts, endpoint),
        self_preference=self_preference(plan.judge, judged),
        sample=_sample(judged, plan),
        counts=_counts(judged, plan, verdicts, n_scored=len(rows)),
        model=figures.side("model", valid, model, [(row.scenario_id, row.model_passes) for row in rows], rubric),
        human=figures.side(
            "human", valid, human, [(row.scenario_id, row.human_passes or 0.0) for row in people], rubric
        ),
        gap=figures.difference_estimate(human, model),
        human_preferred=figures.share_estimate([(row.scenario_id, row.human_preferred or 0.0) for row in people]),
        same_labels=figures.same_labels(valid, rubric),
        position=figures.position(valid, rubric),
        repeats=_repeats(plan, verdicts),
        work=_work(plan, journal),
        # Of the last answer and not of now: the same journal gives the same bytes.
        judged_at=datetime.fromisoformat(max(verdict.at for verdict in verdicts)),
        verdicts_file=schema.verdicts_path(path).name,
        verdicts_sha256=hashlib.sha256(packed).hexdigest(),
    )
    return found, packed


def _of_plan(plan: Plan, journal: Sequence[Verdict]) -> list[Verdict]:
    """One line a request, in the plan's order: the journal's own order depends on which answer came first."""
    last = last_verdicts(journal)
    return [last[job.place] for job in plan.jobs if job.place in last]


def _why_nothing(verdicts: Sequence[Verdict]) -> str:
    if not verdicts:
        return "there is nothing to judge: every reply of the sample is empty."
    kinds = Counter(verdict.failure.kind for verdict in verdicts if verdict.failure)
    first = next(verdict.failure for verdict in verdicts if verdict.failure)
    said = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    return f"no answer of the judge can be used ({said}; the first: {first.reason}). Give another judge, or --retry-failed."


def _judge(plan: Plan, verdicts: Sequence[Verdict], endpoint: str) -> schema.Judge:
    return schema.Judge(
        model=plan.judge,
        endpoint=endpoint,
        temperature=plan.decoding.temperature,
        seed=plan.decoding.seed,
        max_tokens=plan.decoding.max_tokens,
        structures=sorted({verdict.structure for verdict in verdicts if verdict.structure}),
    )


def self_preference(judge: str, judged: Judged) -> schema.SelfPreference:
    """Whether the judge is of the judged model's kind. A baseline is of no kind; a name that says nothing is flagged."""
    close = "different" if judged.is_baseline else relation(judge, judged.names)
    return schema.SelfPreference(
        relation=close,
        judge_families=[each.family for each in families_of([judge])],
        model_families=[] if judged.is_baseline else [each.family for each in families_of(judged.names)],
        flagged=close != "different",
    )


def _sample(judged: Judged, plan: Plan) -> schema.Sample:
    return schema.Sample(
        n_items=len(plan.drawn),
        n_available=len(judged.exchanges),
        n_scenarios=len({each.scenario_id for each in plan.drawn}),
        seed=plan.settings.seed,
        both_orders=plan.settings.both_orders,
        history_words=plan.settings.history_words,
        replies_seed=judged.seed,
    )


def _counts(judged: Judged, plan: Plan, verdicts: Sequence[Verdict], *, n_scored: int) -> schema.Counts:
    drawn = {each.item_id for each in plan.drawn}
    failures = Counter(verdict.failure.kind for verdict in verdicts if verdict.failure)
    return schema.Counts(
        requests=len(verdicts),
        valid=sum(verdict.answer is not None for verdict in verdicts),
        failures=dict(sorted(failures.items())),
        empty=len(plan.empty),
        unjudged=len(plan.drawn) - n_scored,
        addresses_judge=sum(e.addresses_judge for e in judged.exchanges if e.item.item_id in drawn),
    )


def _repeats(plan: Plan, verdicts: Sequence[Verdict]) -> schema.Repeats | None:
    scores: dict[tuple[str, bool, str], list[float]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.answer is not None:
            for who in ("model", "human"):
                place = (verdict.item_id, verdict.model_first, who)
                scores[place].append(plan.rubric.score(getattr(verdict, who)))
    return repeat_agreement(list(scores.values()), plan.rubric.threshold)


def _work(plan: Plan, journal: Sequence[Verdict]) -> schema.Work:
    """All lines of the plan's requests: a failure that was asked again was paid for as well."""
    places = {job.place for job in plan.jobs}
    sent = [verdict for verdict in journal if (verdict.item_id, verdict.key, verdict.model_first) in places]
    return schema.Work(
        http_requests=sum(verdict.requests for verdict in sent),
        prompt_tokens=sum(verdict.prompt_tokens or 0 for verdict in sent),
        completion_tokens=sum(verdict.completion_tokens or 0 for verdict in sent),
        uncounted=sum(verdict.prompt_tokens is None for verdict in sent),
        cost=round(sum(verdict.cost for verdict in sent), 6),
        seconds=round(sum(verdict.seconds for verdict in sent), 3),
    )


def write_judgement(judged: Judged, found: schema.Judgement, verdicts: bytes) -> Path:
    """Write the verdicts, then the judgement that names them. A judgement of fewer items never replaces one of more.

    Raises:
        EvaluationError: there is one of more items, or of another judge.
    """
    path = schema.judgement_path(judged.path, found.judge.model, f"{found.rubric.id}.{found.rubric.version}")
    if path.exists():
        _check_replaceable(path, schema.parse_judgement(path.read_bytes()), found)
    write_whole(schema.verdicts_path(path), verdicts)
    write_whole(path, f"{found.model_dump_json(indent=1)}\n".encode())
    return path


def _check_replaceable(path: Path, there: schema.Judgement, found: schema.Judgement) -> None:
    if there.judge.model != found.judge.model:
        raise EvaluationError(
            f"{path} is of the judge {there.judge.model!r}, whose name gives the same file. Move one of them away."
        )
    if there.judged_sha256 == found.judged_sha256 and there.sample.n_items > found.sample.n_items:
        raise EvaluationError(
            f"{path} judges {there.sample.n_items} items, this run {found.sample.n_items}. Ask for as many, or remove it."
        )
