from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from colonnade.guard.gateway.exchange import Exchange
from colonnade.guard.protocol import ProtocolError

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


def test_a_body_of_which_nothing_ever_comes_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("colonnade.guard.gateway.exchange.PATIENCE", 0.02)

    async def asked() -> None:
        silent = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await silent.wait()
            return {}

        with pytest.raises(ProtocolError) as refused:
            await asyncio.wait_for(Exchange(SCOPE, receive, None).body(), 10)  # type: ignore[arg-type]  # as above
        assert refused.value.status == 408

    asyncio.run(asked())


@pytest.mark.parametrize("pieces", [(b"all of it",), (b"all ", b"of it"), (b"", b"all of", b" it")])
def test_a_body_that_is_complete_is_not_waited_for_whatever_the_server_says(pieces: tuple[bytes, ...]) -> None:
    async def read() -> bytes:
        left = list(pieces)

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": left.pop(0), "more_body": True}

        scope = SCOPE | {"headers": [(b"content-length", b"9")]}
        return await Exchange(scope, receive, None).body()  # type: ignore[arg-type]  # as above

    assert asyncio.run(read()) == b"all of it"
