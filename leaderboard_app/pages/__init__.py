"""One module a page. Each has ``build(site, page)``: it lays the page out and binds ``page.load``; nothing is decided here."""

from pathlib import Path

STATIC = Path(__file__).parents[1] / "static"
SORTING = (STATIC / "sorting.js").read_text("utf-8")
