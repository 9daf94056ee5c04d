"""How many prompts, before the run."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from colonnade.statistics import (
    Discordance,
    bound_within_reach,
    clean_trials_needed,
    discordance,
    mcnemar_exact,
    paired_power,
    pairs_needed,
    smallest_visible_difference,
    trials_for_upper_bound,
    upper_bound,
)


def test_the_more_alike_two_models_fail_the_fewer_prompts_tell_them_apart() -> None:
    needed = [pairs_needed(discordance(0.05, 0.03, correlation)) for correlation in (0.0, 0.3, 0.6)]
    assert needed == sorted(needed, reverse=True)
    assert needed[1:] == pytest.approx([1071, 634], rel=0.08)  # those are for the normal test, which is laxer


@pytest.mark.parametrize("cells", [discordance(0.05, 0.03, 0.3), discordance(0.2, 0.1, 0.5), Discordance(0.0, 0.1)])
def test_so_many_prompts_have_the_power_asked_for(cells: Discordance) -> None:
    pairs = pairs_needed(cells)
    shares = [*cells, 1 - sum(cells)]
    drawn = np.random.default_rng(23).multinomial(pairs, shares, size=4000)[:, :2].tolist()
    seen = np.mean([mcnemar_exact(first, second) <= 0.05 for first, second in drawn])
    assert seen == pytest.approx(paired_power(pairs, cells), abs=0.02)
    assert 0.79 <= paired_power(pairs, cells) <= 0.9


@pytest.mark.parametrize("pairs", [1, 7, 40])
def test_the_power_is_the_sum_over_all_discordant_counts(pairs: int) -> None:
    first, second = 0.1, 0.35
    whole = sum(
        binom.pmf(count, pairs, first + second) * binom.pmf(hits, count, first / (first + second))
        for count in range(pairs + 1)
        for hits in range(count + 1)
        if mcnemar_exact(hits, count - hits) <= 0.05
    )
    assert paired_power(pairs, Discordance(first, second)) == pytest.approx(whole, abs=1e-9)


def test_equal_models_cannot_be_told_apart() -> None:
    with pytest.raises(ValueError, match="equally often"):
        pairs_needed(discordance(0.05, 0.05))
    with pytest.raises(ValueError, match="10000000"):
        trials_for_upper_bound(0.01, 0.0099999)
    assert paired_power(100, Discordance(0.0, 0.0)) == 0


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(-1, 1))
def test_discordant_shares_are_shares_and_keep_the_difference(first: float, second: float, correlation: float) -> None:
    cells = discordance(first, second, correlation)
    assert min(cells) >= -1e-12
    assert sum(cells) <= 1 + 1e-12
    assert cells.only_first - cells.only_second == pytest.approx(first - second, abs=1e-12)


def test_clusters_need_their_design_effect_more() -> None:
    cells = discordance(0.05, 0.03, 0.3)
    assert pairs_needed(cells, clustering=2.8) == math.ceil(2.8 * pairs_needed(cells))
    assert trials_for_upper_bound(0.01, 0.0, clustering=4.0) == 4 * 299


def test_the_smallest_rise_that_can_be_seen_is_seen_and_a_smaller_one_is_not() -> None:
    found = smallest_visible_difference(500, 0.05, 0.3)
    assert found is not None
    assert 0.02 < found < 0.06
    assert paired_power(500, discordance(0.05, 0.05 + found, 0.3)) >= 0.8
    assert paired_power(500, discordance(0.05, 0.05 + found - 1e-3, 0.3)) < 0.8
    clustered = smallest_visible_difference(500, 0.05, 0.3, clustering=2.8)
    assert clustered is not None
    assert clustered > found
    assert smallest_visible_difference(3, 0.05) is None
    assert smallest_visible_difference(300, 1.0) is None


def test_a_model_without_failures_needs_the_clean_trials() -> None:
    for threshold in (0.1, 0.01, 0.001):
        assert trials_for_upper_bound(threshold, 0.0) == clean_trials_needed(threshold)


@pytest.mark.parametrize(("threshold", "rate"), [(0.02, 0.01), (0.01, 0.002), (0.05, 0.03)])
def test_after_so_many_trials_the_bound_falls_under_the_threshold_as_often_as_asked(
    threshold: float, rate: float
) -> None:
    trials = trials_for_upper_bound(threshold, rate)
    drawn = np.random.default_rng(24).binomial(trials, rate, size=3000)
    under = np.mean([upper_bound(int(events), trials) <= threshold for events in drawn])
    assert 0.78 <= under <= 0.88


def test_no_number_of_trials_shows_what_is_not_so() -> None:
    for threshold, rate in ((0.01, 0.01), (0.01, 0.02), (1.0, 0.1), (0.01, -0.1)):
        with pytest.raises(ValueError, match="no number"):
            trials_for_upper_bound(threshold, rate)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3000), st.just(0.0) | st.floats(1e-6, 0.5), st.floats(0.5, 0.95))
def test_the_bound_within_reach_is_reached_as_often_as_asked(trials: int, rate: float, power: float) -> None:
    bound = bound_within_reach(trials, rate, power)
    events = np.arange(trials + 1)
    chance = binom.pmf(events, trials, rate)
    under = sum(
        chance[count] for count in events if chance[count] > 1e-12 and upper_bound(count, trials) <= bound + 1e-9
    )
    assert under >= power - 1e-6


def test_three_hundred_clean_trials_reach_one_percent() -> None:
    assert bound_within_reach(300, 0.0) == pytest.approx(upper_bound(0, 300))
    assert bound_within_reach(300, 0.0, clustering=4) == pytest.approx(upper_bound(0, 75))
    assert bound_within_reach(0, 0.1) == 1.0
