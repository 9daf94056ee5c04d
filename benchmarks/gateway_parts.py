"""What the parts of the gateway cost by themselves: the client of servers, the reading of streams, the way through.

Usage: python benchmarks/gateway_parts.py [--rounds N] [--json] [--out FILE]

The client is ours beside aiohttp's, against a server in C on another core; streams are read in one piece and event by
event, beside parsing each event as JSON and nothing else; the way through is everything between two sockets, in one
process, with and without detectors and the log. All in microseconds of CPU per answer of twenty pieces: the best of
several rounds that take turns. Ends with 1 where an answer was not the right one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from time import process_time
from typing import Any

import aiohttp
import orjson

from colonnade.guard import Guard
from colonnade.guard.detection import Detection
from colonnade.guard.gateway import HttpUpstream
from colonnade.guard.gateway.scripted import ScriptedUpstream
from colonnade.guard.protocol import ENDPOINTS
from colonnade.pipeline.gateway_service import GatewayService, Wish
from colonnade.pipeline.recording import Opened, log_settings, open_log
from colonnade.pipeline.service import Behind, build_guard
from colonnade.pipeline.workspace import Workspace, open_workspace
from gateways import cores_for, our_workspace
from results import err, show, write
from traffic import CHAT, PIECES, compiled, upstream

ANSWERS = 640
"""Of one measurement of one part."""

AT_ONCE = 64

Once = Callable[[], Awaitable[Any]]

ASKED = {"model": "mock", "stream": True, "messages": [{"role": "user", "content": "garden 7, and what grows there?"}]}
_HEAD = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "mock"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; 0 where every answer was the right one."""
    parser = argparse.ArgumentParser(description="The parts of the gateway.")
    parser.add_argument("--rounds", type=int, default=7, help="of which the best counts")
    parser.add_argument("--json", action="store_true", help="print one JSON value instead of a table")
    parser.add_argument("--out", type=Path, help="a JSON file for all numbers")
    options = parser.parse_args(arguments)
    gateway, others = cores_for()
    os.sched_setaffinity(0, gateway or os.sched_getaffinity(0))
    measured: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="gateway-parts-") as folder:
        with upstream(compiled(Path(folder)), others) as port:
            measured |= _clients(port, options.rounds)
        measured |= _run(_readers(), options.rounds)
        for log in (False, True):
            for detectors in (False, True):
                name = f"the way through, {_with(detectors)} detectors, {_with(log)} log"
                err.print(f"{name} ...")
                measured |= _way(name, Path(folder) / f"{log}-{detectors}", log, detectors, options.rounds)
        name = "the same, each prompt with a word that was never seen"
        err.print(f"{name} ...")
        measured |= _way(name, Path(folder) / "new", log=True, detectors=True, rounds=options.rounds, new=True)
    if options.json:
        print(json.dumps(measured, indent=1))
    else:
        rows = [[name, round(value, 1)] for name, value in measured.items()]
        show("CPU per answer of twenty pieces", ["part", "µs"], rows)
    write(options.out, measured)
    return 0


def _with(said: bool) -> str:
    return "with" if said else "without"


