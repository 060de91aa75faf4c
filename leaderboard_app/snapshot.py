"""Ledger → what the pages show: boards with ranks, ties, gains over the baselines, tiers and flags, reported rows, problems.

Plain data, no Gradio. Full precision is kept; rounding happens in the templates. Ranks are computed once over a whole board: what
a page filters or searches never changes them. ``store.py`` keeps a snapshot on disk.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leaderboard_app.findings import Findings
from submissions.decisions import Decision
from submissions.ledger import Ledger, Problem, path_of, read_result
from submissions.ranking import Order, Ranking, rank
from submissions.schema import METRICS, Benchmark, Latency, Model, Protocol, Reported, Result
from submissions.statistics import ScenarioStatistics, scores
from submissions.verification import Flag

NONE = Findings()
TOLERANCE = 0.05
"""How far a stated score may be from what its own sums give, ×100: half of the last digit shown."""


@dataclass(frozen=True)
class Place:
    """A place with the range that holds 95 % of the bootstrap's places."""

    rank: int
    rank_low: int
    rank_high: int


@dataclass(frozen=True)
class Standing(Place):
    """Overall: by mean rank over the four metrics. ``group``: 1 for rows that are not separable from the leader, and so on."""

    mean_rank: float
    group: int


@dataclass(frozen=True)
class MetricScore(Place):
    """A score on the ranked subset with its 95 % interval and its place. ``tied``: not separable from the metric's leader.

    ``gain``: over the best trivial baseline of that metric; ``None`` where the board has none.
    """

    value: float
    low: float
    high: float
    tied: bool
    gain: float | None


@dataclass(frozen=True)
class Borda(Place):
    """``points``: share of all points to be had on the ballots, 0–100."""

    points: float


@dataclass(frozen=True)
class Row:
    """One ranked result. ``path``: of its file below the results folder ``root``. ``flags``: what maintainers found odd.

    ``decisions``: theirs on it, oldest first. ``held_out``: metric → score on the private split, where it was measured there.
    """

    path: str
    model: Model
    latency: Latency | None
    created_at: datetime
    items_sha256: str
    standing: Standing
    borda: Borda
    scores: dict[str, MetricScore]
    tier: str
    flags: tuple[Flag, ...]
    decisions: tuple[Decision, ...] = ()
    held_out: dict[str, float] | None = None
    root: Path = field(default=Path(), compare=False)

    @property
    def is_baseline(self) -> bool:
        return self.model.kind == "baseline"

    @property
    def gains(self) -> dict[str, float]:
        """metric → score minus the best baseline's; empty without baselines."""
        return {metric: own.gain for metric, own in self.scores.items() if own.gain is not None}

    @property
    def excess(self) -> dict[str, float]:
        """metric → public score minus the private split's; empty where there is none."""
        return {metric: self.scores[metric].value - own for metric, own in (self.held_out or {}).items()}

    def score(self, metric: str) -> MetricScore:
        """Score on the ranked subset."""
        return self.scores[metric]

    @cached_property
    def result(self) -> Result:
        """The whole result, read when first asked for.

        Raises:
            LedgerError: its file went away.
        """
        return read_result(self.root / self.path, self.root)

    def holding(self, result: Result) -> "Row":
        """The same row with its result at hand, for a ledger that is not on disk."""
        row = replace(self)
        row.__dict__["result"] = result
        return row


@dataclass(frozen=True)
class Withheld:
    """A result that maintainers took out of the ranking: shown with their reason. ``board``: key of the board it would stand on.

    ``scores``: metric → (score, low, high) as its file states them.
    """

    path: str
    board: str
    model: Model
    scores: dict[str, tuple[float, float, float]]
    decision: Decision
    tier: str
    flags: tuple[Flag, ...]


@dataclass(frozen=True)
class Stability:
    """How much an order depends on the draw and on the way of ordering; see ``ranking.Order``."""

    keeps_top: float
    tau: float


