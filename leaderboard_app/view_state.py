"""The whole view ↔ the address: what is searched, filtered, shown and sorted. Nothing else holds state.

``parse_view`` takes any text a stranger may put behind the question mark and never fails: what it does not know it leaves out and
names. ``query_of`` writes what differs from the default, so that ``parse_view(query_of(view))[0] == view``.
"""

from dataclasses import dataclass, field
from math import isfinite
from typing import Literal, cast, get_args
from urllib.parse import parse_qsl, urlencode

from leaderboard_app.columns import CHOICES, COLUMNS, DEFAULT, Direction
from submissions.ledger import printable
from submissions.schema import METRICS

MAX_QUERY = 4000
MAX_VALUES = 40
MAX_TEXT = 120
FIRST_ROWS = 100
FACETS = ("kind", "family", "licence", "precision", "tier")
PRESETS = {"phone": 1.0, "headset": 3.0, "laptop": 8.0}
"""Size presets: name → billions of parameters at most."""

OrderName = Literal["mean_rank", "borda", "weights"]
Below = Literal["interval", "gain", "none"]


@dataclass(frozen=True)
class View:
    """What the reader asked for. ``ledger``: digest of the ledger a permalink pins. ``facets``: facet → chosen values.

    ``smallest``, ``largest``: billions of parameters. ``weights``: of the four metrics' ranks, for ``order="weights"``.
    """

    board: str = ""
    ledger: str = ""
    search: str = ""
    size: str = ""
    smallest: float | None = None
    largest: float | None = None
    facets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    hide_flagged: bool = False
    order: OrderName = "mean_rank"
    weights: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)
    columns: tuple[str, ...] = DEFAULT
    sort: str = "rank"
    direction: Direction = "ascending"
    below: Below = "interval"
    all_rows: bool = False

    @property
    def is_filtered(self) -> bool:
        """Whether any filter is on."""
        limits = (self.smallest, self.largest)
        return bool(self.search or self.size or self.facets or self.hide_flagged or limits != (None, None))


def parse_view(query: str) -> tuple[View, tuple[str, ...]]:
    """A view from an address's query, and what in it was not understood, a line each."""
    if not isinstance(query, str) or len(query) > MAX_QUERY:
        return View(), (f"the address is longer than {MAX_QUERY} characters: it was ignored",)
    try:
        pairs = parse_qsl(query.lstrip("?"), keep_blank_values=True, max_num_fields=MAX_VALUES * 2)
    except ValueError:
        return View(), ("the address has too many parts: it was ignored",)
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(printable(value, MAX_TEXT).strip())
    reader = _Reader({name: own for name, own in values.items() if not name.startswith("__")})
    sort, direction = reader.sorting()
    view = View(
        board=reader.text("board"),
        ledger=reader.digest("ledger"),
        search=reader.text("q"),
        size=reader.choice("size", ("", *PRESETS), ""),
        smallest=reader.number("min"),
        largest=reader.number("max"),
        facets={name: chosen for name in FACETS if (chosen := reader.several(name))},
        hide_flagged=reader.choice("flags", ("", "hide"), "") == "hide",
        order=cast(OrderName, reader.choice("order", get_args(OrderName), "mean_rank")),
        weights=reader.weights(),
        columns=reader.columns(),
        sort=sort,
        direction=direction,
        below=cast(Below, reader.choice("below", get_args(Below), "interval")),
        all_rows=reader.choice("rows", ("", "all"), "") == "all",
    )
    return view, tuple(reader.notes)


class _Reader:
    """Takes parameters one by one and notes what it cannot use."""

    def __init__(self, values: dict[str, list[str]]) -> None:
        self.values = values
        self.notes: list[str] = []

    def _refuse(self, name: str, value: str) -> None:
        self.notes.append(f"{name}={value!r} was not understood")

    def text(self, name: str) -> str:
        return self.values.get(name, [""])[-1]

    def digest(self, name: str) -> str:
        value = self.text(name)
        if value and (len(value) not in range(8, 65) or value.strip("0123456789abcdef")):
            self._refuse(name, value)
            return ""
        return value[:12]

    def choice(self, name: str, known: tuple[str, ...], default: str) -> str:
        value = self.text(name) or default
        if value not in known:
            self._refuse(name, value)
            return default
        return value

    def number(self, name: str) -> float | None:
        value = self.text(name)
        if not value:
            return None
        try:
            found = float(value)
        except ValueError:
            found = -1.0
        if not isfinite(found) or not 0 <= found <= 10_000:
            self._refuse(name, value)
            return None
        return found

    def several(self, name: str) -> tuple[str, ...]:
        return tuple(sorted({value for value in self.values.get(name, []) if value}))[:MAX_VALUES]

    def weights(self) -> tuple[float, ...]:
        value = self.text("weights")
        if not value:
            return View.weights
        try:
            found = tuple(float(part) for part in value.split(","))
        except ValueError:
            found = ()
        if len(found) != len(METRICS) or not all(isfinite(w) and 0 <= w <= 100 for w in found) or not any(found):
            self._refuse("weights", value)
            return View.weights
        return found

    def columns(self) -> tuple[str, ...]:
        if "cols" not in self.values:
            return DEFAULT
        chosen = self.text("cols").split(".") if self.text("cols") else []
        for name in set(chosen) - set(CHOICES):
            self._refuse("cols", name)
        return tuple(name for name in CHOICES if name in chosen)

    def sorting(self) -> tuple[str, Direction]:
        value = self.text("sort") or "rank"
        name = value.removeprefix("-")
        if name not in COLUMNS:
            self._refuse("sort", value)
            return "rank", "ascending"
        return name, "descending" if value.startswith("-") else "ascending"


def query_of(view: View) -> str:
    """The address's query for a view, without the question mark: only what differs from the default."""
    plain = View()
    pairs: list[tuple[str, str]] = [
        (name, value)
        for name, value, default in (
            ("board", view.board, ""),
            ("ledger", view.ledger, ""),
            ("q", view.search, ""),
            ("size", view.size, ""),
            ("min", _number(view.smallest), ""),
            ("max", _number(view.largest), ""),
            ("flags", "hide" if view.hide_flagged else "", ""),
            ("order", view.order, plain.order),
            ("weights", ",".join(map(_number, view.weights)), ",".join(map(_number, plain.weights))),
            ("cols", ".".join(view.columns), ".".join(DEFAULT)),
            ("sort", ("-" if view.direction == "descending" else "") + view.sort, "rank"),
            ("below", view.below, plain.below),
            ("rows", "all" if view.all_rows else "", ""),
        )
        if value != default
    ]
    pairs += [(name, value) for name in FACETS for value in view.facets.get(name, ())]
    return urlencode(pairs)


def _number(value: float | None) -> str:
    return "" if value is None else repr(value).removesuffix(".0")
