"""Connections kept, lost and refused, over real sockets."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from colonnade.guard.gateway import HttpUpstream, Limits, UpstreamFault, connections
from colonnade.guard.gateway.connections import LARGEST_HEAD, MOST_WAITING
from colonnade.records import InputError

from .behind import CHAT
from .test_upstreams import Connection, asks, fault_of, says, server

PATIENT = Limits(connect=5, first=5, stall=5)


def says_bytes(*pieces: bytes, close: bool = False) -> Connection:
    """Answers with these bytes, each in a write of its own."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)
        if close:
            writer.close()

    return answer


async def one(upstream: HttpUpstream, headers: dict[str, str] | None = None) -> bytes:
    reply, said = await upstream.send(CHAT, {"model": "m"}, False, headers or {}), b""
    try:
        while piece := await reply.piece():
            said += piece
    finally:
        reply.close()
    return said


def served(answer: Connection, work: Callable[[HttpUpstream], Awaitable[None]]) -> None:
    async def both() -> None:
        async with server(answer) as address:
            upstream = HttpUpstream(address, limits=PATIENT)
            try:
                await work(upstream)
            finally:
                await upstream.close()

    asyncio.run(both())


def test_a_connection_is_used_again_and_one_that_the_server_closed_is_replaced() -> None:
    ports: list[int] = []
    closing: list[bool] = [False, True, False]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ports.append(writer.get_extra_info("peername")[1])
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        await writer.drain()
        if closing.pop(0):
            writer.close()

    async def work(upstream: HttpUpstream) -> None:
        for _ in range(3):
            assert await one(upstream) == b"{}"

    served(answer, work)
    assert ports[0] == ports[1] != ports[2]


def test_a_question_is_not_asked_again_once_the_server_began_to_answer_it() -> None:
    asked: list[int] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(1)
        if len(asked) == 1:
            await says(b"{}")(reader, writer)
        else:
            writer.write(b"HTTP/1.1 200")
            await writer.drain()
            writer.close()

    async def work(upstream: HttpUpstream) -> None:
        await one(upstream)
        with pytest.raises(UpstreamFault):
            await one(upstream)

    served(answer, work)
    assert len(asked) == 2


@pytest.mark.parametrize(
    "pieces",
    [
        (b"HTTP/1.1 200 OK\r\n\r\n{", b"}"),
        (b"HTTP/1.0 200 OK\r\n\r\n{}",),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n1\r", b"\n}\r\n0\r\nx: y\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}",),
    ],
)
def test_every_way_to_end_an_answer_is_understood(pieces: tuple[bytes, ...]) -> None:
    assert asks(says_bytes(*pieces, close=True)) == b"{}"


