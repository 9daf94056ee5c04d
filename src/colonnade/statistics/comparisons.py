"""Two models on the same prompts: only the prompts on which they differ tell them apart."""

from __future__ import annotations

import math
from typing import NamedTuple

from scipy.stats import binom, norm


class Difference(NamedTuple):
    """Rate of the second less rate of the first, with its interval."""

    estimate: float
    low: float
    high: float


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Two-sided p for "both fail equally often", from the discordant pairs alone.

    Source: McNemar, Psychometrika 12, 1947, in its exact binomial form.
    """
    trials = only_first + only_second
    if trials == 0:
        return 1.0
    return min(1.0, 2 * float(binom.cdf(min(only_first, only_second), trials, 0.5)))


def paired_difference(only_first: int, only_second: int, pairs: int, confidence: float = 0.95) -> Difference:
    """Difference of two paired rates; half a pair is added to each cell for the interval.

    Source: Agresti and Min, Statistics in Medicine 24, 2005 (the "+2" interval).
    """
    if pairs == 0:
        return Difference(0.0, -1.0, 1.0)
    estimate = (only_second - only_first) / pairs
    first, second, total = only_first + 0.5, only_second + 0.5, pairs + 2
    centre = (second - first) / total
    spread = math.sqrt((first + second) - (second - first) ** 2 / total) / total
    reach = float(norm.ppf(1 - (1 - confidence) / 2)) * spread
    return Difference(estimate, max(-1.0, centre - reach), min(1.0, centre + reach))
