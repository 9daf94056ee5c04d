"""Pure functions over counts: intervals and paired comparisons."""

from colonnade.statistics.comparisons import Difference, mcnemar_exact, paired_difference
from colonnade.statistics.distributions import herfindahl, normalised_entropy, total_variation
from colonnade.statistics.intervals import (
    Interval,
    bootstrap_ratio,
    clean_trials_needed,
    events_needed,
    exact_interval,
    joint_confidence,
    lower_bound,
    upper_bound,
    wilson_interval,
)

__all__ = [
    "Difference",
    "Interval",
    "bootstrap_ratio",
    "clean_trials_needed",
    "events_needed",
    "exact_interval",
    "herfindahl",
    "joint_confidence",
    "lower_bound",
    "mcnemar_exact",
    "normalised_entropy",
    "paired_difference",
    "total_variation",
    "upper_bound",
    "wilson_interval",
]
