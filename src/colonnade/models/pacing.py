"""How fast a server is asked, and how long it is asked again when it fails."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from random import Random
from typing import NamedTuple, TypeVar

import anyio

from colonnade.models.remote import Attempt, failed
from colonnade.records import InputError

T = TypeVar("T")

FIRST_WAIT = 0.5
"""Seconds before the first repetition; every further wait is twice as long."""
LONGEST_WAIT = 30.0
"""Seconds; no wait is longer, unless the server asks for it."""
_MOMENT = 1e-6
"""Seconds that are not worth a wait."""
SELDOM = 2
"""Repetitions where a server answers, but not as the protocol says: it rarely changes its mind."""


class Limits(NamedTuple):
    """What a server may be asked, and how patiently.

    Attributes:
        concurrent: requests under way at a time.
        per_minute: requests that are started in a minute, repetitions included; none for no limit.
        patience: seconds from an item's first request until it is given up as a fault.
        hopeless: items given up in a row, or refused whatever was asked, after which the others are
            not asked at all.
    """

    concurrent: int = 8
    per_minute: float | None = None
    patience: float = 300.0
    hopeless: int = 24

    def checked(self) -> Limits:
        """The same limits.

        Raises:
            InputError: where one of them would let nothing through.
        """
        wrong = {
            "concurrent": self.concurrent < 1,
            "per_minute": self.per_minute is not None and not self.per_minute > 0,
            "patience": not self.patience >= 0,
            "hopeless": self.hopeless < 1,
        }
        for name, is_wrong in wrong.items():
            if is_wrong:
                raise InputError(f"the limit '{name}: {getattr(self, name)}' lets nothing through.", mend="Raise it.")
        return self


class Clock(NamedTuple):
    """Time and rest, so that a test can put its own in their place."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep


class Pace:
    """The requests to one server; share it between runs that ask the same one.

    Waits double with every repetition, are drawn evenly between half and all of that (so that what
    failed together does not come back together), and are never shorter than the server's
    ``Retry-After``. A server that is busy for one is left alone by all.

    Args:
        limits: what the server may be asked.
        seed: of the drawn waits.
        clock: where time comes from.
    """

    def __init__(self, limits: Limits, seed: int = 0, clock: Clock | None = None) -> None:
        self.limits, self.clock = limits.checked(), clock or Clock()
        self.given_up = 0
        self._draw = Random(seed)  # noqa: S311  # spreads requests, no secret
        # Fast: a free place is taken without a turn of the loop, which costs more than the rest of a request's paces.
        self._room, self._door = anyio.Semaphore(limits.concurrent, fast_acquire=True), anyio.Lock(fast_acquire=True)
        self._gap = 60.0 / limits.per_minute if limits.per_minute else 0.0
        self._next = self._quiet_until = float("-inf")

    @property
    def hopeless(self) -> bool:
        """Whether so many items were given up in a row that asking more makes no sense."""
        return self.given_up >= self.limits.hopeless

    async def ask(self, request: Callable[[], Awaitable[Attempt]]) -> Attempt:
        """The answer to one item, or the fault after which it was given up."""
        if self.hopeless:
            return failed(f"not asked: {self.limits.hopeless} prompts in a row had been given up")
        began, tries = None, 0
        while True:
            async with self._room:
                await self._turn()
                began = self.clock.now() if began is None else began
                attempt = await request()
            if attempt.reply.stop != "fault":
                self.given_up = 0
                return attempt
            tries += 1
            if attempt.again in ("never", "refused") or (attempt.again == "seldom" and tries > SELDOM):
                self.given_up += attempt.again != "never"
                return attempt
            wait = self._wait(tries, attempt.after)
            if self.clock.now() + wait - began > self.limits.patience:
                self.given_up += 1
                fault = f"{attempt.reply.fault}, given up for want of patience ({self.limits.patience:g} s)"
                return attempt._replace(reply=attempt.reply._replace(fault=fault))
            if attempt.again == "later":
                self._quiet_until = max(self._quiet_until, self.clock.now() + wait)
            await self.clock.sleep(wait)

    async def _turn(self) -> None:
        """Wait until the server may be asked; gaps of one length hold the limit in every minute, not on average."""
        async with self._door:
            while (rest := max(self._next, self._quiet_until) - self.clock.now()) > _MOMENT:
                await self.clock.sleep(rest)
            self._next = self.clock.now() + self._gap

    def _wait(self, tries: int, after: float | None) -> float:
        longest = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(tries - 1, 16))
        return max(longest * self._draw.uniform(0.5, 1.0), after or 0.0)


async def each(items: Iterable[T], work: Callable[[T], Awaitable[None]], concurrent: int) -> None:
    """Work on all items, so many at a time; the first that raises stops the others, and is raised as it is."""
    waiting = iter(items)
    raised: list[Exception] = []

    async def worker() -> None:
        for item in waiting:
            try:
                await work(item)
            except Exception as fault:
                raised.append(fault)
                group.cancel_scope.cancel()
                return

    async with anyio.create_task_group() as group:
        for _ in range(concurrent):
            group.start_soon(worker)
    if raised:
        raise raised[0]
