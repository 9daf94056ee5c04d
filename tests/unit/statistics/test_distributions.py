"""How evenly things are spread."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colonnade.statistics import herfindahl, normalised_entropy, total_variation

ONE_VENDOR = [520, 130, 40, 230, 60, 20]
COUNTS = st.lists(st.integers(0, 1000), min_size=2, max_size=12).filter(any)


def test_a_lopsided_set_has_the_entropy_and_distance_worked_out_by_hand() -> None:
    assert normalised_entropy(ONE_VENDOR) == pytest.approx(0.736, abs=5e-4)
    assert total_variation(ONE_VENDOR, [1] * 6) == pytest.approx(0.4167, abs=5e-5)
    assert herfindahl([50, 30, 20]) == pytest.approx(0.38)


def test_where_nothing_was_counted_nothing_is_said() -> None:
    assert normalised_entropy([0, 0]) is None
    assert normalised_entropy([5]) is None
    assert total_variation([0, 0], [1, 1]) is None
    assert herfindahl([]) is None
    with pytest.raises(ValueError, match="2 cells"):
        total_variation([1, 2], [1])


@given(COUNTS)
def test_every_measure_stays_within_its_limits_and_knows_no_order(counts: list[int]) -> None:
    entropy, index = normalised_entropy(counts), herfindahl(counts)
    assert entropy is not None
    assert index is not None
    assert -1e-9 <= entropy <= 1 + 1e-9
    assert 1 / len(counts) - 1e-9 <= index <= 1 + 1e-9
    assert entropy == pytest.approx(normalised_entropy(counts[::-1]))
    assert index == pytest.approx(herfindahl(counts[::-1]))


@given(COUNTS, st.integers(1, 50))
def test_the_distance_is_none_to_itself_in_any_size_and_the_same_from_both_sides(counts: list[int], size: int) -> None:
    assert total_variation(counts, [size * count for count in counts]) == pytest.approx(0, abs=1e-12)
    even = [1.0] * len(counts)
    assert total_variation(counts, even) == pytest.approx(total_variation(even, counts))


@given(st.integers(2, 12), st.integers(1, 100))
def test_equal_cells_are_perfectly_even_and_one_cell_is_perfectly_uneven(cells: int, count: int) -> None:
    assert normalised_entropy([count] * cells) == pytest.approx(1)
    assert normalised_entropy([count] + [0] * (cells - 1)) == 0
    assert herfindahl([count] * cells) == pytest.approx(1 / cells)
    assert herfindahl([count]) == 1
