"""Many tests at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import false_discovery_control

from colonnade.statistics import benjamini_hochberg, holm

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def test_four_p_values_are_adjusted_as_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]).p_values == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([0.01, 0.04, 0.03, 0.005]).rejected == (True, False, False, True)
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.005]).p_values == pytest.approx((0.02, 0.04, 0.04, 0.02))
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.005], level=0.03).rejected == (True, False, False, True)


@settings(max_examples=80, deadline=None)
@given(P_VALUES)
def test_discoveries_are_those_of_scipy_and_gates_are_never_laxer(values: list[float]) -> None:
    assert benjamini_hochberg(values).p_values == pytest.approx(false_discovery_control(values), abs=1e-12)
    adjusted = holm(values).p_values
    assert all(
        plain - 1e-12 <= found <= 1 for plain, found in zip(benjamini_hochberg(values).p_values, adjusted, strict=True)
    )
    assert max(adjusted) <= min(1.0, len(values) * max(values)) + 1e-12


@settings(max_examples=80, deadline=None)
@given(P_VALUES, st.floats(0.001, 0.2))
def test_holm_steps_down_from_the_smallest(values: list[float], level: float) -> None:
    expected, going = [False] * len(values), True
    for step, place in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        going = going and values[place] * (len(values) - step) <= level
        expected[place] = going
    assert list(holm(values, level).rejected) == expected


def drawn(generator: np.random.Generator, shared: float, shifts: NDArray[np.float64]) -> NDArray[np.float64]:
    """One-sided p-values of correlated normal statistics."""
    own = generator.standard_normal(len(shifts))
    statistics = shared**0.5 * generator.standard_normal() + (1 - shared) ** 0.5 * own + shifts
    values: NDArray[np.float64] = ndtr(-statistics)
    return values


@pytest.mark.parametrize("shared", [0.0, 0.5])
def test_a_gate_seldom_rejects_one_true_null_of_twenty(shared: float) -> None:
    generator, repeats = np.random.default_rng(10), 4000
    rows = [drawn(generator, shared, np.zeros(20)) for _ in range(repeats)]
    assert np.mean([any(holm(row).rejected) for row in rows]) <= 0.055
    assert np.mean([(row <= 0.05).any() for row in rows]) > 0.25  # without adjustment


@pytest.mark.parametrize("shared", [0.0, 0.5])
def test_few_of_the_discoveries_are_false(shared: float) -> None:
    generator, repeats, shares, found = np.random.default_rng(11), 2000, 0.0, 0
    for _ in range(repeats):
        rejected = np.array(benjamini_hochberg(drawn(generator, shared, np.repeat([0.0, 3.0], [30, 10]))).rejected)
        shares += rejected[:30].sum() / max(1, rejected.sum())
        found += int(rejected[30:].sum())
    assert shares / repeats <= 0.05
    assert found / repeats > 5  # of ten


def test_no_tests_need_no_adjustment_and_impossible_p_values_are_refused() -> None:
    assert holm([]).p_values == benjamini_hochberg([]).p_values == ()
    for values in ([1.2], [-0.1], [float("nan")]):
        for function in (holm, benjamini_hochberg):
            with pytest.raises(ValueError, match="between 0 and 1"):
                function(values)
