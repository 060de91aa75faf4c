"""What all figures share: colours that are readable on light and dark, the layout, text without markup."""

INK = "#7d8590"
GRID = "rgba(125, 133, 144, 0.25)"
ACCENT = "#2f7fd6"


def layout(title: str, x: str, y: str) -> dict:
    """Layout of a figure with a title and two titled axes."""
    axis = {"gridcolor": GRID, "zerolinecolor": GRID, "linecolor": GRID}
    return {
        "title": {"text": title, "font": {"size": 15}},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": INK, "size": 13},
        "xaxis": {**axis, "title": {"text": x}, "rangemode": "tozero"},
        "yaxis": {**axis, "title": {"text": y}, "rangemode": "tozero"},
        "legend": {"orientation": "h", "y": -0.25},
        "margin": {"l": 60, "r": 20, "t": 50, "b": 60},
        "height": 440,
    }


def plain(text: str) -> str:
    """Text without the pseudo-HTML that plotly would interpret."""
    return text.replace("&", "&amp;").replace("<", "&lt;")
