"""One row of a board in depth: what explains its scores, its replies worst first, its badge. Plain data."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from leaderboard_app.row_keys import key_of
from leaderboard_app.snapshot import Board, Row
from submissions.items import ItemRow
from submissions.judgement import Judgement, read_judgements
from submissions.ledger import Problem
from submissions.schema import MEAN_METRICS, METRICS

FAULTS = {
    "empty": "said nothing",
    "speaks_as_officer": "spoke as the officer (role break)",
    "thinks": "held a thinking model's thoughts",
    "narrates": "described actions instead of speaking",
    "speaks_as_assistant": "spoke as an AI or an assistant (role break)",
    "refuses": "declined to play the part",
    "copies_officer": "said the officer's line back",
    "copies_itself": "said an earlier line again",
    "loops": "repeated a run of words four times or more",
}
"""What the diagnostics count (``eval_harness/diagnostics.py``), as a page says it. A name that is not here is shown as it is."""


@dataclass(frozen=True)
class Fault:
    """How many replies had a fault. ``share``: 0–1 of the ranked items."""

    text: str
    count: int
    share: float


def faults(row: Row) -> list[Fault]:
    """Every fault that the result counts, most frequent first."""
    n_items = max(row.result.benchmark.n_items_clean, 1)
    counts = row.result.diagnostics.faults
    found = [Fault(FAULTS.get(name, name), count, min(count / n_items, 1.0)) for name, count in counts.items()]
    return sorted(found, key=lambda fault: -fault.count)


def length_ratio(row: Row) -> float | None:
    """Words a reply over words a reference; ``None`` where references have none."""
    diagnostics = row.result.diagnostics
    if not diagnostics.mean_reference_words:
        return None
    return diagnostics.mean_prediction_words / diagnostics.mean_reference_words


def tops(board: Board) -> dict[str, float]:
    """metric → upper end of the highest interval on a board, the end of the page's axes."""
    return {metric: max(row.score(metric).high for row in board.rows) for metric in METRICS}


def rival(row: Row, board: Board) -> Row | None:
    """The row to compare one with first: of the model it was made from, else the next better one, else the next."""
    others = [own for own in board.rows if own is not row]
    bases = [own for own in others if own.model.id == row.model.base_model]
    better = [own for own in others if own.standing.rank < row.standing.rank]
    return next(iter([*bases, *reversed(better), *others]), None)


def judgements_on(row: Row) -> tuple[list[Judgement], list[Problem]]:
    """What language models judged of a row's replies, and the files about it that cannot be taken."""
    path = row.root / row.path
    return read_judgements(path) if path.is_file() else ([], [])


def worst_first(samples: Sequence[ItemRow], metric: str, search: str = "") -> list[ItemRow]:
    """Ranked items whose words hold ``search`` literally, lowest score first; ROUGE-L where the metric has no item scores."""
    metric = metric if metric in MEAN_METRICS else MEAN_METRICS[0]
    wanted = search.casefold().strip()
    found = [
        row
        for row in samples
        if row.subset == "clean"
        and wanted in f"{row.officer_text}\n{row.reference}\n{row.prediction}\n{row.scenario_id}".casefold()
    ]
    return sorted(found, key=lambda row: (getattr(row.scores, metric), row.item_id))


def badge(row: Row, board: Board, address: str) -> str:
    """Markdown for the model's card: place and rank range on this board, linked to the model's page.

    Args:
        address: where the board is served, without a slash at its end.
    """
    standing = row.standing
    place = f"rank {standing.rank} of {len(board.rows)}"
    if standing.rank_low != standing.rank_high:
        place += f" ({standing.rank_low}–{standing.rank_high})"
    label = f"DeEscalWild v{board.first.benchmark.version}"
    image = f"https://img.shields.io/badge/{_shield(label)}-{_shield(place)}-1f5fae"
    return f"[![{label}: {place}]({image})]({address}/model?id={quote(key_of(row), safe='')})"


def _shield(text: str) -> str:
    """A part of a shields.io path, where a dash and an underscore are written twice."""
    return quote(text.replace("-", "--").replace("_", "__"), safe="")
