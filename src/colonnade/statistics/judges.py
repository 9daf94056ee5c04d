"""A judge errs too: how often, and what its verdicts then say of the rate that is wanted."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from colonnade.statistics.intervals import Estimate, exact_interval

ENOUGH_LABELS = 10
"""With fewer labelled positives or negatives than this, verdicts are not used to narrow what the labels say."""

DRAWS = 10_000


class JudgeCounts(NamedTuple):
    """Items with both a human label and a verdict; positive is what the judge looks for, by the human label."""

    true_positives: int
    false_negatives: int
    false_positives: int
    true_negatives: int


class JudgeAccuracy(NamedTuple):
    """How many of the positives a judge flags, and how many of the negatives it lets pass."""

    sensitivity: Estimate | None
    specificity: Estimate | None


class StratifiedRate(NamedTuple):
    """A rate that carries the judge's errors and the labels' uncertainty; ``reason`` says why this method.

    ``estimate`` is nothing where the labels show no judge better than chance.
    """

    estimate: float | None
    low: float
    high: float
    method: Literal["rogan-gladen", "prediction-powered", "labels only", "stratified"]
    reason: str


class Stratum(NamedTuple):
    """Items with one verdict: how many there are, how many of them have a human label, how many of those are positive.

    The labelled ones must have been drawn at random within the stratum.
    """

    items: int
    labelled: int
    positives: int


class Allocation(NamedTuple):
    """Further labels for each stratum, and the standard error of the rate before and (expected) after."""

    labels: tuple[int, ...]
    error_before: float
    error_after: float


def judge_accuracy(counts: JudgeCounts, confidence: float = 0.95) -> JudgeAccuracy:
    """Sensitivity and specificity with exact intervals; nothing for a side that has no label.

    Simulated at nominal 95 % (.85 and .95): 95 to 98 % with 40 labels on a side and more, 99 % with 10.

    Source: Clopper and Pearson, Biometrika 26, 1934. Assumes that labelled items are independent
    and were not chosen by their verdict (for those, see ``stratified_rate``).
    """
    return JudgeAccuracy(
        _share(counts.true_positives, counts.true_positives + counts.false_negatives, confidence),
        _share(counts.true_negatives, counts.true_negatives + counts.false_positives, confidence),
    )


def rogan_gladen_rate(
    flagged: int, judged: int, counts: JudgeCounts, confidence: float = 0.95, seed: int = 0, draws: int = DRAWS
) -> StratifiedRate:
    """The true rate behind a judge's rate, from labels on other items, their uncertainty carried through.

    (flagged share + specificity - 1) / (sensitivity + specificity - 1), cut to 0 … 1. Each of the
    three shares is drawn from its mid-p confidence distribution; the ends are quantiles of the
    result, and a draw with a judge no better than chance counts as knowing nothing. ``counts`` may
    have been collected at another rate of positives than the one wanted. Repeats itself by ``seed``.

    Simulated at nominal 95 % (judge .85/.95, true rates .04 and .2, 200 and 500 labels, 2,000
    verdicts): 95 to 96 %. With the judge's errors taken as known, the same interval covers 50 to 78 %.

    Source: Rogan and Gladen, American Journal of Epidemiology 107, 1978; the interval melds
    confidence distributions as in Fay, Proschan and Brittain, Biometrics 71, 2015. Assumes
    independent items, and a judge that errs as often here as on the labelled items.
    """
    if not 0 <= flagged <= judged:
        raise ValueError(f"{flagged} flagged of {judged} judged cannot be")
    positives = counts.true_positives + counts.false_negatives
    negatives = counts.true_negatives + counts.false_positives
    generator = np.random.default_rng(seed)
    rate = confidence_draws(generator, flagged, judged, draws)
    sensitivity = confidence_draws(generator, counts.true_positives, positives, draws)
    specificity = confidence_draws(generator, counts.true_negatives, negatives, draws)
    worth = sensitivity + specificity - 1
    nothing_known = (generator.random(draws) < 0.5).astype(float)
    safe = np.where(worth > 0, worth, 1.0)
    corrected = np.where(worth > 0, np.clip((rate + specificity - 1) / safe, 0, 1), nothing_known)
    tail = (1 - confidence) / 2
    low, high = (float(end) for end in np.quantile(corrected, [tail, 1 - tail]))
    estimate = _point(flagged, judged, counts)
    if estimate is None:
        return StratifiedRate(None, 0.0, 1.0, "rogan-gladen", "the labels show no judge better than chance")
    reason = f"{positives} labelled positives and {negatives} labelled negatives measure the judge"
    return StratifiedRate(estimate, min(low, estimate), max(high, estimate), "rogan-gladen", reason)


def prediction_powered_rate(
    labelled: JudgeCounts, flagged: int, unlabelled: int, confidence: float = 0.95
) -> StratifiedRate:
    """The rate of positives from a few random labels and many verdicts: never biased by the judge.

    The labels' rate, moved by the weight times (verdicts' rate on unlabelled less labelled items);
    the weight is the one of least variance, cut to 0 … 1. The interval is the exact one of an
    effective sample size, and counts half a disagreement of each kind on top, so that a judge
    without an error among the labels is not taken for perfect.

    With fewer than ``ENOUGH_LABELS`` labelled positives or negatives the normal theory fails, and
    the exact interval of the labels alone is returned; ``reason`` says so. No free lunch at a low rate.

    Simulated at nominal 95 % (judge .85/.95, rates .02 to .5, 200 and 500 labels, 2,000 verdicts):
    94 to 98 %; with a judge of .95/1 up to 99 %. Unguarded, with a normal interval: 89 % at rate .02
    and 200 labels; without the half disagreements 74 % for a judge of .95/1 on 20,000 verdicts.

    Source: Angelopoulos, Duchi and Zrnic, PPI++, arXiv 2311.01453, 2023; the effective sample is
    Korn and Graubard's, Survey Methodology 24, 1998. Assumes that the labelled items are a random
    sample of the same items as the unlabelled ones, all independent.
    """
    if not 0 <= flagged <= unlabelled:
        raise ValueError(f"{flagged} flagged of {unlabelled} unlabelled cannot be")
    labels, positives = sum(labelled), labelled.true_positives + labelled.false_negatives
    fewest = min(positives, labels - positives)
    if fewest < ENOUGH_LABELS or unlabelled == 0:
        interval = exact_interval(positives, labels, confidence)
        why = f"only {fewest} labels on the rarer side, {ENOUGH_LABELS} are needed" if unlabelled else "no verdicts"
        return StratifiedRate(positives / labels if labels else None, *interval, "labels only", why)
    weight = _power_weight(labelled, flagged, unlabelled)
    verdicts, marked = flagged / unlabelled, (labelled.true_positives + labelled.false_positives) / labels
    estimate = min(1.0, max(0.0, positives / labels + weight * (verdicts - marked)))
    variance = _residual_variance(labelled, weight) / (labels - 1) + weight**2 * verdicts * (1 - verdicts) / unlabelled
    size = min(labels + unlabelled, max(1.0, estimate * (1 - estimate) / variance))
    interval = exact_interval(estimate * size, size, confidence)
    reason = f"{labels} labels and {unlabelled} verdicts are worth {size:.0f} labels"
    return StratifiedRate(estimate, *interval, "prediction-powered", reason)


def stratified_rate(
    strata: Sequence[Stratum], confidence: float = 0.95, seed: int = 0, draws: int = DRAWS
) -> StratifiedRate:
    """The rate of positives when labels were drawn per verdict, so many of the flagged, so many of the passed.

    The right way to label rare events: most of the flagged, some of the passed. Each stratum's
    share is drawn from its mid-p confidence distribution, the strata's sizes from theirs; a
    stratum without labels could be anything. Repeats itself by ``seed``.

    Simulated at nominal 95 % (judge .85/.95, true rates .005 to .2, 50 to 250 labels a stratum,
    2,000 items): 95 to 98 %.

    Source: stratified estimator, Cochran, Sampling Techniques, 1977, chapter 5; interval by melding
    as in Fay, Proschan and Brittain, Biometrics 71, 2015. Assumes independent items, and labels
    drawn at random within each stratum.
    """
    _check_strata(strata)
    total = sum(stratum.items for stratum in strata)
    if total == 0:
        return StratifiedRate(None, 0.0, 1.0, "stratified", "no item was judged")
    generator = np.random.default_rng(seed)
    weights = generator.dirichlet([stratum.items + 0.5 for stratum in strata], size=draws)
    shares = [confidence_draws(generator, stratum.positives, stratum.labelled, draws) for stratum in strata]
    tail = (1 - confidence) / 2
    low, high = np.quantile((weights * np.stack(shares, axis=1)).sum(axis=1), [tail, 1 - tail])
    bare = sum(1 for stratum in strata if stratum.items and not stratum.labelled)
    if bare:
        return StratifiedRate(None, float(low), float(high), "stratified", f"{bare} strata have no label")
    parts = [stratum.items / total * stratum.positives / stratum.labelled for stratum in strata if stratum.items]
    reason = f"{sum(stratum.labelled for stratum in strata)} labels in {len(strata)} strata"
    return StratifiedRate(sum(parts), float(low), float(high), "stratified", reason)


def labels_to_narrow_most(strata: Sequence[Stratum], further: int) -> Allocation:
    """How to divide so many further labels between the strata so that the rate's error falls most.

    Each label goes where it lowers the variance most, given those there are: Neyman's rule, with
    the labels that exist, whole numbers and the items still unlabelled respected. A stratum's
    spread is guessed from its labels with half a positive and half a negative added, so that a
    stratum without a positive still gets its share. Fewer labels than asked for where items run out.

    Source: Neyman, Journal of the Royal Statistical Society 97, 1934; the marginal form is
    Wright's, Statistics and Probability Letters 82, 2012.
    """
    _check_strata(strata)
    total = max(1, sum(stratum.items for stratum in strata))
    spreads = [(stratum.items / total) ** 2 * _spread(stratum) for stratum in strata]
    counts = [stratum.labelled + 1 for stratum in strata]  # the half positive and half negative are worth one label
    before = sum(spread / count for spread, count in zip(spreads, counts, strict=True)) ** 0.5
    gains = [(-spreads[place] / (counts[place] * (counts[place] + 1)), place) for place in range(len(strata))]
    heapq.heapify(gains)
    given = [0] * len(strata)
    while gains and sum(given) < further:
        _, place = heapq.heappop(gains)
        if given[place] + strata[place].labelled >= strata[place].items:
            continue
        given[place] += 1
        count = counts[place] + given[place]
        heapq.heappush(gains, (-spreads[place] / (count * (count + 1)), place))
    after = sum(spreads[place] / (counts[place] + given[place]) for place in range(len(strata))) ** 0.5
    return Allocation(tuple(given), before, after)


def _share(events: int, trials: int, confidence: float) -> Estimate | None:
    return Estimate(events / trials, *exact_interval(events, trials, confidence)) if trials else None


def confidence_draws(generator: np.random.Generator, events: int, trials: int, draws: int) -> NDArray[np.float64]:
    """Draws from the mid-p confidence distribution of a share: between those of the two exact one-sided bounds.

    Source: Fay, Proschan and Brittain, Biometrics 71, 2015.

    Raises:
        ValueError: where there are more events than trials, or fewer than none.
    """
    if not 0 <= events <= trials:
        raise ValueError(f"{events} events of {trials} trials cannot be")
    above = generator.beta(events + 1, trials - events, size=draws) if events < trials else np.ones(draws)
    below = generator.beta(events, trials - events + 1, size=draws) if events else np.zeros(draws)
    return np.where(generator.random(draws) < 0.5, above, below)


def _point(flagged: int, judged: int, counts: JudgeCounts) -> float | None:
    positives = counts.true_positives + counts.false_negatives
    negatives = counts.true_negatives + counts.false_positives
    if not positives or not negatives or not judged:
        return None
    sensitivity, specificity = counts.true_positives / positives, counts.true_negatives / negatives
    worth = sensitivity + specificity - 1
    return min(1.0, max(0.0, (flagged / judged + specificity - 1) / worth)) if worth > 0 else None


def _power_weight(labelled: JudgeCounts, flagged: int, unlabelled: int) -> float:
    labels = sum(labelled)
    positive = (labelled.true_positives + labelled.false_negatives) / labels
    marked = labelled.true_positives + labelled.false_positives
    covariance = labelled.true_positives / labels - positive * marked / labels
    pooled = (marked + flagged) / (labels + unlabelled)
    spread = (1 + labels / unlabelled) * pooled * (1 - pooled)
    return min(1.0, max(0.0, covariance / spread)) if spread > 0 else 0.0


def _residual_variance(labelled: JudgeCounts, weight: float) -> float:
    """Variance of (label less weight times verdict), half a disagreement of each kind added."""
    both, missed, alarms, neither = labelled
    total = both + missed + alarms + neither + 1.0
    positive, marked = (both + missed + 0.5) / total, (both + alarms + 0.5) / total
    covariance = both / total - positive * marked
    return positive * (1 - positive) - 2 * weight * covariance + weight**2 * marked * (1 - marked)


def _spread(stratum: Stratum) -> float:
    share = (stratum.positives + 0.5) / (stratum.labelled + 1)
    return share * (1 - share)


def _check_strata(strata: Sequence[Stratum]) -> None:
    for stratum in strata:
        if not 0 <= stratum.positives <= stratum.labelled <= stratum.items:
            raise ValueError(f"{stratum} cannot be: positives are labelled, and labelled are items")
