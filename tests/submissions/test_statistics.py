"""Intervals and ranks against independent implementations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU
from scipy.stats import rankdata

from submissions.schema import METRICS
from submissions.statistics import (
    ScenarioStatistics,
    corpus_bleu,
    intervals,
    places_and_ranks,
    resample,
    scenario_scores,
    scores,
)
from tests.results import make_sums

counts = st.integers(0, 30)


@settings(max_examples=300)
@given(st.lists(counts, min_size=4, max_size=4), st.lists(counts, min_size=4, max_size=4), counts, counts)
def test_corpus_bleu_equals_sacrebleu(matched, extra, sys_len, ref_len):
    total = [m + e for m, e in zip(matched, extra, strict=True)]
    ours = corpus_bleu(np.array([*matched, *total, sys_len, ref_len], float))
    theirs = BLEU.compute_bleu(list(matched), list(total), sys_len, ref_len, smooth_method="exp").score
    assert float(ours) == pytest.approx(theirs, abs=1e-9)


@given(st.lists(st.lists(st.integers(0, 5), min_size=3, max_size=3), min_size=1, max_size=12))
def test_ranks_equal_scipys_mean_ranks(rows):
    values = np.array(rows, float)
    assert np.allclose(places_and_ranks(-values)[1], rankdata(-values, axis=0))


@given(st.lists(st.lists(st.integers(1, 5), min_size=2, max_size=2), min_size=1, max_size=12))
def test_places_equal_scipys_competition_ranks(rows):
    values = np.array(rows, float)
    assert np.allclose(places_and_ranks(values)[0], rankdata(values, axis=0, method="min"))


def statistics(quality=1.0, n_scenarios=12, seed=3):
    return ScenarioStatistics.from_rows(make_sums(quality, n_scenarios, seed))


def test_one_draw_of_each_scenario_is_the_plain_mean():
    rows = make_sums(1.0, 5, 1)
    found = scores(ScenarioStatistics.from_rows(rows))
    n_items = sum(row.n_items for row in rows)
    assert found["rouge_l"][0] == pytest.approx(sum(row.rouge_l for row in rows) / n_items)


def test_weights_are_counts_of_scenarios():
    rows = make_sums(1.0, 3, 1)
    twice = scores(ScenarioStatistics.from_rows(rows), np.array([[2.0, 0.0, 1.0]]))
    expected = (2 * rows[0].rouge_l + rows[2].rouge_l) / (2 * rows[0].n_items + rows[2].n_items)
    assert twice["rouge_l"][0] == pytest.approx(expected)


def test_the_interval_is_as_wide_as_the_clustered_standard_error_says():
    rows = make_sums(1.0, 200, 5)
    n = np.array([row.n_items for row in rows], float)
    sums = np.array([row.rouge_l for row in rows])
    mean = sums.sum() / n.sum()
    error = np.sqrt(((sums - mean * n) ** 2).sum()) / n.sum()
    own = intervals(ScenarioStatistics.from_rows(rows))["rouge_l"]
    assert (own.high - own.low) / (2 * 1.96 * error) == pytest.approx(1, abs=0.1)


def test_intervals_hold_their_score_and_are_the_same_at_every_call():
    first, second = intervals(statistics()), intervals(statistics())
    assert first == second
    assert all(own.low <= own.value <= own.high for own in first.values())
    assert set(first) == set(METRICS)


def test_a_scenario_alone_scores_as_a_draw_of_nothing_else():
    own = statistics(n_scenarios=5)
    found, expected = scenario_scores(own), scores(own, np.eye(5))
    assert all(np.allclose(found[metric], expected[metric]) for metric in METRICS)


def test_every_resample_draws_as_many_scenarios_as_there_are():
    assert (resample(7, 50).sum(axis=1) == 7).all()
