"""Two rates that are to lie in their intervals at once, as a model's harm and its over-refusal are."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from colonnade.statistics import Interval, clustered_interval, exact_interval, joint_confidence

EACH = joint_confidence(0.95, 2)


def inside(rates: tuple[float, float], box: tuple[Interval, Interval]) -> bool:
    return all(low <= rate <= high for rate, (low, high) in zip(rates, box, strict=True))


@pytest.mark.parametrize("twins", [True, False])
@pytest.mark.parametrize(("violation", "refusal"), [(0.02, 0.3), (0.05, 0.05), (0.3, 0.1)])
@pytest.mark.parametrize("prompts", [100, 400])
def test_both_rates_lie_in_the_box_as_often_as_it_says(
    violation: float, refusal: float, prompts: int, twins: bool
) -> None:
    generator, repeats = np.random.default_rng(25), 2000
    harmful = generator.random((repeats, prompts))
    benign = harmful if twins else generator.random((repeats, prompts))
    counts = np.stack([(harmful < violation).sum(axis=1), (benign < refusal).sum(axis=1)], axis=1).tolist()

    @cache
    def holds(hits: int, refused: int, each: float) -> bool:
        box = exact_interval(hits, prompts, each), exact_interval(refused, prompts, each)
        return inside((violation, refusal), box)

    held = np.mean([holds(*row, EACH) for row in counts])
    assert 0.945 <= held <= 0.99
    if not twins:
        assert np.mean([holds(*row, 0.95) for row in counts]) <= held, "two intervals at 95 % hold together less often"


def test_the_clustered_box_holds_both_rates() -> None:
    generator, hits, repeats = np.random.default_rng(26), 0, 600
    spread, sizes = 1 / 0.6 - 1, np.full(75, 4)

    def drawn(rate: float) -> Interval:
        events = generator.binomial(4, generator.beta(rate * spread, (1 - rate) * spread, size=75))
        return clustered_interval(events, sizes, EACH)

    for _ in range(repeats):
        hits += inside((0.1, 0.2), (drawn(0.1), drawn(0.2)))
    assert 0.94 <= hits / repeats <= 0.99
