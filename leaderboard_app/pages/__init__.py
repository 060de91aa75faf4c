"""One module a page. Each has ``build(site, page)``: it lays the page out and binds ``page.load``; nothing is decided here."""

from leaderboard_app.site import STATIC

SORTING = (STATIC / "sorting.js").read_text("utf-8")
