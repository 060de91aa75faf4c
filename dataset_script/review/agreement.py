"""How far reviewers agree, and a judge with them: percent, Cohen's κ (scikit-learn), Krippendorff's α. Pure."""

import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dataset_script.judge.judgements import ScenarioJudgement
from dataset_script.quality.relevance import judged_relevance
from dataset_script.review.decisions import ReviewDecision
from dataset_script.review.settlement import latest

Ratings = Mapping[str, Mapping[str, str]]
"""Unit → rater → value; raters may leave units out."""


@dataclass(frozen=True)
class Agreement:
    """Agreement on one question. Coefficients are None where they are not defined (no unit rated twice, or one value only)."""

    question: str
    units: int
    percent: float | None
    alpha: float | None
    kappas: Mapping[tuple[str, str], float | None]


def krippendorff_alpha(ratings: Ratings) -> float | None:
    """Krippendorff's α for nominal data with missing ratings (Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability").

    Returns:
        1 − observed / expected disagreement; None where no unit has two ratings or all ratings are equal.
    """
    coincidences: Counter[tuple[str, str]] = Counter()
    for own in ratings.values():
        values = list(own.values())
        if len(values) < 2:
            continue
        for first, second in itertools.permutations(values, 2):
            coincidences[first, second] += 1 / (len(values) - 1)  # type: ignore[assignment]
    totals: Counter[str] = Counter()
    for (first, _), count in coincidences.items():
        totals[first] += count
    n = totals.total()
    observed = sum(count for (first, second), count in coincidences.items() if first != second)
    expected = sum(totals[a] * totals[b] for a, b in itertools.permutations(totals, 2)) / (n - 1) if n > 1 else 0
    return 1 - observed / expected if expected else None


def _kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    from sklearn.metrics import cohen_kappa_score

    if len(set(first) | set(second)) < 2:
        return None
    return float(cohen_kappa_score(first, second))


def agreement(question: str, ratings: Ratings) -> Agreement:
    """All coefficients of one question."""
    twice = {unit: own for unit, own in ratings.items() if len(own) > 1}
    pairs = [pair for own in twice.values() for pair in itertools.combinations(own.values(), 2)]
    raters = sorted({rater for own in ratings.values() for rater in own})
    kappas = {}
    for first, second in itertools.combinations(raters, 2):
        both = [own for own in ratings.values() if first in own and second in own]
        if both:
            kappas[first, second] = _kappa([own[first] for own in both], [own[second] for own in both])
    percent = sum(a == b for a, b in pairs) / len(pairs) if pairs else None
    return Agreement(question, len(twice), percent, krippendorff_alpha(ratings), kappas)


def ratings_of(decisions: Iterable[ReviewDecision]) -> dict[str, dict[str, dict[str, str]]]:
    """Question (``verdict``, ``role``) → unit → reviewer → value. Adjudications rate nothing."""
    found: dict[str, dict[str, dict[str, str]]] = {"verdict": defaultdict(dict), "role": defaultdict(dict)}
    for (transcript, sha256, kind, turn, speaker, _), own in latest(decisions).items():
        if kind in found:
            unit = json.dumps([transcript, sha256, turn, speaker])  # words that have changed are another unit
            for who, decision in own.items():
                if who:
                    found[kind][unit][who] = decision.value
    return found


def judge_ratings(decisions: Iterable[ReviewDecision], judgements: Mapping[str, ScenarioJudgement]) -> Ratings:
    """Verdicts of people beside the judge's: it accepts what C_valid and no context filter let through."""
    found: dict[str, dict[str, str]] = {}
    for unit, own in ratings_of(decisions)["verdict"].items():
        transcript, sha256, *_ = json.loads(unit)
        judgement = judgements.get(transcript)
        if judgement is not None and judgement.transcript_sha256 in (None, sha256):
            relevance = judged_relevance(judgement.features, judgement.decided_by)
            accepts = relevance.is_valid and not relevance.count("context_filters")
            found[unit] = {**own, f"judge {judgement.model}": "accept" if accepts else "reject"}
    return found


def as_text(found: Sequence[Agreement]) -> str:
    """A few lines a question."""

    def shown(value: float | None) -> str:
        return "–" if value is None else f"{value:.3f}"

    lines = []
    for each in found:
        lines.append(
            f"{each.question}: {each.units} units rated twice or more, agreement {shown(each.percent)}, α {shown(each.alpha)}"
        )
        lines += [f"  {first} – {second}: κ {shown(kappa)}" for (first, second), kappa in each.kappas.items()]
    return "\n".join(lines) + "\n"
