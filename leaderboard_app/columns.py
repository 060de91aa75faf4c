"""The columns of the ranking: what each shows, how it sorts, what it is called in a file."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from leaderboard_app.rendering import METRIC_NAMES
from leaderboard_app.snapshot import Place, Row
from submissions.schema import METRICS

Direction = Literal["ascending", "descending"]
Value = str | float | int | None


@dataclass(frozen=True)
class Entry:
    """A row as it stands in the order the reader chose. ``key``: what that order goes by; ``lead``: it belongs to the leader's ties."""

    row: Row
    place: Place
    key: float


@dataclass(frozen=True)
class Column:
    """``direction``: what a first click sorts by, so that the best come first. ``is_fixed``: always shown."""

    name: str
    title: str
    direction: Direction
    value: Callable[[Entry], Value]
    is_number: bool = True
    is_fixed: bool = False
    hint: str = ""


FAMILIES = ("smollm", "qwen", "llama", "gemma", "phi", "mistral", "falcon", "olmo", "granite", "pythia")


def family_of(row: Row) -> str:
    """The model's family: the config's architecture, else what the base model's or its own name starts with, else ``other``."""
    model = row.model
    if row.is_baseline:
        return "baseline"
    if model.architecture:
        return model.architecture
    for name in (model.base_model, model.id):
        own = name.split("/")[1].lower() if name else ""
        if found := next((family for family in FAMILIES if own.startswith(family)), None):
            return found
    return "other"


def _score(metric: str) -> Callable[[Entry], Value]:
    return lambda entry: entry.row.score(metric).value


COLUMNS = {
    column.name: column
    for column in (
        Column("rank", "Rank", "ascending", lambda entry: entry.place.rank, is_fixed=True),
        Column("model", "Model", "ascending", lambda entry: entry.row.model.id, is_number=False, is_fixed=True),
        *(Column(metric, METRIC_NAMES[metric], "descending", _score(metric)) for metric in METRICS),
        Column("key", "Mean rank", "ascending", lambda entry: entry.key),
        Column("size", "Size", "ascending", lambda entry: entry.row.model.parameters, hint="parameters"),
        Column(
            "latency",
            "Latency",
            "ascending",
            lambda entry: entry.row.latency.end_to_end_s.p50 if entry.row.latency else None,
            hint="median seconds a reply at batch 1, on the machine named below it",
        ),
        Column(
            "held_out",
            "Public − private",
            "descending",
            lambda entry: entry.row.excess.get(METRICS[0]),
            hint="ROUGE-L on the public split minus ROUGE-L on the private one: much more than others lose hints at memorised answers",
        ),
        Column("tier", "Checked", "ascending", lambda entry: entry.row.tier, is_number=False),
        Column("kind", "Kind", "ascending", lambda entry: entry.row.model.kind, is_number=False),
        Column("family", "Family", "ascending", lambda entry: family_of(entry.row), is_number=False),
        Column("licence", "Licence", "ascending", lambda entry: entry.row.model.licence, is_number=False),
        Column("precision", "Precision", "ascending", lambda entry: entry.row.model.precision, is_number=False),
        Column(
            "date", "Measured", "descending", lambda entry: entry.row.created_at.date().isoformat(), is_number=False
        ),
    )
}
FIXED = tuple(name for name, column in COLUMNS.items() if column.is_fixed)
CHOICES = tuple(name for name, column in COLUMNS.items() if not column.is_fixed)
DEFAULT = (*METRICS, "key", "size", "latency", "held_out", "tier")


def sort_entries(entries: list[Entry], name: str, direction: Direction) -> list[Entry]:
    """Sorted by a column; missing values last in either direction, equal ones in the board's order."""
    column = COLUMNS[name]
    known = [entry for entry in entries if column.value(entry) is not None]
    missing = [entry for entry in entries if column.value(entry) is None]

    def key(entry: Entry) -> str | float:
        value = column.value(entry)
        return value.casefold() if isinstance(value, str) else float(value or 0)

    return sorted(known, key=key, reverse=direction == "descending") + missing