@pytest.mark.parametrize(
    "content",
    [
        b"HTTP/1.1 200 OK\r\n" + b"x-long: " + b"y" * LARGEST_HEAD + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\nabcd",
        b"SSH-2.0-server\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_answer_is_a_fault_and_nothing_is_read_from_it(content: bytes) -> None:
    assert fault_of(says_bytes(content)).status == 502


def test_an_answer_without_a_question_is_nobodys_answer() -> None:
    stuffed = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(stuffed + b"{}" + stuffed + b"[]")
        await writer.drain()

    async def work(upstream: HttpUpstream) -> None:
        assert [await one(upstream) for _ in range(3)] == [b"{}"] * 3

    served(answer, work)


def test_a_server_that_says_more_than_anybody_takes_has_to_wait() -> None:
    size = 4 * 1024 * 1024

    async def work(upstream: HttpUpstream) -> None:
        reply = await upstream.send(CHAT, {"model": "m"}, True)
        await asyncio.sleep(0.3)
        first = await reply.piece()
        assert len(first) < 2 * MOST_WAITING
        rest = 0
        while piece := await reply.piece():
            rest += len(piece)
        assert len(first) + rest == size
        reply.close()

    served(says(bytes(size)), work)


def test_a_line_break_gets_into_no_header() -> None:
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(writer.__dict__["head"])
        await says(b"{}")(reader, writer)

    async def work(upstream: HttpUpstream) -> None:
        await one(upstream, {"traceparent": "00-1-2-01", "tracestate": "a=b\r\nx-evil: 1"})

    served(answer, work)
    assert b"traceparent: 00-1-2-01\r\n" in heads[0]
    assert b"evil" not in heads[0]
    with pytest.raises(InputError, match="a character that no key has"):
        HttpUpstream("http://127.0.0.1:1/v1", "key\n")


def _certificate(folder: Path) -> Path:
    """A certificate for this machine, signed by itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a test")])
    now = datetime.now(UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
    made = made.add_extension(here, critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = folder / "certificate.pem"
    file.write_bytes(made.sign(key, SHA256()).public_bytes(Encoding.PEM) + secret)
    return file


def test_a_server_is_trusted_by_its_certificate_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = _certificate(tmp_path)

    async def ask() -> bytes:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(file)
        async with server(says(b"{}"), context) as address:
            upstream = HttpUpstream(address, limits=PATIENT)
            try:
                return await one(upstream) + await one(upstream)
            finally:
                await upstream.close()

    with pytest.raises(UpstreamFault, match="cannot be reached"):
        asyncio.run(ask())
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    assert asyncio.run(ask()) == b"{}{}"


@pytest.mark.parametrize(
    "before", [b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;"]
)
def test_a_server_that_says_nothing_at_length_is_not_listened_to_for_longer(before: bytes) -> None:
    async def both() -> None:
        async with server(says_bytes(before, *[b"a"] * 200)) as address:
            upstream = HttpUpstream(address, limits=Limits(connect=5, first=0.2, stall=0.2))
            started = asyncio.get_running_loop().time()
            with pytest.raises(UpstreamFault) as fault:
                await one(upstream)
            assert fault.value.code == "upstream_timeout"
            assert asyncio.get_running_loop().time() - started < 1.5
            await upstream.close()

    asyncio.run(both())


def test_an_address_that_swallows_what_is_sent_does_not_keep_another_from_answering(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def both() -> float:
        async with server(says(b"{}")) as address:
            port = int(address.removesuffix("/v1").rpartition(":")[2])
            with socket.socket() as deaf, socket.socket() as first, socket.socket() as second:
                # A queue that is full: whoever comes next is not even refused.
                deaf.bind(("127.0.0.2", port))
                deaf.listen(0)
                for filling in (first, second):
                    filling.setblocking(False)
                    filling.connect_ex(("127.0.0.2", port))
                loop = asyncio.get_running_loop()

                async def names(*_: object, **__: object) -> list[object]:
                    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{end}", port)) for end in (2, 1)]

                monkeypatch.setattr(loop, "getaddrinfo", names)
                upstream = HttpUpstream(address.replace("127.0.0.1", "model.example"), limits=PATIENT)
                started = loop.time()
                assert await one(upstream) == b"{}"
                await upstream.close()
                return loop.time() - started

    assert 0.2 < asyncio.run(both()) < 4


def test_connections_that_nobody_needs_any_more_are_ended_though_others_are_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "IDLE", 0.2)
    open_ = 0

    async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_
        open_ += 1
        try:
            while await reader.read(65536):
                await asyncio.sleep(0.02)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        except ConnectionError:
            pass
        finally:
            open_ -= 1
            writer.close()

    async def work(upstream: HttpUpstream) -> None:
        await asyncio.gather(*[one(upstream) for _ in range(20)])
        most = open_
        for _ in range(12):
            await one(upstream)
        assert (most, open_) == (20, 1)

    async def both() -> None:
        server = await asyncio.start_server(counted, "127.0.0.1", 0)
        async with server:
            upstream = HttpUpstream(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", limits=PATIENT)
            await work(upstream)
            late = await upstream.send(CHAT, {"model": "m"}, False)
            while await late.piece():
                pass
            await upstream.close()
            late.close()
            await asyncio.sleep(0.1)
            assert open_ == 0

    asyncio.run(both())
