"""One run of a judge: what is already in the output is skipped, the rest is asked for, each answer is on the disk when the next is asked.

In: transcript files, an endpoint, a budget. Out: lines in ``judgements.jsonl`` and an :class:`Outcome`. Ctrl-C, kill -9, a spent budget or an
endpoint that fails lose at most the requests in flight; the same command goes on from there.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel

from dataset_script.errors import DataError
from dataset_script.judge.answers import ScenarioAnswer, TurnAnswer, scenario_form, window_form
from dataset_script.judge.budget import Budget
from dataset_script.judge.client import ChatClient, Decoding, Endpoint, Message, request_key
from dataset_script.judge.journal import append, drop_torn_line
from dataset_script.judge.judgements import LINE_START, FailureRecord, Judgement, RequestRecord, read_all
from dataset_script.judge.pool import Pending, ask_all
from dataset_script.judge.rubrics import KINDS, Kind, Rubric, rubric
from dataset_script.judge.structured import RETRYABLE, Reply, schema_of
from dataset_script.judge.units import Unit, messages, scenario_unit, window_units
from dataset_script.transcripts import Transcript, read_transcript


@dataclass(frozen=True)
class Settings:
    """What to judge and how.

    ``window`` and ``context`` are turns; ``max_words`` are shown of a scenario and ``max_evidence`` quotes asked for; ``repeats`` of
    ``sample`` requests for each rubric.
    """

    kinds: tuple[Kind, ...] = KINDS
    window: int = 40
    context: int = 8
    max_words: int = 24_000
    max_evidence: int = 30
    concurrency: int = 4
    repeats: int = 0
    sample: int = 20
    retry_failed: bool = False


@dataclass(frozen=True)
class Job:
    """One request: a unit, the rubric it is judged by, the form of the answer, and which repeat it is."""

    unit: Unit
    rubric: Rubric
    form: type[BaseModel]
    model: str
    decoding: Decoding
    repeat: int = 0

    @property
    def messages(self) -> list[Message]:
        """What is sent."""
        return messages(self.unit, self.rubric)

    @cached_property
    def key(self) -> str:
        """Key of the cache."""
        return request_key(self.messages, schema_of(self.form), self.model, self.decoding)


@dataclass(frozen=True)
class Outcome:
    """What a run did, in requests' worth of units. ``stopped`` says why it ended early; ``refused`` are files that cannot be read."""

    cached: int
    answered: int
    failed: int
    remaining: int
    stopped: str | None
    refused: tuple[str, ...]


def read_sources(paths: Sequence[Path]) -> tuple[list[Transcript], tuple[str, ...]]:
    """Transcripts, and one sentence for each file that cannot be read."""
    transcripts, refused = [], []
    for path in paths:
        try:
            transcripts.append(read_transcript(path))
        except DataError as error:
            refused.append(str(error))
    return transcripts, tuple(refused)


def _units(transcript: Transcript, kind: Kind, settings: Settings) -> Iterator[Unit]:
    if kind == "scenario":
        yield scenario_unit(transcript, max_words=settings.max_words)
    else:
        yield from window_units(transcript, window=settings.window, context=settings.context)


def plan(transcripts: Sequence[Transcript], settings: Settings, model: str, decoding: Decoding) -> Iterator[Job]:
    """All requests of a run in order: scenarios, turns, then the repeats. A repeat has a seed of its own, and so a key of its own."""
    for kind in settings.kinds:
        jobs = []
        for transcript in transcripts:
            for unit in _units(transcript, kind, settings):
                n_turns = len(unit.turns)
                form = window_form(n_turns) if n_turns else scenario_form(settings.max_evidence)
                jobs.append(Job(unit, rubric(kind), form, model, decoding))
        yield from jobs
        # By hash: a sample that is spread over the corpus and the same in every run.
        sample = sorted(jobs, key=lambda job: (job.unit.content_sha256, job.unit.transcript))[: settings.sample]
        for repeat in range(1, settings.repeats + 1):
            again = replace(decoding, seed=decoding.seed + repeat)
            yield from (replace(job, decoding=again, repeat=repeat) for job in sample)


