"""Snapshot → HTML, through Jinja2 with autoescaping: what strangers wrote arrives as text, never as markup."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from leaderboard_app.row_keys import key_of
from leaderboard_app.snapshot import Snapshot
from submissions.schema import METRICS

HERE = Path(__file__).parent
METRIC_NAMES = {"rouge_l": "ROUGE-L", "bleu_4": "BLEU-4", "meteor": "METEOR", "bertscore": "BERTScore"}
MAX_SHOWN_WORDS = 4000
VERDICTS = {"accept": "accepted", "withhold": "withheld", "note": "note"}
KIND_NAMES = {"base": "base", "fine-tuned": "fine-tuned", "api": "API", "baseline": "trivial baseline"}


def format_score(value: float | None, metric: str) -> str:
    """A score as printed: ×100 with one decimal, BERTScore with three; a dash for none."""
    if value is None:
        return "–"
    return f"{value:.3f}" if metric == "bertscore" else f"{value:.1f}"


def format_gain(value: float, metric: str) -> str:
    """A signed difference of scores."""
    text = format_score(abs(value), metric)
    return f"+{text}" if value >= 0 else f"−{text}"


def format_size(parameters: int | None) -> str:
    """A parameter count for people: 135 M, 3.1 B; a dash for none."""
    if parameters is None:
        return "–"
    return f"{parameters / 1e9:.1f} B" if parameters >= 1e9 else f"{parameters / 1e6:.0f} M"


def format_seconds(seconds: float | None) -> str:
    """A duration for people."""
    if seconds is None:
        return "–"
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"


def format_p(p: float) -> str:
    """A p-value; small ones are only as exact as the bootstrap's draws."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def format_words(text: str) -> str:
    """What a stranger or a stranger's model wrote: its lines are kept, control and direction marks are not, and it ends somewhere."""
    shown = "".join(char if char.isprintable() or char == "\n" else " " for char in text[: MAX_SHOWN_WORDS + 1])
    return shown if len(shown) <= MAX_SHOWN_WORDS else f"{shown[:MAX_SHOWN_WORDS]}…"


def place_on(value: float, span: tuple[float, float]) -> str:
    """Where a value lies on an axis from ``span[0]`` to ``span[1]``, in per cent of its width."""
    low, high = span
    return f"{100 * (value - low) / (high - low) if high > low else 50:.2f}%"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(score=format_score, gain=format_gain, size=format_size, seconds=format_seconds)
    environment.filters.update(p_value=format_p, words=format_words, at=place_on, row_key=key_of)
    environment.globals.update(metrics=METRICS, metric_names=METRIC_NAMES, kind_names=KIND_NAMES, verdicts=VERDICTS)
    return environment


def render(template: str, **values) -> str:
    """A template of ``templates/``, by its name without the ending."""
    return _environment().get_template(f"{template}.html.jinja").render(**values)


def render_notice(snapshot: Snapshot) -> str:
    """What was left out of the board and why; empty where nothing was."""
    return render("notice", snapshot=snapshot)


def render_reported(snapshot: Snapshot) -> str:
    """The paper's published table."""
    return render("reported", rows=snapshot.reported)
