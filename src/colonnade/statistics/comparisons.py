"""Two models on the same prompts: only the prompts on which they differ tell them apart."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr, ndtr, ndtri, stdtrit

from colonnade.statistics.clusters import ENOUGH_CLUSTERS
from colonnade.statistics.roots import root


class Difference(NamedTuple):
    """Rate of the second less rate of the first, with its interval."""

    estimate: float
    low: float
    high: float


class NonInferiority(NamedTuple):
    """Whether the second's rate of events is shown to exceed the first's by less than ``margin``.

    ``difference`` has the two-sided interval that belongs to the one-sided test, so that it is
    shown exactly where the interval ends under the margin.
    """

    shown: bool
    p_value: float
    margin: float
    difference: Difference


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Two-sided p for "both fail equally often", from the discordant pairs alone.

    Source: McNemar, Psychometrika 12, 1947, in its exact binomial form.
    """
    trials = only_first + only_second
    if trials == 0:
        return 1.0
    return min(1.0, 2 * float(bdtr(min(only_first, only_second), trials, 0.5)))


def paired_difference(only_first: float, only_second: float, pairs: float, confidence: float = 0.95) -> Difference:
    """Difference of two paired rates; half a pair is added to each cell for the interval.

    Counts need not be whole: an effective number of pairs has parts.

    Source: Agresti and Min, Statistics in Medicine 24, 2005 (the "+2" interval).
    """
    if pairs == 0:
        return Difference(0.0, -1.0, 1.0)
    estimate = (only_second - only_first) / pairs
    first, second, total = only_first + 0.5, only_second + 0.5, pairs + 2
    centre = (second - first) / total
    spread = math.sqrt((first + second) - (second - first) ** 2 / total) / total
    reach = float(ndtri(1 - (1 - confidence) / 2)) * spread
    return Difference(estimate, max(-1.0, centre - reach), min(1.0, centre + reach))


def tango_difference(only_first: int, only_second: int, pairs: int, confidence: float = 0.95) -> Difference:
    """Difference of two paired rates by the score interval; without pairs -1 to 1.

    Simulated at nominal 95 %, 60 to 200 pairs, 2 to 30 % discordant on a side: 94 to 97 %.

    Source: Tango, Statistics in Medicine 17, 1998. Assumes independent pairs.
    """
    _check_pairs(only_first, only_second, pairs)
    if pairs == 0:
        return Difference(0.0, -1.0, 1.0)
    estimate, reach = (only_second - only_first) / pairs, float(ndtri(1 - (1 - confidence) / 2))

    def score(margin: float) -> float:
        return _tango_score(only_first, only_second, pairs, margin)

    edge = 1 - 1e-9
    low = root(lambda margin: score(margin) - reach, -edge, estimate) if score(-edge) > reach > 0 else -1.0
    high = root(lambda margin: score(margin) + reach, estimate, edge) if score(edge) < -reach < 0 else 1.0
    return Difference(estimate, float(low), float(high))


def non_inferiority(
    only_first: int, only_second: int, pairs: int, margin: float, confidence: float = 0.95
) -> NonInferiority:
    """Is the second model worse by less than ``margin``? Events are failures; ``only_second`` are the second's alone.

    A one-sided test at level 1 - confidence; without pairs nothing is shown.

    Simulated at a true difference equal to the margin of .05, 200 and 400 pairs, level 5 %: shown
    in 2 to 5 % of the runs.

    Source: the score test of Tango, Statistics in Medicine 17, 1998. Assumes independent pairs.
    """
    if not 0 < margin < 1:
        raise ValueError(f"a margin lies between 0 and 1, not at {margin}")
    difference = tango_difference(only_first, only_second, pairs, 2 * confidence - 1)
    if pairs == 0:
        return NonInferiority(False, 1.0, margin, difference)
    p_value = float(ndtr(_tango_score(only_first, only_second, pairs, margin)))
    return NonInferiority(p_value <= 1 - confidence, p_value, margin, difference)


