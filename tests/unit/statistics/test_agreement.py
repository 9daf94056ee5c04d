"""Raters who agree, beyond chance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.statistics import cohen_kappa, krippendorff_alpha

# Four observers, twelve units: the example of Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011.
OBSERVERS = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
)


def test_kappa_is_the_one_worked_out_by_hand_with_its_base_rates() -> None:
    found = cohen_kappa([[20, 5], [10, 15]])
    assert found is not None
    assert found.estimate == pytest.approx(0.4)
    assert (found.observed_agreement, found.expected_agreement) == pytest.approx((0.7, 0.5))
    assert found.first_base_rates == pytest.approx((0.5, 0.5))
    assert found.second_base_rates == pytest.approx((0.6, 0.4))
    assert found.low < 0.4 < found.high


def test_high_raw_agreement_on_a_rare_event_is_little_beyond_chance() -> None:
    found = cohen_kappa([[2, 8], [8, 182]])
    assert found is not None
    assert found.observed_agreement == pytest.approx(0.92)
    assert found.estimate == pytest.approx(0.158, abs=1e-3)


@pytest.mark.parametrize(
    ("items", "base", "kappa", "most"),
    [(100, 0.3, 0.6, 0.98), (200, 0.1, 0.2, 0.97), (200, 0.1, 0.6, 0.97), (500, 0.5, 0.9, 0.97), (200, 0.04, 0.6, 1)],
)
def test_the_interval_of_kappa_covers_it(items: int, base: float, kappa: float, most: float) -> None:
    both = base * base + kappa * base * (1 - base)
    cells = [both, base - both, base - both, 1 - 2 * base + both]
    tables = np.random.default_rng(8).multinomial(items, cells, size=2000).reshape(-1, 2, 2)
    found = [cohen_kappa(table) for table in tables]
    assert np.mean([one is not None and one.low <= kappa <= one.high for one in found]) == pytest.approx(
        (0.94 + most) / 2, abs=(most - 0.94) / 2
    )


def test_perfect_agreement_is_not_certain_and_agreement_on_one_category_says_nothing() -> None:
    found = cohen_kappa([[20, 0], [0, 15]])
    assert found is not None
    assert found.estimate == found.high == 1
    assert 0.7 < found.low < 0.95
    assert cohen_kappa([[20, 0], [0, 0]]) is None
    assert cohen_kappa([[0, 0], [0, 0]]) is None
    for table in ([[1, 2, 3]], [[1, -1], [0, 1]]):
        with pytest.raises(ValueError, match="square"):
            cohen_kappa(table)


def test_alpha_is_that_of_krippendorffs_example() -> None:
    found = krippendorff_alpha(list(zip(*OBSERVERS, strict=True)))
    assert found is not None
    assert found.estimate == pytest.approx(0.743, abs=5e-4)
    assert (found.units, found.ratings) == (11, 40)
    assert found.low < 0.743 < found.high
    assert found == krippendorff_alpha(list(zip(*OBSERVERS, strict=True)))


def rated(generator: np.random.Generator, units: int, raters: int, base: float, error: float) -> list[list[int | None]]:
    """Raters who err this often about a truth of this base rate, a fifth of their ratings missing."""
    truth = generator.random(units) < base
    given_ratings = truth[:, None] ^ (generator.random((units, raters)) < error)
    seen = generator.random((units, raters)) > 0.2
    return [
        [int(value) if there else None for value, there in zip(*row, strict=True)]
        for row in zip(given_ratings, seen, strict=True)
    ]


@pytest.mark.parametrize(
    ("units", "raters", "base", "error"), [(50, 3, 0.3, 0.1), (100, 3, 0.1, 0.05), (200, 2, 0.1, 0.02)]
)
def test_the_interval_of_alpha_covers_it(units: int, raters: int, base: float, error: float) -> None:
    positive = base * (1 - error) + (1 - base) * error
    truth = 1 - 2 * error * (1 - error) / (2 * positive * (1 - positive))
    generator, repeats, hits = np.random.default_rng(9), 300, 0
    for repeat in range(repeats):
        found = krippendorff_alpha(rated(generator, units, raters, base, error), seed=repeat, draws=300)
        hits += found is not None and found.low <= truth <= found.high
    assert 0.92 <= hits / repeats <= 0.985


def test_perfect_agreement_of_many_is_not_certain_and_one_category_says_nothing() -> None:
    found = krippendorff_alpha([["yes", "yes"], ["no", "no"]] * 20)
    assert found is not None
    assert found.estimate == found.high == 1
    assert 0.7 < found.low < 0.95
    assert krippendorff_alpha([["yes", "yes"]] * 5) is None
    assert krippendorff_alpha([["yes", None], [None, "no"]]) is None
    assert krippendorff_alpha([]) is None


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=2, max_size=4), min_size=2, max_size=20))
def test_alpha_knows_no_order_of_raters_or_units(ratings: list[list[str | None]]) -> None:
    found, turned = (
        krippendorff_alpha(ratings, draws=50),
        krippendorff_alpha([row[::-1] for row in ratings[::-1]], draws=50),
    )
    assert (found is None) == (turned is None)
    if found is not None and turned is not None:
        assert found.estimate == pytest.approx(turned.estimate)
        assert found.low <= found.estimate <= found.high <= 1
