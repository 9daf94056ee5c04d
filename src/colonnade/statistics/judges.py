"""A judge errs too: how often, and what its verdicts then say of the rate that is wanted."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from colonnade.statistics.intervals import Estimate

DRAWS = 10_000


class JudgeAccuracy(NamedTuple):
    """How many of the positives a judge flags, and how many of the negatives it lets pass."""

    sensitivity: Estimate | None
    specificity: Estimate | None


class StratifiedRate(NamedTuple):
    """A rate that carries the judge's errors and the labels' uncertainty; ``reason`` says what it rests on.

    ``estimate`` is nothing where some stratum has no label.
    """

    estimate: float | None
    low: float
    high: float
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
        return StratifiedRate(None, 0.0, 1.0, "no item was judged")
    generator = np.random.default_rng(seed)
    weights = generator.dirichlet([stratum.items + 0.5 for stratum in strata], size=draws)
    shares = [confidence_draws(generator, stratum.positives, stratum.labelled, draws) for stratum in strata]
    tail = (1 - confidence) / 2
    low, high = np.quantile((weights * np.stack(shares, axis=1)).sum(axis=1), [tail, 1 - tail])
    bare = sum(1 for stratum in strata if stratum.items and not stratum.labelled)
    if bare:
        return StratifiedRate(None, float(low), float(high), f"{bare} strata have no label")
    parts = [stratum.items / total * stratum.positives / stratum.labelled for stratum in strata if stratum.items]
    reason = f"{sum(stratum.labelled for stratum in strata)} labels in {len(strata)} strata"
    return StratifiedRate(sum(parts), float(low), float(high), reason)


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


def _spread(stratum: Stratum) -> float:
    share = (stratum.positives + 0.5) / (stratum.labelled + 1)
    return share * (1 - share)


def _check_strata(strata: Sequence[Stratum]) -> None:
    for stratum in strata:
        if not 0 <= stratum.positives <= stratum.labelled <= stratum.items:
            raise ValueError(f"{stratum} cannot be: positives are labelled, and labelled are items")
