"""Harm and over-refusal in one region."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from colonnade.statistics import clustered_interval, exact_interval, joint_clustered_region, joint_region


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
    region = lru_cache(maxsize=None)(lambda hits, refused: joint_region(hits, prompts, refused, prompts))
    held = np.mean([region(*row).contains(violation, refusal) for row in counts])
    assert 0.945 <= held <= 0.99
    each = [exact_interval(hits, prompts) for hits, _ in counts], [exact_interval(said, prompts) for _, said in counts]
    if not twins:
        alone = [
            one.low <= violation <= one.high and two.low <= refusal <= two.high for one, two in zip(*each, strict=True)
        ]
        assert np.mean(alone) <= held  # two intervals at 95 % do not hold together at 95 %


def test_a_side_without_prompts_is_unknown_and_outside_is_outside() -> None:
    region = joint_region(0, 0, 5, 100)
    assert region.violation == (0.0, 1.0)
    assert region.contains(0.9, 0.05)
    assert not region.contains(0.9, 0.5)
    assert region.confidence == 0.95


def test_clusters_widen_the_box() -> None:
    clean, sizes = [0] * 75, [4] * 75
    found, plain = joint_clustered_region(clean, sizes, clean, sizes), joint_region(0, 300, 0, 300)
    assert found.violation == found.over_refusal == clustered_interval(clean, sizes, 0.975)
    assert found.violation.high > 3 * plain.violation.high


def test_the_clustered_box_holds_both_rates() -> None:
    generator, hits, repeats = np.random.default_rng(26), 0, 600
    spread, sizes = 1 / 0.6 - 1, np.full(75, 4)
    for _ in range(repeats):
        harmful = generator.binomial(4, generator.beta(0.1 * spread, 0.9 * spread, size=75))
        benign = generator.binomial(4, generator.beta(0.2 * spread, 0.8 * spread, size=75))
        hits += joint_clustered_region(harmful, sizes, benign, sizes).contains(0.1, 0.2)
    assert 0.94 <= hits / repeats <= 0.99
