"""The loss over the steps of a run, as CSV and as a picture."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dataset_script.atomic import replacing

COLUMNS = ("step", "epoch", "train_loss", "validation_loss", "learning_rate")


def curve_rows(history: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row a step from the Trainer's log; a loss that was not measured there is empty."""
    rows: dict[int, dict[str, Any]] = {}
    for entry in history:
        row = rows.setdefault(int(entry["step"]), dict.fromkeys(COLUMNS) | {"step": int(entry["step"])})
        row["epoch"] = entry.get("epoch", row["epoch"])
        for key, column in (
            ("loss", "train_loss"),
            ("eval_loss", "validation_loss"),
            ("learning_rate", "learning_rate"),
        ):
            if key in entry:
                row[column] = entry[key]
    return [rows[step] for step in sorted(rows)]


def write_curve(history: Sequence[Mapping[str, Any]], out: Path) -> None:
    """Write ``loss.csv`` and ``loss.png``."""
    rows = curve_rows(history)
    with replacing(out / "loss.csv") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    _draw(rows, out / "loss.png")


def _draw(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    for column, style, label in (("train_loss", "-", "training batch"), ("validation_loss", "o--", "validation")):
        points = [(row["step"], row[column]) for row in rows if row[column] is not None]
        if points:
            axes.plot(*zip(*points, strict=True), style, label=label, linewidth=1.4, markersize=5)
    axes.set(xlabel="step", ylabel="loss a learnt token (nats)")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    with replacing(path, "wb") as file:
        figure.savefig(file, format="png", dpi=150)
