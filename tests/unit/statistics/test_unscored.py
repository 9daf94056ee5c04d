"""Items without a verdict."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.statistics import (
    Interval,
    clustered_rate,
    clustered_unscored_interval,
    exact_interval,
    unscored_bounds,
    unscored_lower_bound,
    unscored_upper_bound,
    upper_bound,
)


def test_twenty_of_a_thousand_flagged_and_thirty_unjudged_may_be_two_or_five_percent() -> None:
    found = unscored_bounds(events=20, scored=970, unscored=30)
    assert (found.low, found.high, found.scored) == pytest.approx((0.02, 0.05, 0.97))
    assert found.interval.low < 0.02 < 0.05 < found.interval.high


def shares_unscored(kind: str, rate: float) -> tuple[float, float]:
    """Chance of being unscored for an event and for any other item, so that a tenth is unscored over all."""
    return {
        "at random": (0.1, 0.1),
        "only failures": (0.1 / rate, 0.0),
        "only fine ones": (0.0, 0.1 / (1 - rate)),
        "mostly failures": (0.08 / rate, 0.02 / (1 - rate)),
    }[kind]


@pytest.mark.parametrize(
    ("kind", "most", "dropped"),
    [("at random", 1.0, 0.93), ("only failures", 0.98, 0), ("only fine ones", 0.98, 0), ("mostly failures", 1.0, 0)],
)
@pytest.mark.parametrize(("rate", "items"), [(0.15, 300), (0.2, 1000)])
def test_the_bounds_cover_the_rate_whatever_the_unscored_items_were(
    kind: str, most: float, dropped: float, rate: float, items: int
) -> None:
    generator, repeats = np.random.default_rng(7), 800
    failed, fine = shares_unscored(kind, rate)
    events = generator.binomial(items, rate, size=repeats)
    lost_events, lost_fine = generator.binomial(events, failed), generator.binomial(items - events, fine)
    covered = ignored = 0
    for event, first, second in zip(events, lost_events, lost_fine, strict=True):
        seen, unscored = int(event - first), int(first + second)
        interval = unscored_bounds(seen, items - unscored, unscored).interval
        naive = exact_interval(seen, items - unscored)
        covered += interval.low <= rate <= interval.high
        ignored += naive.low <= rate <= naive.high
    assert 0.93 <= covered / repeats <= most
    if dropped:
        assert ignored / repeats >= dropped  # leaving them out is right only if nothing is amiss
    elif kind != "only fine ones":
        assert ignored / repeats < 0.5


def test_the_gate_reads_the_end_at_which_everything_unscored_failed() -> None:
    assert unscored_upper_bound(0, 290, 10) == upper_bound(10, 300)
    assert unscored_lower_bound(20, 290, 10) == pytest.approx(exact_interval(20, 300, 0.9).low)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 50))
def test_more_unscored_items_never_narrow_the_interval_and_none_is_the_exact_one(
    events: int, fine: int, unscored: int
) -> None:
    scored = events + fine
    found = unscored_bounds(events, scored, unscored)
    assert found.interval.low <= found.low <= found.high <= found.interval.high
    plain = unscored_bounds(events, scored, 0)
    assert plain.interval == pytest.approx(exact_interval(events, scored), abs=1e-6)
    if scored + unscored:
        wider = unscored_bounds(events, scored, unscored + 10).interval
        assert wider.high >= found.interval.high - 0.02
        assert wider.low <= found.interval.low + 0.02


def test_clustered_items_take_the_worst_end_of_each_cluster() -> None:
    interval = clustered_unscored_interval([0] * 75, [4] * 75, [0] * 75)
    assert interval == exact_interval(0, 75)
    with_gaps = clustered_unscored_interval([0] * 75, [3] * 75, [1] * 75)
    assert with_gaps.low == 0
    assert with_gaps.high > 0.25


def test_without_items_nothing_is_said_and_impossible_counts_are_refused() -> None:
    assert unscored_bounds(0, 0, 0).interval == Interval(0.0, 1.0)
    assert unscored_bounds(0, 0, 5).interval == Interval(0.0, 1.0)
    for counts in ((-1, 5, 0), (6, 5, 0), (1, 5, -1)):
        with pytest.raises(ValueError, match="cannot be"):
            unscored_bounds(*counts)


def test_a_rate_over_lone_items_is_the_exact_one_and_counts_the_unscored_at_their_worst() -> None:
    items = [(str(place), place < 3) for place in range(20)]
    found = clustered_rate(items)
    assert (found.events, found.scored, found.unscored, found.clusters) == (3, 20, 0, 20)
    assert (found.low, found.high) == pytest.approx(exact_interval(3, 20))
    open_too = clustered_rate([*items, ("open", None)])
    assert (open_too.rate, open_too.unscored) == (0.15, 1)
    assert open_too.low < found.low
    assert open_too.high > found.high
    assert open_too.upper == pytest.approx(upper_bound(4, 21))


def test_a_rate_over_nothing_is_none_and_may_be_anything() -> None:
    found = clustered_rate([])
    assert found.rate is None
    assert (found.low, found.high, found.clusters) == (0.0, 1.0, 0)
