"""Quality against latency with the Pareto front. Shape, not colour alone, tells kinds apart."""

from collections.abc import Sequence
from math import log10

import plotly.graph_objects as go

from leaderboard_app.figures.style import ACCENT, INK, TICKS, layout, plain
from leaderboard_app.frontier import Point
from leaderboard_app.rendering import METRIC_NAMES, format_score, format_size

KIND_STYLE = {
    "base": ("circle-open", ACCENT),
    "fine-tuned": ("circle", ACCENT),
    "api": ("diamond", "#b0662f"),
    "baseline": ("x-thin", INK),
}
SMALLEST, LARGEST = 1e8, 1e10
LOG_FROM_RATIO = 20
"""Slowest over fastest from which the time axis is logarithmic."""
ROOM_FOR_A_NAME = 0.35
"""Share of the plot's width that a name needs on a phone."""


def marker_size(parameters: int | None) -> float:
    """Pixels of a marker: grows with the logarithm of the size, 8 at 0.1 B and 26 at 10 B; unknown sizes are small."""
    size = min(max(parameters or SMALLEST, SMALLEST), LARGEST)
    return 8 + 18 * (log10(size) - log10(SMALLEST)) / (log10(LARGEST) - log10(SMALLEST))


def quality_against_latency(
    points: Sequence[Point], metric: str = "rouge_l", baseline: tuple[str, float] | None = None
) -> go.Figure:
    """Score with its interval against median latency.

    Args:
        points: rows measured on one machine and engine, fastest first.
        baseline: name and score of the best trivial baseline, a dotted line.
    """
    name = METRIC_NAMES[metric]
    figure = go.Figure()
    figure.update_layout(layout("median seconds a reply, batch 1", name))
    if not points:
        figure.add_annotation(
            x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False, text="No result with a measured latency yet"
        )
        figure.update_xaxes(visible=False)
        figure.update_yaxes(visible=False)
        return figure
    seconds = [point.seconds for point in points]
    is_log = max(seconds) > LOG_FROM_RATIO * min(seconds) > 0
    sides = name_sides(seconds, [point.on_front for point in points], is_log)
    figure.add_trace(_front([point for point in points if point.on_front]))
    for kind, (symbol, colour) in KIND_STYLE.items():
        if own := [place for place, point in enumerate(points) if point.row.model.kind == kind]:
            style = (kind, symbol, colour)
            figure.add_trace(_points([points[place] for place in own], metric, style, [sides[place] for place in own]))
    if baseline:
        _add_baseline(figure, f"best trivial baseline: {baseline[0]} {format_score(baseline[1], metric)}", baseline[1])
    if is_log:
        figure.update_xaxes(type="log", dtick=1)
    else:
        figure.update_xaxes(range=[0, 1.1 * max(seconds)])
    return figure


def _add_baseline(figure: go.Figure, text: str, value: float) -> None:
    figure.add_hline(y=value, line={"dash": "dot", "color": INK, "width": 1})
    figure.add_annotation(
        x=0.99,
        xref="paper",
        y=value,
        yanchor="top",
        xanchor="right",
        showarrow=False,
        text=plain(text),
        font={"size": TICKS},
    )


def _front(points: Sequence[Point]) -> go.Scatter:
    """Steps along the front: what is reached within so many seconds."""
    return go.Scatter(
        name="Pareto front",
        mode="lines",
        x=[point.seconds for point in points],
        y=[point.score for point in points],
        line={"shape": "hv", "color": ACCENT, "width": 1.5, "dash": "dash"},
        hoverinfo="skip",
    )


def name_sides(seconds: Sequence[float], on_front: Sequence[bool], is_log: bool) -> list[str]:
    """Where each point's name goes, for points sorted by time: above the front, where by its definition no point lies.

    To the right, unless the front's next step or the edge of the plot is near.
    """
    at = [log10(value) if is_log else value for value in seconds]
    width = max(at) - (min(at) if is_log else 0.0) or 1.0
    edge = max(at)
    sides = []
    for place, own in enumerate(at):
        following = [other for other, front in zip(at[place + 1 :], on_front[place + 1 :], strict=True) if front]
        room = (following[0] if following else edge) - own
        sides.append("top right" if room > ROOM_FOR_A_NAME * width else "top left")
    return sides


def _points(points: Sequence[Point], metric: str, style: tuple[str, str, str], sides: Sequence[str]) -> go.Scatter:
    """Markers of one kind; what stands on the front is named."""
    kind, symbol, colour = style
    scores = [point.row.score(metric) for point in points]
    return go.Scatter(
        name=kind,
        mode="markers+text",
        x=[point.seconds for point in points],
        y=[score.value for score in scores],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [score.high - score.value for score in scores],
            "arrayminus": [score.value - score.low for score in scores],
            "thickness": 1,
            "color": INK,
        },
        marker={
            "symbol": symbol,
            "color": colour,
            "opacity": 1,
            "size": [marker_size(point.row.model.parameters) for point in points],
            "line": {"width": 2, "color": colour},
        },
        text=[plain(point.row.model.id.split("/")[1]) if point.on_front else "" for point in points],
        hovertext=[plain(point.row.model.id) for point in points],
        textposition=list(sides),
        textfont={"size": TICKS},
        cliponaxis=False,
        customdata=[format_size(point.row.model.parameters) for point in points],
        hovertemplate="%{hovertext}<br>%{y:.3g} at %{x:.2f} s<br>%{customdata}<extra></extra>",
    )
