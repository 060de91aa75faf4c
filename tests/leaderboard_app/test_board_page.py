"""The first page as markup and as files: orders, ties, presets, permalinks, baselines, what is seen and everything."""

import csv
import io
import json
import re

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leaderboard_app.board_page import open_view, render_leaderboard, render_part
from leaderboard_app.columns import COLUMNS
from leaderboard_app.server import export
from leaderboard_app.site import Site
from leaderboard_app.store import SnapshotCache
from submissions.ledger import write_result
from submissions.schema import METRICS
from tests.results import make_result
from tests.rich_ledger import write_rich_ledger


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ledger")
    results = write_rich_ledger(folder)
    return Site(results, SnapshotCache(results, folder / "cache"))


def page(site, query=""):
    return render_leaderboard(open_view(site, query))


def words(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.mark.parametrize(
    ("query", "title", "note"),
    [
        ("", "Mean rank", "The leader kept its place in"),
        ("order=borda", "Borda", "share of models beaten"),
        ("order=weights&weights=1,0,0,0", "Weighted rank", "your own weights"),
    ],
)
def test_each_order_has_its_column_and_says_how_stable_it_is(site, query, title, note):
    html = words(page(site, query))
    assert title in html and note in html and re.search(r"The leader kept its place in \d+ % of the resamples", html)
    assert ("Kendall τ" in html) == bool(query)


def test_ties_with_the_best_and_rank_ranges_are_marked(site):
    rows = site.snapshot.boards[0].rows
    html = page(site)
    assert html.count("tied with the best</span>") == sum(row.standing.group == 1 for row in rows) >= 1
    assert any(f">{row.standing.rank_low}–{row.standing.rank_high}</small>" in html for row in rows)


def test_presets_have_live_counts(site):
    assert "phone ≤ 1 B" in page(site) and "headset ≤ 3 B" in page(site) and "laptop ≤ 8 B" in page(site)
    counts = render_part(open_view(site, ""))["counts"]
    assert [counts[f"size={name}"] for name in ("phone", "headset", "laptop")] == [2, 5, 8]
    assert render_part(open_view(site, "q=globex"))["counts"]["size=headset"] == 2


def test_baselines_are_told_apart_by_more_than_colour(site):
    (row,) = re.findall(
        r'<tr class="dw-baseline">(?:(?!</tr>).)*baseline/(?:<wbr>)?constant(?:(?!</tr>).)*</tr>', page(site), re.S
    )
    assert "trivial baseline" in row and "href" not in row


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_a_column_sorts_in_its_own_direction_first_and_the_other_way_next(site, name):
    own, other = ("-", "") if COLUMNS[name].direction == "descending" else ("", "-")
    cols = f"&cols={name}" if not COLUMNS[name].is_fixed else ""
    if name == "held_out":
        assert "Public − private" not in page(site, "sort=rank").split("<table")[1]
        return
    plain = "sort=model" if name != "model" else "sort=rank"
    link = re.compile(r'href="\?([^"]*)" data-dw-link[^>]*>' + re.escape(COLUMNS[name].title) + "<")
    first = link.search(page(site, f"{plain}{cols}")).group(1).replace("&amp;", "&")
    wanted = f"sort={own}{name}"
    assert wanted in first or (name == "rank" and "sort" not in first)
    second = link.search(page(site, f"sort={own}{name}{cols}")).group(1).replace("&amp;", "&")
    assert f"sort={other}{name}" in second


def test_a_permalink_shows_the_same_after_the_ledger_has_grown(tmp_path):
    results = tmp_path / "results"
    for model, quality in (("baseline/constant", 1.0), ("acme/one", 1.5)):
        write_result(results, make_result(model, quality), b"")
    site = Site(results, SnapshotCache(results, tmp_path / "cache", patience_s=60))
    (pinned,) = re.findall(r'href="\?([^"]*)" data-dw-permalink', page(site, "q=acme"))
    pinned = pinned.replace("&amp;", "&")
    assert "ledger=" in pinned and "board=v1.0.0-test-" in pinned and "q=acme" in pinned
    before = render_part(open_view(site, pinned))["counts"]
    write_result(results, make_result("acme/two", 2.0), b"")
    assert "acme/<wbr>two" in page(site, "q=acme")
    later = open_view(site, pinned)
    assert render_part(later)["counts"] == before and "results that came later are not shown" in later.notes[0]
    assert "not kept here" in open_view(site, "ledger=0123456789ab").notes[0]


def read(content, kind):
    if kind == "json":
        return json.loads(content)["rows"]
    if kind == "parquet":
        return pq.read_table(io.BytesIO(content)).to_pylist()
    return list(csv.DictReader(io.StringIO(content.decode())))


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_files_hold_what_is_seen_in_its_order_or_everything(site, kind):
    shown = open_view(site, "kind=base&sort=-size&cols=rouge_l.size")
    seen, everything = (read(export(shown, kind, whole).body, kind) for whole in (False, True))
    assert [row["model"] for row in seen] == ["umbra/large-8b", "initech/mid-3b", "globex/nano-1b", "acme/pico-0.5b"]
    assert "meteor" not in seen[0] and {"rouge_l", "rouge_l_low", "parameters"} <= set(seen[0])
    assert len(everything) == 13 and set(METRICS) <= set(everything[0])
    by_id = {row.model.id: row for row in site.snapshot.boards[0].rows}
    for row in everything:
        assert float(row["rouge_l"]) == by_id[row["model"]].score("rouge_l").value  # full precision
    assert seen[0]["rank"] == next(row["rank"] for row in everything if row["model"] == "umbra/large-8b")


def test_numbers_stay_numbers_in_parquet_even_where_all_are_missing(site):
    schema = pq.read_schema(
        io.BytesIO(export(open_view(site, "q=hooli&cols=rouge_l.size.latency.licence.tier"), "parquet", False).body)
    )
    types = {
        name: str(schema.field(name).type)
        for name in ("rank", "rouge_l", "latency_p50_s", "parameters", "licence", "flags")
    }
    assert types == {
        "rank": "int64", "rouge_l": "double", "latency_p50_s": "double", "parameters": "int64", "licence": "string", "flags": "string",
    }  # fmt: skip
    assert json.loads(schema.metadata[b"deescalwild"])["ledger_digest"] == site.snapshot.digest


def test_no_cell_of_a_csv_is_a_formula(tmp_path):
    own = make_result("acme/one")
    evil = own.model_copy(update={"model": own.model.model_copy(update={"licence": '=HYPERLINK("http://x")'})})
    write_result(tmp_path / "results", evil, b"")
    site = Site(tmp_path / "results", SnapshotCache(tmp_path / "results", tmp_path / "cache"))
    (row,) = read(export(open_view(site, ""), "csv", True).body, "csv")
    assert row["licence"].startswith("'=")


pieces = st.sampled_from(
    ["q", "size", "min", "max", "kind", "family", "sort", "order", "weights", "cols", "below", "rows", "board", "ledger", "flags", "scope", "x"]
)  # fmt: skip


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            pieces,
            st.text(max_size=25)
            | st.sampled_from(["phone", "-rouge_l", "borda", "weights", "1,2,3,4", "<b>", "\u202e", "all"]),
        ),
        max_size=6,
    )
)
def test_any_address_gives_a_page_and_no_markup_of_its_own(site, pairs):
    from urllib.parse import urlencode

    html = page(site, urlencode([*pairs, ("q", "<script>canary</script>")], errors="replace"))
    assert "<script" not in html and "dw-view" in html
