"""What all endpoints share, and a request on its way through them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any, NamedTuple

from colonnade.guard.gateway.exchange import Exchange
from colonnade.guard.gateway.faults import UpstreamFaults
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

MOST_BYTES = 512 * 1024 * 1024
"""Of all requests under way; what is read of them takes two or three times as much memory."""

LARGE = 64 * 1024
"""Bytes of a request. More takes long to read, which would hold up everybody else's answers, and takes room."""

logger = logging.getLogger(__name__)


class Service:
    """What all endpoints share.

    Attributes:
        exchanges: of the requests that are being answered.
        bytes_under_way: of these requests.
        reading: the thread in which large requests are read, one after the other.
        faults: of the model's server.
        closing: set it, and no new ones are taken.
        log_failed: the last row could not be written.

    Args:
        standing: what holds now; asked for once by each exchange.
        upstream: what answers.
        recorder: where rows go.
        observers: told of each finished request.
        most: requests under way at once.
        most_bytes: of requests under way; beyond it only small ones are taken.
        traced: of the traces that begin here, the share that is kept; none where nobody writes spans.
    """

    def __init__(
        self,
        standing: Callable[[], Standing],
        upstream: Upstream,
        recorder: Recorder,
        observers: Sequence[Observer] = (),
        most: int = MOST,
        traced: float | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self.standing, self.upstream, self.recorder = standing, upstream, recorder
        self.teller, self.most, self.traced = Teller(observers), most, traced
        self.most_bytes, self.bytes_under_way = most_bytes, 0
        self.closing = self.log_failed = False
        self.faults = UpstreamFaults()
        self.exchanges: set[Exchange] = set()
        self.reading = ThreadPoolExecutor(1, thread_name_prefix="colonnade-reading")

    @property
    def under_way(self) -> int:
        """How many requests are being answered."""
        return len(self.exchanges)

    def end_now(self) -> None:
        """End all that is under way and is not complete: each gets its row, and its client the end of what it reads."""
        for exchange in tuple(self.exchanges):
            exchange.stop()

    def take(self, exchange: Exchange, size: int) -> None:
        """Count bytes of a request that have come; the onion gives them back once it is answered.

        Raises:
            ProtocolError: 503 for a large request where there is no room. Small ones are taken all the same: whoever
                sends pictures takes no room from those who do not.
        """
        self.bytes_under_way += size
        if self.bytes_under_way > self.most_bytes and exchange.size > LARGE:
            message = "too many large requests are under way here; try again in a moment."
            raise ProtocolError(message, status=503, code="overloaded")

    def begin(self, row: Mapping[str, Any], subject: str, texts: Mapping[str, str]) -> Awaitable[None]:
        """Begin to write a row; nothing may go out before it was waited for."""
        return self.recorder.begin(row, subject, texts)

    async def written(self, rows: Iterable[Awaitable[None]], course: Course) -> None:
        """Wait until rows are on disk.

        Raises:
            ProtocolError: 503 where one cannot be written: what is not recorded does not happen.
        """
        started = perf_counter()
        faults = []
        for row in rows:
            try:
                await row
            except (ColonnadeError, OSError) as fault:
                faults.append(fault)
        course.writing += perf_counter() - started
        self.log_failed = bool(faults)
        if faults:
            logger.error("the audit log cannot be written: %s", faults[0])
            message = "the audit log cannot be written, and nothing is answered without it."
            raise ProtocolError(message, status=503, code="log_unavailable") from None


class Passed(NamedTuple):
    """A request that may go to the model.

    Attributes:
        row: about it, while it is being written; nothing where it is on disk.
    """

    now: Standing
    who: Who
    asked: Asked
    chosen: Chosen
    ruling: Ruling
    common: Mapping[str, Any]
    conversation: Sequence[str]
    course: Course
    row: Awaitable[None] | None
