"""The best of several checkpoints."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from colonnade.statistics import (
    TradeOff,
    choose_and_report,
    exact_interval,
    joint_confidence,
    pareto_front,
    simultaneous_intervals,
)

CHECKPOINTS, ITEMS = 10, 400


def equals(generator: np.random.Generator, rate: float, alike: float) -> NDArray[np.int64]:
    """Checkpoints of one true rate, whose failures fall on the same items more or less."""
    shared = generator.random(ITEMS)
    own = generator.random((CHECKPOINTS, ITEMS))
    same = generator.random((CHECKPOINTS, ITEMS)) < alike
    return (np.where(same, shared, own) < rate).astype(np.int64)


@pytest.mark.parametrize("alike", [0.0, 0.8])
@pytest.mark.parametrize("rate", [0.05, 0.2])
def test_what_is_reported_is_covered_where_the_winners_own_half_is_not(rate: float, alike: float) -> None:
    generator, repeats, honest, cursed, bias = np.random.default_rng(20), 400, 0, 0, 0.0
    for repeat in range(repeats):
        outcomes = equals(generator, rate, alike)
        found = choose_and_report(outcomes, seed=repeat)
        honest += found.rate.low <= rate <= found.rate.high
        bias += found.rate_when_choosing - found.rate.estimate
        winner = exact_interval(int(outcomes.sum(axis=1).min()), ITEMS)
        cursed += winner.low <= rate <= winner.high
    assert 0.93 <= honest / repeats <= 0.992
    assert cursed / repeats < 0.92
    assert bias / repeats < -0.004


@pytest.mark.parametrize("alike", [0.0, 0.8])
@pytest.mark.parametrize("rate", [0.05, 0.2])
def test_all_intervals_hold_at_once_and_alike_checkpoints_need_less_room(rate: float, alike: float) -> None:
    generator, repeats, hits, each = np.random.default_rng(21), 300, 0, 0.0
    for repeat in range(repeats):
        found = simultaneous_intervals(equals(generator, rate, alike), seed=repeat, draws=2000)
        hits += all(low <= rate <= high for low, high in found.intervals)
        each += found.confidence_of_each
    assert 0.925 <= hits / repeats <= 0.99
    assert each / repeats <= joint_confidence(0.95, CHECKPOINTS)
    if alike:
        assert each / repeats < 0.993


def test_bonferroni_gives_each_checkpoint_the_exact_interval_at_a_tenth_of_the_risk() -> None:
    outcomes = equals(np.random.default_rng(22), 0.1, 0.5)
    found = simultaneous_intervals(outcomes, method="bonferroni")
    assert found.confidence_of_each == pytest.approx(0.995)
    for interval, row in zip(found.intervals, outcomes, strict=True):
        assert interval == pytest.approx(exact_interval(int(row.sum()), ITEMS, 0.995), abs=1e-3)


def test_checkpoints_that_never_fail_keep_an_honest_interval() -> None:
    found = simultaneous_intervals(np.zeros((3, 50)))
    assert found.intervals[0] == exact_interval(0, 50, found.confidence_of_each)
    assert found.confidence_of_each == pytest.approx(0.983, abs=2e-3)
    assert simultaneous_intervals(np.zeros((1, 50))).confidence_of_each == pytest.approx(0.95)


def test_no_cluster_lies_on_both_sides_and_the_best_is_found() -> None:
    clusters = np.repeat(np.arange(100), 4)
    outcomes = np.zeros((3, 400))
    outcomes[0, ::3], outcomes[2, ::5] = 1, 1
    outcomes[1] = clusters % 20 == 0  # whole clusters fail
    found = choose_and_report(outcomes, clusters)
    assert found.place == 1
    assert found.items_for_choosing == found.items_for_reporting == 200
    assert found == choose_and_report(outcomes, clusters)
    events = round(found.rate.estimate * 200)
    assert found.rate.high > exact_interval(events, 200).high  # clusters are counted, not their paraphrases


def test_outcomes_of_the_wrong_shape_are_refused() -> None:
    for outcomes, clusters, words in (
        (np.zeros(5), None, "checkpoints"),
        (np.zeros((2, 0)), None, "checkpoints"),
        (np.full((2, 3), 2), None, "between 0 and 1"),
        (np.zeros((2, 3)), [1, 2], "as many clusters"),
        (np.zeros((2, 3)), [1, 1, 1], "two clusters"),
    ):
        with pytest.raises(ValueError, match=words):
            choose_and_report(outcomes, clusters)


def test_only_candidates_that_nothing_beats_are_on_the_front() -> None:
    candidates = [
        TradeOff(harm=0.1, over_refusal=0.1, capability=0.5),
        TradeOff(harm=0.1, over_refusal=0.2, capability=0.5),
        TradeOff(harm=0.05, over_refusal=0.3, capability=0.5),
        TradeOff(harm=0.2, over_refusal=0.2, capability=0.9),
        TradeOff(harm=0.1, over_refusal=0.1, capability=0.5),
    ]
    assert pareto_front(candidates) == (0, 2, 3, 4)
    assert pareto_front([]) == ()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.builds(TradeOff, *[st.integers(0, 4)] * 3), min_size=1, max_size=15))
def test_every_candidate_is_on_the_front_or_beaten_by_one_that_is(candidates: list[TradeOff]) -> None:
    front = pareto_front(candidates)
    assert front

    def beats(one: TradeOff, other: TradeOff) -> bool:
        better = one.harm <= other.harm and one.over_refusal <= other.over_refusal
        return better and one.capability >= other.capability and one != other

    for place, candidate in enumerate(candidates):
        assert (place in front) != any(beats(candidates[winner], candidate) for winner in front)
