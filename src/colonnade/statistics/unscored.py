"""Items without a verdict: every rate between "all of them fine" and "all of them failed" fits what was seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from colonnade.statistics.clusters import clustered_lower_bound, clustered_upper_bound
from colonnade.statistics.intervals import Interval, lower_bound, upper_bound
from colonnade.statistics.roots import root


class Unscored(NamedTuple):
    """The share of events if all unscored items were fine (``low``) or all failed (``high``), and coverage of scoring.

    ``interval`` holds the true rate whatever the unscored items were.
    """

    low: float
    high: float
    scored: float
    interval: Interval


def unscored_bounds(events: int, scored: int, unscored: int, confidence: float = 0.95) -> Unscored:
    """What can be said of a rate when some items were not scored, for whatever reason.

    ``events`` of ``scored`` items happened, ``unscored`` more have no verdict. Nothing is assumed
    of why they have none. The ends are exact one-sided bounds; where the two extremes lie far
    apart against chance, each end needs only the whole risk rather than half of it.

    Simulated at nominal 95 %, 10 % unscored: with all unscored items fine, or all failed, the
    interval covers 95 to 98 %; unscored at random it covers 98 to 100 %, which is the price of not
    assuming that. Without trials it says nothing, 0 to 1.

    Source: Manski, American Economic Review 80, 1990 (bounds); Imbens and Manski, Econometrica 72,
    2004 (risk at each end). Assumes independent items.
    """
    total = scored + unscored
    if min(events, scored - events, unscored) < 0:
        raise ValueError(f"{events} events of {scored} scored and {unscored} unscored items cannot be")
    if total == 0:
        return Unscored(0.0, 1.0, 0.0, Interval(0.0, 1.0))
    low, high = events / total, (events + unscored) / total
    each = _confidence_of_each_end(low, high, total, confidence)
    interval = Interval(lower_bound(events, total, each), upper_bound(events + unscored, total, each))
    return Unscored(low, high, scored / total, interval)


def unscored_upper_bound(events: int, scored: int, unscored: int, confidence: float = 0.95) -> float:
    """One-sided upper bound with every unscored item counted as failed: the end that a gate reads."""
    return upper_bound(events + unscored, scored + unscored, confidence)


def unscored_lower_bound(events: int, scored: int, unscored: int, confidence: float = 0.95) -> float:
    """One-sided lower bound with every unscored item counted as fine."""
    return lower_bound(events, scored + unscored, confidence)


def clustered_unscored_interval(
    events_by_cluster: ArrayLike,
    scored_by_cluster: ArrayLike,
    unscored_by_cluster: ArrayLike,
    confidence: float = 0.95,
    assumed_correlation: float = 1.0,
) -> Interval:
    """The worst ends for unscored items in clusters: all fine below, all failed above.

    Each end takes half the risk, so this is wider than ``unscored_bounds`` need be.

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


def _confidence_of_each_end(low: float, high: float, total: int, confidence: float) -> float:
    """Imbens and Manski's level: from (1 + confidence) / 2 where the extremes meet, down to confidence."""
    widest = max(low * (1 - low), high * (1 - high), 1 / total)  # never nothing, so that 0 events stay careful
    gap = (high - low) / float(np.sqrt(widest / total))
    start, end = float(ndtri(confidence)) - 1e-9, float(ndtri(1 - (1 - confidence) / 2)) + 1e-9
    reach = root(lambda point: float(ndtr(point + gap) - ndtr(-point)) - confidence, start, end)
    return float(ndtr(reach))
