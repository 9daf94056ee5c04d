from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable
from typing import Any

from colonnade.guard.gateway.exchange import Exchange

SCOPE: dict[str, Any] = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}


class Opaque:
    """A future of a server that is not written in Python: it keeps what it was given, and forgets nothing."""

    _asyncio_future_blocking = False

    def __init__(self) -> None:
        self.called: list[Callable[..., None]] = []

    def add_done_callback(self, function: Callable[..., None]) -> None:
        self.called.append(function)

    def cancel(self) -> None:
        pass


def test_a_watch_that_ended_is_given_back_without_the_garbage_collector() -> None:
    async def watched() -> weakref.ref[Opaque]:
        waiting = [Opaque()]
        seen = weakref.ref(waiting[0])
        exchange = Exchange(SCOPE, waiting.pop, None)  # type: ignore[arg-type]  # nothing is sent here
        exchange.watch()
        exchange.unwatch()
        return seen

    gc.disable()
    try:
        assert asyncio.run(watched())() is None
    finally:
        gc.enable()
