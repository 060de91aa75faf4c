"""What a board can tell and what it cannot: power of its test, what baselines reach, how short the references are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from leaderboard_app.samples import read_samples
from leaderboard_app.snapshot import Board
from submissions.items import ItemRow
from submissions.ledger import LedgerError
from submissions.power import Detectable, detectable_differences
from submissions.schema import METRICS

MAX_PAIRED = 12


@dataclass(frozen=True)
class References:
    """How short the civilians' own lines are. Shares are 0–1 of the ranked items."""

    n_items: int
    one_word_share: float
    three_word_share: float


@dataclass(frozen=True)
class Validity:
    """``baselines``: short name → metric → score. ``references``: ``None`` where no predictions file could be read."""

    baselines: Mapping[str, Mapping[str, float]]
    detectable: Mapping[str, Detectable]
    largest_scenario_share: float
    references: References | None


def describe_references(samples: Sequence[ItemRow]) -> References | None:
    """Lengths of the references of the ranked items; ``None`` without any."""
    lengths = [len(row.reference.split()) for row in samples if row.subset == "clean"]
    if not lengths:
        return None
    one, three = (sum(length <= limit for length in lengths) / len(lengths) for limit in (1, 3))
    return References(len(lengths), one, three)


def _references(board: Board, results: Path) -> References | None:
    """From the first readable predictions file; baselines' files first, because the maintainers wrote them."""
    for row in sorted(board.rows, key=lambda row: not row.is_baseline)[:MAX_PAIRED]:
        try:
            return describe_references(read_samples(results, row.result))
        except LedgerError:
            continue
    return None


def assess(board: Board, results: Path) -> Validity:
    """The figures of one board. Power is that of pairs of baselines, or of the best rows where there are not two of them."""
    baselines = [row for row in board.rows if row.is_baseline]
    paired = (baselines if len(baselines) >= 2 else list(board.rows))[:MAX_PAIRED]
    sizes = [scenario.n_items for scenario in board.first.per_scenario]
    return Validity(
        {row.model.id.split("/")[1]: {metric: row.score(metric).value for metric in METRICS} for row in baselines},
        detectable_differences([row.result for row in paired]) if len(paired) >= 2 else {},
        max(sizes) / sum(sizes),
        _references(board, results),
    )
