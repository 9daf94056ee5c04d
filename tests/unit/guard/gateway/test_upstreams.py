"""The client of servers against a server that misbehaves in every way, over real sockets; and the whole way through."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from colonnade.guard.gateway import HttpUpstream, Limits, UpstreamFault

from .behind import BAKE, CHAT, DONE, Room, streamed, whole

Connection = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
SHORT = Limits(connect=0.5, first=0.5, stall=0.5, size=10_000)


@asynccontextmanager
async def server(answer: Connection, secret: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Something on a port that reads one request after the other and answers as it likes."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(next(line for line in head.lower().split(b"\r\n") if b"content-length" in line)[15:])
                await reader.readexactly(length)
                writer.__dict__["head"] = head
                await answer(reader, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=secret)
    try:
        yield f"{'https' if secret else 'http'}://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    finally:
        listening.close()


async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def begins(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
    await writer.drain()
    await asyncio.sleep(30)


async def dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
    await writer.drain()
    writer.close()


def says(content: bytes, status: str = "200 OK", more: str = "") -> Connection:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status}\r\ncontent-length: {len(content)}\r\n{more}\r\n".encode() + content)

    return answer


def asks(answer: Connection, limits: Limits = SHORT, key: str = "") -> bytes:
    async def work() -> bytes:
        async with server(answer) as address:
            upstream = HttpUpstream(address, key, limits)
            try:
                reply, said = await upstream.send(CHAT, {"model": "m"}, False), b""
                try:
                    while piece := await reply.piece():
                        said += piece
                finally:
                    reply.close()
                return said
            finally:
                await upstream.close()

    return asyncio.run(work())


def fault_of(answer: Connection) -> UpstreamFault:
    with pytest.raises(UpstreamFault) as caught:
        asks(answer)
    return caught.value


def test_an_answer_comes_as_it_is() -> None:
    assert asks(says(b"{}")) == b"{}"


def test_the_servers_own_key_is_sent_and_nothing_of_the_client() -> None:
    heads = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(writer.__dict__["head"])
        await says(b"{}")(reader, writer)

    asks(answer, key="server-key")
    assert b"authorization: bearer server-key" in heads[0].lower()


@pytest.mark.parametrize(
    ("status", "told", "code"),
    [
        ("429 Slow", 429, "rate_limit_exceeded"),
        ("503 Busy", 503, "upstream_busy"),
        ("500 Oh", 502, "upstream_error"),
        ("401 No", 502, "upstream_error"),
        ("302 There", 502, "upstream_error"),
        ("400 Long", 400, "upstream_refused"),
        ("504 Late", 504, "upstream_timeout"),
    ],
)
def test_the_status_of_the_server_becomes_ours_and_its_words_do_not(status: str, told: int, code: str) -> None:
    fault = fault_of(says(b"secret words", status, "location: /x\r\nretry-after: 9\r\n"))
    assert (fault.status, fault.code) == (told, code)
    assert "secret" not in fault.message
    assert fault.headers.get("Retry-After") == ("9" if told in (429, 503) else None)


@pytest.mark.parametrize("after", ["4111111111111111", "\u00b2", "soon", "-1", "1 2"])
def test_of_when_to_come_again_only_seconds_are_passed_on(after: str) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 429 Slow\r\ncontent-length: 0\r\nretry-after: {after}\r\n\r\n".encode("latin-1"))

    assert fault_of(answer).headers == {}


def test_what_stalls_is_late_and_what_breaks_off_is_broken() -> None:
    assert [fault_of(way).status for way in (never, begins, dies, says(b"x" * 20_000))] == [504, 504, 502, 502]


def test_a_server_that_is_not_there_is_unreachable() -> None:
    async def work() -> None:
        upstream = HttpUpstream("http://127.0.0.1:9/v1", limits=SHORT)
        try:
            await upstream.send(CHAT, {}, False)
        finally:
            await upstream.close()

    with pytest.raises(UpstreamFault) as caught:
        asyncio.run(work())
    assert (caught.value.status, caught.value.code) == (502, "upstream_unreachable")


async def _free() -> int:
    listening = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port: int = listening.sockets[0].getsockname()[1]
    listening.close()
    return port


def test_a_chat_goes_all_the_way_over_sockets_and_a_client_that_leaves_is_noticed() -> None:
    """Granian in front, aiohttp behind: an answer, a stream, and a client that hangs up in the middle of one."""
    gone = asyncio.Event()
    wanted: dict[str, Any] = {}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if wanted.get("endless"):
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
            pieces = streamed("bread " * 40)[:30]
            try:
                for _ in range(10_000):
                    writer.write(pieces[0])
                    await writer.drain()
                    await asyncio.sleep(0.01)
            finally:
                gone.set()
        content = b"".join(streamed(BAKE)) if wanted.get("stream") else b"".join(whole(BAKE))
        await says(content)(reader, writer)

    async def work() -> Room:
        async with server(answer) as address:
            room = Room()
            room.service.upstream = HttpUpstream(address)
            port = await _free()
            front = Server(
                room.application,
                address="127.0.0.1",
                port=port,
                interface=Interfaces.ASGI,
                http=HTTPModes.http1,
                websockets=False,
                log_enabled=False,
            )
            serving = asyncio.ensure_future(front.serve())
            try:
                await _through(port, wanted, room, gone)
            finally:
                front.stop()
                await serving
                await room.service.upstream.close()
            return room

    room = asyncio.run(work())
    assert [row.get("ended") for row in room.recorder.rows if row["act"] == "reply"] == [
        "answered",
        "answered",
        "client hung up",
    ]


async def _through(port: int, wanted: dict[str, Any], room: Room, gone: asyncio.Event) -> None:
    body = {"model": "help-desk", "messages": [{"role": "user", "content": "bake bread"}]}
    place = f"http://127.0.0.1:{port}{CHAT}"
    async with aiohttp.ClientSession() as client:
        for _ in range(100):
            try:
                async with client.post(place, json=body) as response:
                    assert json.loads(await response.read())["choices"][0]["message"]["content"] == BAKE
                break
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.1)
        wanted["stream"] = True
        async with client.post(place, json={**body, "stream": True}) as response:
            assert (await response.read()).endswith(DONE)
        wanted["endless"] = True
        async with client.post(place, json={**body, "stream": True}) as response:
            await response.content.readany()
    await asyncio.wait_for(gone.wait(), 20)
    for _ in range(100):
        if room.service.under_way == 0:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("a request never ended")
