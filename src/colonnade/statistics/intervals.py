"""Intervals for a rate: exact, honest at zero, and wide enough for what was not scored."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import betaincinv, ndtri


class Interval(NamedTuple):
    """A lower and an upper end, both between 0 and 1."""

    low: float
    high: float


class Estimate(NamedTuple):
    """What a rate is taken to be, with the two ends of its interval."""

    estimate: float
    low: float
    high: float


def exact_interval(events: float, trials: float, confidence: float = 0.95) -> Interval:
    """The two-sided Clopper–Pearson interval; with no trials it says nothing, 0 to 1.

    Counts need not be whole: an effective sample size gives parts of trials.

    Source: Clopper and Pearson, Biometrika 26, 1934. Assumes independent trials.
    """
    tail = (1 - confidence) / 2
    return Interval(_lower(events, trials, tail), _upper(events, trials, tail))


def upper_bound(events: float, trials: float, confidence: float = 0.95) -> float:
    """The exact one-sided upper bound: 0 of 300 gives 1 %, not 0 %."""
    return _upper(events, trials, 1 - confidence)


def lower_bound(events: float, trials: float, confidence: float = 0.95) -> float:
    """The exact one-sided lower bound."""
    return _lower(events, trials, 1 - confidence)


def wilson_interval(events: float, trials: float, confidence: float = 0.95) -> Interval:
    """The two-sided score interval: narrower than the exact one, and close to its level on average.

    With no trials it says nothing, 0 to 1.

    Source: Wilson, Journal of the American Statistical Association 22, 1927. Assumes independent
    trials; Brown, Cai and DasGupta, Statistical Science 16, 2001, recommend it.
    """
    _check(events, trials)
    if trials == 0:
        return Interval(0.0, 1.0)
    reach = float(ndtri(1 - (1 - confidence) / 2))
    square, rate = reach * reach / trials, events / trials
    centre = (rate + square / 2) / (1 + square)
    spread = reach * math.sqrt(rate * (1 - rate) / trials + square / (4 * trials)) / (1 + square)
    low = 0.0 if events == 0 else max(0.0, centre - spread)
    return Interval(low, 1.0 if events == trials else min(1.0, centre + spread))


def events_needed(trials: int, rate: float, confidence: float = 0.95) -> int | None:
    """The fewest events of so many trials whose Wilson interval begins at or above ``rate``.

    Nothing where not even ``trials`` events of them would do.
    """
    if wilson_interval(trials, trials, confidence).low < rate:
        return None
    low, high = 0, trials
    while low < high:
        middle = (low + high) // 2
        if wilson_interval(middle, trials, confidence).low >= rate:
            high = middle
        else:
            low = middle + 1
    return high


def joint_confidence(confidence: float, intervals: int) -> float:
    """The confidence that each of several intervals needs so that all hold together at ``confidence``.

    Source: Bonferroni's inequality, as in Dunn, Journal of the American Statistical Association
    56, 1961. It needs no independence, and is wider than it must be where there are many.
    """
    return 1 - (1 - confidence) / max(1, intervals)


def clean_trials_needed(bound: float, confidence: float = 0.95) -> int:
    """How many trials without one event show that the rate is at or under ``bound``.

    Raises:
        ValueError: where the bound is 0, or so near to it that the number has no end.
    """
    if bound >= 1:
        return 0
    needed = math.log(1 - confidence) / math.log1p(-bound) if bound > 0 else math.inf
    if math.isinf(needed):
        raise ValueError(f"no number of trials shows a rate of {bound:g}")
    return math.ceil(needed)


def bootstrap_ratio(
    tops: Sequence[float], bottoms: Sequence[float], confidence: float = 0.95, seed: int = 0, draws: int = 2000
) -> Interval:
    """Percentile interval of sum(tops) / sum(bottoms), resampling the items.

    Source: Efron, Annals of Statistics 7, 1979. With fewer than about ten items it is too narrow.
    """
    top, bottom = np.asarray(tops, dtype=float), np.asarray(bottoms, dtype=float)
    picks = np.random.default_rng(seed).integers(0, len(top), size=(draws, len(top)))
    ratios = top[picks].sum(axis=1) / bottom[picks].sum(axis=1)
    tail = (1 - confidence) / 2
    low, high = np.quantile(ratios, [tail, 1 - tail])
    return Interval(float(low), float(high))


def _lower(events: float, trials: float, tail: float) -> float:
    _check(events, trials)
    return 0.0 if events == 0 else float(betaincinv(events, trials - events + 1, tail))


def _upper(events: float, trials: float, tail: float) -> float:
    _check(events, trials)
    return 1.0 if events == trials else float(betaincinv(events + 1, trials - events, 1 - tail))


def _check(events: float, trials: float) -> None:
    if not 0 <= events <= trials:
        raise ValueError(f"{events} events of {trials} trials cannot be")
