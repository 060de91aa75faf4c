"""Quality against latency: who is measured where, and which models no other one beats on both."""

from collections.abc import Sequence
from dataclasses import dataclass

from leaderboard_app.snapshot import Board, Row
from submissions.schema import Machine


@dataclass(frozen=True)
class Place:
    """A machine with an engine: latencies may be compared within one place only."""

    machine: Machine
    engine: str

    @property
    def label(self) -> str:
        """For a menu; two places may share it only if their machines share all printed facts."""
        gpu = f", {self.machine.gpu}" if self.machine.gpu else ""
        return (
            f"{self.machine.profile} · {self.engine} · {self.machine.processor}, {self.machine.n_cores} cores{gpu}"
            f", {self.machine.memory_gib:g} GiB, {self.machine.system}"
        )


@dataclass(frozen=True)
class Point:
    """A row with its median seconds a reply. ``on_front``: no other row is at least as good and as fast, and better in one."""

    row: Row
    seconds: float
    score: float
    on_front: bool


def places(board: Board) -> list[Place]:
    """Places with measured rows, the one with the most rows first."""
    counts: dict[Place, int] = {}
    for row in board.rows:
        if row.latency:
            place = Place(*row.latency.measured_on)
            counts[place] = counts.get(place, 0) + 1
    return sorted(counts, key=lambda place: (-counts[place], place.label))


def pareto(pairs: Sequence[tuple[float, float]]) -> list[bool]:
    """For each (seconds, score): whether no other pair is at least as good in both and better in one."""
    best_before: dict[float, float] = {}
    best = float("-inf")
    for seconds in sorted({seconds for seconds, _ in pairs}):
        best_before[seconds] = best
        best = max(best, *(score for own, score in pairs if own == seconds))
    best_at = {seconds: max(score for own, score in pairs if own == seconds) for seconds in best_before}
    return [score == best_at[seconds] and score > best_before[seconds] for seconds, score in pairs]


def points(board: Board, place: Place, metric: str) -> list[Point]:
    """Rows measured at one place, fastest first."""
    rows = [row for row in board.rows if row.latency and Place(*row.latency.measured_on) == place]
    pairs = [(row.latency.end_to_end_s.p50, row.score(metric).value) for row in rows if row.latency]
    front = pareto(pairs)
    found = [Point(row, *pair, on) for row, pair, on in zip(rows, pairs, front, strict=True)]
    return sorted(found, key=lambda point: (point.seconds, -point.score, point.row.model.id))
