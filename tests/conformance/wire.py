"""A plan as bytes of HTTP, in the pieces in which they are written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from .plans import Plan
from .speaking import Asked, Event, events, whole


class Pause(NamedTuple):
    """The server waits; without seconds, until it is let go."""

    seconds: float | None


Pieces = Iterator[bytes | Pause]
"""Bytes to write and pauses; an empty piece tears the connection."""

STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    b"Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"
)
END = b"0\r\n\r\n"
DONE = b"data: [DONE]\n\n"
_BYTES = 17
"""Bytes of a small write; no multiple of anything that lines or letters are made of."""
_HARD = 12
"""How many of the small writes are kept apart from the next by a pause, so that they surely arrive alone."""


def chunk(content: bytes) -> bytes:
    """A chunk of HTTP."""
    return b"%x\r\n%s\r\n" % (len(content), content)


def line(event: Event, escaped: bool = False) -> bytes:
    """An event as a server usually sends it."""
    text = json.dumps(event.data, ensure_ascii=escaped, separators=(",", ":"))
    if escaped:
        text = _all_escaped(text)
    name = f"event: {event.name}\n" if event.name else ""
    return f"{name}data: {text}\n\n".encode()


def _all_escaped(text: str) -> str:
    """Every letter inside of JSON strings that are values of text fields as ``\\uXXXX``."""

    def escape(match: re.Match[str]) -> str:
        inner: str = json.loads(f'"{match[2]}"')
        units = inner.encode("utf-16-be")
        codes = [int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2)]
        escapes = "".join(f"\\u{code:04x}" for code in codes)
        return f'{match[1]}"{escapes}"'

    fields = (
        "content|reasoning_content|reasoning|refusal|arguments|name|text|delta|title|transcript|token|footnote|input"
    )
    return re.sub(rf'("(?:{fields})":)"((?:[^"\\]|\\.)*)"', escape, text)


def dressed(event: Event) -> bytes:
    """The same event with everything that the format of event streams allows around it."""
    text = json.dumps(event.data, ensure_ascii=False)
    before, comma, after = text.partition('", "')  # between two fields, never inside of a text
    name = f"event: {event.name}\r\n" if event.name else "event:message\r\n"
    data = f'data:{before}",\r\ndata: "{after}' if comma else f"data:{text}"
    return f": a comment\r\nid: 7\r\nretry: 10\r\n{name}{data}\r\nunknown: x\r\n\r\n".encode()


def stream_of(plan: Plan, asked: Asked) -> Pieces:
    """A sound stream, written as the plan's chunking says."""
    yield STREAM_HEAD
    ending = b"" if asked.endpoint == "responses" else DONE
    if plan.chunking in ("burst", "bytes", "escaped"):
        content = b"".join(line(event, plan.chunking == "escaped") for event in events(plan, asked)) + ending
        yield from [chunk(content)] if plan.chunking == "burst" else _in_small_writes(content)
    else:
        for event in events(plan, asked):
            if plan.pause:
                yield Pause(plan.pause)
            yield chunk(dressed(event) if plan.chunking == "dressed" else line(event))
        if ending:
            yield chunk(ending.replace(b"\n", b"\r\n") if plan.chunking == "dressed" else ending)
    yield END


def _in_small_writes(content: bytes) -> Pieces:
    """A few bytes at a time; the first writes, and those around what is not ASCII, arrive alone."""
    alone = 0
    for start in range(0, len(content), _BYTES):
        piece = content[start : start + _BYTES]
        yield chunk(piece)
        if alone < _HARD and (start < 2 * _BYTES or piece[-1] >= 0x80 or piece.endswith((b"zy", b"\\", b"\\u", b"\n"))):
            alone += 1
            yield Pause(0.001)


def whole_of(plan: Plan, asked: Asked) -> Pieces:
    """A sound answer in one body."""
    text = json.dumps(whole(plan, asked), ensure_ascii=plan.chunking == "escaped", separators=(",", ":"))
    content = (_all_escaped(text) if plan.chunking == "escaped" else text).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    if plan.pause:
        yield Pause(plan.pause)
    if plan.chunking != "bytes":
        yield head.encode() + content
        return
    yield head.encode()
    for start in range(0, len(content), _BYTES):
        yield content[start : start + _BYTES]
