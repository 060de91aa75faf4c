"""One run of a judge over predictions: plan, ask what the journal does not hold, count, write.

In: :class:`Judged`, an endpoint, a budget. Out: a journal of verdicts and, once every request of the plan is answered, the judgement with its
verdicts beside what was judged. Ctrl-C, kill -9, a spent budget or an endpoint that fails lose at most the requests in flight; the same
command goes on from there, and a finished journal always gives the same bytes.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel

from dataset_script.dialogue import MAX_HISTORY_WORDS, Message
from dataset_script.judge.budget import Budget, Usage
from dataset_script.judge.client import ChatClient, Decoding, Endpoint, request_key
from dataset_script.judge.journal import append, drop_torn_line
from dataset_script.judge.pool import Pending, ask_all
from dataset_script.judge.structured import RETRYABLE, Reply, schema_of
from eval_harness.judging.exchange import Exchange, judge_messages, seals, shown
from eval_harness.judging.rubrics import Rubric, answer_form, load_rubric
from eval_harness.judging.sampling import Drawn, draw
from eval_harness.judging.sources import Judged
from eval_harness.judging.verdicts import LINE_START, Failure, Verdict, read_verdicts

CHARACTERS_A_TOKEN = 4
"""Of English, for an estimate."""
TYPICAL_ANSWER_TOKENS = 200
"""Of one answer, for an estimate: two replies with 25 words of evidence and a handful of numbers each."""

Place = tuple[str, str, bool]


@dataclass(frozen=True)
class Settings:
    """What is judged and how.

    ``n_items`` of the ranked items, all for None; ``both_orders``: each item twice, the model first and second. The first ``repeat_items`` of the
    sample are asked ``repeats`` more times. ``history_words``: budget of the history that is shown, as a model's.
    """

    rubric: str = "realism"
    n_items: int | None = None
    seed: int = 0
    both_orders: bool = False
    repeats: int = 1
    repeat_items: int = 20
    history_words: int = MAX_HISTORY_WORDS
    concurrency: int = 4
    retry_failed: bool = False


@dataclass(frozen=True)
class Job:
    """One request."""

    drawn: Drawn
    model_first: bool
    messages: Sequence[Message]
    form: type[BaseModel]
    decoding: Decoding
    judge: str
    repeat: int = 0

    @cached_property
    def key(self) -> str:
        """Key of the cache: everything that decides the answer."""
        return request_key(self.messages, schema_of(self.form), self.judge, self.decoding)

    @property
    def place(self) -> Place:
        """What tells a request of one plan from every other: two orders of equal replies are one text."""
        return self.drawn.item_id, self.key, self.model_first


@dataclass(frozen=True)
class Plan:
    """All requests of a run, and the drawn items that need none because their reply has no words."""

    rubric: Rubric
    settings: Settings
    decoding: Decoding
    judge: str
    drawn: tuple[Drawn, ...]
    jobs: tuple[Job, ...]
    empty: tuple[Drawn, ...]


def make_plan(judged: Judged, settings: Settings, judge: str, decoding: Decoding) -> Plan:
    """Draw items and write their requests: scenario by scenario, so that an endpoint that caches prefixes reads a dialogue once."""
    rubric, form = load_rubric(settings.rubric), answer_form(settings.rubric)
    exchanges = {exchange.item.item_id: exchange for exchange in judged.exchanges}
    drawn = draw([(e.item.item_id, e.item.scenario_id) for e in judged.exchanges], settings.n_items, settings.seed)
    asked = [each for each in drawn if not exchanges[each.item_id].is_empty]
    sealed = seals(judged.benchmark.scenarios, judged.exchanges)

    def job(each: Drawn, model_first: bool, repeat: int = 0) -> Job:
        content = _content(judged, exchanges[each.item_id], model_first, settings.history_words)
        messages = judge_messages(rubric, content, sealed[each.scenario_id])
        again = replace(decoding, seed=decoding.seed + repeat)
        return Job(each, model_first, messages, form, again, judge, repeat)

    number = {item_id: index for index, item_id in enumerate(exchanges)}
    ordered = sorted(asked, key=lambda each: number[each.item_id])
    jobs = [job(each, each.model_first) for each in ordered]
    if settings.both_orders:
        jobs += [job(each, not each.model_first) for each in ordered]
    for repeat in range(1, settings.repeats + 1):
        jobs += [job(each, each.model_first, repeat) for each in asked[: settings.repeat_items]]
    empty = tuple(each for each in drawn if exchanges[each.item_id].is_empty)
    return Plan(rubric, settings, decoding, judge, tuple(drawn), tuple(jobs), empty)


def _content(judged: Judged, exchange: Exchange, model_first: bool, history_words: int) -> str:
    replies = [exchange.prediction, exchange.item.reference]
    scenario = judged.benchmark.scenarios[exchange.item.scenario_id]
    return shown(scenario, exchange.item, replies if model_first else replies[::-1], history_words)


def last_verdicts(verdicts: Sequence[Verdict]) -> dict[Place, Verdict]:
    """The last line of each request: a failure that was asked again is replaced by what came of it."""
    return {(verdict.item_id, verdict.key, verdict.model_first): verdict for verdict in verdicts}


def open_jobs(plan: Plan, verdicts: Sequence[Verdict]) -> list[Job]:
    """Requests without an answer, or with a failure that another try may mend."""
    last = last_verdicts(verdicts)

    def is_open(job: Job) -> bool:
        verdict = last.get(job.place)
        if verdict is None:
            return True
        failure = verdict.failure
        return failure is not None and (plan.settings.retry_failed or failure.kind in RETRYABLE)

    return [job for job in plan.jobs if is_open(job)]


def estimate(jobs: Sequence[Job]) -> Usage:
    """About what these requests take: a guess, said before anything is spent."""
    characters = sum(len(json.dumps([job.messages, schema_of(job.form)], ensure_ascii=False)) for job in jobs)
    return Usage(characters // CHARACTERS_A_TOKEN, TYPICAL_ANSWER_TOKENS * len(jobs))


def ask(
    plan: Plan,
    journal: Path,
    endpoint: Endpoint,
    *,
    budget: Budget | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Pending:
    """Ask what the journal does not hold, each answer on the disk before the worker asks for more.

    Args:
        plan: what to ask.
        journal: JSON lines of :class:`Verdict`, appended to.
        endpoint: the judge.
        budget: limits of this run; its account can be read afterwards.
        on_progress: called with (finished, total) requests.

    Raises:
        DataError: the journal is something else.
        EndpointUnavailable: nobody answers there, or no longer.
    """
    journal.parent.mkdir(parents=True, exist_ok=True)
    todo = open_jobs(plan, read_verdicts(journal))
    drop_torn_line(journal, LINE_START)
    if not todo:
        return Pending(0, None)
    done = len(plan.jobs) - len(todo)

    def record(job: Job, reply: Reply[BaseModel]) -> None:
        nonlocal done
        append(journal, [_verdict(job, reply)])
        done += 1
        on_progress(done, len(plan.jobs))

    return ask_all(ChatClient(endpoint, plan.decoding, budget), todo, plan.settings.concurrency, record)


def _verdict(job: Job, reply: Reply[BaseModel]) -> Verdict:
    failure = reply.failure
    return Verdict(
        item_id=job.drawn.item_id,
        scenario_id=job.drawn.scenario_id,
        key=job.key,
        repeat=job.repeat,
        model_first=job.model_first,
        answer=None if reply.answer is None else reply.answer.model_dump(),
        failure=Failure(kind=failure.kind, reason=failure.reason) if failure else None,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        prompt_tokens=reply.usage.prompt_tokens if reply.usage else None,
        completion_tokens=reply.usage.completion_tokens if reply.usage else None,
        cost=reply.cost,
        requests=reply.requests,
        seconds=reply.seconds,
        structure=reply.structure,
    )
