"""Connections to one server that speaks HTTP/1.1: kept open from answer to answer, one answer at a time on each.

All that a gateway asks of a client of HTTP is a POST and its answer as it comes. Cookies, redirects, proxies and forms
of a general client take most of the time that a whole answer may take here, see docs/decisions/0016. Messages are
parsed by httptools, which is the parser of Node.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from typing import cast

import httptools
from aiohappyeyeballs import start_connection
from yarl import URL

LARGEST_HEAD = 64 * 1024
"""Bytes of a status line and headers."""

MOST_WAITING = 256 * 1024
"""Bytes that may wait to be taken; the server is not read from while there are more."""

IDLE = 30.0
"""Seconds for which a connection is kept that nobody needs; servers close theirs after some such time."""

HEAD_START = 0.25
"""Seconds that an address of a server is tried alone before the next one is tried beside it; a name mostly has one of
IPv6 and one of IPv4, and a network may swallow what is sent to either. Source: RFC 8305, section 8."""

_KEPT_HEADERS = frozenset([b"retry-after", b"content-length", b"transfer-encoding", b"content-encoding"])


class BrokenOff(ConnectionError):  # noqa: N818  it is what it says
    """The server closed the connection, or said something that is no HTTP, before its answer was complete.

    Attributes:
        untouched: not one byte of an answer had come, so the question may be asked on another connection.
    """

    def __init__(self, untouched: bool = False) -> None:
        super().__init__("the server broke off")
        self.untouched = untouched


class Connection(asyncio.Protocol):
    """One connection; the answer on it is read by ``status`` first, then by ``piece`` until it is empty.

    Attributes:
        headers: those of the answer that matter here, by their names in lower case.
        since: when it was last needed, on the loop's clock.
    """

    def __init__(self) -> None:
        self.headers: dict[bytes, bytes] = {}
        self.since = 0.0
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        self._waiter: asyncio.Future[None] | None = None
        self._pieces: list[bytes] = []
        self._waiting = self._head = self._said = self._status = 0
        self._asked = self._complete = self._spoilt = self._lost = self._paused = False

    @property
    def reusable(self) -> bool:
        """Whether another question may be asked on it."""
        return self._complete and not (self._spoilt or self._lost)

    @property
    def at_end(self) -> bool:
        """Whether all of the answer has come and was taken."""
        return self._complete and not self._pieces

    def ask(self, request: bytes) -> None:
        """Send a request."""
        self.headers, self._pieces = {}, []
        self._waiting = self._head = self._said = self._status = 0
        self._asked, self._complete = True, False
        self._transport.write(request)

    async def status(self, patience: float) -> int:
        """The status of the answer, once its headers are there.

        Raises:
            TimeoutError: where they are not within so many seconds.
            BrokenOff: where they never come.
        """
        until = self._loop.time() + patience
        while not self._status:
            await self._something(until)
        return self._status

    async def piece(self, patience: float) -> bytes:
        """What has come of the body and was not taken yet, after waiting for some; empty at its end.

        Raises:
            TimeoutError: where nothing comes for so many seconds.
            BrokenOff: where it ends too early.
        """
        until = self._loop.time() + patience
        while not self._pieces and not self._complete:
            await self._something(until)
        pieces, self._pieces, self._waiting = self._pieces, [], 0
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        """End it now."""
        self._transport.abort()

    async def _something(self, until: float) -> None:
        """Wait until something happens, though it may be nothing of what is waited for."""
        if self._lost or self._spoilt:
            raise BrokenOff(untouched=not self._head)
        waiter = self._waiter = self._loop.create_future()
        late = self._loop.call_at(until, _give_up, waiter)
        try:
            await waiter
        finally:
            late.cancel()
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        if not self._asked or (self._complete and data):  # it speaks without having been asked
            self._spoil()
            return
        if not self._status:
            self._head += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._spoil()
        if not self._status and self._head > LARGEST_HEAD:
            self._spoil()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop."""
        self._lost = True
        if self._status and not exc and not self.headers.keys() & {b"content-length", b"transfer-encoding"}:
            self._complete = True  # such an answer ends with its connection
        self._wake()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser."""
        self._said += len(name) + len(value)
        if (lower := name.lower()) in _KEPT_HEADERS and not self._complete:
            self.headers[lower] = value

    def on_headers_complete(self) -> None:
        """Called by the parser; statuses below 200 announce another."""
        status = self._parser.get_status_code()
        if self._said > LARGEST_HEAD:
            self._spoil()
        elif status >= 200 and not self._complete:
            self._status = status

    def on_body(self, body: bytes) -> None:
        """Called by the parser; what comes behind a complete answer is nobody's."""
        if self._complete:
            return
        self._pieces.append(body)
        self._waiting += len(body)
        if self._waiting > MOST_WAITING and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def on_message_begin(self) -> None:
        """Called by the parser."""
        if self._complete:
            self._spoil()

    def on_message_complete(self) -> None:
        """Called by the parser."""
        if self._status:
            self._complete = True
            self._spoilt = self._spoilt or not self._parser.should_keep_alive()

    def _spoil(self) -> None:
        self._spoilt = True
        self._transport.abort()


class Connections:
    """Those to one server.

    Args:
        address: of the server; its path goes before that of every request.
        patience: seconds until there is a connection.
    """

    def __init__(self, address: str, patience: float) -> None:
        self._url, self._patience = URL(address), patience
        self._idle: deque[Connection] = deque()
        self._closed = False
        self._context: ssl.SSLContext | None = None

    @property
    def host(self) -> str:
        """What the header ``Host`` says."""
        return self._url.host_port_subcomponent or ""

    @property
    def path(self) -> str:
        """What goes before the path of every request."""
        return self._url.raw_path.rstrip("/")

    def kept(self) -> Connection | None:
        """One that is open already; the server may close it at any moment."""
        now = asyncio.get_running_loop().time()
        while self._idle:
            connection = self._idle.pop()  # the one that was needed last is the likeliest to be open
            if connection.reusable and now - connection.since < IDLE:
                return connection
            connection.close()
        return None

    async def fresh(self) -> Connection:
        """A new one.

        Raises:
            TimeoutError: where there is none in time.
            OSError: where there can be none.
        """
        if self._url.scheme == "https" and self._context is None:
            self._context = ssl.create_default_context()
        loop, host, port = asyncio.get_running_loop(), self._url.raw_host or "", self._url.port or 0
        async with asyncio.timeout(self._patience):
            try:  # an address that is written in numbers needs nobody's thread
                found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
            except socket.gaierror:
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            connected = await start_connection(found, happy_eyeballs_delay=HEAD_START, loop=loop)
            _, connection = await loop.create_connection(
                Connection, sock=connected, ssl=self._context, server_hostname=host if self._context else None
            )
        return connection

    def give_back(self, connection: Connection) -> None:
        """Keep one whose answer was read to its end, and close any other; and those that nobody has needed lately."""
        now = asyncio.get_running_loop().time()
        if connection.reusable and connection.at_end and not self._closed:
            connection.since = now
            self._idle.append(connection)
        else:
            connection.close()
        while self._idle and now - self._idle[0].since >= IDLE:
            self._idle.popleft().close()

    def close(self) -> None:
        """End those that nobody needs now, and each of the others once it is given back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()


def _give_up(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError())
