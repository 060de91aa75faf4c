"""Two to four rows of one board against the first of them: differences, scenarios won and lost, categories, words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leaderboard_app.paired import Difference, adjust, differences, statistics_of, told_apart
from leaderboard_app.snapshot import Row
from submissions.items import ItemRow
from submissions.schema import MEAN_METRICS, METRICS
from submissions.statistics import ScenarioStatistics, scenario_scores

MIN_MODELS, MAX_MODELS = 2, 4
HALF_A_PRINTED_DIGIT = {metric: 0.0005 if metric == "bertscore" else 0.05 for metric in METRICS}


@dataclass(frozen=True)
class Tally:
    """Scenarios in which a model scores higher, equal as printed, or lower than the first."""

    wins: int
    ties: int
    losses: int

    @property
    def total(self) -> int:
        return self.wins + self.ties + self.losses


@dataclass(frozen=True)
class Against:
    """One model against the first: metric → difference, Holm's p over all tests of the page, scenarios won, tied, lost."""

    row: Row
    differences: Mapping[str, Difference]
    adjusted: Mapping[str, float]
    tallies: Mapping[str, Tally]

    def is_significant(self, metric: str) -> bool:
        """Told apart at 5 %, all tests of the page taken together."""
        return told_apart(self.adjusted[metric])


@dataclass(frozen=True)
class Category:
    """Scores of each model in one part of the items; ``None`` where a result does not state it."""

    name: str
    n_items: int
    scores: tuple[float | None, ...]

    @property
    def best(self) -> float | None:
        """The highest of the stated scores."""
        return max((score for score in self.scores if score is not None), default=None)


@dataclass(frozen=True)
class Exchange:
    """One officer's turn, what the civilian said, and each model's reply with its score. ``spread``: highest minus lowest."""

    item_id: str
    scenario_id: str
    officer_text: str
    reference: str
    predictions: tuple[str, ...]
    scores: tuple[float, ...]

    @property
    def spread(self) -> float:
        return max(self.scores) - min(self.scores)


def tally(first: ScenarioStatistics, second: ScenarioStatistics) -> dict[str, Tally]:
    """metric → in how many scenarios the second model scores higher, equal as printed, or lower."""
    own, other = scenario_scores(first), scenario_scores(second)
    found = {}
    for metric in METRICS:
        gaps = other[metric] - own[metric]
        wins = int((gaps >= HALF_A_PRINTED_DIGIT[metric]).sum())
        losses = int((gaps <= -HALF_A_PRINTED_DIGIT[metric]).sum())
        found[metric] = Tally(wins, len(gaps) - wins - losses, losses)
    return found


def compare(rows: Sequence[Row]) -> list[Against]:
    """Every other row against the first.

    Raises:
        ValueError: not two to four rows, or not measured on the same scenarios.
    """
    if not MIN_MODELS <= len(rows) <= MAX_MODELS:
        raise ValueError(f"compare {MIN_MODELS} to {MAX_MODELS} models")
    first = statistics_of(rows[0])
    others = [statistics_of(row) for row in rows[1:]]
    found = [differences(first, own) for own in others]
    flat = adjust([own[metric].p for own in found for metric in METRICS])
    return [
        Against(row, gaps, dict(zip(METRICS, flat[place * len(METRICS) :], strict=False)), tally(first, own))
        for place, (row, own, gaps) in enumerate(zip(rows[1:], others, found, strict=True))
    ]


def by_category(rows: Sequence[Row], metric: str) -> list[Category]:
    """Scores by scenario category, largest category first."""
    parts = [{own.name: own for own in row.result.diagnostics.slices.category} for row in rows]
    sizes = {name: own.n_items for part in parts for name, own in part.items()}
    return [
        Category(name, size, tuple(getattr(part[name], metric) if name in part else None for part in parts))
        for name, size in sorted(sizes.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


def side_by_side(answers: Sequence[Sequence[ItemRow]], metric: str) -> tuple[list[Exchange], int]:
    """Ranked items that all models answered, largest disagreement first.

    Args:
        answers: rows of each model's predictions file.
        metric: corpus BLEU has no score of one item; ROUGE-L stands in for it.

    Returns:
        The exchanges, and how many were left out because the files disagree about what was said.
    """
    metric = metric if metric in MEAN_METRICS else MEAN_METRICS[0]
    by_id = [{row.item_id: row for row in rows if row.subset == "clean"} for rows in answers]
    shared = set.intersection(*(set(rows) for rows in by_id)) if by_id else set()
    found = []
    for item_id in shared:
        own = [rows[item_id] for rows in by_id]
        if len({(row.officer_text, row.reference) for row in own}) == 1:
            found.append(_exchange(own, metric))
    found.sort(key=lambda exchange: (-exchange.spread, exchange.item_id))
    return found, len(shared) - len(found)


def _exchange(rows: Sequence[ItemRow], metric: str) -> Exchange:
    first = rows[0]
    return Exchange(
        first.item_id,
        first.scenario_id,
        first.officer_text,
        first.reference,
        tuple(row.prediction for row in rows),
        tuple(getattr(row.scores, metric) for row in rows),
    )
