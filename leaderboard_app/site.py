"""What every page needs: the results folder, its current snapshot, and the head that all pages share."""

from dataclasses import dataclass
from html import escape
from pathlib import Path

from leaderboard_app.snapshot import Board, Snapshot
from leaderboard_app.store import SnapshotCache

STATIC = Path(__file__).parent / "static"
TITLE = "DeEscalWild leaderboard"
HEADER = f"""\
<h1>{TITLE}</h1>
<p>Small language models play the civilian, so that officers can practise de-escalation offline. Scored on held-out encounters by
ROUGE-L, BLEU-4, METEOR and BERTScore, beside what trivial baselines reach.</p>"""


@dataclass(frozen=True)
class Site:
    """One running board. Pages ask it at each load, so that new results appear without a restart."""

    results: Path
    cache: SnapshotCache

    @classmethod
    def over(cls, results: Path) -> "Site":
        """The site of a results folder."""
        return cls(results, SnapshotCache(results))

    @property
    def snapshot(self) -> Snapshot:
        """The current snapshot."""
        return self.cache.get()

    def board(self, key: str | None = None) -> Board | None:
        """The board of that key or label; the first one for anything else a caller may send, ``None`` of an empty ledger."""
        return self.snapshot.board(key)


def page_head(title: str = "", lead: str = "") -> None:
    """Navigation and title: the board's own, or a page's with a line on what it is for."""
    import gradio as gr  # here: what shows the first table does not wait for it

    gr.Navbar(main_page_name="Leaderboard")
    words = f"<h1>{escape(title)}</h1><p>{escape(lead)}</p>" if title else HEADER
    gr.HTML(words, apply_default_css=False, elem_classes="dw-header")
