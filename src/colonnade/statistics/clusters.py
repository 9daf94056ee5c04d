"""Trials that come in clusters (paraphrases, turns, languages of one goal) say less than as many independent ones."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from colonnade.statistics.intervals import Interval, exact_interval, lower_bound, upper_bound, wilson_interval

ENOUGH_CLUSTERS = 5
"""With fewer clusters than this on either side (some event, some trial without), the design effect is assumed."""


class EffectiveSample(NamedTuple):
    """As many independent trials as the clusters are worth; parts of trials are meant.

    ``design_effect`` is how many times fewer they are, ``estimated`` whether the data told it; where
    they could not, it stands for the assumed correlation.
    """

    events: float
    trials: float
    design_effect: float
    clusters: int
    estimated: bool


def design_effect(trials_by_cluster: ArrayLike, correlation: float) -> float:
    """How many times fewer independent trials the clusters are worth at this correlation within them.

    1 + (m - 1) * correlation, m being the size of the cluster that a trial finds itself in on
    average; with a correlation of 1 and equal sizes, the clusters are the units.

    Source: Kish, Survey Sampling, 1965, sections 5.4 and 8.2.

    Raises:
        ValueError: where the correlation does not lie between 0 and 1.
    """
    if not 0 <= correlation <= 1:
        raise ValueError(f"a correlation within clusters lies between 0 and 1, not at {correlation}")
    sizes = np.asarray(trials_by_cluster, dtype=float)
    total = float(sizes.sum())
    return 1 + max(0.0, float((sizes**2).sum()) / total - 1) * correlation if total else 1.0


def effective_sample(
    events_by_cluster: ArrayLike,
    trials_by_cluster: ArrayLike,
    confidence: float = 0.95,
    assumed_correlation: float = 1.0,
) -> EffectiveSample:
    """Events and trials of the independent sample that carries as much as these clusters.

    The variance between clusters gives the design effect, widened for having few of them (the two
    t quantiles at ``confidence``) and never under 1. At no event at all, and with fewer than
    ``ENOUGH_CLUSTERS`` clusters that have an event (or that have a trial without one), the data
    cannot tell it: then it is at least that of ``assumed_correlation``, whose default of 1 counts
    clusters, not trials. Give a smaller one only where earlier data on the same kind of cluster show it.

    Source: Korn and Graubard, Survey Methodology 24, 1998; the assumed effect is Kish's. Assumes
    that clusters are independent of each other, not that trials within one are.
    """
    events, trials = _clusters(events_by_cluster, trials_by_cluster)
    total, hits, count = float(trials.sum()), float(events.sum()), len(trials)
    assumed = design_effect(trials, assumed_correlation)
    if total == 0:
        return EffectiveSample(0.0, 0.0, 1.0, 0, False)
    if float(trials.max()) == 1.0:  # each trial a cluster of its own: nothing to estimate, and no rounding
        return EffectiveSample(hits, total, 1.0, count, True)
    eventful, clean = int((events > 0).sum()), int((events < trials).sum())
    estimated = min(eventful, clean) >= ENOUGH_CLUSTERS
    effect = max(1.0, _estimated_effect(events, trials, confidence))
    if not estimated:
        effect = max(effect, assumed)
    size = total / effect
    return EffectiveSample(min(size, hits / total * size), size, effect, count, estimated)


def clustered_interval(
    events_by_cluster: ArrayLike,
    trials_by_cluster: ArrayLike,
    confidence: float = 0.95,
    assumed_correlation: float = 1.0,
    form: Literal["exact", "wilson"] = "exact",
) -> Interval:
    """Two-sided interval of a rate whose trials come in clusters; without trials 0 to 1.

    Simulated at nominal 95 %, clusters of 4 with a correlation of .6: at rates of .05 and .2 the
    exact form covers 96 to 98 %, the Wilson form 95 to 96 %. At rates so small that few clusters
    have an event, the exact form covers up to 99 % and more: there it counts clusters. The Wilson
    form dips under 93 % when fewer than one cluster in a hundred has an event; use it for display.

    Source and assumptions: see ``effective_sample``.
    """
    sample = effective_sample(events_by_cluster, trials_by_cluster, confidence, assumed_correlation)
    interval = exact_interval if form == "exact" else wilson_interval
    return interval(sample.events, sample.trials, confidence)


def clustered_upper_bound(
    events_by_cluster: ArrayLike,
    trials_by_cluster: ArrayLike,
    confidence: float = 0.95,
    assumed_correlation: float = 1.0,
) -> float:
    """One-sided upper bound: 0 of 300 in 75 clusters of 4 gives 3.9 %, not 1 %.

    Simulated at nominal 95 %: at or over 95 % at every rate and correlation tried.

    Source and assumptions: see ``effective_sample``.
    """
    sample = effective_sample(events_by_cluster, trials_by_cluster, 2 * confidence - 1, assumed_correlation)
    return upper_bound(sample.events, sample.trials, confidence)


def clustered_lower_bound(
    events_by_cluster: ArrayLike,
    trials_by_cluster: ArrayLike,
    confidence: float = 0.95,
    assumed_correlation: float = 1.0,
) -> float:
    """One-sided lower bound, the mirror of ``clustered_upper_bound``."""
    sample = effective_sample(events_by_cluster, trials_by_cluster, 2 * confidence - 1, assumed_correlation)
    return lower_bound(sample.events, sample.trials, confidence)


def intracluster_correlation(events_by_cluster: ArrayLike, trials_by_cluster: ArrayLike) -> float | None:
    """How alike the trials of one cluster are, 0 to 1, from an analysis of variance.

    Nothing where it cannot be told: fewer than two clusters, no cluster of two or more trials, or
    trials that all came out the same. It is for ``assumed_correlation`` on later data of the same
    kind; from few clusters it is rough, so round it up.

    Source: Ridout, Demétrio and Firth, Biometrics 55, 1999, the ANOVA estimator (cut to 0 … 1).
    """
    events, trials = _clusters(events_by_cluster, trials_by_cluster)
    total, count = float(trials.sum()), len(trials)
    rate = float(events.sum()) / total if total else 0.0
    if count < 2 or total == count or rate in (0.0, 1.0):
        return None
    between = float((trials * (events / trials - rate) ** 2).sum()) / (count - 1)
    within = float((events * (1 - events / trials)).sum()) / (total - count)
    size = (total - float((trials**2).sum()) / total) / (count - 1)
    return min(1.0, max(0.0, (between - within) / (between + (size - 1) * within)))


def _estimated_effect(events: NDArray[np.float64], trials: NDArray[np.float64], confidence: float) -> float:
    total, count = float(trials.sum()), len(trials)
    rate = float(events.sum()) / total
    if count < 2 or rate <= 0 or rate >= 1:
        return 1.0
    variance = count / (count - 1) * float(((events - rate * trials) ** 2).sum()) / total**2
    quantile = 1 - (1 - max(confidence, 0.5)) / 2
    widening = float(stdtrit(count - 1, quantile) / stdtrit(max(1.0, total - 1), quantile)) ** 2
    return variance / (rate * (1 - rate) / (total - 1)) * widening


def _clusters(
    events_by_cluster: ArrayLike, trials_by_cluster: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    events, trials = np.asarray(events_by_cluster, dtype=float), np.asarray(trials_by_cluster, dtype=float)
    if events.ndim != 1 or events.shape != trials.shape:
        raise ValueError(f"events of {events.shape} clusters cannot be held against trials of {trials.shape}")
    if not bool(np.all((events >= 0) & (events <= trials))):
        raise ValueError("a cluster with more events than trials, or with fewer than none, cannot be")
    return events[trials > 0], trials[trials > 0]
