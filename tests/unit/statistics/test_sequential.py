"""A rate that is looked at again and again."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import bdtrc
from scipy.stats import beta

from colonnade.statistics import Interval, confidence_sequence, exact_interval, monitor_rate

LOOKS, EACH = 40, 25
TRIALS = np.arange(1, LOOKS + 1) * EACH


def watched(rate: float, repeats: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).binomial(EACH, rate, size=(repeats, LOOKS)).cumsum(axis=1)


@pytest.mark.parametrize("bound", [0.01, 0.05, 0.3])
def test_forty_looks_raise_few_false_alarms_where_the_fixed_test_raises_many(bound: float) -> None:
    rows = watched(bound, 4000, seed=12)
    assert np.mean([monitor_rate(row, TRIALS, bound).alarm for row in rows]) <= 0.03
    p_values = np.where(rows > 0, bdtrc(np.maximum(rows - 1, 0), TRIALS, bound), 1.0)
    assert (p_values <= 0.05).any(axis=1).mean() > 0.14


def test_a_rate_twice_the_bound_is_found_soon() -> None:
    found = [monitor_rate(row, TRIALS, 0.05) for row in watched(0.1, 500, seed=13)]
    assert np.mean([one.alarm for one in found]) > 0.98
    assert np.mean([one.first_alarm for one in found if one.first_alarm is not None]) < 12


def test_a_model_that_changes_under_way_and_looks_at_will_keep_the_promise() -> None:
    generator, alarms = np.random.default_rng(14), 0
    for _ in range(2000):  # the rate falls after each event and recovers, never over the bound
        rates = np.where(np.arange(LOOKS) % 2, 0.05, 0.01)
        alarms += monitor_rate(generator.binomial(EACH, rates).cumsum(), TRIALS, 0.05).alarm
    assert alarms / 2000 <= 0.05


def test_clusters_count_as_trials_and_their_rates_as_events() -> None:
    generator, whole, parts = np.random.default_rng(15), 0, 0
    rates = generator.beta(0.05 / 1.5, 0.95 / 1.5, size=(2000, 200))  # clusters of 4 with a correlation of .6
    events = generator.binomial(4, rates).cumsum(axis=1)[:, 4::5]
    clusters = np.arange(1, 201)[4::5]
    for row in events:
        parts += monitor_rate(row / 4, clusters, 0.05).alarm
        whole += monitor_rate(row, clusters * 4, 0.05).alarm
    assert parts / 2000 <= 0.05
    assert whole / 2000 > 0.08


def test_the_evidence_is_the_mixed_likelihood_ratio_by_quadrature() -> None:
    bound, events, trials = 0.05, 6, 60
    mixture = beta(1, (1 - bound) / bound)
    ratio = lambda rate: (rate / bound) ** events * ((1 - rate) / (1 - bound)) ** (trials - events)  # noqa: E731
    whole, _ = quad(lambda rate: ratio(rate) * mixture.pdf(rate), bound, 1)
    assert monitor_rate([events], [trials], bound).e_values[0] == pytest.approx(whole / mixture.sf(bound), rel=1e-6)


def test_the_alarm_stays_and_names_its_first_look() -> None:
    found = monitor_rate([0, 12, 12], [25, 50, 2000], 0.05)
    assert found.alarm
    assert found.first_alarm == 1
    assert found.e_values[2] < 20 <= found.e_values[1]
    assert found.p_value == pytest.approx(1 / found.e_values[1])
    assert monitor_rate([0, 3_000_000], [100, 3_000_100], 0.05).alarm
    assert monitor_rate([0], [3_000_000], 0.05).p_value == 1
    assert monitor_rate([], [], 0.05).alarm is False


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.5])
def test_the_sequence_holds_at_all_looks_at_once_where_the_exact_interval_does_not(rate: float) -> None:
    rows, always, fixed = watched(rate, 250, seed=16), 0, 0
    sequence, exact = lru_cache(maxsize=None)(confidence_sequence), lru_cache(maxsize=None)(exact_interval)
    for row in rows:
        looks = list(zip(row.tolist(), TRIALS.tolist(), strict=True))
        always += all(low <= rate <= high for low, high in (sequence(*look) for look in looks))
        fixed += all(low <= rate <= high for low, high in (exact(*look) for look in looks))
    assert always / len(rows) >= 0.97
    assert fixed / len(rows) < 0.9


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 400), st.integers(0, 400), st.floats(0.5, 0.999))
def test_the_sequence_holds_the_rate_contains_the_exact_interval_and_mirrors(
    events: int, others: int, confidence: float
) -> None:
    low, high = confidence_sequence(events, events + others, confidence)
    assert 0 <= low <= high <= 1
    mirrored = confidence_sequence(others, events + others, confidence)
    assert (low, high) == pytest.approx((1 - mirrored.high, 1 - mirrored.low), abs=1e-7)
    if events + others and confidence >= 0.9:
        exact = exact_interval(events, events + others, confidence)
        assert low <= exact.low + 1e-9
        assert high >= exact.high - 1e-9


def test_without_trials_nothing_is_said_and_falling_counts_are_refused() -> None:
    assert confidence_sequence(0, 0) == Interval(0.0, 1.0)
    for events, trials in (([3, 2], [10, 20]), ([0, 5], [10, 12]), ([-1], [10]), ([5], [4]), ([1, 2], [3])):
        with pytest.raises(ValueError, match="look"):
            monitor_rate(events, trials, 0.05)
    with pytest.raises(ValueError, match="bound"):
        monitor_rate([0], [10], 0.0)
