"""Two models on the same prompts."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from colonnade.statistics import Difference, mcnemar_exact, paired_difference


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
