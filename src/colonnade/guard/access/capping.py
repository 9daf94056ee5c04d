"""The caps of a grant: how often it was used within each window, and which one more use would breach."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from colonnade.records import GrantUse, Level, RateCaps

SPECIFIC = (Level.ACTIONABLE, Level.RECIPE)
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)


def breached_cap(caps: RateCaps, uses: Iterable[tuple[datetime, Level]], now: datetime, level: Level) -> str:
    """Which cap one more use would breach, with its numbers; empty where none.

    Args:
        caps: of the grant.
        uses: time and level of those before, oldest first.
        now: when the next one would be.
        level: how specific it would be.
    """
    rows = [(at, how) for at, how in uses if at > now - _DAY]
    minute = sum(at > now - _MINUTE for at, _ in rows) + 1
    specific = sum(how in SPECIFIC for _, how in rows) + (level in SPECIFIC)
    for count, cap, words in (
        (minute, caps.per_minute, "within a minute"),
        (len(rows) + 1, caps.per_day, "within a day"),
        (specific, caps.specific_per_day, "at actionable or recipe within a day"),
    ):
        if count > cap:
            return f"use {count} {words}, and the grant has {cap}"
    return ""


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
