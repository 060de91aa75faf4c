"""Quality against latency."""

import gradio as gr

from leaderboard_app.figures.latency import quality_against_latency
from leaderboard_app.rendering import METRIC_NAMES
from leaderboard_app.site import Site, page_head
from submissions.schema import METRICS


def build(site: Site, page: gr.Blocks) -> None:
    """Metric choice and the plot."""

    def plot(chosen: str):
        return quality_against_latency(site.board(), chosen if chosen in METRICS else METRICS[0])

    page_head()
    metric = gr.Radio([(METRIC_NAMES[m], m) for m in METRICS], value=METRICS[0], label="Metric")
    figure = gr.Plot(show_label=False)
    gr.Markdown("Up and left is better. Bars are 95 % intervals; the marker grows with the model's size.")
    page.load(plot, metric, figure, api_visibility="private")
    metric.change(plot, metric, figure, api_visibility="private")
