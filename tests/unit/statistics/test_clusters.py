"""Trials in clusters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from colonnade.statistics import (
    Interval,
    clustered_interval,
    clustered_lower_bound,
    clustered_upper_bound,
    design_effect,
    effective_sample,
    exact_interval,
    intracluster_correlation,
    upper_bound,
    wilson_interval,
)


def drawn(rate: float, correlation: float, clusters: int, size: int, repeats: int, seed: int = 5) -> NDArray[np.int64]:
    """Events by repeat and cluster, beta-binomial with this correlation within a cluster."""
    generator, spread = np.random.default_rng(seed), 1 / correlation - 1
    rates = generator.beta(rate * spread, (1 - rate) * spread, size=(repeats, clusters))
    return generator.binomial(size, rates)


def test_no_failure_in_75_clusters_of_four_leaves_four_percent_not_one() -> None:
    clean, sizes = [0] * 75, [4] * 75
    assert clustered_upper_bound(clean, sizes) == pytest.approx(0.0392, abs=5e-5)
    assert upper_bound(0, 300) == pytest.approx(0.0099, abs=5e-5)
    assert clustered_upper_bound(clean, sizes) == pytest.approx(upper_bound(0, 75))


def test_the_bound_at_no_failure_is_a_function_of_the_assumed_correlation() -> None:
    bounds = [clustered_upper_bound([0] * 75, [4] * 75, assumed_correlation=value) for value in (0, 0.2, 0.6, 1)]
    assert bounds == pytest.approx([upper_bound(0, 300), 0.01585, 0.02760, upper_bound(0, 75)], abs=5e-5)
    with pytest.raises(ValueError, match="between 0 and 1"):
        clustered_upper_bound([0], [4], assumed_correlation=1.2)


@pytest.mark.parametrize("correlation", [0.2, 0.8])
def test_a_gate_on_clean_clusters_keeps_its_risk_where_one_on_clean_trials_does_not(correlation: float) -> None:
    clean = (drawn(0.01, correlation, 75, 4, 4000).sum(axis=1) == 0).mean()  # of a model that fails in 1 %
    assert clean > 0.08
    assert clustered_upper_bound([0] * 75, [4] * 75) > 0.01 >= upper_bound(0, 300)
    clean = (drawn(0.0392, correlation, 75, 4, 4000).sum(axis=1) == 0).mean()  # at the bound that clusters give
    assert clean <= 0.05


@pytest.mark.parametrize(
    ("rate", "clusters", "most"), [(0.05, 100, 0.985), (0.2, 100, 0.97), (0.05, 75, 0.99), (0.2, 75, 0.975)]
)
def test_both_forms_cover_where_four_paraphrases_share_a_goal(rate: float, clusters: int, most: float) -> None:
    sizes, hits = np.full(clusters, 4), {"exact": 0, "wilson": 0, "independent": 0}
    events = drawn(rate, 0.6, clusters, 4, 1500)
    for row in events:
        exact, wilson = clustered_interval(row, sizes), clustered_interval(row, sizes, form="wilson")
        naive = wilson_interval(int(row.sum()), 4 * clusters)
        for name, interval in (("exact", exact), ("wilson", wilson), ("independent", naive)):
            hits[name] += interval.low <= rate <= interval.high
    assert 0.945 <= hits["exact"] / len(events) <= most
    assert 0.93 <= hits["wilson"] / len(events) <= 0.975
    assert hits["independent"] / len(events) < 0.85


@pytest.mark.parametrize(
    ("rate", "correlation", "clusters", "size"), [(0.01, 0.6, 75, 4), (0.02, 0.9, 30, 4), (0.02, 0.2, 100, 4)]
)
def test_at_tiny_rates_the_interval_and_the_bound_are_wide_rather_than_wrong(
    rate: float, correlation: float, clusters: int, size: int
) -> None:
    sizes, events = np.full(clusters, size), drawn(rate, correlation, clusters, size, 1000)
    intervals = [clustered_interval(row, sizes) for row in events]
    assert np.mean([interval.low <= rate <= interval.high for interval in intervals]) >= 0.97
    assert np.mean([clustered_upper_bound(row, sizes) >= rate for row in events]) >= 0.95


@pytest.mark.parametrize("rate", [0.05, 0.2])
def test_the_one_sided_bounds_keep_their_risk(rate: float) -> None:
    sizes, events = np.full(100, 4), drawn(rate, 0.6, 100, 4, 1500)
    assert np.mean([clustered_upper_bound(row, sizes) >= rate for row in events]) >= 0.94
    assert np.mean([clustered_lower_bound(row, sizes) <= rate for row in events]) >= 0.94


def test_clusters_of_one_are_independent_trials() -> None:
    events = [1] * 12 + [0] * 48
    assert clustered_interval(events, [1] * 60) == pytest.approx(exact_interval(12, 60))
    assert clustered_interval([0] * 60, [1] * 60) == exact_interval(0, 60)


def test_one_failure_does_not_make_the_bound_lower_than_none() -> None:
    none, one = ([0] * 75, [1] + [0] * 74)
    assert clustered_upper_bound(one, [4] * 75) > clustered_upper_bound(none, [4] * 75)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=40), st.floats(0.6, 0.99))
def test_clusters_are_worth_no_more_than_their_trials_and_the_sides_mirror(
    pairs: list[tuple[int, int]], confidence: float
) -> None:
    events, trials = [first for first, _ in pairs], [first + second for first, second in pairs]
    sample = effective_sample(events, trials, confidence)
    assert 0 <= sample.events <= sample.trials <= sum(trials)
    assert sample.design_effect >= 1
    low, high = clustered_interval(events, trials, confidence)
    other = clustered_interval([second for _, second in pairs], trials, confidence)
    assert (low, high) == pytest.approx((1 - other.high, 1 - other.low), abs=1e-6)
    if sum(trials):
        assert low - 1e-9 <= sum(events) / sum(trials) <= high + 1e-9


def test_without_trials_nothing_is_said_and_empty_clusters_do_not_count() -> None:
    assert clustered_interval([], []) == clustered_interval([0, 0], [0, 0]) == Interval(0.0, 1.0)
    assert effective_sample([0, 1, 0], [4, 4, 0]).clusters == 2
    for events, trials in (([2], [1]), ([-1], [1])):
        with pytest.raises(ValueError, match="cannot be"):
            clustered_interval(events, trials)
    with pytest.raises(ValueError, match="held against"):
        clustered_interval([1, 2], [3])


def test_the_design_effect_is_that_of_kish() -> None:
    assert design_effect([4] * 75, 0.6) == pytest.approx(2.8)
    assert design_effect([1] * 10, 0.6) == design_effect([], 0.6) == 1
    assert design_effect([1, 3], 1.0) == pytest.approx(10 / 4)


def test_the_correlation_within_clusters_is_found_and_unknown_where_it_cannot_be() -> None:
    found = [intracluster_correlation(row, np.full(200, 4)) or 0.0 for row in drawn(0.2, 0.6, 200, 4, 50)]
    assert np.mean(found) == pytest.approx(0.6, abs=0.03)
    assert intracluster_correlation([2, 0, 2, 0], [2, 2, 2, 2]) == 1
    assert intracluster_correlation([1, 1, 1, 1], [2, 2, 2, 2]) == 0
    for events, trials in (([0, 0], [4, 4]), ([1, 0], [1, 1]), ([1], [4]), ([], [])):
        assert intracluster_correlation(events, trials) is None
