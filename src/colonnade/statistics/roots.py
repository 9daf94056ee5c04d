"""Where a function of one number crosses zero."""

from __future__ import annotations

from collections.abc import Callable


def root(function: Callable[[float], float], low: float, high: float) -> float:
    """The point between two ends at which a continuous function is zero; it has other signs at the ends (Brent).

    Raises:
        ValueError: where the signs at the ends are the same.
    """
    # A third of what these rooms take to import, and few commands look for a root.
    from scipy.optimize import brentq

    return float(brentq(function, low, high))
