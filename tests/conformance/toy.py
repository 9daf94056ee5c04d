"""A toy guard that does everything wrong that it is told to, so that every check is seen to fail.

Without a flaw it is a guard of its own, if a slow one: it takes an answer whole, reads it, and gives it on or replaces
it. It is no model to follow: it knows the suite's server and nothing else.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from .client import Answer, Guarded, request, send
from .disguised import unpacked
from .disguises import FOREIGN_READ, readings
from .listening import Arrival, read_request, send_json, strings
from .plans import Part, Plan, saying
from .reading import MalformedError, Read, joined, read, sound
from .requests import CLAIMS
from .speaking import Asked
from .upstream import ENDPOINTS
from .wire import END, STREAM_HEAD, Pause, chunk, stream_of, whole_of
from .words import FOREIGN, NUMBER_PATTERN, WORD_PATTERN

FLAWS = {
    "relays": "passes every byte on, both ways",
    "tears": "closes the connection where something forbidden is found",
    "checks late": "checks a stream after it has gone out",
    "checks events alone": "looks at every event by itself",
    "reads bytes": "looks at the bytes and not at what they mean",
    "reads contents only": "looks at what is said and at no other channel",
    "reads the first choice": "looks at the first choice only",
    "names the word": "refuses with the very word",
    "lets a beginning out": "gives out the first three letters of what it withholds",
    "reads letters as they stand": "looks at no text for what it looks like",
    "reads the end only": "keeps no more than a few dozen letters at hand",
    "reads no escapes": "looks at no text as a program does that takes it for JSON",
    "reads sound JSON only": "looks at escapes only in what its own reader takes for JSON",
    "reads one case": "knows a word of another script in small letters only",
    "believes a file": "reads a file only where it says that it is text",
    "alters": "tidies white space and capitals up",
    "forgets the usage": "leaves out what an answer took",
    "passes off": "ends what was torn as if it were whole",
    "keeps on": "lets the server talk on after the client has left",
    "believes": "lets pass who says in a header that he may",
    "fails open": "lets pass where its detector fails",
    "knows nothing": "has no route at all",
}
"""What a toy can be told to do wrong."""

_FORBIDDEN = re.compile(f"{WORD_PATTERN}|{NUMBER_PATTERN}", re.IGNORECASE)
_FIXED = "That is not for this desk."
_BY_PATH = {path: name for name, path in ENDPOINTS.items()}
_PATIENCE = 3.0
_FEW = 64


class Toy:
    """A guard in front of a port of the loopback interface.

    Args:
        upstream: the port of the server.
        flaw: one of :data:`FLAWS`, or none.
        failing: its detector fails.
    """

    def __init__(self, upstream: int, flaw: str = "", *, failing: bool = False) -> None:
        self._server = Guarded("127.0.0.1", upstream, "/v1", "mock", "", _PATIENCE)
        self._flaw, self._failing = flaw, failing

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[int]:
        """Listens; yields the port."""
        running: set[asyncio.Task[None]] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            running.add(task)
            try:
                if self._flaw == "relays":
                    await self._relay(reader, writer)
                else:
                    await self._connection(reader, writer)
            except (OSError, asyncio.IncompleteReadError, ValueError, asyncio.CancelledError):
                pass
            finally:
                running.discard(task)
                writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=1 << 26)
        try:
            yield int(server.sockets[0].getsockname()[1])
        finally:
            server.close()
            for task in list(running):
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._server.port, limit=1 << 26)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            with suppress(OSError):
                while content := await source.read(65536):
                    sink.write(content)
                    await sink.drain()

        pumps = [asyncio.create_task(pump(reader, inner_writer)), asyncio.create_task(pump(inner_reader, writer))]
        try:
            waiting = asyncio.ALL_COMPLETED if self._flaw == "keeps on" else asyncio.FIRST_COMPLETED
            await asyncio.wait(pumps, return_when=waiting)
        finally:
            for task in pumps:
                task.cancel()
            inner_writer.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            arrival = await read_request(reader, writer)
            endpoint = _BY_PATH.get(arrival.path)
            if endpoint is None or arrival.method != "POST" or self._flaw == "knows nothing":
                await _error(writer, 404, "there is no such route")
                continue
            body, wrong = _plain(arrival)
            if wrong:
                await _error(writer, 400, wrong)
                continue
            await self._answer(endpoint, arrival, body, reader, writer)

    async def _answer(
        self,
        endpoint: str,
        arrival: Arrival,
        body: dict[str, Any],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        asked = Asked(endpoint, "mock", int(body.get("n") or 1), usage=False)
        streaming = body.get("stream") is True
        believed = self._flaw == "believes" and {name.lower() for name in CLAIMS} & set(arrival.headers)
        failed = self._failing and self._flaw != "fails open"
        read_whole = "".join(_spoken(body)) + "\n" + "\n".join(strings(body))
        files = [unpacked(text) for text in strings(body) if self._flaw != "believes a file" or ":text/" in text]
        seen = _FORBIDDEN.search(read_whole) or any(self._sees_behind(text) for text in [*strings(body), *files])
        if not believed and (failed or seen):
            await _write(writer, saying(_FIXED), asked, streaming)
            return
        content = json.dumps(body).encode()
        server = self._server._replace(patience=60.0) if self._flaw == "keeps on" else self._server
        asking = asyncio.create_task(send(server, request(self._server, arrival.path, content)))
        leaving = asyncio.create_task(_left(reader))
        await asyncio.wait([asking, leaving], return_when=asyncio.FIRST_COMPLETED)
        leaving.cancel()
        if not asking.done():
            if self._flaw != "keeps on":
                asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking
            raise ConnectionError("the client left")
        await self._pass_on(asking.result(), asked, streaming, writer)

    async def _pass_on(self, answer: Answer, asked: Asked, streaming: bool, writer: asyncio.StreamWriter) -> None:
        found, wrong = _judged(asked, streaming, answer)
        if found is None or wrong or answer.status != 200:
            if self._flaw == "passes off":
                await _write(writer, saying("The library opens at nine"), asked, streaming)
            else:
                await _error(writer, 502, "the server failed")
            return
        if not self._sees(answer, found):
            await self._send(answer, found, asked, streaming, writer)
        elif self._flaw == "tears":
            writer.write(STREAM_HEAD + chunk(b'data: {"choices": []}\n\n'))
            await writer.drain()
            raise ConnectionError("torn")
        elif self._flaw == "checks late" and streaming:
            writer.write(STREAM_HEAD + chunk(answer.body) + END)
        else:
            await _write(writer, self._replaced(found, asked), asked, streaming)

    def _sees(self, answer: Answer, found: Read) -> bool:
        if self._flaw == "checks events alone":
            return any(_FORBIDDEN.search(text) for event in answer.text.split("\n\n") for text in _one(event))
        if self._flaw == "reads bytes":
            return _FORBIDDEN.search(answer.text) is not None
        if self._flaw == "reads contents only":
            return any(_FORBIDDEN.search(text) for (_, channel), text in found.said.items() if channel == "content")
        if self._flaw == "reads the first choice":
            return any(_FORBIDDEN.search(text) for (index, _), text in found.said.items() if index == 0)
        texts = joined(answer)
        forbidden = any(_FORBIDDEN.search(text) for text in (*texts, answer.text, answer.head))
        return forbidden or any(map(self._sees_behind, [*texts, *found.said.values()]))

    def _sees_behind(self, text: str) -> bool:
        """Whether the word is seen in a text in which it is disguised."""
        if self._flaw == "reads letters as they stand":
            return False
        if self._flaw == "reads the end only":
            return any(_is_behind(text[at : at + _FEW]) for at in range(0, len(text), _FEW // 4))
        if self._flaw == "reads one case" and FOREIGN not in text:
            return _is_behind(text, foreign=False)
        if self._flaw == "reads no escapes":
            return _is_behind(text.replace("\\", "/"))
        if self._flaw == "reads sound JSON only":
            return any(map(_is_behind, _parsed(text) or [text.replace("\\", "/")]))
        return _is_behind(text)

    def _replaced(self, found: Read, asked: Asked) -> Plan:
        choices = []
        for index in range(asked.count):
            texts = [text for (number, _), text in found.said.items() if number == index]
            match = next(filter(None, map(_FORBIDDEN.search, texts)), None)
            said = found.said.get((index, "content"), "")
            if match or not said or any(map(self._sees_behind, texts)):
                hit = match[0] if match else ""
                at = said.find(hit) if hit in said else 0
                beginning = said[: at + 3] if self._flaw == "lets a beginning out" else ""
                said = f"Not {hit}." if self._flaw == "names the word" else beginning + _FIXED
            choices.append((Part("content", said),))
        return Plan(tuple(choices))

    async def _send(
        self, answer: Answer, found: Read, asked: Asked, streaming: bool, writer: asyncio.StreamWriter
    ) -> None:
        body = answer.body
        if self._flaw == "alters":
            body = _altered_lines(body)
        if self._flaw == "forgets the usage":
            body = body.replace(b"_tokens", b"_things")
        if streaming:
            writer.write(STREAM_HEAD + chunk(body) + END)
        else:
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )
        await writer.drain()


def _is_behind(text: str, foreign: bool = True) -> bool:
    """Whether a text is read as a forbidden one, or as the foreign word where that counts."""
    return any(_FORBIDDEN.search(read) or (foreign and FOREIGN_READ in read) for read in readings(text))


def _judged(asked: Asked, streaming: bool, answer: Answer) -> tuple[Read | None, str]:
    try:
        found = read(asked.endpoint, streaming, answer)
    except (MalformedError, KeyError, TypeError, AttributeError, IndexError) as fault:
        return None, repr(fault)
    strange = [index for index, _ in found.said if not isinstance(index, int) or not 0 <= index < asked.count]
    return found, sound(found, asked.count) or ("a strange choice" if strange else "")


def _altered_lines(body: bytes) -> bytes:
    """Every ``o`` that is said becomes a nought."""
    lines = []
    for block in body.decode().replace("\r\n", "\n").split("\n\n"):
        data = "\n".join(line[5:] for line in block.split("\n") if line.startswith("data:"))
        try:
            altered = json.dumps(_altered(json.loads(data or block), ""))
        except ValueError:
            lines.append(block)
        else:
            lines.append(f"data: {altered}" if data else altered)
    return "\n\n".join(lines).encode()


_STRUCTURE = {"object", "type", "model", "role", "finish_reason", "status", "id", "tool_choice"}


def _altered(value: Any, key: str) -> Any:
    if isinstance(value, str) and key not in _STRUCTURE - ({"id"} if " " in value else set()):
        return value.replace("o", "0")
    if isinstance(value, dict):
        return {name: _altered(part, name) for name, part in value.items()}
    return [_altered(part, key) for part in value] if isinstance(value, list) else value


def _spoken(value: Any) -> list[str]:
    """What is said in a body, in its order, without the words around it."""
    if isinstance(value, dict):
        found = [
            [part] if key in ("text", "content") and isinstance(part, str) else _spoken(part)
            for key, part in value.items()
        ]
        return [text for texts in found for text in texts]
    return [text for part in value for text in _spoken(part)] if isinstance(value, list) else []


def _one(event: str) -> list[str]:
    return [text for line in event.split("\n") for text in _parsed(line.removeprefix("data:"))]


def _parsed(text: str) -> list[str]:
    try:
        return strings(json.loads(text))
    except (ValueError, RecursionError):
        return []


def _plain(arrival: Arrival) -> tuple[dict[str, Any], str]:
    """The body, or why it is none that a guard should take."""
    if arrival.headers.get("content-encoding") or "content-length" in arrival.headers.keys() & {"transfer-encoding"}:
        return {}, "send it plainly"
    try:
        body = json.loads(arrival.body.decode("utf-8"), object_pairs_hook=_once)
    except ValueError:
        return {}, "this is no JSON"
    if not isinstance(body, dict) or any(name in body for name in ("previous_response_id", "conversation")):
        return {}, "this cannot be read"
    text = json.dumps(body)
    if re.search(r'"prompt": (\[[\d\[]|\{)|item_reference|encrypted_content|file_id', text):
        return {}, "this cannot be read"
    return body, ""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("two keys of one name")
    return dict(pairs)


async def _left(reader: asyncio.StreamReader) -> None:
    while not reader.at_eof() and reader.exception() is None:
        await asyncio.sleep(0.02)


async def _error(writer: asyncio.StreamWriter, status: int, message: str) -> None:
    await send_json(writer, status, {"error": {"message": message, "type": "invalid_request_error", "code": "x"}})


async def _write(writer: asyncio.StreamWriter, plan: Plan, asked: Asked, streaming: bool) -> None:
    for piece in stream_of(plan, asked) if streaming else whole_of(plan, asked):
        if not isinstance(piece, Pause):
            writer.write(piece)
    await writer.drain()