@dataclass(frozen=True)
class Board:
    """Results that may be ranked together, best first. ``key``: short name for addresses, the same as long as what sets the
    board apart is. ``signatures``: metric → signature."""

    key: str
    rows: tuple[Row, ...]
    benchmark: Benchmark
    protocol: Protocol
    signatures: dict[str, str]
    overall: Stability
    borda: Stability
    ranks_file: Path = field(default=Path(), compare=False)

    @property
    def first(self) -> Result:
        return self.rows[0].result

    @property
    def label(self) -> str:
        """What sets this board apart, for a menu."""
        benchmark, encoder = self.benchmark, self.signatures["bertscore"].split("|")[2]
        sample = " (fictional sample)" if benchmark.is_sample else ""
        return (
            f"v{benchmark.version}{sample} · {benchmark.split} · data {benchmark.digest[:8]} · BERTScore by {encoder}"
        )

    @cached_property
    def drawn_ranks(self) -> NDArray[np.uint16]:
        """(4, M, 1 + R) doubled ranks in row order, as ``ranking.Ranking`` has them."""
        return np.load(self.ranks_file, allow_pickle=False)


@dataclass(frozen=True)
class Snapshot:
    """Everything the pages show. ``digest``: of the ledger's files it was made from. ``commit``: of the checkout they lay in.

    ``n_partial``: runs over part of a split, which are never ranked. ``withheld``: results that maintainers do not rank.
    """

    boards: tuple[Board, ...]
    reported: tuple[Reported, ...]
    problems: tuple[Problem, ...]
    n_partial: int
    withheld: tuple[Withheld, ...] = ()
    digest: str = ""
    commit: str | None = None

    def board(self, key: str | None = None) -> Board | None:
        """The board of that key or label; the first one for anything else, ``None`` of an empty ledger."""
        named = (board for board in self.boards if key in (board.key, board.label))
        return next(named, self.boards[0] if self.boards else None)

    def withheld_from(self, board: Board | None) -> list[Withheld]:
        """What would stand on a board and is withheld; with it what is withheld from boards that have no other row."""
        keys = {own.key for own in self.boards}
        return [own for own in self.withheld if own.board not in keys or (board and own.board == board.key)]


def make_board(results: list[Result], findings: Findings = NONE) -> Board:
    """Rank comparable results.

    Raises:
        ValueError: they were not measured on the same scenarios.
    """
    results = sorted(results, key=_path)
    ranking = rank([ScenarioStatistics.from_rows(result.per_scenario) for result in results])
    baselines = np.array([result.model.kind == "baseline" for result in results])
    best = ranking.value[:, baselines].max(axis=1) if baselines.any() else None
    rows = [_row(result, ranking, index, best, findings) for index, result in enumerate(results)]
    order = sorted(range(len(rows)), key=lambda i: (rows[i].standing.rank, rows[i].model.id, rows[i].path))
    first = results[0]
    board = Board(
        _key(first),
        tuple(rows[i] for i in order),
        first.benchmark,
        first.protocol,
        {metric: getattr(first.scores, metric).signature for metric in METRICS},
        Stability(ranking.overall.keeps_top, ranking.overall.tau),
        Stability(ranking.borda.keeps_top, ranking.borda.tau),
    )
    # Kept on the object until the snapshot is stored; read back from its file after that.
    board.__dict__["drawn_ranks"] = ranking.drawn_ranks[:, order]
    return board


def _path(result: Result) -> str:
    return path_of(Path(), result).as_posix()


def _key(result: Result) -> str:
    what = sha256("|".join(result.comparable_key).encode()).hexdigest()[:8]
    return f"v{result.benchmark.version}-{result.benchmark.split}-{what}"


def _place(order: Order, index: int) -> tuple[int, int, int]:
    return int(order.place[index]), int(order.low[index]), int(order.high[index])


