"""An audit as text, as JSON, and as a page that needs nothing but itself."""

import json
from dataclasses import asdict
from importlib import resources
from pathlib import Path

from dataset_script.audit.summary import Audit, Histogram

PLOT_WIDTH, PLOT_HEIGHT, PLOT_TOP = 320, 125, 16


def as_json(audit: Audit) -> str:
    """The audit as one JSON document."""
    return json.dumps(asdict(audit), ensure_ascii=False, indent=1) + "\n"


def as_text(audit: Audit) -> str:
    """The audit as aligned lines, a section a block."""
    blocks = [f"Audit of {audit.path} ({'built dataset' if audit.is_built else 'transcripts'})"]
    for section in audit.sections:
        width = max((len(line.name) for line in section.lines), default=0)
        lines = [f"{section.title} ({section.source})"]
        for line in section.lines:
            share = "" if line.share is None else f"{line.share:7.1%} of {line.of}"
            release = f"   release: {line.release}" if line.release else ""
            lines.append(f"  {line.name:<{width}}  {line.value:>12,}  {share:<18}{release}".rstrip())
        blocks.append("\n".join(lines))
    if audit.refused:
        blocks.append("\n".join(["Files that could not be read", *(f"  {sentence}" for sentence in audit.refused)]))
    return "\n\n".join(blocks) + "\n"


def _plot(histogram: Histogram) -> dict:
    highest = max(max(histogram.counts), 1)
    slot = PLOT_WIDTH / len(histogram.counts)
    bars = []
    for number, count in enumerate(histogram.counts):
        height = round((PLOT_HEIGHT - PLOT_TOP) * count / highest, 2)
        low, high = histogram.edges[number], histogram.edges[number + 1]
        bars.append(
            {
                "x": round(number * slot + 0.5, 2),
                "y": round(PLOT_HEIGHT - height, 2),
                "width": round(slot - 1, 2),
                "height": height,
                "says": f"{low:g}–{high:g} {histogram.unit}: {count:,}",
            }
        )
    every = len(histogram.counts) // 4
    ticks = [
        {"x": round(number * slot, 1), "text": f"{histogram.edges[number]:g}"}
        for number in range(every, len(histogram.counts), every)
    ]
    label = f"{histogram.title}: " + "; ".join(str(bar["says"]) for bar in bars)
    return {**asdict(histogram), "bars": bars, "ticks": ticks, "top": f"{highest:,}", "label": label}


def as_html(audit: Audit) -> str:
    """The audit as one HTML page with plots, in the light and in the dark. File names and texts are escaped."""
    from jinja2 import Environment, StrictUndefined

    source = resources.files(__package__).joinpath("page.html.jinja").read_text("utf-8")
    template = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=False).from_string(source)
    plots = [_plot(histogram) for histogram in audit.histograms]
    return template.render(audit=audit, name=Path(audit.path).name, plots=plots)
