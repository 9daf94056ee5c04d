"""Telling observers what is over: from a thread of its own, so that no answer waits for counters or spans."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from queue import Full, Queue
from threading import Thread

from colonnade.guard.observing import Finished, Observer

WAITING = 10_000
"""Rows that may wait to be told; more are dropped and counted."""

logger = logging.getLogger(__name__)


class Teller:
    """Tells every observer of every finished request, one at a time.

    Attributes:
        dropped: how many were not told, because observers were too slow.

    Args:
        observers: who wants to know; without any, nothing is done.
    """

    def __init__(self, observers: Sequence[Observer]) -> None:
        self.observers, self.dropped = tuple(observers), 0
        self._waiting: Queue[Finished | None] = Queue(WAITING)
        self._thread: Thread | None = None
        if self.observers:
            self._thread = Thread(target=self._work, name="colonnade-telling", daemon=True)
            self._thread.start()

    def tell(self, row: Finished) -> None:
        """Tell of a request, some time soon; never waits."""
        try:
            self._waiting.put_nowait(row)
        except Full:
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
                    observer.finished(row)
                except Exception as fault:  # counters and spans may be lost, answers may not
                    logger.warning("an observer failed: %s", type(fault).__name__)
