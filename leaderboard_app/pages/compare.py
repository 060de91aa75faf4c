"""Two to four models against the first of them, in figures and in words."""

import gradio as gr

from leaderboard_app.comparison import MAX_MODELS, MIN_MODELS, by_category, compare, side_by_side
from leaderboard_app.pages.controls import board_menu, metric_of, metric_radio, query, row_choices, to_address
from leaderboard_app.rendering import render
from leaderboard_app.row_keys import find_all, key_of
from leaderboard_app.samples import read_samples
from leaderboard_app.site import Site, page_head
from leaderboard_app.snapshot import Row
from submissions.ledger import LedgerError
from submissions.schema import MEAN_METRICS, METRICS

PER_PAGE = 10


def figures_of(rows: list[Row], metric: str, n_rows: int) -> str:
    """Differences, scenarios won and lost, and categories."""
    if len(rows) < MIN_MODELS:
        return render("compare", rows=rows, n_rows=n_rows)
    try:
        against = compare(rows)
        categories = by_category(rows, metric)
    except LedgerError as error:
        return render("trouble", what="These models cannot be compared", why=str(error))
    reach = {m: max(max(abs(own.differences[m].low), abs(own.differences[m].high)) for own in against) for m in METRICS}
    return render(
        "compare", rows=rows, n_rows=n_rows, against=against, categories=categories, reach=reach, metric_shown=metric
    )


def words_of(site: Site, rows: list[Row], metric: str, shown: int) -> tuple[str, bool]:
    """Their words side by side, and whether there are more than ``shown``."""
    if len(rows) < MIN_MODELS:
        return "", False
    try:
        answers = [read_samples(site.results, row.result) for row in rows]
    except LedgerError as error:
        return render("trouble", what="No words to show", why=str(error)), False
    exchanges, n_left_out = side_by_side(answers, metric)
    html = render(
        "exchanges",
        exchanges=exchanges[:shown],
        total=len(exchanges),
        n_left_out=n_left_out,
        rows=rows,
        metric=metric if metric in MEAN_METRICS else MEAN_METRICS[0],
        stands_in=metric not in MEAN_METRICS,
    )
    return html, len(exchanges) > shown


def build(site: Site, page: gr.Blocks) -> None:
    """Choice of models and metric; the address names both."""

    def draw(board_key: str | None, keys: list[str] | None, metric: str, shown: int = PER_PAGE):
        board = site.board(board_key)
        rows = find_all(board, (keys or [])[:MAX_MODELS])
        words, more = words_of(site, rows, metric_of(metric), shown)
        figures = figures_of(rows, metric_of(metric), len(board.rows) if board else 0)
        return figures, words, gr.Button(visible=more), shown

    def opened(request: gr.Request):
        board = site.board(query(request, "board"))
        metric = metric_of(query(request, "metric"))
        rows = find_all(board, query(request, "models").split(",")[:MAX_MODELS])
        if not rows and board:
            rows = [row for row in board.rows if not row.is_baseline][:MIN_MODELS] or list(board.rows[:MIN_MODELS])
        keys = [key_of(row) for row in rows]
        choice = gr.Dropdown(choices=row_choices(board), value=keys)
        return (
            board_menu(site.snapshot, board), choice, metric, *draw(board.key if board else None, keys, metric),
        )  # fmt: skip

    def another_board(board_key: str, metric: str):
        choices = row_choices(site.board(board_key))
        keys = [key for _, key in choices[:MIN_MODELS]]
        return gr.Dropdown(choices=choices, value=keys), *draw(board_key, keys, metric)

    def more(board_key: str | None, keys: list[str], metric: str, shown: int):
        return draw(board_key, keys, metric, shown + PER_PAGE)

    page_head(
        "Compare",
        "Two to four models on the same scenarios. The first one chosen is what the others are compared with.",
    )
    with gr.Row(elem_classes="dw-controls"):
        models = gr.Dropdown(
            label="Models", choices=[], multiselect=True, max_choices=MAX_MODELS, interactive=True,
            elem_classes="dw-many",
        )  # fmt: skip
        metric = metric_radio()
        board_choice = gr.Dropdown(label="Board", choices=[], visible=False, interactive=True)
    figures = gr.HTML(apply_default_css=False, elem_id="dw-compare")
    words = gr.HTML(apply_default_css=False, elem_id="dw-words")
    button = gr.Button("Show more", visible=False, elem_classes="dw-more")
    shown = gr.State(PER_PAGE)

    chosen, drawn = [board_choice, models, metric], [figures, words, button, shown]
    page.load(opened, None, [*chosen, *drawn], api_visibility="private", show_progress="hidden")
    gr.on([models.input, metric.input], draw, chosen, drawn, api_visibility="private", trigger_mode="always_last")
    board_choice.input(another_board, [board_choice, metric], [models, *drawn], api_visibility="private")
    button.click(more, [*chosen, shown], drawn, api_visibility="private")
    gr.on(
        [models.input, metric.input, board_choice.input],
        None, chosen, None, js=to_address("board", "models", "metric"), api_visibility="private",
    )  # fmt: skip
