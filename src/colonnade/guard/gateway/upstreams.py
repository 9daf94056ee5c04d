"""What answers behind the gateway: one small protocol, and a client for every server that speaks OpenAI's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import orjson

from colonnade.guard.gateway.connections import BrokenOff, Connection, Connections
from colonnade.guard.gateway.faults import address_without_secrets, kind_of
from colonnade.guard.protocol.errors import ProtocolError
from colonnade.records import InputError

PREFIX = "/v1"
_NONE: Mapping[str, str] = MappingProxyType({})


class UpstreamFault(ProtocolError):  # noqa: N818  a fault, as this house calls it
    """The server behind did not answer; the client is told by its status, in words of ours.

    Attributes:
        headers: that go out with it, such as when to come again.
        kind: what the operator is told, in a few words of ours; empty where the request was at fault.
    """

    def __init__(
        self,
        message: str,
        status: int,
        code: str,
        headers: Mapping[str, str] = _NONE,
        parameter: str | None = None,
        kind: str = "",
    ) -> None:
        super().__init__(message, status=status, parameter=parameter, code=code)
        self.headers = headers
        self.kind = kind or (code.replace("_", " ") if status >= 500 else "")


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
    """A model, wherever it runs.

    Attributes:
        where: its address, without a password or a query, or what it is, for people.
    """

    where: str

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
    """

    connect: float = 5.0
    first: float = 300.0
    stall: float = 60.0
    size: int = 32 * 1024 * 1024


class HttpUpstream:
    """A server at an address: vLLM, llama.cpp, Ollama, a hosted service, another gateway.

    The client's own key and headers never reach it.

    Args:
        address: up to and with ``/v1``.
        key: of the server, if it wants one.
        limits: of time and size.

    Raises:
        InputError: where the key cannot be sent.
    """

    def __init__(self, address: str, key: str = "", limits: Limits = Limits()) -> None:  # noqa: B008  a frozen value
        self.address, self.limits = address.rstrip("/").removesuffix(PREFIX), limits
        self.where = address_without_secrets(self.address) + PREFIX
        self._connections = Connections(self.address, limits.connect)
        # Asked for as it is: what a compressed body grows to is known only once it has grown.
        headers = [
            f"Host: {self._connections.host}",
            "Content-Type: application/json",
            "Accept-Encoding: identity",
            "User-Agent: colonnade",
        ]
        if key:
            if not (key.isascii() and key.isprintable()):
                mend = "Copy it anew, without the line break at its end."
                raise InputError("the key of the model's server has a character that no key has.", mend=mend)
            headers.append(f"Authorization: Bearer {key}")
        self._headers = "\r\n".join(headers).encode()

    async def send(
        self, path: str, body: Mapping[str, Any], stream: bool, headers: Mapping[str, str] = _NONE
    ) -> UpstreamReply:
        """Ask it; the answer's status has been looked at when this returns."""
        request = self._request(path, orjson.dumps(body), headers)
        connection = self._connections.kept()
        try:
            if connection is not None:
                try:
                    return await self._answer(connection, request)
                except BrokenOff as fault:
                    # A server may close what nobody needs at the moment at which somebody does.
                    if not fault.untouched:
                        raise
            return await self._answer(await self._fresh(), request)
        except TimeoutError:
            raise _stalled(f"no answer within {self.limits.first:g} s") from None
        except OSError as fault:
            message, kind = "the model's server cannot be reached.", kind_of(fault)
            raise UpstreamFault(message, 502, "upstream_unreachable", kind=kind) from None

    async def close(self) -> None:
        """End every connection."""
        self._connections.close()

    async def _fresh(self) -> Connection:
        try:
            return await self._connections.fresh()
        except TimeoutError:
            raise _stalled(f"no connection within {self.limits.connect:g} s") from None

    def _request(self, path: str, content: bytes, more: Mapping[str, str]) -> bytes:
        added = "".join(f"\r\n{name}: {value}" for name, value in more.items() if value.isprintable())
        return b"POST %b HTTP/1.1\r\n%b%b\r\nContent-Length: %d\r\n\r\n%b" % (
            (self._connections.path + path).encode(),
            self._headers,
            added.encode("latin-1", "replace"),
            len(content),
            content,
        )

    async def _answer(self, connection: Connection, request: bytes) -> UpstreamReply:
        connection.ask(request)
        try:
            status = await connection.status(self.limits.first)
            if status != 200:
                raise _refused(status, connection.headers)
            if connection.headers.get(b"content-encoding", b"identity").lower() != b"identity":
                message = "the model's server compresses its answers although it was asked not to."
                raise UpstreamFault(message, 502, "upstream_error", kind="its answers are compressed")
        except BaseException:
            connection.close()
            raise
        return _HttpReply(connection, self._connections, self.limits)


class _HttpReply:
    def __init__(self, connection: Connection, connections: Connections, limits: Limits) -> None:
        self._connection, self._connections, self._limits, self._size = connection, connections, limits, 0

    async def piece(self) -> bytes:
        try:
            piece = await self._connection.piece(self._limits.stall)
        except TimeoutError:
            raise _stalled(f"no more of its answer within {self._limits.stall:g} s") from None
        except BrokenOff:
            message, kind = "the model's server broke off its answer.", "it broke off its answer"
            raise UpstreamFault(message, 502, "upstream_truncated", kind=kind) from None
        self._size += len(piece)
        if self._size > self._limits.size:
            kind = f"its answer has more than {self._limits.size} bytes"
            raise UpstreamFault("the model's answer is too large.", 502, "upstream_too_large", kind=kind)
        return piece

    def close(self) -> None:
        self._connections.give_back(self._connection)


def _stalled(kind: str) -> UpstreamFault:
    return UpstreamFault("the model's server did not answer in time.", 504, "upstream_timeout", kind=kind)


def _refused(status: int, said: Mapping[bytes, bytes]) -> UpstreamFault:
    """What a status comes to; the server's own words are not repeated, for nobody has ruled on them."""
    kind = f"status {status}"
    if status in (429, 503):
        after = said.get(b"retry-after", b"").decode("latin-1")
        # Seconds, and no number of anybody's: what a server says reaches nobody unread.
        headers = {"Retry-After": after} if re.fullmatch("[0-9]{1,5}", after) else {}
        code = "rate_limit_exceeded" if status == 429 else "upstream_busy"
        return UpstreamFault("the model's server is busy; try again later.", status, code, headers, kind=kind)
    if status in (400, 413, 422):
        what = f"the model's server does not take this request (status {status}); it may be too long for the model."
        return UpstreamFault(what, 400, "upstream_refused", kind=kind)
    if status in (408, 504):
        return _stalled(kind)
    return UpstreamFault(f"the model's server failed (status {status}).", 502, "upstream_error", kind=kind)
