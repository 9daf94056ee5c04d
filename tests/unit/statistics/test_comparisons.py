"""Two models on the same prompts."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import binomtest

from colonnade.statistics import (
    Difference,
    clustered_paired_difference,
    clustered_sign_test,
    mcnemar_exact,
    non_inferiority,
    paired_difference,
    tango_difference,
)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 80), st.integers(0, 80))
def test_mcnemar_is_the_two_sided_binomial_test_of_the_discordant_pairs(first: int, second: int) -> None:
    expected = binomtest(first, first + second, 0.5).pvalue if first + second else 1.0
    assert mcnemar_exact(first, second) == pytest.approx(expected, abs=1e-12)
    assert mcnemar_exact(first, second) == mcnemar_exact(second, first)


def test_pairs_that_agree_say_nothing() -> None:
    assert mcnemar_exact(0, 0) == 1.0
    assert mcnemar_exact(5, 5) == 1.0
    assert mcnemar_exact(10, 0) == pytest.approx(2 / 1024)


@pytest.mark.parametrize(
    ("only_first", "only_second", "pairs"), [(0.05, 0.05, 200), (0.2, 0.05, 200), (0.02, 0.1, 150), (0.3, 0.25, 60)]
)
def test_the_interval_of_a_paired_difference_covers_it_as_often_as_it_says(
    only_first: float, only_second: float, pairs: int
) -> None:
    cells = [only_first, only_second, 1 - only_first - only_second]
    drawn = np.random.default_rng(11).multinomial(pairs, cells, size=6000)[:, :2].tolist()
    interval = lru_cache(maxsize=None)(lambda first, second: paired_difference(first, second, pairs))
    truth = only_second - only_first
    covered = np.mean([interval(*row).low <= truth <= interval(*row).high for row in drawn])
    assert 0.93 <= covered <= 0.975


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 100), st.floats(0.5, 0.99))
def test_the_difference_lies_in_its_interval_and_changes_its_sign_with_the_sides(
    first: int, second: int, agreed: int, confidence: float
) -> None:
    pairs = first + second + agreed
    there, back = (paired_difference(*sides, pairs, confidence) for sides in ((first, second), (second, first)))
    assert -1 <= there.low <= there.high <= 1
    assert there.estimate == -back.estimate
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    if confidence >= 0.9:  # the interval is drawn a little towards none, so a narrow one may miss its estimate
        assert there.low - 0.06 <= there.estimate <= there.high + 0.06


def test_without_pairs_a_difference_says_nothing() -> None:
    assert paired_difference(0, 0, 0) == Difference(0.0, -1.0, 1.0)


def test_a_difference_is_the_second_rate_less_the_first() -> None:
    found = paired_difference(only_first=20, only_second=5, pairs=100)
    assert found.estimate == pytest.approx(-0.15)
    assert found.low < -0.15 < found.high < 0


def test_no_discordant_pair_still_leaves_an_interval() -> None:
    found = paired_difference(0, 0, 50)
    assert found.estimate == 0
    assert found.low < 0 < found.high


CELLS = [(0.05, 0.05, 200), (0.2, 0.05, 200), (0.02, 0.1, 150), (0.3, 0.25, 60)]


@pytest.mark.parametrize(("only_first", "only_second", "pairs"), CELLS)
def test_the_score_interval_covers_the_difference(only_first: float, only_second: float, pairs: int) -> None:
    cells = [only_first, only_second, 1 - only_first - only_second]
    drawn = np.random.default_rng(17).multinomial(pairs, cells, size=4000)[:, :2].tolist()
    interval = lru_cache(maxsize=None)(lambda first, second: tango_difference(first, second, pairs))
    truth = only_second - only_first
    assert 0.935 <= np.mean([interval(*row).low <= truth <= interval(*row).high for row in drawn]) <= 0.97


def standardised(only_first: int, only_second: int, pairs: int, difference: float) -> float:
    """The score at this difference, its most likely cells found by search."""

    def unlikely(first: float) -> float:
        cells = (first, first + difference, 1 - 2 * first - difference)
        counts = (only_first, only_second, pairs - only_first - only_second)
        return -sum(count * np.log(max(cell, 1e-300)) for count, cell in zip(counts, cells, strict=True) if count)

    low, high = max(0.0, -difference), (1 - difference) / 2
    first = minimize_scalar(unlikely, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
    variance = pairs * (2 * first + difference - difference**2)
    return float((only_second - only_first - pairs * difference) / np.sqrt(variance))


@pytest.mark.parametrize("counts", [(9, 16, 117), (1, 8, 44), (30, 2, 60), (0, 4, 50)])
def test_the_ends_of_the_score_interval_are_two_standard_errors_away(counts: tuple[int, int, int]) -> None:
    found = tango_difference(*counts)
    assert standardised(*counts, found.low) == pytest.approx(1.96, abs=2e-3)
    assert standardised(*counts, found.high) == pytest.approx(-1.96, abs=2e-3)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 100), st.floats(0.5, 0.99))
def test_the_score_interval_holds_its_difference_and_mirrors(
    first: int, second: int, agreed: int, confidence: float
) -> None:
    pairs = first + second + agreed
    there, back = (tango_difference(*sides, pairs, confidence) for sides in ((first, second), (second, first)))
    assert -1 <= there.low <= there.estimate <= there.high <= 1
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low), abs=1e-6)


@pytest.mark.parametrize(
    ("only_first", "only_second", "pairs"), [(0.03, 0.08, 200), (0.0, 0.05, 200), (0.1, 0.15, 400)]
)
def test_a_model_worse_by_the_margin_is_seldom_passed(only_first: float, only_second: float, pairs: int) -> None:
    cells = [only_first, only_second, 1 - only_first - only_second]
    drawn = np.random.default_rng(18).multinomial(pairs, cells, size=6000)[:, :2].tolist()
    shown = lru_cache(maxsize=None)(lambda first, second: non_inferiority(first, second, pairs, 0.05).shown)
    assert np.mean([shown(*row) for row in drawn]) <= 0.06


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 300), st.floats(0.01, 0.3))
def test_it_is_shown_where_the_interval_ends_under_the_margin(
    first: int, second: int, agreed: int, margin: float
) -> None:
    found = non_inferiority(first, second, first + second + agreed, margin)
    assert 0 <= found.p_value <= 1
    if abs(found.difference.high - margin) > 1e-6:
        assert found.shown == (found.difference.high < margin)


def test_a_model_that_is_no_worse_is_passed_with_enough_pairs_and_never_without() -> None:
    assert non_inferiority(10, 10, 1000, 0.03).shown
    assert not non_inferiority(1, 1, 20, 0.03).shown
    assert non_inferiority(0, 0, 0, 0.03)[:2] == (False, 1.0)
    with pytest.raises(ValueError, match="margin"):
        non_inferiority(1, 1, 20, 0.0)
    with pytest.raises(ValueError, match="cannot be"):
        non_inferiority(15, 10, 20, 0.1)


@pytest.mark.parametrize(
    ("only_first", "only_second", "clusters", "most"),
    [(0.05, 0.05, 100, 0.975), (0.2, 0.05, 100, 0.97), (0.1, 0.2, 30, 0.975), (0.02, 0.02, 30, 1)],
)
def test_the_clustered_difference_is_covered_where_four_paraphrases_share_a_goal(
    only_first: float, only_second: float, clusters: int, most: float
) -> None:
    generator, repeats, truth = np.random.default_rng(19), 800, only_second - only_first
    shares, names = [only_first, only_second, 1 - only_first - only_second], np.repeat(np.arange(clusters), 4)
    hits = naive = 0
    for _ in range(repeats):
        goal = generator.choice([-1, 1, 0], p=shares, size=(clusters, 1))
        own = generator.choice([-1, 1, 0], p=shares, size=(clusters, 4))
        gaps = np.where(generator.random((clusters, 4)) < 0.6**0.5, goal, own).ravel()  # correlation .6
        found = clustered_paired_difference(gaps < 0, gaps > 0, names)
        plain = paired_difference(int((gaps < 0).sum()), int((gaps > 0).sum()), len(gaps))
        hits += found.low <= truth <= found.high
        naive += plain.low <= truth <= plain.high
    assert 0.93 <= hits / repeats <= most
    assert naive / repeats < 0.87


def test_clusters_of_one_are_pairs_and_one_cluster_says_nothing() -> None:
    first, second = np.repeat([1, 0, 0], [5, 20, 75]), np.repeat([0, 1, 0], [5, 20, 75])
    found, plain = clustered_paired_difference(first, second, np.arange(100)), paired_difference(5, 20, 100)
    assert found.estimate == pytest.approx(0.15)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), abs=2e-3)
    assert clustered_paired_difference(first, second, np.zeros(100))[1:] == (-1.0, 1.0)
    assert clustered_paired_difference([], [], []) == Difference(0.0, -1.0, 1.0)
    with pytest.raises(ValueError, match="every item"):
        clustered_paired_difference([1], [0], [1, 2])


def test_models_that_never_differ_are_not_certainly_equal_and_clusters_count_as_pairs() -> None:
    same = clustered_paired_difference(np.zeros(200), np.zeros(200), np.repeat(np.arange(50), 4))
    assert same.high > paired_difference(0, 0, 50).high > paired_difference(0, 0, 200).high


# --- clusters on which two models differ ------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from([(0, 0), (1, 0), (0, 1)]), max_size=60))
def test_the_sign_test_of_single_items_is_mcnemar(cells: list[tuple[int, int]]) -> None:
    first, second = [one for one, _ in cells], [other for _, other in cells]
    assert clustered_sign_test(first, second) == mcnemar_exact(sum(first), sum(second))


def test_a_cluster_counts_once_and_one_that_is_torn_counts_for_neither() -> None:
    assert clustered_sign_test([4, 3, 2], [0, 0, 2]) == mcnemar_exact(2, 0)
    with pytest.raises(ValueError, match="for every cluster"):
        clustered_sign_test([1], [1, 2])


def test_the_sign_test_raises_no_more_false_alarms_than_it_says_where_mcnemar_does() -> None:
    generator = np.random.default_rng(5)
    alarms = np.zeros(2)
    for _ in range(2000):
        side = generator.integers(0, 2, 30)  # which model fails in the cluster: all four of its items, or none of them
        differs = generator.random(30) < 0.5
        first, second = 4 * (differs & (side == 0)), 4 * (differs & (side == 1))
        alarms += [clustered_sign_test(first, second) < 0.05, mcnemar_exact(int(first.sum()), int(second.sum())) < 0.05]
    assert alarms[0] / 2000 <= 0.05
    assert alarms[1] / 2000 > 0.2
