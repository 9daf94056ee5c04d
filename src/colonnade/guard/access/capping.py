"""The caps of a grant: how often it was used within each window, and which one more use would breach."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from colonnade.records import GrantUse, Level, RateCaps

SPECIFIC = (Level.ACTIONABLE, Level.RECIPE)
SPECIFICALLY = "at actionable or recipe within a day"
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)


def breached_cap(caps: RateCaps, uses: Iterable[tuple[datetime, Level]], now: datetime, level: Level) -> str:
    """Which cap one more use would breach, with its numbers; empty where none.

    Args:
        caps: of the grant.
        uses: time and level of those before, oldest first.
        now: when the next one would be.
        level: how specific it would be.
    """
    for row in cap_uses(caps, uses, now):
        count = row.used + (row.window != SPECIFICALLY or level in SPECIFIC)
        if count > row.cap:
            return f"use {count} {row.window}, and the grant has {row.cap}"
    return ""


class CapUse(NamedTuple):
    """How much of one cap is used up at a moment.

    Attributes:
        used: uses within the window.
        cap: how many there may be; one more suspends the grant.
        window: as a phrase.
    """

    used: int
    cap: int
    window: str


def cap_uses(caps: RateCaps, uses: Iterable[tuple[datetime, Level]], now: datetime) -> tuple[CapUse, ...]:
    """How much of each cap is used up.

    Args:
        caps: of the grant.
        uses: time and level of its uses, in any order.
        now: the moment.
    """
    rows = [(at, level) for at, level in uses if at > now - _DAY]
    return (
        CapUse(sum(at > now - _MINUTE for at, _ in rows), caps.per_minute, "within a minute"),
        CapUse(len(rows), caps.per_day, "within a day"),
        CapUse(sum(level in SPECIFIC for _, level in rows), caps.specific_per_day, SPECIFICALLY),
    )


class Tally:
    """What was made of one grant so far."""

    def __init__(self) -> None:
        self.number = 0
        self.recent: list[tuple[datetime, Level]] = []
        self.drift = 0.0

    def add(self, use: GrantUse) -> None:
        """Count a use; what no window reaches any more is let go now and then."""
        self.number = max(self.number, use.number + 1)
        self.recent.append((use.at, use.level))
        if len(self.recent) % 64 == 0:
            del self.recent[: bisect_right([at for at, _ in self.recent], use.at - _DAY)]

    def joined(self, other: Tally) -> None:
        """What another tally of the same grant has besides; what both have counts once."""
        self.number = max(self.number, other.number)
        self.recent = sorted((Counter(self.recent) | Counter(other.recent)).elements())
        self.drift = max(self.drift, other.drift)
