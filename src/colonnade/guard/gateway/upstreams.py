"""What answers behind the gateway: one small protocol, and a client for every server that speaks OpenAI's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import aiohttp
import orjson
from yarl import URL

from colonnade.guard.protocol.errors import ProtocolError

PREFIX = "/v1"
_NONE: Mapping[str, str] = MappingProxyType({})


class UpstreamFault(ProtocolError):  # noqa: N818  a fault, as this house calls it
    """The server behind did not answer; the client is told by its status, in words of ours.

    Attributes:
        headers: that go out with it, such as when to come again.
    """

    def __init__(self, message: str, status: int, code: str, headers: Mapping[str, str] = _NONE) -> None:
        super().__init__(message, status=status, code=code)
        self.headers = headers


class UpstreamReply(Protocol):
    """An answer under way."""

    async def piece(self) -> bytes:
        """The next bytes of the body, as they come; none at its end.

        Raises:
            UpstreamFault: where they stop coming.
        """
        ...

    def close(self) -> None:
        """Let it go; what has not come by now is not waited for."""
        ...


class Upstream(Protocol):
    """A model, wherever it runs."""

    async def send(
        self, path: str, body: Mapping[str, Any], stream: bool, headers: Mapping[str, str] = _NONE
    ) -> UpstreamReply:
        """Ask it.

        Args:
            path: of the endpoint, such as ``/v1/chat/completions``.
            body: of the request; the model is named in it.
            stream: whether server-sent events are wanted.
            headers: that go with it, of our own making: the place in a trace.

        Raises:
            UpstreamFault: where it is out of reach, refuses, or does not begin to answer in time.
        """
        ...

    async def close(self) -> None:
        """End every connection."""
        ...


class Limits(NamedTuple):
    """How long and how much a server may take.

    Attributes:
        connect: seconds until there is a connection.
        first: seconds until the answer begins; a whole reply begins when it is finished.
        stall: seconds between two pieces.
        size: bytes of an answer.
        connections: at once.
    """

    connect: float = 5.0
    first: float = 300.0
    stall: float = 60.0
    size: int = 32 * 1024 * 1024
    connections: int = 2048


class HttpUpstream:
    """A server at an address: vLLM, llama.cpp, Ollama, a hosted service, another gateway.

    The client's own key and headers never reach it.

    Args:
        address: up to and with ``/v1``.
        key: of the server, if it wants one.
        limits: of time and size.
    """

    def __init__(self, address: str, key: str = "", limits: Limits = Limits()) -> None:  # noqa: B008  a frozen value
        self.address, self.limits = address.rstrip("/").removesuffix(PREFIX), limits
        # Asked for as it is: what a compressed body grows to is known only once it has grown.
        self._headers = {"Content-Type": "application/json", "Accept-Encoding": "identity", "User-Agent": "colonnade"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._session: aiohttp.ClientSession | None = None
        self._places: dict[str, URL] = {}

    async def send(
        self, path: str, body: Mapping[str, Any], stream: bool, headers: Mapping[str, str] = _NONE
    ) -> UpstreamReply:
        """Ask it; the answer's status has been looked at when this returns."""
        content = orjson.dumps(body)
        told = {**self._headers, **headers} if headers else self._headers
        place = self._places.get(path)
        if place is None:
            place = self._places[path] = URL(self.address + path)
        try:
            async with asyncio.timeout(self.limits.first):
                response = await self._opened().post(place, data=content, headers=told, allow_redirects=False)
        except TimeoutError:  # aiohttp's own are of this kind, too
            raise _stalled() from None
        except (aiohttp.ClientError, OSError):
            raise UpstreamFault("the model's server cannot be reached.", 502, "upstream_unreachable") from None
        if response.status != 200:
            fault = _refused(response)
            response.close()
            raise fault
        return _HttpReply(response, self.limits)

    async def close(self) -> None:
        """End every connection."""
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self.limits.connections, keepalive_timeout=30),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=self.limits.connect, sock_read=max(self.limits.first, self.limits.stall)
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session


class _HttpReply:
    def __init__(self, response: aiohttp.ClientResponse, limits: Limits) -> None:
        self._response, self._limits, self._size = response, limits, 0

    async def piece(self) -> bytes:
        content = self._response.content
        try:
            # Where bytes are there already, there is nothing to wait for and no timer to set.
            piece = content.read_nowait() if content._buffer else b""
            if not piece and not content.at_eof():
                async with asyncio.timeout(self._limits.stall):
                    piece = await content.readany()
        except TimeoutError:
            raise _stalled() from None
        except (aiohttp.ClientError, OSError):
            raise UpstreamFault("the model's server broke off its answer.", 502, "upstream_truncated") from None
        self._size += len(piece)
        if self._size > self._limits.size:
            raise UpstreamFault("the model's answer is too large.", 502, "upstream_too_large")
        return piece

    def close(self) -> None:
        # A connection whose answer was read to its end goes back to the pool; any other is ended.
        if not self._response.content.at_eof():
            self._response.close()


def _stalled() -> UpstreamFault:
    return UpstreamFault("the model's server did not answer in time.", 504, "upstream_timeout")


def _refused(response: aiohttp.ClientResponse) -> UpstreamFault:
    """What a status comes to; the server's own words are not repeated, for nobody has ruled on them."""
    status = response.status
    if status in (429, 503):
        after = response.headers.get("Retry-After", "")
        headers = {"Retry-After": after} if after.isdigit() else {}
        code = "rate_limit_exceeded" if status == 429 else "upstream_busy"
        return UpstreamFault("the model's server is busy; try again later.", status, code, headers)
    if status in (400, 413, 422):
        what = f"the model's server does not take this request (status {status}); it may be too long for the model."
        return UpstreamFault(what, 400, "upstream_refused")
    if status in (408, 504):
        return _stalled()
    return UpstreamFault(f"the model's server failed (status {status}).", 502, "upstream_error")
