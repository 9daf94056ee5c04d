"""A judge's own errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.statistics import (
    JudgeCounts,
    StratifiedRate,
    Stratum,
    exact_interval,
    judge_accuracy,
    labels_to_narrow_most,
    prediction_powered_rate,
    rogan_gladen_rate,
    stratified_rate,
    wilson_interval,
)

SENSITIVITY, SPECIFICITY, VERDICTS = 0.85, 0.95, 2000


def labelled(generator: np.random.Generator, rate: float, labels: int, judge: tuple[float, float]) -> JudgeCounts:
    positives = int(generator.binomial(labels, rate))
    caught = int(generator.binomial(positives, judge[0]))
    cleared = int(generator.binomial(labels - positives, judge[1]))
    return JudgeCounts(caught, positives - caught, labels - positives - cleared, cleared)


def flagged(generator: np.random.Generator, rate: float, items: int, judge: tuple[float, float]) -> int:
    return int(generator.binomial(items, rate * judge[0] + (1 - rate) * (1 - judge[1])))


def covers(found: StratifiedRate, rate: float) -> bool:
    return found.low <= rate <= found.high


@pytest.mark.parametrize("trials", [10, 40, 160, 400])
def test_sensitivity_and_specificity_are_covered(trials: int) -> None:
    generator, hits, repeats = np.random.default_rng(1), np.zeros(2), 1000
    for _ in range(repeats):
        caught, cleared = generator.binomial(trials, SENSITIVITY), generator.binomial(trials, SPECIFICITY)
        found = judge_accuracy(JudgeCounts(int(caught), int(trials - caught), int(trials - cleared), int(cleared)))
        assert found.sensitivity is not None
        assert found.specificity is not None
        hits += [
            found.sensitivity.low <= SENSITIVITY <= found.sensitivity.high,
            found.specificity.low <= SPECIFICITY <= found.specificity.high,
        ]
    assert np.all(hits / repeats >= 0.94)


def test_a_side_without_labels_has_no_accuracy() -> None:
    assert judge_accuracy(JudgeCounts(0, 0, 3, 7)).sensitivity is None
    found = judge_accuracy(JudgeCounts(8, 2, 0, 0))
    assert found.specificity is None
    assert found.sensitivity == pytest.approx((0.8, *exact_interval(8, 10)))


@pytest.mark.parametrize("labels", [200, 500])
@pytest.mark.parametrize("rate", [0.04, 0.2])
def test_the_corrected_rate_is_covered_where_the_judges_rate_and_fixed_errors_are_not(rate: float, labels: int) -> None:
    generator, repeats, judge = np.random.default_rng(2), 700, (SENSITIVITY, SPECIFICITY)
    corrected = naive = fixed = 0
    for repeat in range(repeats):
        counts, marked = labelled(generator, rate, labels, judge), flagged(generator, rate, VERDICTS, judge)
        corrected += covers(rogan_gladen_rate(marked, VERDICTS, counts, seed=repeat, draws=1000), rate)
        plain = wilson_interval(marked, VERDICTS)
        naive += plain.low <= rate <= plain.high
        known = JudgeCounts(*(1_000_000 * count for count in counts))  # as if the labels had no uncertainty
        fixed += covers(rogan_gladen_rate(marked, VERDICTS, known, seed=repeat, draws=200), rate)
    assert 0.93 <= corrected / repeats <= 0.97
    if rate == 0.04:  # at .2 the judge's false alarms happen to make up for what it misses
        assert naive / repeats < 0.05
    assert fixed / repeats < 0.85


def test_the_judges_errors_are_taken_out_by_the_formula() -> None:
    found = rogan_gladen_rate(166, 2000, JudgeCounts(85, 15, 5, 95))
    assert found.estimate == pytest.approx((0.083 + 0.95 - 1) / 0.8)
    assert rogan_gladen_rate(0, 2000, JudgeCounts(85, 15, 5, 95)).estimate == 0
    assert rogan_gladen_rate(166, 2000, JudgeCounts(85, 15, 5, 95)) == found


@pytest.mark.parametrize("counts", [(5, 5, 5, 5), (2, 8, 5, 5), (0, 0, 3, 7), (4, 6, 0, 0), (0, 0, 0, 0)])
def test_a_judge_no_better_than_chance_corrects_nothing(counts: tuple[int, int, int, int]) -> None:
    found = rogan_gladen_rate(50, 100, JudgeCounts(*counts))
    assert found.estimate is None
    assert (found.low, found.high) == (0.0, 1.0)


@pytest.mark.parametrize("labels", [200, 500])
@pytest.mark.parametrize("rate", [0.02, 0.04, 0.2])
@pytest.mark.parametrize("judge", [(0.85, 0.95), (0.95, 1.0)])
def test_the_prediction_powered_rate_is_covered_and_never_on_few_positives(
    rate: float, labels: int, judge: tuple[float, float]
) -> None:
    generator, repeats = np.random.default_rng(3), 1500
    hits, widths, alone = 0, 0.0, 0.0
    for _ in range(repeats):
        counts = labelled(generator, rate, labels, judge)
        found = prediction_powered_rate(counts, flagged(generator, rate, VERDICTS, judge), VERDICTS)
        positives = counts.true_positives + counts.false_negatives
        assert found.method == ("labels only" if positives < 10 else "prediction-powered")
        hits += covers(found, rate)
        interval = exact_interval(positives, labels)
        widths, alone = widths + found.high - found.low, alone + interval.high - interval.low
    assert 0.94 <= hits / repeats <= 0.992
    if rate == 0.2:
        assert widths < 0.75 * alone


def test_a_judge_without_an_error_among_the_labels_is_not_taken_for_perfect() -> None:
    generator, repeats, judge, rate = np.random.default_rng(4), 1500, (0.95, 1.0), 0.1
    hits = sum(
        covers(
            prediction_powered_rate(
                labelled(generator, rate, 200, judge), flagged(generator, rate, 20_000, judge), 20_000
            ),
            rate,
        )
        for _ in range(repeats)
    )
    assert hits / repeats >= 0.95


def test_with_few_positives_only_the_labels_count_and_the_record_says_so() -> None:
    found = prediction_powered_rate(JudgeCounts(7, 1, 9, 183), 160, 2000)
    assert found.method == "labels only"
    assert "8 labels" in found.reason
    assert found[:3] == pytest.approx((0.04, *exact_interval(8, 200)))
    assert prediction_powered_rate(JudgeCounts(0, 0, 0, 0), 0, 0)[:3] == (None, 0.0, 1.0)
    assert prediction_powered_rate(JudgeCounts(30, 5, 5, 60), 0, 0).reason == "no verdicts"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 60), min_size=4, max_size=4), st.integers(1, 500), st.floats(0, 1))
def test_a_corrected_rate_lies_in_its_interval(cells: list[int], items: int, share: float) -> None:
    counts, marked = JudgeCounts(*cells), int(share * items)
    for found in (
        prediction_powered_rate(counts, marked, items),
        rogan_gladen_rate(marked, items, counts, draws=200),
    ):
        assert 0 <= found.low <= found.high <= 1
        assert found.estimate is None or found.low - 1e-9 <= found.estimate <= found.high + 1e-9


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


def test_impossible_counts_are_refused() -> None:
    for function in (rogan_gladen_rate, lambda hits, items, counts: prediction_powered_rate(counts, hits, items)):
        with pytest.raises(ValueError, match="cannot be"):
            function(11, 10, JudgeCounts(20, 1, 1, 20))
