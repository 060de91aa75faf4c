"""Pictures of every page, light and dark, wide and on a phone.

    python -m tests.leaderboard_app.screenshots OUT_DIR [--results DIR] [--page model?id=acme/civilian-3b]

Without ``--results`` the ledger is the fictional one of ``tests/rich_ledger.py``. Writes ``PAGE-THEME-WIDTH.png``.
"""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from leaderboard_app.app import PAGES
from tests.leaderboard_app.browsing import PHONE, WIDE, chromium, new_page, serving, visit
from tests.rich_ledger import write_rich_ledger


def main(
    out_dir: Path,
    results: Annotated[Path | None, typer.Option(help="Results folder; a fictional ledger unless given.")] = None,
    page: Annotated[list[str] | None, typer.Option(help="Route with its query; every page unless given.")] = None,
) -> None:
    """Write the pictures."""
    out_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        shown = results or write_rich_ledger(Path(folder), datetime.now(UTC))
        with serving(shown) as address:
            write_pictures(address, out_dir, page or [route or "" for _, route, _ in PAGES])


def write_pictures(address: str, out_dir: Path, pages: list[str]) -> None:
    """One picture a page, theme and width."""
    with chromium() as browser:
        context = browser.new_context()
        for size in (WIDE, PHONE):
            opened = new_page(context, size)
            for asked in pages:
                route, _, query = asked.partition("?")
                for theme in ("light", "dark"):
                    visit(opened, address, route, f"{query}&__theme={theme}")
                    opened.wait_for_timeout(500)  # fonts and the plot's own drawing
                    path = out_dir / f"{route or 'leaderboard'}-{theme}-{size['width']}.png"
                    opened.screenshot(path=path, full_page=True)
                    typer.echo(path)


if __name__ == "__main__":
    typer.run(main)
