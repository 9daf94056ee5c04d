"""One request as ASGI has it: its headers, its body, the client's hanging up, and what goes back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from functools import partial
from typing import Any

import orjson

from colonnade.guard.protocol.errors import ProtocolError
from colonnade.guard.telemetry.traceparent import Trace, begin_trace
from colonnade.store.random import draw

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_BODY = 16 * 1024 * 1024
"""Bytes of a request, pictures included."""

PATIENCE = 60.0
"""Seconds for a client to send its request, and to take a piece of the answer."""

_JSON = (b"content-type", b"application/json")
_EVENTS = ((b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache"))


def _taken(_exchange: Exchange, _size: int) -> None:
    """There is room for all."""


class Exchange:
    """A request and its response.

    Attributes:
        id: of the rows about it.
        headers: by their names in lower case.
        started: whether the status has gone out.
        gone: the client hung up, or does not read.
        stopped: the service ended it.
        size: bytes of the request that have come so far.
        last: gives one more header at the moment when all of them go out, or none.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, traced: float | None = None) -> None:
        self.id = f"ex-{draw(16).hex()}"
        self.headers: dict[str, str] = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        self.started = self.gone = self.stopped = False
        self.size = 0
        self.sent: list[tuple[bytes, bytes]] = [(b"x-colonnade-id", self.id.encode())]
        self.last: Callable[[], tuple[bytes, str] | None] | None = None
        self._receive, self._send = receive, send
        self._watch: asyncio.Future[Any] | None = None
        self._watched: object | None = None
        self._work: asyncio.Task[Any] | None = None
        # Where nobody writes spans, a client's trace goes on as it came.
        parent, state = self.headers.get("traceparent", ""), self.headers.get("tracestate", "")
        self.trace: Trace | None = None
        if parent or traced is not None:
            self.trace = begin_trace(parent, state, share=traced or 0.0, recorded=traced is not None)

    @property
    def language(self) -> str:
        """The first language that the client would like."""
        return self.headers.get("accept-language", "").partition(",")[0].partition(";")[0].strip()

    async def body(self, take: Callable[[Exchange, int], None] = _taken) -> bytes:
        """All bytes of the request.

        Args:
            take: told of bytes that have come; raises where there is no room for them.

        Raises:
            ProtocolError: where they are too many, or do not come to their end.
        """
        parts = []
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    message = await self._receive()
                    if message["type"] == "http.disconnect":
                        # Gone, or its body is no HTTP; whoever is still there is told, and nobody else hears it.
                        raise ProtocolError("the body broke off; send all of it.", code="incomplete_body")
                    parts.append(message.get("body", b""))
                    self.size += len(parts[-1])
                    take(self, len(parts[-1]))
                    # A server may say of the last bytes that more will come; nobody has to wait until it says that
                    # none do.
                    whole = not message.get("more_body") or self.headers.get("content-length") == str(self.size)
                    if self.size > MAX_BODY or whole:
                        break
        except TimeoutError:
            raise ProtocolError("the request did not come to its end.", status=408, code="timeout") from None
        if self.size > MAX_BODY:
            what = f"the request is larger than {MAX_BODY} bytes."
            raise ProtocolError(what, status=413, code="request_too_large")
        return b"".join(parts)

    def watch(self) -> None:
        """From here on a client that hangs up ends the work for it: ``asyncio.CancelledError``, with ``gone`` set."""
        self._watched, self._work = object(), asyncio.current_task()
        self._listen(self._work, self._watched)

    def _listen(self, work: asyncio.Task[Any] | None, watched: object) -> None:
        # The server's own future may be one that the garbage collector cannot look into: a function that it calls
        # must not refer to it, or neither of them is ever given back.
        self._watch = asyncio.ensure_future(self._receive())
        self._watch.add_done_callback(partial(self._heard, work, watched))

    def _heard(self, work: asyncio.Task[Any] | None, watched: object, done: asyncio.Future[Any]) -> None:
        if done.cancelled() or done.exception() is not None or watched is not self._watched:
            return
        if done.result()["type"] == "http.request":  # the end of the body, which was complete before
            self._listen(work, watched)
        else:
            self._leave(work)

    def unwatch(self) -> None:
        """What is left to do is done whether the client is there or not."""
        watch, self._watch, self._watched, self._work = self._watch, None, None, None
        if watch is not None:
            watch.cancel()

    def stop(self) -> None:
        """End the work for it as a client that hangs up would, with ``stopped`` set; what is complete is let go out."""
        if self._work is not None and not (self.gone or self.stopped):
            self.stopped = True
            self._work.cancel()

    def stay(self) -> None:
        """The request was ended, and nothing else: this task goes on to write its row."""
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()

    def say(self, name: bytes, value: str) -> None:
        """A header of the response."""
        self.sent.append((name, value.encode("ascii", "backslashreplace")))

    async def whole(self, body: Mapping[str, Any], status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> None:
        """The whole response."""
        content = orjson.dumps(body)
        more = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
        length = (b"content-length", str(len(content)).encode())
        self._start()
        await self._send(
            {"type": "http.response.start", "status": status, "headers": [_JSON, length, *self.sent, *more]}
        )
        await self._send({"type": "http.response.body", "body": content})

    async def piece(self, content: bytes, last: bool = False) -> None:
        """A piece of a stream; the first one brings the status with it. It waits while the client does not read."""
        if not self.started:
            self._start()
            await self._send({"type": "http.response.start", "status": 200, "headers": [*_EVENTS, *self.sent]})
        # A client that does not read holds up its own answer, and not for ever.
        slow = asyncio.get_running_loop().call_later(PATIENCE, self._leave, asyncio.current_task())
        try:
            await self._send({"type": "http.response.body", "body": content, "more_body": not last})
        finally:
            slow.cancel()

    def _start(self) -> None:
        self.started = True
        if self.last is not None and (header := self.last()) is not None:
            self.say(*header)

    def _leave(self, work: asyncio.Task[Any] | None) -> None:
        if work is not None:
            self.gone = True
            work.cancel()
