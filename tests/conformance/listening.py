"""The listening side of HTTP, as little of it as the suite needs, and as lenient as a server may be."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import Mapping
from contextlib import suppress
from typing import Any


class Arrival:
    """One request that came through the guard, or past it.

    Attributes:
        closed: set once the guard has let go of the connection before the answer was out.
        finished: set once the whole answer was written.
    """

    def __init__(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> None:
        self.method, self.path, self.headers, self.body = method, path, headers, body
        self.closed, self.finished = asyncio.Event(), asyncio.Event()
        self.text = readable(headers, body)

    @property
    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None

    def contains(self, text: str) -> bool:
        """Whether a text arrived: in the body, with or without JSON's escapes, in the path or in a header."""
        return any(text in place for place in (self.text, *strings(self.json), self.path, *self.headers.values()))


async def send_json(writer: asyncio.StreamWriter, status: int, body: object, more: str = "") -> bool:
    """Answers with JSON; more headers end with CR LF each. True, so that a server can go on."""
    content = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n{more}\r\n"
    writer.write(head.encode() + content)
    await writer.drain()
    return True


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Arrival:
    """The next request of a connection.

    Raises:
        asyncio.IncompleteReadError: where there is none any more.
    """
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name
    }
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = b""
        while size := int((await reader.readline()).split(b";")[0], 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    else:
        body = await reader.readexactly(int(headers.get("content-length") or 0))
    return Arrival(method, path, headers, body)


def readable(headers: Mapping[str, str], body: bytes) -> str:
    """The body as the model's server would read it, decompressed and decoded."""
    encoding = headers.get("content-encoding", "")
    with suppress(OSError, zlib.error, EOFError):
        if "gzip" in encoding:
            body = gzip.decompress(body)
        elif "deflate" in encoding:
            body = zlib.decompress(body)
    if body[:2] in (b"\xff\xfe", b"\xfe\xff") or (len(body) > 1 and b"\x00" in body[:2]):
        with suppress(UnicodeDecodeError):
            return body.decode("utf-16" if body[0] in (0xFF, 0xFE) else "utf-16-le" if body[1] == 0 else "utf-16-be")
    return body.decode("utf-8", "replace")


def strings(value: Any) -> list[str]:
    """Every text in a JSON value, its keys included."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for key, part in value.items() for text in (key, *strings(part))]
    return [text for part in value for text in strings(part)] if isinstance(value, list) else []
