"""Ledger → what the pages show: boards with ranks, gains over the baselines, reported rows, problems.

Plain data, no Gradio. Full precision is kept; rounding happens in the templates.
"""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from submissions.ledger import Ledger, Problem, read_ledger
from submissions.schema import METRICS, Reported, Result, Score
from submissions.statistics import ScenarioStatistics, Standing, standings


@dataclass(frozen=True)
class Row:
    """One ranked result. ``gains``: metric → score minus the best baseline's, empty without baselines."""

    result: Result
    standing: Standing
    gains: dict[str, float]

    @property
    def is_baseline(self) -> bool:
        return self.result.model.kind == "baseline"

    def score(self, metric: str) -> Score:
        """Score on the ranked subset."""
        return getattr(self.result.scores, metric)


@dataclass(frozen=True)
class Board:
    """Results that may be ranked together, best first."""

    rows: tuple[Row, ...]

    @property
    def first(self) -> Result:
        return self.rows[0].result

    @property
    def label(self) -> str:
        """What sets this board apart, for a menu."""
        benchmark, encoder = self.first.benchmark, self.first.scores.bertscore.signature.split("|")[2]
        sample = " (fictional sample)" if benchmark.is_sample else ""
        return (
            f"v{benchmark.version}{sample} · {benchmark.split} · data {benchmark.digest[:8]} · BERTScore by {encoder}"
        )

    @property
    def signatures(self) -> dict[str, str]:
        """metric → signature, the same for all rows."""
        return {metric: getattr(self.first.scores, metric).signature for metric in METRICS}


@dataclass(frozen=True)
class Snapshot:
    """Everything the pages show. ``n_partial``: runs over part of a split, which are never ranked."""

    boards: tuple[Board, ...]
    reported: tuple[Reported, ...]
    problems: tuple[Problem, ...]
    n_partial: int


def best_baseline(results: list[Result]) -> dict[str, float]:
    """metric → best score among the baselines; empty without any."""
    baselines = [result for result in results if result.model.kind == "baseline"]
    if not baselines:
        return {}
    return {metric: max(getattr(result.scores, metric).value for result in baselines) for metric in METRICS}


def make_board(results: list[Result]) -> Board:
    """Rank comparable results.

    Raises:
        ValueError: they were not measured on the same scenarios.
    """
    places = standings([ScenarioStatistics.from_rows(result.per_scenario) for result in results])
    baseline = best_baseline(results)
    rows = [
        Row(
            result,
            place,
            {metric: getattr(result.scores, metric).value - best for metric, best in baseline.items()},
        )
        for result, place in zip(results, places, strict=True)
    ]
    return Board(tuple(sorted(rows, key=lambda row: (row.standing.rank, row.standing.mean_rank, row.result.model.id))))


def make_snapshot(ledger: Ledger) -> Snapshot:
    """Boards of a ledger, the one with the most results first (newest benchmark first among equals)."""
    groups: dict[tuple[str, ...], list[Result]] = defaultdict(list)
    n_partial = 0
    for result in ledger.results:
        if result.provenance.limit_scenarios:
            n_partial += 1
        else:
            groups[result.comparable_key].append(result)
    boards, problems = [], list(ledger.problems)
    for results in groups.values():
        # A forged file may claim the same benchmark over other scenarios: the majority's list is the benchmark's.
        by_scenarios: dict[tuple, list[Result]] = defaultdict(list)
        for result in results:
            by_scenarios[tuple(sorted((row.scenario_id, row.n_items) for row in result.per_scenario))].append(result)
        agreed = max(by_scenarios.values(), key=len)
        problems += [
            Problem(result.model.id, "measured on other scenarios than the rest of its benchmark")
            for own in by_scenarios.values()
            if own is not agreed
            for result in own
        ]
        boards.append(make_board(agreed))
    boards.sort(key=lambda board: (board.first.benchmark.is_sample, -len(board.rows), board.label))
    return Snapshot(tuple(boards), ledger.reported, tuple(problems), n_partial)


class SnapshotCache:
    """The snapshot of a results folder, made again when a file in it changes."""

    def __init__(self, results: Path) -> None:
        self.results = results
        self._fingerprint: tuple | None = None
        self._snapshot: Snapshot | None = None

    def get(self) -> Snapshot:
        """The current snapshot."""
        files = sorted(self.results.glob("*/*.json"))
        fingerprint = tuple(
            (path.name, path.parent.name, (stat := path.lstat()).st_mtime_ns, stat.st_size) for path in files
        )
        if self._snapshot is None or fingerprint != self._fingerprint:
            self._snapshot = make_snapshot(read_ledger(self.results))
            self._fingerprint = fingerprint
        return self._snapshot
