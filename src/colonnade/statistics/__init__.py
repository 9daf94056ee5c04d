"""Pure functions over counts: intervals and paired comparisons."""

from colonnade.statistics.comparisons import Difference, mcnemar_exact, paired_difference
from colonnade.statistics.intervals import (
    Interval,
    bootstrap_ratio,
    clean_trials_needed,
    exact_interval,
    lower_bound,
    upper_bound,
)

__all__ = [
    "Difference",
    "Interval",
    "bootstrap_ratio",
    "clean_trials_needed",
    "exact_interval",
    "lower_bound",
    "mcnemar_exact",
    "paired_difference",
    "upper_bound",
]
