"""Time that passes only where somebody waits for it."""

from __future__ import annotations

import anyio.lowlevel

from colonnade.models.pacing import Clock


class FakeTime:
    """A clock whose sleepers wake in order of time, at once."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Let the others run, then be as late as one wanted to be."""
        self.slept.append(seconds)
        until = self.now + seconds
        await anyio.lowlevel.checkpoint()
        self.now = max(self.now, until)

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now, self.sleep)