def _row(
    result: Result,
    ranking: Ranking,
    index: int,
    best: NDArray[np.float64] | None,
    findings: Findings,
) -> Row:
    found = findings.verifications.get(_path(result))
    scored = {}
    for number, metric in enumerate(METRICS):
        value, low, high = (float(own[number, index]) for own in (ranking.value, ranking.low, ranking.high))
        gain = None if best is None else value - float(best[number])
        place = _place(ranking.by_metric[number], index)
        scored[metric] = MetricScore(*place, value, low, high, bool(ranking.tied[number, index]), gain)
    row = Row(
        path=_path(result),
        model=result.model,
        latency=result.latency,
        created_at=result.provenance.created_at,
        items_sha256=result.provenance.items_sha256,
        standing=Standing(
            *_place(ranking.overall, index), float(ranking.overall.key[index]), int(ranking.group[index])
        ),
        borda=Borda(*_place(ranking.borda, index), -100 * float(ranking.borda.key[index])),
        scores=scored,
        tier=found.tier if found else "unchecked",
        flags=tuple(found.flags) if found else (),
        decisions=findings.decisions.get(_path(result), ()),
        held_out={**found.held_out} if found and found.held_out else None,
    )
    return row.holding(result)


def _withheld(result: Result, decision: Decision, findings: Findings) -> Withheld:
    found = findings.verifications.get(_path(result))
    stated = {metric: getattr(result.scores, metric) for metric in METRICS}
    return Withheld(
        path=_path(result),
        board=_key(result),
        model=result.model,
        scores={metric: (own.value, own.low, own.high) for metric, own in stated.items()},
        decision=decision,
        tier=found.tier if found else "unchecked",
        flags=tuple(found.flags) if found else (),
    )


def make_snapshot(ledger: Ledger, findings: Findings = NONE) -> Snapshot:
    """Boards of a ledger: real data before the sample, the one with the most results first.

    Args:
        findings: what maintainers found out about results, and what they decided.
    """
    groups: dict[tuple[str, ...], list[Result]] = defaultdict(list)
    problems = [*ledger.problems, *findings.problems]
    withheld = []
    n_partial = 0
    for result in ledger.results:
        if decision := findings.withheld(_path(result)):
            withheld.append(_withheld(result, decision, findings))
        elif result.provenance.limit_scenarios:
            n_partial += 1
        elif own := contradiction(result):
            problems.append(Problem(result.model.id, own))
        else:
            groups[result.comparable_key].append(result)
    boards = []
    for results in groups.values():
        agreed, others = _same_scenarios(results)
        problems += [
            Problem(result.model.id, "measured on other scenarios than the rest of its benchmark") for result in others
        ]
        boards.append(make_board(agreed, findings))
    boards.sort(key=lambda board: (board.benchmark.is_sample, -len(board.rows), board.label, board.key))
    return Snapshot(tuple(boards), ledger.reported, tuple(problems), n_partial, tuple(withheld))


def contradiction(result: Result) -> str | None:
    """Why a result's stated scores cannot be right, given its own sums; ``None`` where they can.

    Scores of a sampled run are means over seeds, which sums over all of them do not give back exactly: not held to it.
    """
    if result.spread:
        return None
    found = scores(ScenarioStatistics.from_rows(result.per_scenario))
    for metric in METRICS:
        scale = 100 if metric == "bertscore" else 1
        if abs(float(found[metric][0]) - getattr(result.scores, metric).value) * scale > TOLERANCE:
            return f"its {metric} does not follow from its own sums"
    return None


def _same_scenarios(results: list[Result]) -> tuple[list[Result], list[Result]]:
    """A forged file may claim the same benchmark over other scenarios: the majority's list is the benchmark's."""
    by_scenarios: dict[tuple, list[Result]] = defaultdict(list)
    for result in results:
        by_scenarios[tuple(sorted((row.scenario_id, row.n_items) for row in result.per_scenario))].append(result)
    agreed = max(by_scenarios.values(), key=len)
    return agreed, [result for own in by_scenarios.values() if own is not agreed for result in own]


def placed(snapshot: Snapshot, root: Path, ranks_file: Callable[[Board], Path]) -> Snapshot:
    """The snapshot with its files' places filled in: results below ``root``, each board's drawn ranks."""
    boards: Iterable[Board] = (
        replace(board, rows=tuple(replace(row, root=root) for row in board.rows), ranks_file=ranks_file(board))
        for board in snapshot.boards
    )
    return replace(snapshot, boards=tuple(boards))
