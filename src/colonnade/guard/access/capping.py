"""The caps of a grant: how often it was used within each window, and which one more use would breach."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from colonnade.guard.access.drifting import DriftSum
from colonnade.records import Grant, GrantUse, Level, RateCaps

SPECIFIC = (Level.ACTIONABLE, Level.RECIPE)
SPECIFICALLY = "at actionable or recipe within a day"
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)


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

    @property
    def remaining(self) -> int:
        """How many more there may be."""
        return max(0, self.cap - self.used)


class Remaining(NamedTuple):
    """What a grant has left after a use of it.

    Attributes:
        grant: its id.
        per_minute, per_day, specific_per_day: how many more uses each cap allows at this moment.
    """

    grant: str
    per_minute: int
    per_day: int
    specific_per_day: int


class Tally:
    """What was made of one grant so far.

    Attributes:
        number: of the next use.
        drift: the evidence that it is used beside its purpose.
    """

    def __init__(self, uses: Iterable[GrantUse] = ()) -> None:
        self.number, self.drift = 0, DriftSum()
        # Sorted: a grant may be used ten thousand times in a day, and the next use must not count them one by one.
        self._all: list[datetime] = []
        self._specific: list[datetime] = []
        for use in uses:
            self.add(use)

    def add(self, use: GrantUse) -> None:
        """Count a use; what no window reaches any more is let go now and then."""
        self.number = max(self.number, use.number + 1)
        for times in (self._all, self._specific) if use.level in SPECIFIC else (self._all,):
            insort(times, use.at)
            if len(times) % 64 == 0:
                del times[: bisect_right(times, use.at - _DAY)]

    def joined(self, other: Tally) -> None:
        """What another tally of the same grant has besides; what both have counts once."""
        self.number = max(self.number, other.number)
        self.drift = max(self.drift, other.drift, key=lambda sum_: sum_.level)
        self._all = sorted((Counter(self._all) | Counter(other._all)).elements())
        self._specific = sorted((Counter(self._specific) | Counter(other._specific)).elements())

    def used(self, caps: RateCaps, now: datetime) -> tuple[CapUse, ...]:
        """How much of each cap is used up at a moment."""
        return (
            CapUse(_since(self._all, now - _MINUTE), caps.per_minute, "within a minute"),
            CapUse(_since(self._all, now - _DAY), caps.per_day, "within a day"),
            CapUse(_since(self._specific, now - _DAY), caps.specific_per_day, SPECIFICALLY),
        )

    def remaining(self, grant: Grant, now: datetime) -> Remaining:
        """What is left of each cap of the grant at a moment."""
        return Remaining(grant.id, *(row.remaining for row in self.used(grant.caps, now)))

    def breached(self, caps: RateCaps, now: datetime, level: Level) -> str:
        """Which cap one more use would breach, with its numbers; empty where none.

        Args:
            caps: of the grant.
            now: when the next one would be.
            level: how specific it would be.
        """
        for row in self.used(caps, now):
            count = row.used + (row.window != SPECIFICALLY or level in SPECIFIC)
            if count > row.cap:
                return f"use {count} {row.window}, and the grant has {row.cap}"
        return ""


def _since(times: Sequence[datetime], moment: datetime) -> int:
    """How many are later than a moment."""
    return len(times) - bisect_right(times, moment)
