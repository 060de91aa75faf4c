"""The Gradio app: thin pages over ``snapshot`` and ``rendering``. ``build_app`` is all there is to call."""

from pathlib import Path

import gradio as gr

from leaderboard_app.figures import quality_against_latency
from leaderboard_app.rendering import (
    METRIC_NAMES,
    render_about,
    render_board,
    render_notice,
    render_reported,
)
from leaderboard_app.snapshot import Board, Snapshot, SnapshotCache
from submissions.schema import METRICS

HERE = Path(__file__).parent
CSS = (HERE / "static" / "board.css").read_text("utf-8")
SORTING = (HERE / "static" / "sorting.js").read_text("utf-8")
HEADER = """\
# DeEscalWild leaderboard
Small language models play the civilian, so that officers can practise de-escalation offline.
Scored on held-out encounters by ROUGE-L, BLEU-4, METEOR and BERTScore, beside what trivial baselines reach."""
THEME = gr.themes.Base(
    primary_hue=gr.themes.colors.blue,
    neutral_hue=gr.themes.colors.slate,
    font=["ui-sans-serif", "system-ui", "sans-serif"],
    font_mono=["ui-monospace", "monospace"],
)


def _board(snapshot: Snapshot, label: str | None) -> Board | None:
    """The board of that label; the first one for anything else a caller may send."""
    for board in snapshot.boards:
        if board.label == label:
            return board
    return snapshot.boards[0] if snapshot.boards else None


def _page_head() -> None:
    """Navigation and title, the same on every page."""
    gr.Navbar(main_page_name="Leaderboard")
    gr.Markdown(HEADER, elem_classes="dw-header")


def build_app(results: Path) -> gr.Blocks:
    """The app over a results folder; pages are made again when the folder changes and the page is reloaded."""
    cache = SnapshotCache(results)

    def menu():
        labels = [board.label for board in cache.get().boards]
        return gr.Dropdown(choices=labels, value=labels[0] if labels else None, visible=len(labels) > 1)

    def table(label: str | None) -> str:
        return render_board(_board(cache.get(), label))

    def plot(label: str | None, metric: str):
        return quality_against_latency(_board(cache.get(), label), metric if metric in METRICS else METRICS[0])

    with gr.Blocks(title="DeEscalWild leaderboard", analytics_enabled=False) as app:
        _page_head()
        notice = gr.HTML(apply_default_css=False)
        label = gr.Dropdown(label="Board", choices=[], visible=False, interactive=True)
        below = gr.Radio(
            [("95 % interval", "interval"), ("gain over best baseline", "gain")],
            value="interval",
            label="Below each score",
            elem_classes="dw-below",
        )
        board = gr.HTML(apply_default_css=False, elem_id="dw-board", js_on_load=SORTING)
        below.change(
            None,
            below,
            None,
            js="(shown) => { document.body.classList.toggle('dw-gains', shown === 'gain'); }",
        )
        app.load(lambda: render_notice(cache.get()), None, notice, api_visibility="private")
        app.load(menu, None, label, api_visibility="private").then(table, label, board, api_visibility="private")
        label.input(table, label, board, api_visibility="private")

    with app.route("Quality × latency", "latency") as page:
        _page_head()
        metric = gr.Radio([(METRIC_NAMES[m], m) for m in METRICS], value=METRICS[0], label="Metric")
        figure = gr.Plot(show_label=False)
        gr.Markdown("Up and left is better. Bars are 95 % intervals; the marker grows with the model's size.")
        page.load(lambda chosen: plot(None, chosen), metric, figure, api_visibility="private")
        metric.change(lambda chosen: plot(None, chosen), metric, figure, api_visibility="private")

    with app.route("Paper", "paper") as page:
        _page_head()
        reported = gr.HTML(apply_default_css=False, js_on_load=SORTING)
        page.load(lambda: render_reported(cache.get()), None, reported, api_visibility="private")

    with app.route("About", "about") as page:
        _page_head()
        about = gr.HTML(apply_default_css=False)
        page.load(lambda: render_about(_board(cache.get(), None)), None, about, api_visibility="private")

    return app


def launch(results: Path, port: int = 7860, *, block: bool = True) -> gr.Blocks:
    """Serve the board on 127.0.0.1.

    Raises:
        OSError: the port is taken.
    """
    app = build_app(results)
    app.launch(
        server_name="127.0.0.1",
        server_port=port,
        prevent_thread_lock=not block,
        quiet=True,
        share=False,
        ssr_mode=False,
        run_history=False,
        footer_links=["gradio", "settings"],
        theme=THEME,
        css=CSS,
    )
    return app
