"""Signs that a model has seen the test split, with their evidence. They raise a flag, never remove a row. Pure.

A threshold is what the trivial baselines reach on the same items, and some room: what understands nothing cannot have cheated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dataset_script.dialogue import plain
from submissions.schema import METRICS, Result, Score
from submissions.verification import Flag

N = 4
"""Words of an n-gram that counts as overlap."""
EXACT_WORDS = 6
"""References shorter than this are said again by everybody ("Yes, sir.")."""


@dataclass(frozen=True)
class Answer:
    """What the checks need of an item: the reference and the prediction."""

    item_id: str
    reference: str
    prediction: str


def overlap(answers: Sequence[Answer]) -> float:
    """Share of the references' word 4-grams that stand in their predictions, 0–1; 0 where no reference is that long."""
    found = total = 0
    for answer in answers:
        grams = _grams(answer.reference)
        found += len(grams & _grams(answer.prediction))
        total += len(grams)
    return found / total if total else 0.0


def _grams(text: str) -> set[tuple[str, ...]]:
    words = plain(text).split()
    return set(zip(*(words[start:] for start in range(N)), strict=False))


def exact_items(answers: Sequence[Answer]) -> list[str]:
    """Items whose reference of at least :data:`EXACT_WORDS` words was said word for word."""
    return [
        answer.item_id
        for answer in answers
        if len(words := plain(answer.reference).split()) >= EXACT_WORDS and words == plain(answer.prediction).split()
    ]


def canary_items(answers: Sequence[Answer], canary: str) -> list[str]:
    """Items whose prediction holds the dataset's canary, or the identifier in it."""
    identifier = plain(canary.rsplit(":", 1)[-1])
    return [answer.item_id for answer in answers if identifier in plain(answer.prediction)]


def split_gaps(test: Result, validation: Result) -> dict[str, tuple[float, float]]:
    """Metric → (score on test minus score on validation, standard error of that difference from the two intervals)."""

    def error(score: Score) -> float:
        return (score.high - score.low) / (2 * 1.96)

    gaps = {}
    for metric in METRICS:
        on_test, on_validation = getattr(test.scores, metric), getattr(validation.scores, metric)
        gaps[metric] = (on_test.value - on_validation.value, (error(on_test) ** 2 + error(on_validation) ** 2) ** 0.5)
    return gaps


def overlap_flag(answers: Sequence[Answer], baselines: Mapping[str, Sequence[Answer]]) -> Flag | None:
    """More of the references' wording than five times what any baseline has of it, and more than a twentieth."""
    name, most = max(
        ((name, overlap(own)) for name, own in baselines.items()), key=lambda own: own[1], default=("none", 0.0)
    )
    value, threshold = overlap(answers), max(0.05, 5 * most)
    if value <= threshold:
        return None
    evidence = (
        f"{value:.1%} of the references' {N}-grams stand in the predictions; the best baseline ({name}) has {most:.1%}"
    )
    return Flag(name="reference-overlap", evidence=evidence, value=value, threshold=threshold)


def exact_flag(answers: Sequence[Answer], baselines: Mapping[str, Sequence[Answer]]) -> Flag | None:
    """Whole long references said word for word, more often than any baseline does and more than once."""
    found = exact_items(answers)
    threshold = max(1, *(len(exact_items(own)) for own in baselines.values())) if baselines else 1
    if len(found) <= threshold:
        return None
    evidence = f"{len(found)} references of {EXACT_WORDS} words or more are reproduced word for word, first: {found[0]}"
    return Flag(name="exact-reproduction", evidence=evidence, value=len(found), threshold=threshold)


def canary_flag(answers: Sequence[Answer], canary: str) -> Flag | None:
    """The dataset's canary in any prediction."""
    found = canary_items(answers, canary)
    if not found:
        return None
    evidence = f"{len(found)} predictions hold the dataset's canary, first: {found[0]}"
    return Flag(name="canary-emitted", evidence=evidence, value=len(found), threshold=0)


def split_gap_flag(
    test: Result, validation: Result, baselines: Sequence[tuple[Result, Result]], tolerance: float = 3.0
) -> Flag | None:
    """Better on test than on validation by more than the splits themselves differ.

    The splits' own difference is the largest that a baseline shows; beyond it the gap must be ``tolerance`` standard errors.

    Args:
        baselines: (test, validation) results of the trivial baselines; without any the splits are taken to be equal.
    """
    usual = [split_gaps(*pair) for pair in baselines]
    worst: tuple[float, str, float, float] | None = None
    for metric, (gap, error) in split_gaps(test, validation).items():
        own = max((baseline[metric][0] for baseline in usual), default=0.0)
        excess = (gap - max(own, 0.0)) / error if error else 0.0
        if excess > tolerance and (worst is None or excess > worst[0]):
            worst = (excess, metric, gap, own)
    if worst is None:
        return None
    excess, metric, gap, own = worst
    evidence = f"{metric} is {gap:.2f} higher on test than on validation; baselines differ by at most {own:.2f}"
    return Flag(name="test-above-validation", evidence=evidence, value=excess, threshold=tolerance)
