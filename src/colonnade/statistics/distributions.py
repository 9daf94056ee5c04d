"""How evenly things are spread: over cells, against a target, over sources."""

from __future__ import annotations

import math
from collections.abc import Sequence


def normalised_entropy(counts: Sequence[int]) -> float | None:
    """Shannon entropy over the cells, divided by its largest value: 1 is even, 0 is all in one cell.

    Nothing where there are fewer than two cells or nothing was counted.

    Source: Shannon, Bell System Technical Journal 27, 1948; divided by log k as in Pielou, Journal
    of Theoretical Biology 13, 1966.
    """
    total = sum(counts)
    if len(counts) < 2 or total == 0:
        return None
    shares = [count / total for count in counts if count]
    return max(0.0, -sum(share * math.log(share) for share in shares)) / math.log(len(counts))


def total_variation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Half the summed difference of two distributions over the same cells, 0 to 1.

    It is the share of items that would have to move. Both are scaled to sum to 1; nothing where
    one of them sums to 0.

    Raises:
        ValueError: where the two have different numbers of cells.

    Source: Levin and Peres, Markov Chains and Mixing Times, 2nd edition, 2017, proposition 4.2.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} cells cannot be held against {len(second)}")
    whole, other = sum(first), sum(second)
    if whole <= 0 or other <= 0:
        return None
    return sum(abs(one / whole - two / other) for one, two in zip(first, second, strict=True)) / 2


def herfindahl(counts: Sequence[int]) -> float | None:
    """Summed squares of the shares: 1 where one source has everything, 1/k where k are equal.

    Source: Hirschman, American Economic Review 54, 1964 (the index is also named after Herfindahl).
    """
    total = sum(counts)
    return sum((count / total) ** 2 for count in counts) if total else None
