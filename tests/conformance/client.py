"""A client that hides nothing: it sends the bytes that it is given and keeps every byte that comes back."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

_LIMIT = 64 * 1024 * 1024


class Guarded(NamedTuple):
    """Where the guard under test listens.

    Attributes:
        base: the path before the routes, usually ``/v1``.
        key: sent as a bearer token where there is one.
        patience: seconds after which a guard that says nothing counts as hanging.
    """

    host: str
    port: int
    base: str
    model: str
    key: str
    patience: float


class Answer(NamedTuple):
    """What came back.

    Attributes:
        status: 0 where nothing that could be read as HTTP came.
        whole: the response ended as HTTP says that it must, and in time.
        first: seconds until the first byte of the body.
        fault: what went wrong on the way, in words.
        times: after how many seconds how many bytes of the body were there.
    """

    status: int
    headers: Mapping[str, str]
    head: str
    body: bytes
    whole: bool
    first: float | None
    fault: str
    times: tuple[tuple[float, int], ...] = ()

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    @property
    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


def request(
    guard: Guarded,
    path: str,
    body: bytes | None = None,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    *,
    sized: bool = True,
) -> bytes:
    """The bytes of a request; header names are sent as they are written, and given ones replace ours."""
    named = {"Host": f"{guard.host}:{guard.port}", "Accept": "*/*"}
    if body is not None:
        named |= {"Content-Type": "application/json"} | ({"Content-Length": str(len(body))} if sized else {})
    if guard.key:
        named["Authorization"] = f"Bearer {guard.key}"
    named |= headers or {}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + (body or b"")


async def ask(guard: Guarded, body: Mapping[str, Any], path: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Posts JSON to a route of the guard, without its base."""
    return await send(guard, request(guard, guard.base + path, json.dumps(body).encode(), headers=headers))


async def send(guard: Guarded, content: bytes) -> Answer:
    """Sends bytes on a connection of their own and reads one response."""
    started = time.monotonic()
    try:
        async with asyncio.timeout(guard.patience):
            reader, writer = await asyncio.open_connection(guard.host, guard.port, limit=_LIMIT)
    except OSError as fault:
        return Answer(0, {}, "", b"", whole=False, first=None, fault=f"no connection: {fault}")
    incoming = _Incoming(reader, started)
    try:
        async with asyncio.timeout(guard.patience):
            writer.write(content)
            with suppress(OSError):
                await writer.drain()
            await incoming.read(head_only=content.startswith(b"HEAD "))
    except TimeoutError:
        incoming.fault = f"nothing more came within {guard.patience:g} s"
    except (OSError, asyncio.IncompleteReadError, ValueError) as fault:
        incoming.fault = incoming.fault or f"the connection was torn ({type(fault).__name__})"
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
    return incoming.answer()


class _Incoming:
    """One response as it comes."""

    def __init__(self, reader: asyncio.StreamReader, started: float) -> None:
        self._reader, self._started = reader, started
        self._head, self._body = "", bytearray()
        self._first: float | None = None
        self._times: list[tuple[float, int]] = []
        self._whole, self.fault = False, ""

    async def read(self, *, head_only: bool) -> None:
        while True:
            self._head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            if not self._head.startswith("HTTP/1.1 1"):
                break
        headers = self._headers()
        if head_only or self._head.split(" ")[1] in ("204", "304"):
            pass
        elif "chunked" in headers.get("transfer-encoding", ""):
            while size := int((await self._reader.readline()).split(b";")[0], 16):
                self._take(await self._reader.readexactly(size))
                await self._reader.readexactly(2)
            await self._reader.readline()
        elif "content-length" in headers:
            left = int(headers["content-length"])
            while left:
                piece = await self._reader.read(left)
                if not piece:
                    raise asyncio.IncompleteReadError(b"", left)
                self._take(piece)
                left -= len(piece)
        else:
            while piece := await self._reader.read(65536):
                self._take(piece)
        self._whole = True

    def _take(self, piece: bytes) -> None:
        if self._first is None:
            self._first = time.monotonic() - self._started
        self._body += piece
        self._times.append((time.monotonic() - self._started, len(self._body)))

    def _headers(self) -> dict[str, str]:
        lines = self._head.split("\r\n")[1:]
        return {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name
        }

    def answer(self) -> Answer:
        parts = self._head.split(" ", 2)
        status = int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0
        fault = self.fault or ("" if self._whole else "nothing came back")
        times = tuple(self._times)
        return Answer(status, self._headers(), self._head, bytes(self._body), self._whole, self._first, fault, times)


async def hang_up(guard: Guarded, content: bytes, after: float) -> None:
    """Sends a request and lets go: at the first byte of an answer's body, or after so many seconds."""
    reader, writer = await asyncio.open_connection(guard.host, guard.port, limit=_LIMIT)
    writer.write(content)
    with suppress(TimeoutError, OSError, asyncio.IncompleteReadError):
        async with asyncio.timeout(after):
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(1)
    writer.transport.abort()
