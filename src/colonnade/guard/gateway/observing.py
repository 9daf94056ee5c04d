"""Who wants to know of every finished row: counters, spans."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Row = Mapping[str, Any]

logger = logging.getLogger(__name__)


class Observer(Protocol):
    """Called with each row once it is on disk. It only looks on: nothing waits for it, and nothing depends on it."""

    def finished(self, row: Row) -> None:
        """A row as it stands in the log: no words of anybody in it. Runs in the loop, so it has to be quick."""
        ...


def tell(observers: Sequence[Observer], row: Row) -> None:
    """Tell everybody; one that fails is named and passed over."""
    for observer in observers:
        try:
            observer.finished(row)
        except Exception as fault:  # counters and spans may be lost, answers may not
            logger.warning("an observer failed: %s", type(fault).__name__)
