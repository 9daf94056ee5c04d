from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from colonnade.guard.detection.material import Labelled
from colonnade.guard.detection.thresholds import NEVER, Calibrated, Tail, _cost, _tail, balanced, calibrate
from colonnade.records import Bound, Clause
from colonnade.statistics import upper_bound
from tests.unit.guard.small_policies import clause

BOUNDS = {"violation_rate": {"max": 0.1, "confidence": 0.95}, "overrefusal_rate": {"max": 0.1, "confidence": 0.95}}


def topic(**changes: object) -> Clause:
    return clause("a.topic", **{"exceptions": (), "thresholds": BOUNDS, **changes})


def calibrated(
    above: list[float],
    under: list[float],
    everyday: list[float],
    clusters: list[str] | None = None,
    each: Clause | None = None,
) -> Calibrated:
    rows = [Labelled("", "a.topic", True, None, f"above/{place}") for place in range(len(above))]
    rows += [Labelled("", "a.topic", False, None, f"under/{place}") for place in range(len(under))]
    rows += [Labelled("", None, False, None, f"everyday/{place}") for place in range(len(everyday))]
    if clusters:
        rows = [row._replace(cluster=name) for row, name in zip(rows, clusters, strict=True)]
    return calibrate(np.array([*above, *under, *everyday])[:, None], rows, (each or topic(),))


def spread(low: float, high: float, count: int) -> list[float]:
    return np.linspace(low, high, count).tolist()


def test_enough_labels_that_lie_apart_show_both_bounds_and_leave_nothing_uncertain() -> None:
    found = calibrated(spread(0.6, 0.9, 60), spread(0.1, 0.3, 60), spread(0, 0.05, 200))
    (limits,), (report,) = found.limits, found.topics
    assert 0.3 < limits.low == limits.high < 0.62
    assert report.misses.shown
    assert report.held_back.shown
    assert (report.misses.events, report.held_back.events, found.everyday.events) == (0, 0, 0)
    assert report.remarks == ()


def test_labels_that_overlap_leave_a_band_between_the_thresholds() -> None:
    found = calibrated(spread(0.3, 0.9, 80), spread(0.1, 0.6, 80), spread(0, 0.05, 200))
    (limits,), (report,) = found.limits, found.topics
    assert limits.low < limits.high < 1
    assert report.misses.shown
    assert report.false_alarms.shown
    assert not report.held_back.shown
    assert report.held_back.events > report.false_alarms.events


@pytest.mark.parametrize("labels", [1, 5, 20, 28])
def test_labels_too_few_to_show_a_bound_make_nothing_certain_and_miss_nothing(labels: int) -> None:
    found = calibrated(spread(0.5, 0.9, labels), spread(0.1, 0.2, labels), spread(0, 0.05, 200))
    (limits,), (report,) = found.limits, found.topics
    assert limits.low < 0.5
    assert math.isinf(limits.high)
    assert report.high is None
    assert not report.misses.shown
    assert report.misses.events == 0
    assert f"0 misses in {labels} labels do not show 10% at 95%" in report.remarks
    assert any("nothing is certain" in remark for remark in report.remarks)


def test_twenty_nine_clean_labels_show_ten_percent_and_one_cluster_of_them_does_not() -> None:
    scores = spread(0.5, 0.9, 29), spread(0.1, 0.2, 29), spread(0, 0.05, 200)
    assert calibrated(*scores).topics[0].misses.shown
    clusters = ["one"] * 29 + [f"under/{place}" for place in range(29)] + [f"e/{place}" for place in range(200)]
    assert not calibrated(*scores, clusters).topics[0].misses.shown


def test_everyday_texts_hold_the_lower_threshold_up_and_the_misses_are_counted() -> None:
    found = calibrated(spread(0.0, 0.4, 10), spread(0, 0.1, 10), spread(0.2, 0.3, 252))
    (limits,), (report,) = found.limits, found.topics
    assert 0.25 < limits.low < 0.3
    assert found.everyday.shown
    assert 0 < found.everyday.events <= 0.1 * 252
    assert report.misses.events == sum(score < limits.low for score in spread(0.0, 0.4, 10))
    assert found.misses.events == report.misses.events


def test_a_clause_that_bounds_nothing_is_told_so() -> None:
    found = calibrated(spread(0.5, 0.9, 60), spread(0.1, 0.2, 60), spread(0, 0.05, 200), each=topic(thresholds={}))
    assert found.topics[0].high is None
    assert "the clause bounds no misses" in found.topics[0].remarks


def test_nothing_lies_above_a_recipe() -> None:
    found = calibrated([0.9] * 5, [0.1] * 40, [0.0] * 50, each=topic(ceiling="recipe"))
    assert found.limits[0].low == NEVER
    assert found.topics[0].remarks == ("nothing lies above the ceiling",)


def test_without_labels_of_a_topic_the_rate_is_unknown_and_not_zero() -> None:
    found = calibrated([], [0.1, 0.2], [0.0] * 50)
    misses = found.topics[0].misses
    assert (misses.events, misses.items, misses.low, misses.high, misses.shown) == (0, 0, 0.0, 1.0, False)


