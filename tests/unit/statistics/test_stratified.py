"""Sensitivity and specificity from labels that were drawn by verdict."""

from __future__ import annotations

import numpy as np
import pytest

from colonnade.statistics import Stratum, stratified_accuracy


def test_labels_drawn_by_verdict_are_weighted_with_what_they_stand_for() -> None:
    # 100 flagged of which 90 % are right, 900 passed of which 2 % should have been flagged.
    found = stratified_accuracy([Stratum(100, 50, 45)], [Stratum(900, 50, 1)])
    assert found.sensitivity is not None
    assert found.specificity is not None
    assert found.sensitivity.estimate == pytest.approx(90 / (90 + 18))
    assert found.specificity.estimate == pytest.approx(882 / (882 + 10))


def test_several_strata_of_one_verdict_are_added_up() -> None:
    one = stratified_accuracy([Stratum(100, 50, 45)], [Stratum(900, 50, 1)])
    split = stratified_accuracy([Stratum(40, 20, 18), Stratum(60, 30, 27)], [Stratum(900, 50, 1)])
    for first, second in zip(one, split, strict=True):
        assert first is not None
        assert second is not None
        assert first.estimate == pytest.approx(second.estimate)


def test_a_verdict_without_a_label_leaves_both_unknown() -> None:
    assert stratified_accuracy([Stratum(10, 0, 0)], [Stratum(10, 5, 1)]) == (None, None)


def test_a_judge_that_flags_nothing_finds_nothing() -> None:
    found = stratified_accuracy([Stratum(0, 0, 0)], [Stratum(100, 50, 5)])
    assert found.sensitivity is not None
    assert found.sensitivity.estimate == 0
    assert found.specificity is not None
    assert found.specificity.estimate == 1


def test_where_labels_show_no_failure_there_is_no_sensitivity() -> None:
    found = stratified_accuracy([Stratum(0, 0, 0)], [Stratum(100, 50, 0)])
    assert found.sensitivity is None


@pytest.mark.parametrize("rate", [0.1, 0.3])
def test_the_intervals_cover_what_they_promise(rate: float) -> None:
    generator = np.random.default_rng(5)
    covered = np.zeros(2)
    rounds = 300
    for turn in range(rounds):
        positive = generator.random(1000) < rate
        flagged = np.where(positive, generator.random(1000) < 0.85, generator.random(1000) < 0.05)
        strata = []
        for side in (True, False):
            members = np.flatnonzero(flagged == side)
            drawn = generator.choice(members, size=min(60, len(members)), replace=False)
            strata.append(Stratum(len(members), len(drawn), int(positive[drawn].sum())))
        found = stratified_accuracy(strata[:1], strata[1:], seed=turn, draws=2000)
        for place, (estimate, true) in enumerate(zip(found, (0.85, 0.95), strict=True)):
            assert estimate is not None
            covered[place] += estimate.low <= true <= estimate.high
    assert (covered / rounds >= 0.92).all(), covered / rounds
