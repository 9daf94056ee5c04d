"""The checkpoints among which a choice is a matter of taste, since none of them is beaten."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class TradeOff(NamedTuple):
    """What a checkpoint is weighed by: harm and over-refusal should be low, capability high.

    Give the bad end of each interval rather than the estimate, so that a lucky one does not win.
    """

    harm: float
    over_refusal: float
    capability: float


def pareto_front(candidates: Sequence[TradeOff]) -> tuple[int, ...]:
    """Places of the candidates that no other beats: as good in all three, and better in one. Equals all stay."""
    points = np.array([(one.harm, one.over_refusal, -one.capability) for one in candidates]).reshape(-1, 3)
    return tuple(
        place
        for place, point in enumerate(points)
        if not bool(np.any(np.all(points <= point, axis=1) & np.any(points < point, axis=1)))
    )
