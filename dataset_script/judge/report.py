"""What a file of judgements amounts to: work, cost, evidence, and agreement with rules, between judges and of a judge with itself. Pure.

Agreement is Cohen's kappa beside the plain share of equal answers: kappa alone hides that two raters who always say yes agree.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations

from dataset_script.dialogue import Turn
from dataset_script.judge.answers import ScenarioAnswer, TurnAnswer
from dataset_script.judge.judgements import Judgement, last_answers
from dataset_script.judge.rubrics import Kind, rubric
from dataset_script.quality.relevance import lexical_relevance, taxonomy, taxonomy_version
from dataset_script.roles import resolve_roles
from dataset_script.transcripts import Transcript

Unit = tuple[Kind, str, int | None]
Values = dict[Unit, str]

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Work:
    """What one model did under one rubric. ``seconds`` are summed over requests, which may have run side by side."""

    rubric: str
    model: str
    judged: int
    failed: dict[str, int]
    requests: int
    prompt_tokens: int
    completion_tokens: int
    uncounted: int
    cost: float
    seconds: float


@dataclass(frozen=True)
class Grounding:
    """Whether a model shows what it claims: features that it says hold, those with a quote, and quotes that stand in the turn named."""

    model: str
    claims: int
    claims_with_quote: int
    quotes: int
    quotes_found: int


@dataclass(frozen=True)
class Agreement:
    """Two raters on one question. ``kappa`` is None where it is undefined: both gave one and the same answer throughout."""

    question: str
    first: str
    second: str
    units: int
    equal: float
    kappa: float | None


@dataclass(frozen=True)
class Report:
    """All figures, each in the order of its name."""

    work: tuple[Work, ...]
    grounding: tuple[Grounding, ...]
    agreement: tuple[Agreement, ...]

    def as_dict(self) -> dict:
        """Plain data, for JSON."""
        return asdict(self)


def _work(judgements: Iterable[Judgement]) -> tuple[Work, ...]:
    # The last line of a unit and key counts as its outcome; every request counts as work, once for all the lines that share it.
    outcomes: dict[tuple[str, str], dict[tuple, Judgement]] = defaultdict(dict)
    requests: dict[tuple[str, str], dict[tuple, Judgement]] = defaultdict(dict)
    for judgement in judgements:
        by = (judgement.rubric, judgement.model)
        outcomes[by][judgement.unit, judgement.request.key] = judgement
        requests[by][judgement.transcript, judgement.request.key, judgement.at] = judgement
    rows = []
    for by, units in sorted(outcomes.items()):
        sent = [judgement.request for judgement in requests[by].values()]
        rows.append(
            Work(
                *by,
                judged=sum(judgement.answer is not None for judgement in units.values()),
                failed=dict(sorted(Counter(j.failure.kind for j in units.values() if j.failure).items())),
                requests=sum(request.requests for request in sent),
                prompt_tokens=sum(request.prompt_tokens or 0 for request in sent),
                completion_tokens=sum(request.completion_tokens or 0 for request in sent),
                uncounted=sum(request.prompt_tokens is None for request in sent),
                cost=round(sum(request.cost for request in sent), 6),
                seconds=round(sum(request.seconds for request in sent), 1),
            )
        )
    return tuple(rows)


def _words(text: str) -> str:
    return f" {' '.join(_WORD.findall(text.lower()))} "


def is_quoted(quote: str, text: str) -> bool:
    """Whether the quote's words stand in the text one after the other; case and punctuation do not matter."""
    words = _words(quote)
    return bool(words.strip()) and words in _words(text)


def _grounding(
    model: str, answers: Iterable[tuple[str, ScenarioAnswer]], transcripts: Mapping[str, Transcript]
) -> Grounding:
    claims = with_quote = quotes = found = 0
    # What is absent cannot be quoted: context filters ("no police at all") ask for no evidence.
    quotable = {feature.id for feature in taxonomy() if feature.group != "context_filters"}
    for name, answer in answers:
        held = {feature for feature, holds in answer.features.items() if holds and feature in quotable}
        claims += len(held)
        with_quote += len(held & {evidence.feature for evidence in answer.evidence})
        rows = transcripts[name].rows
        for evidence in answer.evidence:
            quotes += 1
            found += evidence.turn < len(rows) and is_quoted(evidence.quote, rows[evidence.turn].text)
    return Grounding(model, claims, with_quote, quotes, found)


def agreement(question: str, first: tuple[str, Values], second: tuple[str, Values]) -> Agreement | None:
    """Two raters' answers to one question over the units that both judged; None where there are none."""
    both = [unit for unit in first[1] if unit in second[1]]
    if not both:
        return None
    pairs = [(first[1][unit], second[1][unit]) for unit in both]
    equal = sum(a == b for a, b in pairs) / len(pairs)
    kappa = None
    if len({value for pair in pairs for value in pair}) > 1:
        from sklearn.metrics import cohen_kappa_score

        kappa = round(float(cohen_kappa_score([a for a, _ in pairs], [b for _, b in pairs])), 4)
    return Agreement(question, first[0], second[0], len(pairs), round(equal, 4), kappa)


