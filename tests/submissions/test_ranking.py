"""Ranks, ties and their uncertainty, against independent implementations and against what they promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from submissions.ranking import ballots, holm, kendall_tau, p_values, rank, tie_groups, weighted_order
from submissions.schema import METRICS
from submissions.statistics import ScenarioStatistics, places_and_ranks, resample, scores
from tests.results import make_sums


def statistics(quality=1.0, n_scenarios=12, seed=3):
    return ScenarioStatistics.from_rows(make_sums(quality, n_scenarios, seed))


FIELD = [statistics(quality, 24, seed) for seed, quality in enumerate((1.0, 1.02, 0.9, 1.4, 3.0))]


def test_scores_and_intervals_are_those_of_each_model_alone():
    found = rank(FIELD)
    for index, model in enumerate(FIELD):
        alone, drawn = scores(model), scores(model, resample(24))
        for number, metric in enumerate(METRICS):
            assert found.value[number, index] == pytest.approx(alone[metric][0])
            low, high = np.percentile(drawn[metric], [2.5, 97.5])
            assert found.low[number, index] == pytest.approx(min(low, alone[metric][0]))
            assert found.high[number, index] == pytest.approx(max(high, alone[metric][0]))


def test_a_clear_winner_is_first_with_a_narrow_range_and_alone_in_its_group():
    found = rank(FIELD)
    assert found.overall.place[4] == 1 and (found.overall.low[4], found.overall.high[4]) == (1, 1)
    assert list(found.group == 1) == [False, False, False, False, True]
    assert found.overall.keeps_top == 1.0


def test_models_that_only_luck_tells_apart_are_tied_and_have_wide_ranges():
    found = rank([statistics(1.0, 24, seed) for seed in range(6)])
    # BERTScore and the counts of BLEU are the same for all: only ROUGE-L and METEOR differ, by noise.
    assert (found.overall.high - found.overall.low).max() >= 3
    assert (found.group == 1).sum() >= 4


def test_equal_models_share_place_range_and_group():
    found = rank([statistics(1.0), statistics(3.0), statistics(1.0)])
    assert list(found.overall.place) == [2, 1, 2]
    assert found.overall.low[0] == found.overall.low[2] and found.overall.high[0] == found.overall.high[2]
    assert found.group[0] == found.group[2] == 2


@given(st.permutations(range(len(FIELD))))
@settings(max_examples=10, deadline=None)
def test_nothing_depends_on_the_order_models_come_in(order):
    straight, shuffled = rank(FIELD), rank([FIELD[i] for i in order])
    assert list(shuffled.overall.place) == [straight.overall.place[i] for i in order]
    assert list(shuffled.overall.high) == [straight.overall.high[i] for i in order]
    assert list(shuffled.group) == [straight.group[i] for i in order]
    assert np.allclose(shuffled.borda.key, straight.borda.key[list(order)])
    assert (shuffled.tied == straight.tied[:, list(order)]).all()


def test_one_model_is_first_and_an_empty_board_is_refused():
    alone = rank([statistics()])
    assert (alone.overall.place[0], alone.group[0], alone.overall.tau) == (1, 1, 1.0)
    with pytest.raises(ValueError, match="nothing to rank"):
        rank([])


def test_models_on_other_scenarios_are_not_ranked_together():
    with pytest.raises(ValueError, match="different scenarios"):
        rank([statistics(n_scenarios=12), statistics(n_scenarios=11)])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_rejects_exactly_what_its_step_down_procedure_rejects(p):
    adjusted = holm(np.array(p))
    rejected = set()
    for step, index in enumerate(np.argsort(p, kind="stable")):
        if p[index] * (len(p) - step) >= 0.05:
            break
        rejected.add(int(index))
    assert {i for i, value in enumerate(adjusted) if value < 0.05} == rejected
    assert all(own >= raw for own, raw in zip(adjusted, p, strict=True))


def test_p_values_agree_with_the_paired_t_test_where_that_is_right():
    """Scenarios of one size, a score that is their mean: the bootstrap's test is then the textbook's."""
    rng = np.random.default_rng(1)
    difference = rng.normal(0.5, 2.0, size=(3, 75))
    drawn = difference @ resample(75, 4000).T / 75
    found = p_values(difference.mean(axis=1), drawn, 75)
    expected = [stats.ttest_1samp(own, 0).pvalue for own in difference]
    assert np.allclose(found, expected, rtol=0.25)


def test_the_tests_raise_false_alarms_no_more_often_than_they_say():
    """300 boards of eight equal models, tested against a leader named beforehand: Holm keeps any false alarm to 5 %."""
    rng = np.random.default_rng(7)
    weights = resample(40, 400)
    alarms = 0
    for _ in range(300):
        each = rng.normal(size=(8, 40))
        away = (each[1:] - each[0]) @ weights.T / 40
        alarms += (holm(p_values((each[1:] - each[0]).mean(axis=1), away, 40)) < 0.05).any()
    assert alarms / 300 < 0.09


def test_groups_have_a_fixed_anchor():
    """Each model is close to the next one, the last far from the first: a chain, yet not one group."""
    rng = np.random.default_rng(2)
    observed = np.arange(5.0)
    keys = np.column_stack([observed, observed[:, None] + rng.normal(0, 0.5, size=(5, 500))])
    groups = tie_groups(keys, 50)
    assert groups[0] == 1 and groups[-1] > 1 and list(groups) == sorted(groups)


@given(
    st.lists(st.integers(0, 6), min_size=2, max_size=12),
    st.lists(st.integers(0, 6), min_size=12, max_size=12),
)
def test_kendalls_tau_equals_scipys(first, second):
    second = second[: len(first)]
    found = kendall_tau(np.array(first, float), np.array(second, float))
    expected = stats.kendalltau(first, second).statistic
    assert found == pytest.approx(expected if np.isfinite(expected) else (1.0 if found == 1.0 else 0.0), abs=1e-9)


def test_a_ballot_gives_out_half_a_point_for_each_pair():
    points = ballots(FIELD)
    assert points.shape == (4, 24, len(FIELD))
    assert np.allclose(points.sum(axis=2), len(FIELD) * (len(FIELD) - 1) / 2)


def test_borda_counts_scenarios_and_the_mean_rank_does_not():
    """One model wins one long scenario by far, the other wins the eleven short ones by a little."""
    n_items = np.array([100.0] + [1.0] * 11)
    bleu = np.tile([20, 6, 2, 1, 60, 50, 40, 30, 60, 60], (12, 1)).astype(float)

    def model(long, short):
        sums = np.array([long * 100] + [short] * 11)
        means = {"rouge_l": sums, "meteor": sums, "bertscore": sums / 100}
        return ScenarioStatistics(tuple(map(str, range(12))), n_items, means, bleu)

    found = rank([model(30, 10), model(10, 12)])
    assert list(found.overall.place) == [1, 2] and list(found.borda.place) == [2, 1]
    assert found.borda.tau == -1.0


def test_a_readers_weights_order_by_what_they_weigh():
    found = rank(FIELD)
    mean_rank = found.overall.key
    equal = weighted_order(found.drawn_ranks, [1, 1, 1, 1], mean_rank)
    assert list(equal.place) == list(found.overall.place) and equal.tau == pytest.approx(1.0)
    assert equal.keeps_top == found.overall.keeps_top and list(equal.high) == list(found.overall.high)
    only = weighted_order(found.drawn_ranks, [0, 0, 5, 0], mean_rank)
    assert list(only.place) == list(places_and_ranks(-found.value[2:3].T)[0][:, 0])


@pytest.mark.parametrize("weights", [[0, 0, 0, 0], [1, 1, 1], [1, 1, 1, -1], [1, 1, 1, float("nan")]])
def test_weights_that_order_nothing_are_refused(weights):
    found = rank(FIELD[:2])
    with pytest.raises(ValueError, match="weights"):
        weighted_order(found.drawn_ranks, weights, found.overall.key)