def _run(parts: Mapping[str, Once], rounds: int, ended: Sequence[Once] = ()) -> dict[str, float]:
    """The parts take turns; microseconds of CPU of each, the best round."""

    async def all_rounds() -> dict[str, float]:
        best = dict.fromkeys(parts, float("inf"))
        for _ in range(rounds):
            for name, once in parts.items():
                started = process_time()
                await asyncio.gather(*(_many(once, ANSWERS // AT_ONCE) for _ in range(AT_ONCE)))
                best[name] = min(best[name], (process_time() - started) / ANSWERS * 1e6)
        for end in ended:
            await end()
        return best

    try:
        import uvloop
    except ImportError:
        return asyncio.run(all_rounds())
    return uvloop.run(all_rounds())


async def _many(once: Once, count: int) -> None:
    for _ in range(count):
        await once()


def _clients(port: int, rounds: int) -> dict[str, float]:
    address = f"http://127.0.0.1:{port}"
    ours, theirs = HttpUpstream(f"{address}/v1"), list[aiohttp.ClientSession]()

    async def by_ours() -> None:
        reply, size = await ours.send(CHAT, ASKED, True), 0
        while piece := await reply.piece():
            size += len(piece)
        reply.close()
        _right(size > PIECES)

    async def by_theirs() -> None:
        if not theirs:
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=60)
            connector = aiohttp.TCPConnector(limit=0)
            theirs.append(aiohttp.ClientSession(connector=connector, timeout=timeout))
        async with theirs[0].post(address + CHAT, data=orjson.dumps(ASKED)) as response:
            _right(len(await response.read()) > PIECES)

    async def end() -> None:
        await ours.close()
        await theirs[0].close()

    return _run({"client: ours": by_ours, "client: aiohttp": by_theirs}, rounds, [end])


def _events() -> list[bytes]:
    chunks: list[dict[str, Any]] = [
        {**_HEAD, "choices": [{"index": 0, "delta": {"content": f"leaf{number} "}, "finish_reason": None}]}
        for number in range(PIECES)
    ]
    chunks.append({**_HEAD, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    return [*(b"data: " + orjson.dumps(chunk) + b"\n\n" for chunk in chunks), b"data: [DONE]\n\n"]


def _readers() -> dict[str, Once]:
    events = _events()
    whole = b"".join(events)

    async def in_one() -> None:
        reader = ENDPOINTS[CHAT].reader()
        _right(len(reader.feed(whole)) == 2 and reader.done)

    async def one_by_one() -> None:
        reader = ENDPOINTS[CHAT].reader()
        for event in events:
            reader.feed(event)
        _right(reader.done)

    async def bare() -> None:
        for event in events[:-1]:
            orjson.loads(event[6:])

    return {"reading: one piece": in_one, "reading: event by event": one_by_one, "reading: JSON alone": bare}


def _way(name: str, folder: Path, log: bool, detectors: bool, rounds: int, new: bool = False) -> dict[str, float]:
    """The whole way between two sockets."""
    folder.mkdir()
    workspace = open_workspace(our_workspace(folder))
    opened: Opened | None = open_log(workspace, log_settings(workspace) or _no_log()) if log else None
    said = b"".join(_events())
    behind = Behind(ScriptedUpstream(lambda *_: [said]), {"mock": "mock"}, "a script")
    build = build_guard if detectors else _blind
    service = GatewayService(workspace, behind, opened, Wish(build=lambda space, _: build(space)))
    service.start()
    try:
        return _run({name: _through(service, new)}, rounds)
    finally:
        service.stop()


def _through(service: GatewayService, new: bool) -> Once:
    numbers = count(100_000)

    async def once() -> None:
        said = f"garden {next(numbers) if new else 7}, and what grows there?"
        body = orjson.dumps({**ASKED, "messages": [{"role": "user", "content": said}]})
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        scope = {"type": "http", "method": "POST", "path": CHAT, "query_string": b"", "headers": headers}
        loop, sent = asyncio.get_running_loop(), list[Mapping[str, Any]]()
        asked = iter([{"type": "http.request", "body": body, "more_body": False}])

        def receive() -> asyncio.Future[Any]:
            future = loop.create_future()
            if (message := next(asked, None)) is not None:
                future.set_result(message)
            return future

        async def send(message: Mapping[str, Any]) -> None:
            sent.append(message)

        await service.application(scope, receive, send)
        _right(sent[0]["status"] == 200 and sent[-1]["body"].endswith(b"data: [DONE]\n\n"))

    return once


class _Blind:
    """Finds nothing, in no time."""

    name, version, digest, slow = "blind", "1", f"sha256:{'0' * 64}", False
    reads = frozenset({"request", "reply"})

    def __init__(self, topics: frozenset[str]) -> None:
        self.topics = topics

    def detect(self, text: str) -> tuple[Detection, ...]:
        return (Detection(None, None, 0.0),)


def _blind(workspace: Workspace) -> Guard:
    guard = build_guard(workspace)
    return Guard(guard.table, _Blind(frozenset(cell.topic for cell in guard.table.cells)))


def _no_log() -> Any:
    raise SystemExit("the workspace keeps no log")


def _right(holds: bool) -> None:
    if not holds:
        raise SystemExit("an answer was not the right one")


if __name__ == "__main__":
    sys.exit(main())