def _questions(judgements: Iterable[Judgement]) -> dict[str, Values]:
    """question → unit → answer, as text."""
    values: dict[str, Values] = defaultdict(dict)
    for judgement in judgements:
        if isinstance(judgement.answer, ScenarioAnswer):
            for feature, holds in judgement.answer.features.items():
                values[f"feature {feature}"][judgement.unit] = "yes" if holds else "no"
            values["category"][judgement.unit] = judgement.answer.category
            values["invented"][judgement.unit] = "yes" if judgement.answer.invented else "no"
        elif isinstance(judgement.answer, TurnAnswer):
            for question, value in judgement.answer.model_dump().items():
                values[f"turn {question}"][judgement.unit] = str(value)
    return values


def rules_answers(transcripts: Mapping[str, Transcript]) -> dict[str, Values]:
    """The same questions answered by the rules: features by the lexical patterns, roles by the resolver."""
    values: dict[str, Values] = defaultdict(dict)
    with_rule = [feature for feature in taxonomy() if feature.pattern is not None]
    for name, transcript in transcripts.items():
        guesses = resolve_roles([(row.speaker, row.text) for row in transcript.rows])
        turns = []
        for index, row in enumerate(transcript.rows):
            guess = guesses[row.speaker]
            turns.append(Turn(index, row.start_s, row.speaker, guess.role, guess.rule, guess.confidence, row.text))
            values["turn role"]["turn", name, index] = guess.role
        held = {feature for ids in lexical_relevance(turns).features.values() for feature in ids}
        for feature in with_rule:
            values[f"feature {feature.id}"]["scenario", name, None] = "yes" if feature.id in held else "no"
    return values


def _compare(first: tuple[str, dict[str, Values]], second: tuple[str, dict[str, Values]]) -> list[Agreement]:
    found = [
        agreement(question, (first[0], values), (second[0], second[1].get(question, {})))
        for question, values in sorted(first[1].items())
    ]
    return [row for row in found if row is not None]


def _repeats(judgements: Sequence[Judgement], model: str) -> list[Agreement]:
    """A model's first answers against each of its repeats."""
    own = [
        judgement
        for judgement in judgements
        if judgement.model == model and judgement.rubric_sha256 == rubric(judgement.kind).sha256
    ]
    runs: dict[int, list[Judgement]] = defaultdict(list)
    for judgement in own:
        runs[judgement.repeat].append(judgement)
    first = (model, _questions(runs.pop(0, [])))
    return [
        row
        for repeat in sorted(runs)
        for row in _compare(first, (f"{model}, repeat {repeat}", _questions(runs[repeat])))
    ]


def make_report(judgements: Sequence[Judgement], transcripts: Mapping[str, Transcript]) -> Report:
    """Figures of all judgements.

    Args:
        judgements: all lines of a file, in order.
        transcripts: by name; those that are not judged are not looked at, and judgements of others are counted but not compared.
    """
    by_model: dict[str, list[Judgement]] = defaultdict(list)
    for answers in last_answers(judgements).values():
        for model, judgement in answers.items():
            by_model[model].append(judgement)
    models = sorted(by_model)
    judged = {judgement.transcript for own in by_model.values() for judgement in own}
    known = {name: transcript for name, transcript in transcripts.items() if name in judged}
    rules = (f"rules (taxonomy {taxonomy_version()}, resolver)", rules_answers(known))
    questions = {model: _questions(by_model[model]) for model in models}

    rows: list[Agreement] = []
    for model in models:
        rows += _compare((model, questions[model]), rules)
        rows += _repeats(judgements, model)
    for one, other in combinations(models, 2):
        rows += _compare((one, questions[one]), (other, questions[other]))
    grounding = tuple(
        _grounding(
            model,
            [
                (j.transcript, j.answer)
                for j in by_model[model]
                if isinstance(j.answer, ScenarioAnswer) and j.transcript in known
            ],
            known,
        )
        for model in models
    )
    return Report(_work(judgements), grounding, tuple(rows))


def as_text(report: Report) -> str:
    """A report in lines for a terminal."""
    lines = []
    for row in report.work:
        failed = ", ".join(f"{count} {kind}" for kind, count in row.failed.items()) or "none"
        uncounted = f" ({row.uncounted} requests uncounted)" if row.uncounted else ""
        lines += [
            f"{row.rubric} by {row.model}: {row.judged} judged, failed: {failed}",
            f"  {row.requests} requests, {row.prompt_tokens} + {row.completion_tokens} tokens{uncounted}, cost {row.cost:.4f}, {row.seconds:.0f} s",
        ]
    for shown in report.grounding:
        lines.append(
            f"evidence by {shown.model}: {shown.claims_with_quote} of {shown.claims} features that hold have a quote; "
            f"{shown.quotes_found} of {shown.quotes} quotes stand in the turn named"
        )
    previous = None
    for pair in report.agreement:
        if (pair.first, pair.second) != previous:
            lines.append(f"{pair.first} v. {pair.second}:{'':<24}  units   equal   kappa")
            previous = (pair.first, pair.second)
        kappa = "      –" if pair.kappa is None else f"{pair.kappa:7.2f}"
        lines.append(f"  {pair.question:<44} {pair.units:>6}  {pair.equal:6.1%} {kappa}")
    return "\n".join(lines) + "\n"
