"""The model's server behind the guard under test: says what the plan of a case says, and notes what reached it."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from .faults import broken_stream, broken_whole
from .listening import Arrival, read_request, send_json
from .plans import Plan
from .speaking import Asked
from .wire import Pause, stream_of, whole_of
from .words import WORD

ENDPOINTS = {"chat": "/v1/chat/completions", "completions": "/v1/completions", "responses": "/v1/responses"}
_BY_PATH = {path: name for name, path in ENDPOINTS.items()}
_CASE = re.compile(r"case-(\d{6})")
_LARGEST = 64 * 1024 * 1024


class Upstream:
    """The server and what it knows."""

    def __init__(self) -> None:
        self.plans: dict[str, Plan] = {}
        self.arrivals: list[Arrival] = []
        self._numbers = itertools.count(1)

    def plan(self, plan: Plan) -> str:
        """Registers an answer and gives the words that a request must contain to be given it."""
        case = f"{next(self._numbers):06d}"
        self.plans[case] = plan
        return f"case-{case}"

    def find(self, cases: list[str]) -> Plan | None:
        """The answer to a request that names these cases."""
        return self.plans.get(cases[-1]) if cases else None

    def arrived(self, case: str) -> list[Arrival]:
        """The requests that named this case."""
        return [arrival for arrival in self.arrivals if arrival.contains(case)]

    def forget(self, case: str) -> None:
        """Drops a case and what arrived of it, so that a long run does not grow."""
        self.plans.pop(case.removeprefix("case-"), None)
        self.arrivals = [arrival for arrival in self.arrivals if not arrival.contains(case)]

    @asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncIterator[int]:
        """Listens on the loopback interface; yields the port."""
        connections: set[asyncio.Task[None]] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            connections.add(task)
            try:
                await self._connection(reader, writer)
            except (OSError, asyncio.IncompleteReadError, ValueError, asyncio.CancelledError):
                pass  # the guard let go, or sent what is no HTTP
            finally:
                connections.discard(task)
                writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", port, limit=_LARGEST)
        try:
            yield int(server.sockets[0].getsockname()[1])
        finally:
            server.close()
            for task in list(connections):
                task.cancel()
            await asyncio.gather(*connections, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            arrival = await read_request(reader, writer)
            self.arrivals.append(arrival)
            watching = asyncio.create_task(_watch(reader, arrival))
            try:
                if not await self._answer(arrival, writer):
                    return
                arrival.finished.set()
            finally:
                watching.cancel()
                with suppress(asyncio.CancelledError):
                    await watching
                if not arrival.finished.is_set():
                    arrival.closed.set()

    async def _answer(self, arrival: Arrival, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection can go on."""
        endpoint = _BY_PATH.get(arrival.path.partition("?")[0])
        if arrival.path == "/v1/models":
            return await send_json(writer, 200, {"object": "list", "data": [{"id": "mock", "object": "model"}]})
        if endpoint is None or arrival.method != "POST":
            return await send_json(writer, 200, _SPILL)
        body = arrival.json if isinstance(arrival.json, dict) else {}
        cases = _CASE.findall(arrival.text)
        plan = self.find(cases)
        if plan is None:
            return await send_json(writer, 200, _SPILL)
        streaming = body.get("stream") is True
        usage = (body.get("stream_options") or {}).get("include_usage") is True
        asked = Asked(endpoint, str(body.get("model")), int(body.get("n") or 1), usage)
        if plan.status != 200:
            error = {"message": f"The server says {WORD}.", "type": "server_error", "code": WORD, "param": None}
            return await send_json(writer, plan.status, {"error": error}, f"Retry-After: 1\r\nX-Note: {WORD}\r\n")
        if plan.fault:
            pieces = broken_stream(plan, asked) if streaming else broken_whole(plan, asked)
        else:
            pieces = stream_of(plan, asked) if streaming else whole_of(plan, asked)
        for piece in pieces:
            if isinstance(piece, Pause):
                if piece.seconds is None:
                    await arrival.closed.wait()  # stalled until the guard gives up
                else:
                    await asyncio.sleep(piece.seconds)
                continue
            if not piece:
                writer.transport.abort()  # dies
                return False
            writer.write(piece)
            await writer.drain()
            if arrival.closed.is_set():
                return False
        return not plan.fault


_SPILL = {
    "id": "spilt",
    "object": "list",
    "text": WORD,
    "output_text": WORD,
    "data": [{"id": WORD, "object": "embedding", "index": 0, "embedding": [0.5], "text": WORD, "b64_json": WORD}],
    "choices": [{"index": 0, "text": WORD, "message": {"role": "assistant", "content": WORD}, "finish_reason": "stop"}],
}
"""What a server has to say at every other route; none of it may get through unread."""


async def _watch(reader: asyncio.StreamReader, arrival: Arrival) -> None:
    """Notes that the guard let go. A reader that is at its end says so without being read from."""
    while not reader.at_eof() and reader.exception() is None:
        await asyncio.sleep(0.02)
    arrival.closed.set()
