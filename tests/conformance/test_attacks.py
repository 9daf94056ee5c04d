"""A hostile client at a running gateway: it is told what, where and how, in no time, and others are served on."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .attacks import ATTACKS, CHAT, NO_HTTP, Attack, body
from .client import Answer, Guarded, request, send
from .plans import Plan, saying
from .running import free_port, running
from .upstream import Upstream

PATIENCE = 8.0


class Saying(Upstream):
    """A server that says the same to everybody."""

    def find(self, _cases: list[str]) -> Plan:
        return saying("Bread is baked.")


@pytest.fixture(scope="module")
def ports() -> tuple[int, int]:
    return free_port(), free_port()


@pytest.fixture(scope="module")
def printed(ports: tuple[int, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The gateway in a process of its own, and what it prints."""
    folder = tmp_path_factory.mktemp("attacks")
    port, upstream = map(str, ports)
    command = (sys.executable, "-m", "tests.conformance.ours", "--port", port, "--upstream-port", upstream)
    log = ("--log", str(folder / "log"))
    with running((*command, *log), f"http://127.0.0.1:{port}/v1/models", log=folder / "printed.txt"):
        yield folder / "printed.txt"


def ask(ports: tuple[int, int], *contents: bytes) -> list[Answer]:
    """The answers to these requests, one after the other."""

    async def asked() -> list[Answer]:
        async with Saying().serve(ports[1]):
            return [await send(guarded(ports), content) for content in contents]

    return asyncio.run(asked())


def guarded(ports: tuple[int, int]) -> Guarded:
    return Guarded("127.0.0.1", ports[0], "/v1", "mock", "", PATIENCE)


def bytes_of(ports: tuple[int, int], attack: Attack) -> bytes:
    headers = dict(attack.headers)
    return request(guarded(ports), attack.path, attack.content, headers=headers, sized=attack.sized)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_a_hostile_request_is_answered_in_good_order(attack: Attack, ports: tuple[int, int], printed: Path) -> None:
    (answer,) = ask(ports, bytes_of(ports, attack))
    assert (answer.status, answer.whole) == (attack.status, True), (answer.fault, answer.text[:300])
    if attack.told:
        error: Any = answer.json["error"]
        assert error.keys() == {"message", "type", "param", "code"}
        assert attack.told in error["message"]
        assert error["message"].endswith(".")
        assert len(error["message"]) < 600
        assert error["code"]


@pytest.mark.parametrize("attack", NO_HTTP, ids=lambda attack: attack.name)
def test_what_is_no_http_is_refused_before_it_is_read(attack: Attack, ports: tuple[int, int], printed: Path) -> None:
    (answer,) = ask(ports, bytes_of(ports, attack))
    assert (answer.status, answer.body) == (attack.status, b"")


def test_clients_that_leave_in_the_middle_of_a_request_leave_nothing_behind(
    ports: tuple[int, int], printed: Path
) -> None:
    content = request(guarded(ports), CHAT, body(), headers={"Content-Length": "9000"})

    async def leave() -> None:
        for _ in range(20):
            _, writer = await asyncio.open_connection("127.0.0.1", ports[0])
            writer.write(content)
            await writer.drain()
            writer.transport.abort()

    asyncio.run(leave())
    (answer,) = ask(ports, request(guarded(ports), CHAT, body()))
    assert answer.status == 200
    assert "Traceback" not in printed.read_text()


def test_a_client_that_is_half_gone_is_told_that_its_request_is_not_whole(
    ports: tuple[int, int], printed: Path
) -> None:
    async def half() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", ports[0])
        writer.write(request(guarded(ports), CHAT, body(), headers={"Content-Length": "9000"}))
        writer.write_eof()
        try:
            async with asyncio.timeout(PATIENCE):
                return await reader.read()
        finally:
            writer.close()

    assert b"the body broke off" in asyncio.run(half())
