"""Items without a verdict: every rate between "all of them fine" and "all of them failed" fits what was seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from colonnade.statistics.clusters import clustered_lower_bound, clustered_upper_bound
from colonnade.statistics.intervals import Interval


def clustered_unscored_interval(
    events_by_cluster: ArrayLike,
    scored_by_cluster: ArrayLike,
    unscored_by_cluster: ArrayLike,
    confidence: float = 0.95,
    assumed_correlation: float = 1.0,
) -> Interval:
    """The worst ends for unscored items in clusters: all fine below, all failed above.

    Each end takes half the risk, which is wider than need be where the two extremes lie far apart against chance.

    Simulated at nominal 95 %, 10 % unscored: with all unscored items fine, or all failed, the interval covers 97 to
    98 %; unscored at random it covers 99 to 100 %, which is the price of not assuming that.

    Source: Manski, American Economic Review 80, 1990, over the effective sample of
    ``clusters.effective_sample``, whose assumptions it shares.
    """
    events, unscored = np.asarray(events_by_cluster, dtype=float), np.asarray(unscored_by_cluster, dtype=float)
    trials = np.asarray(scored_by_cluster, dtype=float) + unscored
    each = 1 - (1 - confidence) / 2
    return Interval(
        clustered_lower_bound(events, trials, each, assumed_correlation),
        clustered_upper_bound(events + unscored, trials, each, assumed_correlation),
    )


class ClusteredRate(NamedTuple):
    """A rate over items in clusters, some of them unscored.

    Attributes:
        rate: events of the scored; none where nothing was scored.
        low, high: exact interval over the clusters; unscored items are fine at the low end, failed at the high one.
        upper: the one-sided bound at the same confidence, unscored items failed: what a threshold is held against.
    """

    events: int
    scored: int
    unscored: int
    clusters: int
    rate: float | None
    low: float
    high: float
    upper: float


def clustered_rate(items: Iterable[tuple[str, bool | None]], confidence: float = 0.95) -> ClusteredRate:
    """The rate over items, each the name of its cluster and whether it failed; none where it was not scored.

    Where every cluster has one item, these are the exact intervals of Clopper and Pearson.
    """
    counts: dict[str, list[int]] = {}
    for cluster, failed in items:
        row = counts.setdefault(cluster, [0, 0, 0])
        row[0] += failed is True
        row[1] += failed is not None
        row[2] += failed is None
    events, scored, unscored = ([row[place] for row in counts.values()] for place in range(3))
    interval = clustered_unscored_interval(events, scored, unscored, confidence)
    failures = [event + missing for event, missing in zip(events, unscored, strict=True)]
    trials = [done + missing for done, missing in zip(scored, unscored, strict=True)]
    return ClusteredRate(
        sum(events),
        sum(scored),
        sum(unscored),
        len(counts),
        sum(events) / sum(scored) if sum(scored) else None,
        *interval,
        clustered_upper_bound(failures, trials, confidence),
    )
