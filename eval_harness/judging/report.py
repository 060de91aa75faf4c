"""A judgement for people: one table, and the sentences without which its figures should not be read."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dataset_script.judge.structured import RETRYABLE
from submissions.judgement import Estimate, Judgement, Side
from submissions.ledger import printable

if TYPE_CHECKING:
    from rich.table import Table

NOTES = {
    "same model": "the judge is the judged model: do not report these figures",
    "same family": "the judge is of the judged model's family, and judges favour their own",
    "same maker": "judge and judged model have one maker, and judges favour their own",
    "unknown": "a name tells no family, so self-preference cannot be ruled out",
    "different": "the judge is of another family than the judged model",
}
HOSTILE_NOTE = "replies look as if they spoke to a judge: read them before you report these figures"


def _estimate(found: Estimate | None, scale: float = 1.0, digits: int = 1) -> str:
    if found is None:
        return "–"
    value, low, high = (f"{part * scale:.{digits}f}" for part in (found.value, found.low, found.high))
    return f"{value} [{low}, {high}]"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _counted(words: Mapping[str, int]) -> str:
    total = sum(words.values()) or 1
    return ", ".join(f"{word} {count / total:.0%}" for word, count in words.items())


def _rows(judgement: Judgement) -> list[tuple[str, str, str]]:
    """(figure, model, people), in the order in which they are shown."""

    def both(name: str, figure) -> tuple[str, str, str]:
        sides: tuple[Side, Side] = (judgement.model, judgement.human)
        return name, figure(sides[0]), figure(sides[1])

    rows = [both("score, 0–100", lambda side: _estimate(side.score))]
    if judgement.rubric.threshold is not None:
        words = (judgement.rubric.threshold_name or "passes").replace("_", " ")
        rows.append(
            both(f"{words} (from {judgement.rubric.threshold:.0f}), %", lambda side: _estimate(side.passing, 100))
        )
    rows.append(both("score where shown first", lambda side: _number(side.first)))
    rows.append(both("score where shown second", lambda side: _number(side.second)))
    rows += [both(f"  {name}", lambda side, name=name: _number(side.points[name])) for name in judgement.model.points]
    rows += [both(f"  {name}", lambda side, name=name: _counted(side.labels[name])) for name in judgement.model.labels]
    return rows


def as_table(judgement: Judgement) -> "Table":
    """The figures of model and people side by side."""
    from rich.table import Table
    from rich.text import Text

    rubric, sample = judgement.rubric, judgement.sample
    title = f"{rubric.id} {rubric.version}, judged by {printable(judgement.judge.model, 60)}: {sample.n_items} of {sample.n_available} items"
    table = Table(title=Text(title), title_justify="left")
    table.add_column("")
    table.add_column(Text(printable(judgement.model_id or "model", 60)), justify="right")
    table.add_column("people", justify="right")
    for row in _rows(judgement):
        table.add_row(*map(Text, row))
    return table


def as_notes(judgement: Judgement) -> list[str]:
    """What has to be known to read the table, one sentence a line."""
    return [*_what_was_judged(judgement), *_how_far_to_trust_it(judgement), _what_it_took(judgement)]


def _what_was_judged(judgement: Judgement) -> list[str]:
    counts = judgement.counts
    failed = ", ".join(f"{count} {kind}" for kind, count in counts.failures.items()) or "none"
    notes = [
        f"people less model: {_estimate(judgement.gap)}; the real reply has the higher score in "
        f"{_estimate(judgement.human_preferred, 100)} % of items (50: cannot tell)",
        *(f"same {name} as the person: {share:.0%} of requests" for name, share in judgement.same_labels.items()),
        f"{counts.valid} of {counts.requests} requests answered, failed: {failed}; {counts.empty} empty replies got 0, "
        f"{counts.unjudged} items without a verdict are in no figure",
    ]
    if counts.failures.keys() & RETRYABLE:
        notes.append("run the same command again to ask what the endpoint left unanswered")
    elif counts.failures:
        notes.append("--retry-failed asks again where the judge gave no valid answer")
    return notes


def _how_far_to_trust_it(judgement: Judgement) -> list[str]:
    position, repeats, relation = judgement.position, judgement.repeats, judgement.self_preference.relation
    notes = []
    if position:
        notes.append(
            f"position: first less second {_estimate(position.effect)}; the model was first {position.model_first} times, "
            f"second {position.model_second}"
        )
    if repeats:
        alpha = "–" if repeats.alpha is None else f"{repeats.alpha:.2f}"
        same = "" if repeats.same_side is None else f", same side of the line {repeats.same_side:.0%}"
        notes.append(
            f"repeats at temperature {judgement.judge.temperature:g}: {repeats.n_units} replies, equal {repeats.exact:.0%}, mean difference "
            f"{repeats.mean_difference:.1f}, Krippendorff's alpha {alpha}{same}"
        )
    notes.append(f"self-preference: {relation}: {NOTES[relation]}")
    if judgement.counts.addresses_judge:
        notes.append(f"{judgement.counts.addresses_judge} {HOSTILE_NOTE}")
    return notes


def _what_it_took(judgement: Judgement) -> str:
    work = judgement.work
    uncounted = f" ({work.uncounted} requests uncounted)" if work.uncounted else ""
    tokens = f"{work.prompt_tokens} + {work.completion_tokens} tokens{uncounted}"
    return f"{work.http_requests} HTTP requests, {tokens}, cost {work.cost:.4f}"
