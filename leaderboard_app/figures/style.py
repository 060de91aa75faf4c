"""What all figures share: colours that are readable on light and dark, the layout, text without markup."""

INK = "#7d8590"
GRID = "rgba(125, 133, 144, 0.25)"
ACCENT = "#2f7fd6"
FONT = "ui-sans-serif, system-ui, sans-serif"
TICKS, TITLES = 12, 13
"""Pixels. Text takes the theme's colour from ``board.css``."""


def layout(x: str, y: str) -> dict:
    """Layout of a figure with two titled axes."""
    axis = {
        "gridcolor": GRID,
        "zerolinecolor": GRID,
        "linecolor": GRID,
        "tickfont": {"size": TICKS},
        "fixedrange": True,
    }
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": INK, "size": TITLES, "family": FONT},
        "xaxis": {**axis, "title": {"text": x, "font": {"size": TITLES}}, "rangemode": "tozero"},
        "yaxis": {**axis, "title": {"text": y, "font": {"size": TITLES}, "standoff": 8}, "rangemode": "tozero"},
        "legend": {"orientation": "h", "y": -0.2, "x": 0, "font": {"size": TICKS}},
        "margin": {"l": 52, "r": 16, "t": 24, "b": 60},
        "height": 440,
        "dragmode": False,
    }


def plain(text: str) -> str:
    """Text without the pseudo-HTML that plotly would interpret."""
    return text.replace("&", "&amp;").replace("<", "&lt;")
