"""What fine-tuning brought: each fine-tuned row of a board beside the row of the model it started from."""

from collections.abc import Mapping
from dataclasses import dataclass

from leaderboard_app.paired import Difference, adjust, differences, statistics_of, told_apart
from leaderboard_app.snapshot import Board, Row
from submissions.schema import METRICS


@dataclass(frozen=True)
class Step:
    """A base row and a fine-tuned row. ``differences``: fine-tuned minus base. ``adjusted``: metric → Holm's p over all steps."""

    base: Row
    tuned: Row
    differences: Mapping[str, Difference]
    adjusted: Mapping[str, float]

    def is_significant(self, metric: str) -> bool:
        """Told apart at 5 %, all steps of the board taken together."""
        return told_apart(self.adjusted[metric])


@dataclass(frozen=True)
class Lineage:
    """The steps of a board, and its fine-tuned rows whose base is not stated or not on it."""

    steps: tuple[Step, ...]
    without_base: tuple[Row, ...]


def _base_of(tuned: Row, board: Board) -> Row | None:
    """The row of the model that a fine-tuned one names: of the same precision if there is one, else the best placed."""
    named = [
        row for row in board.rows if row.model.id == tuned.model.base_model and row is not tuned and not row.is_baseline
    ]
    same = [row for row in named if row.model.precision == tuned.model.precision]
    return next(iter(same or named), None)


def trace(board: Board) -> Lineage:
    """Pair each fine-tuned row with its base.

    Raises:
        LedgerError: a row's file went away.
    """
    tuned_rows = [row for row in board.rows if row.model.kind == "fine-tuned"]
    pairs = [(base, row) for row in tuned_rows if (base := _base_of(row, board)) is not None]
    paired = {id(row) for _, row in pairs}
    found = [differences(statistics_of(base), statistics_of(row)) for base, row in pairs]
    adjusted = {metric: adjust([own[metric].p for own in found]) for metric in METRICS}
    steps = tuple(
        Step(base, row, own, {metric: adjusted[metric][index] for metric in METRICS})
        for index, ((base, row), own) in enumerate(zip(pairs, found, strict=True))
    )
    return Lineage(steps, tuple(row for row in tuned_rows if id(row) not in paired))