def finished_keys(judgements: Sequence[Judgement], *, retry_failed: bool) -> set[tuple[str, str]]:
    """(transcript, key) of requests that need not be sent again: all their lines are there, with an answer or a final failure."""
    lines: dict[tuple[str, str], dict[int | None, Judgement]] = defaultdict(dict)
    for judgement in judgements:
        lines[judgement.transcript, judgement.request.key][judgement.turn] = judgement
    return {
        place
        for place, by_turn in lines.items()
        if all(
            len(by_turn) == line.request.lines
            and (line.failure is None or not (retry_failed or line.failure.kind in RETRYABLE))
            for line in by_turn.values()
        )
    }


def to_judgements(job: Job, reply: Reply[BaseModel], endpoint: Endpoint) -> list[Judgement]:
    """The lines for one reply: one for a scenario, one for each turn of a window."""
    turns: tuple[int | None, ...] = job.unit.turns or (None,)
    request = RequestRecord(
        key=job.key,
        lines=len(turns),
        prompt_tokens=reply.usage.prompt_tokens if reply.usage else None,
        completion_tokens=reply.usage.completion_tokens if reply.usage else None,
        cost=reply.cost,
        requests=reply.requests,
        seconds=reply.seconds,
        structure=reply.structure,
    )
    failure = FailureRecord(kind=reply.failure.kind, reason=reply.failure.reason) if reply.failure else None
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return [
        Judgement(
            kind=job.unit.kind,
            transcript=job.unit.transcript,
            turn=turn,
            rubric=job.rubric.id,
            rubric_sha256=job.rubric.sha256,
            model=job.model,
            endpoint=endpoint.host,
            at=at,
            repeat=job.repeat,
            content_sha256=job.unit.content_sha256,
            transcript_sha256=job.unit.transcript_sha256,
            left_out=job.unit.left_out,
            answer=answer,
            failure=failure,
            request=request,
        )
        for turn, answer in zip(turns, _answers(job, reply), strict=True)
    ]


def _answers(job: Job, reply: Reply[BaseModel]) -> list[ScenarioAnswer | TurnAnswer | None]:
    """The form's answers as they are stored, in the order of the unit's turns."""
    if reply.answer is None:
        return [None] * (len(job.unit.turns) or 1)
    if job.unit.kind == "scenario":
        return [ScenarioAnswer.model_validate(reply.answer.model_dump())]
    return [getattr(reply.answer, f"t{number}") for number in range(1, len(job.unit.turns) + 1)]


def judge(
    paths: Sequence[Path],
    output: Path,
    endpoint: Endpoint,
    *,
    settings: Settings | None = None,
    decoding: Decoding | None = None,
    budget: Budget | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Outcome:
    """Judge transcripts and append what was answered to ``output``.

    Args:
        paths: transcript files.
        output: ``judgements.jsonl``; what it already holds is not asked for again.
        endpoint: the judge.
        settings: what is judged, in windows of which size, how many requests at a time.
        decoding: of the judge.
        budget: limits of this run; its account can be read afterwards.
        on_progress: called with (finished, total) requests.

    Raises:
        DataError: ``output`` holds something else.
        EndpointUnavailable: nobody answers there, or no longer.
    """
    settings, decoding = settings or Settings(), decoding or Decoding()
    output.parent.mkdir(parents=True, exist_ok=True)
    done = finished_keys(read_all(output) if output.exists() else [], retry_failed=settings.retry_failed)
    drop_torn_line(output, LINE_START)
    transcripts, refused = read_sources(paths)
    jobs = list(plan(transcripts, settings, endpoint.model, decoding))
    todo = [job for job in jobs if (job.unit.transcript, job.key) not in done]
    replies: list[Reply[BaseModel]] = []

    def record(job: Job, reply: Reply[BaseModel]) -> None:
        append(output, to_judgements(job, reply, endpoint))
        replies.append(reply)
        on_progress(len(replies), len(todo))

    pending = Pending(0, None)
    if todo:
        pending = ask_all(ChatClient(endpoint, decoding, budget), todo, settings.concurrency, record)
    answered = sum(reply.answer is not None for reply in replies)
    return Outcome(
        len(jobs) - len(todo), answered, len(replies) - answered, pending.remaining, pending.stopped, refused
    )
