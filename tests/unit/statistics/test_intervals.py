"""Intervals that keep what they promise, above all at zero."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from colonnade.statistics import (
    Interval,
    bootstrap_ratio,
    clean_trials_needed,
    events_needed,
    exact_interval,
    joint_confidence,
    lower_bound,
    upper_bound,
    wilson_interval,
)

COUNTS = st.integers(1, 400).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))
CONFIDENCES = st.floats(0.5, 0.999)


@pytest.mark.parametrize("rate", [0.0, 0.003, 0.05, 0.3, 0.5, 0.97, 1.0])
@pytest.mark.parametrize("trials", [1, 10, 60, 300])
def test_the_exact_interval_covers_the_true_rate_at_least_as_often_as_it_says(rate: float, trials: int) -> None:
    drawn = np.random.default_rng(7).binomial(trials, rate, size=4000)
    intervals = {events: exact_interval(events, trials) for events in np.unique(drawn).tolist()}
    covered = np.mean([intervals[events].low <= rate <= intervals[events].high for events in drawn.tolist()])
    assert covered >= 0.94, "95 % less what 4000 draws may miss by chance"
    chances = binom.pmf(np.arange(trials + 1), trials, rate)
    inside = [
        interval.low <= rate <= interval.high for interval in (exact_interval(n, trials) for n in range(trials + 1))
    ]
    assert chances[inside].sum() >= 0.95 - 1e-9, "summed over every outcome, without chance"


@pytest.mark.parametrize("rate", [0.003, 0.05, 0.3, 0.5, 0.97])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_each_one_sided_bound_holds_at_least_as_often_as_it_says(rate: float, confidence: float) -> None:
    trials = 80
    chances = binom.pmf(np.arange(trials + 1), trials, rate)
    uppers = [upper_bound(events, trials, confidence) >= rate for events in range(trials + 1)]
    lowers = [lower_bound(events, trials, confidence) <= rate for events in range(trials + 1)]
    assert chances[uppers].sum() >= confidence - 1e-9
    assert chances[lowers].sum() >= confidence - 1e-9


def test_nothing_of_three_hundred_is_one_percent_and_not_zero() -> None:
    assert upper_bound(0, 300) == pytest.approx(0.00994, abs=1e-5)
    assert exact_interval(0, 300).high == pytest.approx(0.01222, abs=1e-5)
    assert exact_interval(0, 300).low == 0.0
    assert exact_interval(300, 300).high == 1.0


def test_without_trials_an_interval_says_nothing() -> None:
    assert exact_interval(0, 0) == Interval(0.0, 1.0)
    assert (lower_bound(0, 0), upper_bound(0, 0)) == (0.0, 1.0)


@settings(max_examples=50, deadline=None)
@given(COUNTS, CONFIDENCES)
def test_the_interval_is_that_of_clopper_and_pearson(counts: tuple[int, int], confidence: float) -> None:
    events, trials = counts
    reference = binomtest(events, trials).proportion_ci(confidence, method="exact")
    assert exact_interval(events, trials, confidence) == pytest.approx((reference.low, reference.high), abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(COUNTS, CONFIDENCES)
def test_the_ends_lie_around_the_rate_and_mirror_each_other(counts: tuple[int, int], confidence: float) -> None:
    events, trials = counts
    interval = exact_interval(events, trials, confidence)
    assert 0 <= interval.low <= events / trials <= interval.high <= 1
    mirrored = exact_interval(trials - events, trials, confidence)
    assert (1 - interval.high, 1 - interval.low) == pytest.approx(mirrored, abs=1e-9)
    assert interval.low <= lower_bound(events, trials, confidence) + 1e-12
    assert upper_bound(events, trials, confidence) <= interval.high + 1e-12


@settings(max_examples=50, deadline=None)
@given(COUNTS, st.integers(1, 50))
def test_more_events_and_less_evidence_raise_the_upper_bound(counts: tuple[int, int], more: int) -> None:
    events, trials = counts
    assert upper_bound(events + more, trials + more) >= upper_bound(events, trials)
    assert upper_bound(events, trials) >= upper_bound(events, trials + more)


@pytest.mark.parametrize(("events", "trials"), [(-1, 10), (11, 10), (1, 0)])
def test_counts_that_cannot_be_are_refused(events: int, trials: int) -> None:
    for function in (exact_interval, lower_bound, upper_bound):
        with pytest.raises(ValueError, match="cannot be"):
            function(events, trials)


def test_how_many_clean_trials_a_bound_needs() -> None:
    assert clean_trials_needed(0.001) == 2995
    assert clean_trials_needed(0.1) == 29
    assert clean_trials_needed(0.01, 0.99) == 459
    assert clean_trials_needed(1.0) == 0
    for bound in (0.0, 5e-324, -1.0):
        with pytest.raises(ValueError, match="no number of trials"):
            clean_trials_needed(bound)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.002, 0.9), st.floats(0.6, 0.99))
def test_so_many_clean_trials_are_enough_and_one_less_is_not(bound: float, confidence: float) -> None:
    needed = clean_trials_needed(bound, confidence)
    assert upper_bound(0, needed, confidence) <= bound + 1e-9
    if needed > 1:
        assert upper_bound(0, needed - 1, confidence) > bound - 1e-9


def test_the_bootstrap_covers_a_ratio_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(3)
    hits, repeats = 0, 200
    for repeat in range(repeats):
        bottoms = generator.integers(5, 50, size=60).astype(float)
        tops = bottoms * generator.gamma(4, 0.5, size=60)  # the true ratio is 2
        low, high = bootstrap_ratio(tops.tolist(), bottoms.tolist(), seed=repeat, draws=400)
        hits += low <= 2 <= high
    assert 0.88 <= hits / repeats <= 0.99


def test_the_bootstrap_repeats_itself_with_the_same_seed() -> None:
    tops, bottoms = [place**1.3 for place in range(1, 30)], [float(place) for place in range(1, 30)]
    assert bootstrap_ratio(tops, bottoms, seed=1) == bootstrap_ratio(tops, bottoms, seed=1)
    assert bootstrap_ratio(tops, bottoms, seed=1) != bootstrap_ratio(tops, bottoms, seed=2)
    assert bootstrap_ratio([2.0, 4.0], [1.0, 2.0]) == Interval(2.0, 2.0)


@settings(max_examples=50, deadline=None)
@given(COUNTS, CONFIDENCES)
def test_the_score_interval_is_that_of_wilson(counts: tuple[int, int], confidence: float) -> None:
    events, trials = counts
    reference = binomtest(events, trials).proportion_ci(confidence, method="wilson")
    assert wilson_interval(events, trials, confidence) == pytest.approx((reference.low, reference.high), abs=1e-9)


def test_nine_of_fifteen_may_be_four_fifths_and_without_trials_nothing_is_said() -> None:
    assert wilson_interval(9, 15) == pytest.approx((0.3575, 0.8018), abs=1e-4)
    assert wilson_interval(0, 0) == Interval(0.0, 1.0)
    with pytest.raises(ValueError, match="cannot be"):
        wilson_interval(2, 1)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 400), st.floats(0.01, 0.99), CONFIDENCES)
def test_so_many_events_are_enough_and_one_less_is_not(trials: int, rate: float, confidence: float) -> None:
    needed = events_needed(trials, rate, confidence)
    if needed is None:
        assert wilson_interval(trials, trials, confidence).low < rate
        return
    assert wilson_interval(needed, trials, confidence).low >= rate
    assert needed == 0 or wilson_interval(needed - 1, trials, confidence).low < rate


def test_ten_intervals_that_hold_together_are_each_wider() -> None:
    assert joint_confidence(0.95, 10) == pytest.approx(0.995)
    assert joint_confidence(0.95, 1) == joint_confidence(0.95, 0) == pytest.approx(0.95)
