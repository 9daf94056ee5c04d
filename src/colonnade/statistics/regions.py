"""Harm and over-refusal of one model belong together: one region holds both."""

from __future__ import annotations

from typing import NamedTuple

from numpy.typing import ArrayLike

from colonnade.statistics.clusters import clustered_interval
from colonnade.statistics.intervals import Interval, exact_interval, joint_confidence


class Region(NamedTuple):
    """A box that holds both rates at once with ``confidence``."""

    violation: Interval
    over_refusal: Interval
    confidence: float

    def contains(self, violation: float, over_refusal: float) -> bool:
        """Whether the two rates lie in the box."""
        inside = self.violation.low <= violation <= self.violation.high
        return inside and self.over_refusal.low <= over_refusal <= self.over_refusal.high


def joint_region(
    violations: int, violating_trials: int, refusals: int, benign_trials: int, confidence: float = 0.95
) -> Region:
    """Where violation rate and over-refusal rate lie together: a box of two exact intervals.

    Simulated at nominal 95 %, 100 to 400 prompts a side, rates .02 to .3, twins that fail together
    or not: 95 to 99 %; the exact intervals and Bonferroni's bound are both on the safe side.

    Source: Bonferroni's inequality with Clopper and Pearson, Biometrika 26, 1934. Assumes
    independent prompts on each side; the sides may depend on each other, as twins do.
    """
    each = joint_confidence(confidence, 2)
    return Region(
        exact_interval(violations, violating_trials, each), exact_interval(refusals, benign_trials, each), confidence
    )


def joint_clustered_region(
    violations_by_cluster: ArrayLike,
    violating_by_cluster: ArrayLike,
    refusals_by_cluster: ArrayLike,
    benign_by_cluster: ArrayLike,
    confidence: float = 0.95,
    assumed_correlation: float = 1.0,
) -> Region:
    """The same for prompts that come in clusters, the two sides' clusters being twins or not.

    Source and assumptions: ``clusters.effective_sample`` and Bonferroni's inequality.
    """
    each = joint_confidence(confidence, 2)
    return Region(
        clustered_interval(violations_by_cluster, violating_by_cluster, each, assumed_correlation),
        clustered_interval(refusals_by_cluster, benign_by_cluster, each, assumed_correlation),
        confidence,
    )