def clustered_paired_difference(
    first: ArrayLike, second: ArrayLike, clusters: ArrayLike, confidence: float = 0.95
) -> Difference:
    """Difference of two rates (or mean scores of 0 to 1) on the same items, which come in clusters.

    One entry per item: the outcome under either model and the item's cluster. The variance
    between clusters gives an effective number of pairs, for which ``paired_difference`` gives the
    interval with a t quantile of the clusters. With fewer than ``ENOUGH_CLUSTERS`` clusters in
    which the models differ, clusters count as pairs.

    Simulated at nominal 95 %, 30 and 100 clusters of 4 that differ or agree together (correlation
    .6): 95 to 97 %, and more than 98 % where few clusters differ. Taken as independent: 75 to 84 %.

    Source: cluster-robust variance, Miller, arXiv 2411.00640, 2024, section 4; interval of Agresti
    and Min, Statistics in Medicine 24, 2005. Assumes independent clusters.

    Raises:
        ValueError: where the three are not equally long.
    """
    one, other, groups = (np.asarray(row) for row in (first, second, clusters))
    if not one.shape == other.shape == groups.shape or one.ndim != 1:
        raise ValueError("two outcomes and a cluster are needed for every item")
    gaps = other.astype(float) - one.astype(float)
    if len(gaps) == 0:
        return Difference(0.0, -1.0, 1.0)
    _, places = np.unique(groups, return_inverse=True)
    sizes = np.bincount(places).astype(float)
    count, total, estimate = len(sizes), len(gaps), float(gaps.mean())
    sums = np.bincount(places, weights=gaps)
    spread = float((gaps**2).mean()) - estimate**2
    between = count / max(1, count - 1) * float(((sums - estimate * sizes) ** 2).sum()) / total**2
    effect = max(1.0, between / (spread / max(1, total - 1))) if spread > 0 else 1.0
    if int((np.bincount(places, weights=np.abs(gaps)) > 0).sum()) < ENOUGH_CLUSTERS:
        effect = max(effect, float((sizes**2).sum()) / total)
    if count < 2:
        return Difference(estimate, -1.0, 1.0)
    widened = 2 * float(ndtr(stdtrit(count - 1, 1 - (1 - confidence) / 2))) - 1
    moved = [float(np.maximum(side * gaps, 0).sum()) / effect for side in (-1, 1)]
    interval = paired_difference(moved[0], moved[1], total / effect, widened)
    return Difference(estimate, min(interval.low, estimate), max(interval.high, estimate))


def clustered_sign_test(only_first: ArrayLike, only_second: ArrayLike) -> float:
    """Two-sided p-value of "in as many clusters the second model fails more often as the first".

    One entry per cluster: the items on which one model alone failed. A cluster with as many of
    either says nothing. Where every cluster is one item this is the exact McNemar test.

    Source: the sign test, Dixon and Mood, Journal of the American Statistical Association 41, 1946.
    Assumes independent clusters, nothing of what goes on within one.

    Simulated with 30 clusters of 4 that fail together, both models alike, at a level of 5 %: an alarm in
    at most 5 % of the runs, where McNemar over the items raises one in more than 20 %.

    Raises:
        ValueError: where the two are not equally long.
    """
    first, second = np.asarray(only_first, dtype=float), np.asarray(only_second, dtype=float)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError("two counts are needed for every cluster")
    return mcnemar_exact(int((first > second).sum()), int((second > first).sum()))


def _tango_score(only_first: int, only_second: int, pairs: int, margin: float) -> float:
    """Standardised distance of the difference from ``margin``, the variance at the most likely cells there."""
    linear = -only_first - only_second + (2 * pairs - only_second + only_first) * margin
    constant = -only_first * margin * (1 - margin)
    root = math.sqrt(max(0.0, linear * linear - 8 * pairs * constant))
    likely = (root - linear) / (4 * pairs)
    variance = pairs * (2 * likely + margin * (1 - margin))
    distance = only_second - only_first - pairs * margin
    return distance / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, distance) if distance else 0.0


def _check_pairs(only_first: int, only_second: int, pairs: int) -> None:
    if min(only_first, only_second, pairs - only_first - only_second) < 0:
        raise ValueError(f"{only_first} and {only_second} discordant of {pairs} pairs cannot be")
