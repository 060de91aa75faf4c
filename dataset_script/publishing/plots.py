"""The card's plots: three PNG files, the same bytes for the same counts.

The background is opaque: the Hub shows a card on white or on black, and a transparent plot is unreadable on one of them.
"""

from collections import Counter
from collections.abc import Mapping
from io import BytesIO
from itertools import accumulate
from typing import TYPE_CHECKING

from dataset_script.publishing.statistics import SplitStatistics, Statistics

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FOLDER = "plots"
ALT_TEXTS = {
    "roles": "Bars: share of turns by role, one colour a split",
    "turns": "Curves: share of scenarios with at most so many turns, one curve a split",
    "references": "Curves: share of ranked references of at most so many words, one curve a split",
}
_COLOURS = {
    "train": "#0072b2",
    "validation": "#e69f00",
    "test": "#009e73",
}  # Okabe and Ito: told apart by colour-blind readers


def _draw_distribution(axes: "Axes", distributions: Mapping[str, Mapping[int, int]], unit: str) -> None:
    """Cumulative shares: exact whatever the size of a split, where a histogram would hang on its bins."""
    from matplotlib.ticker import LogLocator, NullLocator

    for split, values in distributions.items():
        total, below = sum(values.values()) or 1, accumulate(values[value] for value in sorted(values))
        shares = [100 * count / total for count in below]
        axes.step([1, *sorted(values)], [0, *shares], where="post", label=split, color=_COLOURS[split], linewidth=1.8)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(f"at most so many {unit}")
    axes.set_ylabel("% of the split")
    axes.set_ylim(0, 101)


def _draw_roles(axes: "Axes", splits: Mapping[str, SplitStatistics]) -> None:
    turns = sum((split.roles for split in splits.values()), Counter[str]())
    used = sorted(turns, key=lambda role: (-turns[role], role))
    height = 0.8 / max(len(splits), 1)
    for number, (name, split) in enumerate(splits.items()):
        total = split.roles.total() or 1
        places = [position + (number - (len(splits) - 1) / 2) * height for position in range(len(used))]
        axes.barh(places, [100 * split.roles[role] / total for role in used], height, label=name, color=_COLOURS[name])
    axes.set_yticks(range(len(used)), used)
    axes.invert_yaxis()
    axes.set_xlabel("% of the split's turns")


def render(statistics: Statistics) -> dict[str, bytes]:
    """The plots as PNG, by path in the folder; none for a folder without rows."""
    import matplotlib

    if not statistics.splits:
        return {}
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # a user's own settings would change the bytes
        matplotlib.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
        return {f"{FOLDER}/{name}.png": _render(name, statistics.splits) for name in ALT_TEXTS}


def _render(name: str, splits: Mapping[str, SplitStatistics]) -> bytes:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.4), dpi=130, facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    if name == "roles":
        _draw_roles(axes, splits)
    elif name == "turns":
        _draw_distribution(axes, {key: split.turns for key, split in splits.items()}, "turns per scenario")
    else:
        words = {key: split.reference_words for key, split in splits.items()}
        _draw_distribution(axes, words, "words per ranked reference")
    axes.grid(axis="x" if name == "roles" else "y", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(frameon=False)
    target = BytesIO()
    figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()
