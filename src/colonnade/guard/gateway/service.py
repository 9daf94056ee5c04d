"""What all endpoints share, and a request on its way through them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any, NamedTuple

from colonnade.guard.gateway.rows import Course
from colonnade.guard.gateway.standing import Chosen, Standing
from colonnade.guard.gateway.telling import Teller
from colonnade.guard.gateway.upstreams import Upstream
from colonnade.guard.guard import Who
from colonnade.guard.observing import Observer
from colonnade.guard.protocol import Asked, ProtocolError
from colonnade.guard.recording import Recorder
from colonnade.records import ColonnadeError, Ruling

MOST = 1024
"""Requests under way at once."""

logger = logging.getLogger(__name__)


class Service:
    """What all endpoints share.

    Attributes:
        under_way: requests that are being answered.
        closing: set it, and no new ones are taken.

    Args:
        standing: what holds now; asked for once by each exchange.
        upstream: what answers.
        recorder: where rows go.
        observers: told of each finished request.
        most: requests under way at once.
    """

    def __init__(
        self,
        standing: Callable[[], Standing],
        upstream: Upstream,
        recorder: Recorder,
        observers: Sequence[Observer] = (),
        most: int = MOST,
    ) -> None:
        self.standing, self.upstream, self.recorder = standing, upstream, recorder
        self.teller, self.most, self.under_way = Teller(observers), most, 0
        self.closing = False

    async def record(self, row: Mapping[str, Any], subject: str, texts: Mapping[str, str], course: Course) -> None:
        """Have a row on disk.

        Raises:
            ProtocolError: 503 where it cannot be written: what is not recorded does not happen.
        """
        started = perf_counter()
        try:
            await self.recorder.write(row, subject, texts)
        except (ColonnadeError, OSError) as fault:
            logger.error("the audit log cannot be written: %s", fault)
            message = "the audit log cannot be written, and nothing is answered without it."
            raise ProtocolError(message, status=503, code="log_unavailable") from None
        finally:
            course.writing += perf_counter() - started


class Passed(NamedTuple):
    """A request that may go to the model."""

    now: Standing
    who: Who
    asked: Asked
    chosen: Chosen
    ruling: Ruling
    common: Mapping[str, Any]
    conversation: Sequence[str]
    course: Course
