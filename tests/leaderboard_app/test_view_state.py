"""The view and the address are the same thing; any other address is an address too."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard_app.columns import CHOICES, COLUMNS
from leaderboard_app.view_state import FACETS, PRESETS, View, parse_view, query_of

words = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), max_size=20).map(str.strip)
values = st.lists(words.filter(bool), min_size=1, max_size=3, unique=True).map(lambda own: tuple(sorted(own)))
views = st.builds(
    View,
    board=words,
    ledger=st.sampled_from(["", "0123456789ab"]),
    search=words,
    size=st.sampled_from(["", *PRESETS]),
    smallest=st.none() | st.floats(0, 100),
    largest=st.none() | st.floats(0, 100),
    facets=st.dictionaries(st.sampled_from(FACETS), values, max_size=3),
    hide_flagged=st.booleans(),
    order=st.sampled_from(["mean_rank", "borda", "weights"]),
    weights=st.tuples(*[st.floats(0.25, 100)] * 4),
    columns=st.sets(st.sampled_from(CHOICES)).map(lambda own: tuple(name for name in CHOICES if name in own)),
    sort=st.sampled_from(sorted(COLUMNS)),
    direction=st.sampled_from(["ascending", "descending"]),
    below=st.sampled_from(["interval", "gain", "none"]),
    all_rows=st.booleans(),
)


@given(views)
def test_every_view_comes_back_from_its_address(view):
    assert parse_view(query_of(view)) == (view, ())


def test_the_plain_view_has_an_empty_address():
    assert query_of(View()) == "" and parse_view("") == (View(), ())


@given(st.text(max_size=300))
def test_no_address_breaks_it(query):
    view, notes = parse_view(query)
    assert isinstance(view, View) and all(isinstance(note, str) for note in notes)


@pytest.mark.parametrize(
    "query",
    ["size=watch", "order=random", "sort=secret", "min=nan", "max=-1", "weights=1,2", "weights=0,0,0,0", "cols=secret", "ledger=zz", "below=x"],
)  # fmt: skip
def test_what_is_not_understood_is_left_out_and_named(query):
    view, (note,) = parse_view(query)
    assert query.split("=")[0] in note
    assert view == View() or query.startswith("cols")


@pytest.mark.parametrize("query", ["q=" + "x" * 5000, "&".join(["kind=base"] * 200)])
def test_an_address_too_long_is_ignored_as_a_whole(query):
    view, (note,) = parse_view(query)
    assert view == View() and "ignored" in note


def test_no_columns_at_all_is_not_the_same_as_the_usual_ones():
    assert parse_view("cols=")[0].columns == () and parse_view("")[0].columns != ()