def test_a_long_text_has_to_score_as_high_as_chance_makes_a_short_one_rare() -> None:
    tail, low, strong = Tail(0.3, 0.1), np.array([0.32, 0.5]), np.array([0.53, 0.53])
    assert tail.raised(low, strong, 1).tolist() == tail.raised(low, strong, 4).tolist() == low.tolist()
    twice = tail.raised(low, strong, 8)
    assert twice[0] == pytest.approx(0.32 + 0.1 * np.log(2))
    assert tail.raised(low, strong, 10_000).tolist() == strong.tolist()
    assert tail.reached_by(0.01) == pytest.approx(0.3 + 0.1 * np.log(10))


def test_the_tail_of_an_exponential_is_found() -> None:
    scores = np.random.default_rng(7).exponential(0.05, size=20_000)
    found = _tail(scores)
    assert found.scale == pytest.approx(0.05, rel=0.1)
    assert (scores >= found.reached_by(0.001)).mean() == pytest.approx(0.001, rel=0.5)


def labelled(above: list[float], under: list[float]) -> tuple[np.ndarray, list[Labelled]]:
    rows = [Labelled("", "a.topic", True, None, f"above/{place}") for place in range(len(above))]
    rows += [Labelled("", "a.topic", False, None, f"under/{place}") for place in range(len(under))]
    return np.array([*above, *under])[:, None], rows


def test_errors_are_balanced_where_a_half_more_are_held_back_than_missed() -> None:
    scores, rows = labelled(spread(0.3, 0.9, 100), spread(0.1, 0.7, 100))
    (low,) = balanced(scores, rows, (topic(),))
    missed, held = (scores[:100] < low).mean(), (scores[100:] >= low).mean()
    assert held == pytest.approx(1.5 * missed, abs=0.02)


def test_a_clause_that_bounds_its_misses_tighter_is_held_to_a_lower_threshold() -> None:
    scores, rows = labelled(spread(0.3, 0.9, 100), spread(0.1, 0.7, 100))
    tight = {**BOUNDS, "violation_rate": {"max": 0.05, "confidence": 0.95}}
    never = {**BOUNDS, "violation_rate": {"max": 0, "confidence": 0.95}}
    lows = [balanced(scores, rows, (topic(thresholds=bounds),))[0] for bounds in (never, tight, BOUNDS, {})]
    assert lows[0] < lows[1] < lows[2] == lows[3]
    assert not (scores[:100] < lows[0]).any()


def test_a_balance_is_not_read_off_a_few_labels_and_nothing_is_no_threshold() -> None:
    scores, rows = labelled([0.0, *spread(0.3, 0.9, 10)], spread(0.1, 0.7, 100))
    assert balanced(scores, rows, (topic(),)) == (pytest.approx(0.3),)
    nothing, rows = labelled([0.0] * 40, [0.0] * 40)
    assert balanced(nothing, rows, (topic(),)) == (NEVER,)


def test_given_thresholds_stand_and_nothing_lies_above_a_recipe_all_the_same() -> None:
    scores, rows = labelled(spread(0.3, 0.9, 60), spread(0.1, 0.2, 60))
    (limit,) = calibrate(scores, rows, (topic(),), [0.5]).limits
    assert limit.low == 0.5 <= limit.high
    (never,) = calibrate(scores, rows, (topic(ceiling="recipe"),), [0.5]).limits
    assert never.low == NEVER


def test_hardly_a_text_above_a_ceiling_lies_further_than_near() -> None:
    found = calibrated(spread(0.0, 0.9, 101), spread(0, 0.1, 10), [0.0] * 20)
    assert found.near == pytest.approx(0.05 * 0.9)
    assert len(found.nearest) == 131


@given(st.integers(0, 60), st.integers(0, 12), st.sampled_from([0.05, 0.1, 0.2]), st.sampled_from([0.9, 0.95]))
def test_so_many_more_labels_show_a_bound_at_the_same_rate_and_one_fewer_does_not(
    items: int, events: int, most: float, confidence: float
) -> None:
    events, bound = min(events, items), Bound(max=most, confidence=confidence)
    cost = _cost(np.arange(items) < events, np.arange(items), bound)
    rate = events / items if items else 0.0
    assert (cost.needed == 0) == cost.shown
    if cost.needed is None:
        assert rate >= most or upper_bound(rate * 100_000, 100_000, confidence) > most
    elif cost.needed:
        enough, short = items + cost.needed, items + cost.needed - 1
        assert upper_bound(rate * enough, enough, confidence) <= most
        assert short == 0 or upper_bound(rate * short, short, confidence) > most


def test_nineteen_clean_labels_lack_ten_and_labels_of_one_cluster_count_as_one() -> None:
    bound, clean = Bound(max=0.1, confidence=0.95), np.zeros(19, dtype=bool)
    assert _cost(clean, np.arange(19), bound).needed == 10
    assert _cost(clean, np.zeros(19, dtype=int), bound).needed == 28
    assert _cost(np.ones(19, dtype=bool), np.arange(19), bound).needed is None
    assert _cost(clean, np.arange(19)).needed is None
    assert _cost(clean, np.arange(19), Bound(max=0.0, confidence=0.95)).needed is None
