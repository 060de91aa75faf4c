"""Quality against latency. Shape, not colour alone, tells kinds apart."""

import plotly.graph_objects as go

from leaderboard_app.figures.style import ACCENT, INK, layout, plain
from leaderboard_app.rendering import METRIC_NAMES, format_score, format_size
from leaderboard_app.snapshot import Board, Row

KIND_STYLE = {
    "base": ("circle-open", ACCENT),
    "fine-tuned": ("circle", ACCENT),
    "api": ("diamond", "#b0662f"),
}


def quality_against_latency(board: Board | None, metric: str = "rouge_l") -> go.Figure:
    """Score with its interval against median latency; the best trivial baseline is a dotted line.

    Models without a measured latency, and models measured on another machine than the first, are left out:
    latency is comparable on one machine only.
    """
    name = METRIC_NAMES[metric]
    figure = go.Figure()
    rows = [row for row in board.rows if row.latency] if board else []
    measured_on = rows[0].result.latency.measured_on if rows else None
    rows = [row for row in rows if row.latency.measured_on == measured_on]
    for kind, (symbol, colour) in KIND_STYLE.items():
        own = [row for row in rows if row.model.kind == kind]
        if own:
            figure.add_trace(_points(own, metric, kind, symbol, colour))
    baselines = [row for row in board.rows if row.is_baseline] if board else []
    if baselines:
        best = max(baselines, key=lambda row: row.score(metric).value)
        value = best.score(metric).value
        figure.add_hline(y=value, line={"dash": "dot", "color": INK, "width": 1})
        figure.add_annotation(
            x=0.01, xref="paper", y=value, yanchor="bottom", xanchor="left", showarrow=False,
            text=f"best trivial baseline: {best.result.model.id.split('/')[1]} {format_score(value, metric)}",
        )  # fmt: skip
    figure.update_layout(layout(f"{name} against latency", "median seconds per reply, batch 1", name))
    if rows:
        figure.update_xaxes(range=[0, 1.25 * max(row.latency.end_to_end_s.p50 for row in rows)])
    if measured_on:
        figure.add_annotation(
            x=1,
            xref="paper",
            y=1.06,
            yref="paper",
            xanchor="right",
            showarrow=False,
            text=plain(measured_on[0].profile),
            font={"size": 11},
        )
    if not rows:
        figure.add_annotation(
            x=0.5,
            y=0.5,
            xref="paper",
            yref="paper",
            showarrow=False,
            text="No result with a measured latency yet",
        )
    return figure


def _points(rows: list[Row], metric: str, kind: str, symbol: str, colour: str) -> go.Scatter:
    scores = [row.score(metric) for row in rows]
    sizes = [row.model.parameters or 1e8 for row in rows]
    return go.Scatter(
        name=kind,
        mode="markers+text",
        x=[row.latency.end_to_end_s.p50 for row in rows],
        y=[score.value for score in scores],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [score.high - score.value for score in scores],
            "arrayminus": [score.value - score.low for score in scores],
            "thickness": 1,
        },
        marker={
            "symbol": symbol,
            "color": colour,
            "size": [8 + 3 * (size / 1e8) ** 0.33 for size in sizes],
            "line": {"width": 2},
        },
        text=[plain(row.model.id.split("/")[1]) for row in rows],
        textposition="top left",
        cliponaxis=False,
        customdata=[format_size(row.model.parameters) for row in rows],
        hovertemplate="%{text}<br>%{y:.1f} at %{x:.2f} s<br>%{customdata}<extra></extra>",
    )
