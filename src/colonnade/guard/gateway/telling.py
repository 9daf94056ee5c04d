"""Telling observers what is over: from a thread of its own, so that no answer waits for counters or spans."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from queue import Full, Queue
from threading import Thread

from colonnade.guard.observing import DoorObserver, Finished, Observer, TurnedAway

WAITING = 10_000
"""Rows that may wait to be told; more are dropped and counted."""

logger = logging.getLogger(__name__)


class Teller:
    """Tells every observer of every finished request, one at a time.

    Attributes:
        dropped: how many requests were not told of, because observers were too slow.
        failed: how often an observer did not take note, because it failed.

    Args:
        observers: who wants to know; without any, nothing is done.
    """

    def __init__(self, observers: Sequence[Observer]) -> None:
        self.observers, self.dropped, self.failed = tuple(observers), 0, 0
        self._waiting: Queue[Finished | TurnedAway | None] = Queue(WAITING)
        self._thread: Thread | None = None
        if self.observers:
            self._thread = Thread(target=self._work, name="colonnade-telling", daemon=True)
            self._thread.start()

    def tell(self, row: Finished | TurnedAway) -> None:
        """Tell of a request, some time soon; never waits."""
        try:
            self._waiting.put_nowait(row)
        except Full:
            self.dropped += 1

    def turned_away(self, row: TurnedAway) -> None:
        """Tell of a request that went no further; a flood of them takes no room from those that were answered."""
        if self.observers and self._waiting.qsize() < WAITING // 2:
            self.tell(row)
        elif self.observers:
            self.dropped += 1

    def close(self) -> None:
        """Tell what is waiting, and end the thread."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join(5)

    def _work(self) -> None:
        while (row := self._waiting.get()) is not None:
            for observer in self.observers:
                try:
                    if isinstance(row, Finished):
                        observer.finished(row)
                    elif isinstance(observer, DoorObserver):
                        observer.turned_away(row)
                except Exception as fault:  # counters and spans may be lost, answers may not
                    self.failed += 1
                    logger.warning("an observer failed: %s", type(fault).__name__)
