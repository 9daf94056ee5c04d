"""The best of several checkpoints, without taking its luck for its merit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from colonnade.statistics.clusters import clustered_interval
from colonnade.statistics.intervals import Estimate, Interval, joint_confidence


class Chosen(NamedTuple):
    """The checkpoint with the lowest rate on one half, and its rate on the other.

    ``rate_when_choosing`` made it win and is too low on average; ``rate`` is what may be reported.
    """

    place: int
    rate_when_choosing: float
    rate: Estimate
    items_for_choosing: int
    items_for_reporting: int


class Simultaneous(NamedTuple):
    """One interval per checkpoint that hold all at once; ``confidence_of_each`` is what each needs for that."""

    intervals: tuple[Interval, ...]
    confidence_of_each: float


class TradeOff(NamedTuple):
    """What a checkpoint is weighed by: harm and over-refusal should be low, capability high.

    Give the bad end of each interval rather than the estimate, so that a lucky one does not win.
    """

    harm: float
    over_refusal: float
    capability: float


def choose_and_report(
    outcomes: ArrayLike, clusters: ArrayLike | None = None, confidence: float = 0.95, seed: int = 0
) -> Chosen:
    """Choose the checkpoint with the fewest events on a random half of the clusters, report it on the other.

    ``outcomes`` is checkpoints × items, 1 where the event happened; ``clusters`` names each item's
    cluster (none: every item is its own). The split is by cluster, so that no paraphrase is on both
    sides, and repeats itself by ``seed``. The first of equals wins.

    Simulated with 10 checkpoints of one true rate, .05 and .2, 400 items: the reported interval
    covers it in 95 to 99 % of the runs; the winner's own on the items it won on in 79 to 89 %.

    Source: sample splitting, Cox, Biometrika 62, 1975; interval as in ``clusters.clustered_interval``.
    """
    hits, places = _grouped(outcomes, clusters)
    count = int(places.max()) + 1
    if count < 2:
        raise ValueError("two clusters at least are needed, one to choose on and one to report on")
    choosing = np.zeros(count, dtype=bool)
    choosing[np.random.default_rng(seed).permutation(count)[: count // 2]] = True
    here = choosing[places]
    rates = hits[:, here].mean(axis=1)
    best = int(np.argmin(rates))
    kept, row = places[~here], hits[best, ~here]
    sizes = np.bincount(kept, minlength=count)
    interval = clustered_interval(np.bincount(kept, weights=row, minlength=count), sizes, confidence)
    return Chosen(best, float(rates[best]), Estimate(float(row.mean()), *interval), int(here.sum()), int((~here).sum()))


def simultaneous_intervals(
    outcomes: ArrayLike,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
    method: Literal["bonferroni", "max-t"] = "max-t",
    seed: int = 0,
    draws: int = 20_000,
) -> Simultaneous:
    """An interval for every checkpoint on the same items, right for whichever of them is chosen afterwards.

    ``outcomes`` and ``clusters`` as in ``choose_and_report``. Bonferroni assumes nothing of how the
    checkpoints depend on each other; max-t uses how alike their failures are, and is narrower the
    more alike they are. Checkpoints that never or always failed count as independent of the others.

    Simulated with 10 checkpoints of one true rate, .05 and .2, 400 items, independent and alike:
    all intervals hold at once in 95 to 98 % of the runs.

    Source: Dunn, Journal of the American Statistical Association 56, 1961 (Bonferroni); Hothorn,
    Bretz and Westfall, Biometrical Journal 50, 2008 (max-t). Assumes independent clusters.
    """
    hits, places = _grouped(outcomes, clusters)
    sizes = np.bincount(places).astype(float)
    events = np.stack([np.bincount(places, weights=row, minlength=len(sizes)) for row in hits]).astype(np.float64)
    each = joint_confidence(confidence, len(hits))
    if method == "max-t" and len(hits) > 1:
        each = min(each, _max_t_confidence(events, sizes, confidence, seed, draws))
    return Simultaneous(tuple(clustered_interval(row, sizes, each) for row in events), each)


def pareto_front(candidates: Sequence[TradeOff]) -> tuple[int, ...]:
    """Places of the candidates that no other beats: as good in all three, and better in one. Equals all stay."""
    points = np.array([(one.harm, one.over_refusal, -one.capability) for one in candidates]).reshape(-1, 3)
    return tuple(
        place
        for place, point in enumerate(points)
        if not bool(np.any(np.all(points <= point, axis=1) & np.any(points < point, axis=1)))
    )


def _max_t_confidence(
    events: NDArray[np.float64], sizes: NDArray[np.float64], confidence: float, seed: int, draws: int
) -> float:
    """Confidence of a single interval whose critical value bounds the largest of the correlated deviations."""
    residuals = events - (events.sum(axis=1) / sizes.sum())[:, None] * sizes
    lengths = np.sqrt((residuals**2).sum(axis=1))
    scaled = np.divide(residuals, lengths[:, None], out=np.zeros_like(residuals), where=lengths[:, None] > 0)
    correlation = scaled @ scaled.T
    np.fill_diagonal(correlation, 1.0)
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0))
    normals = np.random.default_rng(seed).standard_normal((draws, len(events)))
    largest = np.abs(normals @ root.T).max(axis=1)
    return float(2 * ndtr(np.quantile(largest, confidence)) - 1)


def _grouped(outcomes: ArrayLike, clusters: ArrayLike | None) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    hits = np.asarray(outcomes, dtype=float)
    if hits.ndim != 2 or 0 in hits.shape or not bool(np.all((hits >= 0) & (hits <= 1))):
        raise ValueError("outcomes are checkpoints × items, each between 0 and 1")
    names = np.arange(hits.shape[1]) if clusters is None else np.asarray(clusters)
    if names.shape != (hits.shape[1],):
        raise ValueError(f"{hits.shape[1]} items need as many clusters, not {names.shape}")
    return hits, np.unique(names, return_inverse=True)[1]
