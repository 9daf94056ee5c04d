"""Telling observers what is over: from a thread of its own, so that no answer waits for counters or spans."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from threading import Event, Thread
from time import sleep

from colonnade.guard.observing import DoorObserver, Finished, Observer, TurnedAway

WAITING = 10_000
"""Rows that may wait to be told; more are dropped and counted."""

GATHERING = 0.02
"""Seconds for which rows are gathered before they are told: a thread that wakes for each of them takes the interpreter
from the answers each time."""

logger = logging.getLogger(__name__)


class Teller:
    """Tells every observer of every finished request, one at a time and in their order.

    Attributes:
        dropped: how many requests were not told of, because observers were too slow.
        failed: how often an observer did not take note, because it failed.

    Args:
        observers: who wants to know; without any, nothing is done.
    """

    def __init__(self, observers: Sequence[Observer]) -> None:
        self.observers, self.dropped, self.failed = tuple(observers), 0, 0
        self._waiting: deque[Finished | TurnedAway] = deque()
        self._come, self._closed = Event(), False
        self._thread: Thread | None = None
        if self.observers:
            self._thread = Thread(target=self._work, name="colonnade-telling", daemon=True)
            self._thread.start()

    def tell(self, row: Finished | TurnedAway) -> None:
        """Tell of a request, some time soon; never waits."""
        if len(self._waiting) >= WAITING:
            self.dropped += 1
            return
        self._waiting.append(row)
        if not self._come.is_set():
            self._come.set()

    def turned_away(self, row: TurnedAway) -> None:
        """Tell of a request that went no further; a flood of them takes no room from those that were answered."""
        if self.observers and len(self._waiting) < WAITING // 2:
            self.tell(row)
        elif self.observers:
            self.dropped += 1

    def close(self) -> None:
        """Tell what is waiting, and end the thread."""
        if self._thread is not None:
            self._closed = True
            self._come.set()
            self._thread.join(5)

    def _work(self) -> None:
        while not self._closed:
            self._come.wait()
            if not self._closed:
                sleep(GATHERING)
            # Taken away before the look, so that what comes after the look sets it again.
            self._come.clear()
            self._tell_waiting()
        self._tell_waiting()

    def _tell_waiting(self) -> None:
        while self._waiting:
            self._tell_all(self._waiting.popleft())

    def _tell_all(self, row: Finished | TurnedAway) -> None:
        for observer in self.observers:
            try:
                if isinstance(row, Finished):
                    observer.finished(row)
                elif isinstance(observer, DoorObserver):
                    observer.turned_away(row)
            except Exception as fault:  # counters and spans may be lost, answers may not
                self.failed += 1
                logger.warning("an observer failed: %s", type(fault).__name__)
