"""A judge's own errors."""

from __future__ import annotations

import numpy as np
import pytest

from colonnade.statistics import (
    StratifiedRate,
    Stratum,
    labels_to_narrow_most,
    stratified_rate,
)

SENSITIVITY, SPECIFICITY, VERDICTS = 0.85, 0.95, 2000


def flagged(generator: np.random.Generator, rate: float, items: int, judge: tuple[float, float]) -> int:
    return int(generator.binomial(items, rate * judge[0] + (1 - rate) * (1 - judge[1])))


def covers(found: StratifiedRate, rate: float) -> bool:
    return found.low <= rate <= found.high


@pytest.mark.parametrize(
    ("rate", "of_flagged", "of_passed"), [(0.005, 100, 100), (0.04, 150, 50), (0.04, 50, 150), (0.2, 100, 100)]
)
def test_labels_drawn_by_verdict_cover_the_rate(rate: float, of_flagged: int, of_passed: int) -> None:
    generator, repeats, hits = np.random.default_rng(6), 700, 0
    share = rate * SENSITIVITY + (1 - rate) * (1 - SPECIFICITY)
    for repeat in range(repeats):
        marked = flagged(generator, rate, VERDICTS, (SENSITIVITY, SPECIFICITY))
        first, second = min(of_flagged, marked), min(of_passed, VERDICTS - marked)
        strata = [
            Stratum(marked, first, int(generator.binomial(first, rate * SENSITIVITY / share))),
            Stratum(VERDICTS - marked, second, int(generator.binomial(second, rate * (1 - SENSITIVITY) / (1 - share)))),
        ]
        hits += covers(stratified_rate(strata, seed=repeat, draws=1000), rate)
    assert 0.93 <= hits / repeats <= 0.985


def test_a_stratified_rate_weighs_each_verdict_by_its_items() -> None:
    found = stratified_rate([Stratum(100, 50, 25), Stratum(900, 90, 9)])
    assert found.estimate == pytest.approx(0.1 * 0.5 + 0.9 * 0.1)
    assert found.low < 0.14 < found.high
    clean = stratified_rate([Stratum(100, 50, 0), Stratum(900, 90, 0)])
    assert clean.low == 0
    assert clean.high > 0.02
    assert stratified_rate([])[:3] == (None, 0.0, 1.0)


def test_a_stratum_without_labels_could_be_anything() -> None:
    found = stratified_rate([Stratum(100, 50, 0), Stratum(900, 0, 0)])
    assert found.estimate is None
    assert found.low == 0
    assert found.high > 0.85


def test_further_labels_go_where_they_narrow_most() -> None:
    strata = [Stratum(164, 20, 9), Stratum(1836, 180, 1)]
    found = labels_to_narrow_most(strata, 100)
    assert sum(found.labels) == 100
    assert found.error_after < found.error_before
    rivals = [labels_error(strata, (place, 100 - place)) for place in range(0, 101)]
    assert found.error_after == pytest.approx(min(rivals))


def labels_error(strata: list[Stratum], further: tuple[int, ...]) -> float:
    total, variance = sum(stratum.items for stratum in strata), 0.0
    for stratum, more in zip(strata, further, strict=True):
        share = (stratum.positives + 0.5) / (stratum.labelled + 1)
        variance += (stratum.items / total) ** 2 * share * (1 - share) / (stratum.labelled + 1 + more)
    return float(variance**0.5)


def test_no_stratum_is_given_more_labels_than_it_has_items() -> None:
    assert labels_to_narrow_most([Stratum(30, 20, 10), Stratum(5, 5, 1)], 100).labels == (10, 0)
    assert labels_to_narrow_most([], 5).labels == ()
    for bad in (Stratum(5, 6, 1), Stratum(5, 3, 4), Stratum(5, 3, -1)):
        for function in (stratified_rate, lambda strata: labels_to_narrow_most(strata, 1)):
            with pytest.raises(ValueError, match="cannot be"):
                function([bad])
