"""What a server does wrong, on purpose: it dies, stalls, sends garbage, or says more than it was asked."""

from __future__ import annotations

import json
from itertools import islice

from .plans import Plan
from .speaking import Asked, Event, events, whole
from .wire import DONE, END, STREAM_HEAD, Pause, Pieces, chunk, line
from .words import WORD

STREAM_FAULTS = {
    "dies": "the server's connection is torn in the middle of a stream",
    "closes early": "the server closes in the middle of a stream without ending it",
    "ends early": "the stream ends in good order but without a finish",
    "ends without DONE": "the stream ends after its finish, without the closing event",
    "stalls": "the server sends nothing more in the middle of a stream",
    "silent": "the server takes the request and never answers",
    "hangs up": "the server hangs up without an answer",
    "torn event": "an event is no JSON",
    "binary": "the stream is random bytes",
    "html": "the server answers 200 with a page",
    "wrong content type": "the stream says that it is plain text",
    "whole for a stream": "the server sends one body where a stream was asked for",
    "half UTF-8": "the stream ends inside a letter",
    "wrong shape": "events are JSON of the wrong shape",
    "huge event": "one event is eight megabytes large",
    "endless line": "a line of 24 megabytes never ends",
}
"""Where a client must learn that something went wrong, unless it is given the whole answer in good order."""

WHOLE_FAULTS = {
    "dies": "the server's connection is torn in the middle of a body",
    "closes early": "the body is shorter than its length says",
    "stalls": "the server sends nothing more in the middle of a body",
    "silent": "the server takes the request and never answers",
    "hangs up": "the server hangs up without an answer",
    "torn event": "the body is no JSON",
    "binary": "the body is random bytes",
    "html": "the server answers 200 with a page",
    "stream for a whole": "the server sends a stream where one body was asked for",
    "half UTF-8": "the body ends inside a letter",
    "wrong shape": "the body is JSON of the wrong shape",
}

SPILLING = {
    "error event": "the server's error event names the word",
    "after the end": "the server goes on with the word after the closing event",
    "after the finish": "a choice goes on with the word after its finish",
    "another choice": "the server streams a choice that nobody asked for, with the word",
    "index as text": "the word comes in a choice whose index is a text",
    "comment": "the word stands in a comment of the stream",
    "other field": "the word stands in the event's name and id",
}
"""Streams that smuggle the word: how they end is the guard's affair, but the word must not come out."""


def broken_stream(plan: Plan, asked: Asked) -> Pieces:
    """A stream with the plan's fault after so many events."""
    fault = plan.fault
    said = list(events(plan, asked))
    opening = b"".join(chunk(line(event)) for event in islice(said, plan.after))
    rest = b"".join(chunk(line(event)) for event in said[plan.after :])
    ending = b"" if asked.endpoint == "responses" else chunk(DONE)
    if fault in _AT_ONCE:
        yield from _AT_ONCE[fault]
    elif fault == "whole for a stream":
        yield from _sized(json.dumps(whole(plan, asked)).encode(), "application/json")
    elif fault == "wrong content type":
        yield STREAM_HEAD.replace(b"text/event-stream", b"text/plain") + opening + rest + ending + END
    else:
        yield STREAM_HEAD
        yield opening
        yield Pause(0.02)
        yield from _going_wrong(fault, said, rest, ending)


def _going_wrong(fault: str, said: list[Event], rest: bytes, ending: bytes) -> Pieces:
    if fault == "dies":
        yield b""
    elif fault == "stalls":
        yield Pause(None)
    elif fault == "ends early":
        yield END
    elif fault == "ends without DONE":
        closing = chunk(line(said[-1])) if said[-1].name == "response.completed" else b""
        yield rest.removesuffix(closing) + END
    elif fault in _INSTEAD:
        yield _INSTEAD[fault] + rest + ending + END
    elif fault == "half UTF-8":
        yield chunk('data: {"choices":[{"index":0,"delta":{"content":"ü'.encode()[:-1]) + END
    elif fault == "endless line":
        for _ in range(24):
            yield chunk(b"data: " + b"a" * (1 << 20))
        yield rest + ending + END
    elif fault in ("after the end", "after the finish", "another choice", "index as text"):
        yield from _spilling(fault, said, rest, ending)
    # "closes early" is just this: nothing more, and the connection is closed.


def _spilling(fault: str, said: list[Event], rest: bytes, ending: bytes) -> Pieces:
    more = b""
    for piece in (WORD[:5], WORD[5:], " and more"):
        more += chunk(line(_also(said, piece, fault)))
    if fault == "after the end":
        yield rest + ending + more + END
    elif fault == "after the finish":
        last = b"" if not said[-1].name else chunk(line(said[-1]))
        yield rest.removesuffix(last) + more + last + ending + END
    else:
        yield more + rest + ending + END


def _also(said: list[Event], text: str, fault: str) -> Event:
    """One more event with this text, like those before it."""
    example = next(event for event in said if event.name.endswith("text.delta") or not event.name)
    if example.name:
        return Event(
            example.name, example.data | {"delta": text, "output_index": 7 if fault == "another choice" else 0}
        )
    index: object = {"another choice": 7, "index as text": "0"}.get(fault, 0)
    said_so = {"delta": {"content": text}} if "chunk" in example.data["object"] else {"text": text}
    return Event("", example.data | {"choices": [{"index": index, "finish_reason": None, **said_so}]})


def broken_whole(plan: Plan, asked: Asked) -> Pieces:
    """A body with the plan's fault."""
    fault = plan.fault
    content = json.dumps(whole(plan, asked)).encode()
    half = content[: len(content) // 2]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    if fault in _AT_ONCE:
        yield from _AT_ONCE[fault]
    elif fault in ("dies", "closes early", "stalls"):
        yield head % len(content) + half
        yield Pause(0.02)
        if fault != "closes early":
            yield b"" if fault == "dies" else Pause(None)
    elif fault == "stream for a whole":
        yield STREAM_HEAD + b"".join(chunk(line(event)) for event in events(plan, asked)) + chunk(DONE) + END
    elif fault == "wrong shape":
        yield from _sized(
            b'{"choices":[{"index":"x","message":[1],"text":7}],"output":{"a":3},"usage":"?"}', "application/json"
        )
    else:
        yield from _sized(half + ("ü".encode()[:-1] if fault == "half UTF-8" else b""), "application/json")


def _sized(content: bytes, kind: str) -> list[bytes]:
    return [
        b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s" % (kind.encode(), len(content), content)
    ]


_AT_ONCE: dict[str, list[bytes | Pause]] = {
    "silent": [Pause(None)],
    "hangs up": [b""],
    "html": [*_sized(f"<html><body>502 {WORD}</body></html>".encode(), "text/html")],
    "binary": [*_sized(bytes(range(256)) * 40, "text/event-stream")],
}

_SHAPES: tuple[object, ...] = (
    None,
    [],
    7,
    {"choices": None},
    {"choices": {"0": 1}},
    {"choices": [3]},
    {"choices": [{"index": 0, "delta": 3}]},
    {"choices": [{"index": -1, "delta": {"content": "x"}}]},
    {"choices": [{"index": 0, "delta": {"content": ["x"]}}]},
    {"choices": [{"index": 0, "delta": {"tool_calls": {"a": 1}}}]},
    {"type": 7},
)

_INSTEAD = {
    "torn event": chunk(b'data: {"choices": [{"index": 0, "del\n\n'),
    "wrong shape": b"".join(chunk(line(Event("", shape))) for shape in _SHAPES),  # type: ignore[arg-type]
    "huge event": chunk(b'data: {"choices":[{"index":0,"delta":{"content":"' + b"a " * (4 << 20) + b'"}}]}\n\n'),
    "error event": chunk(line(Event("", {"error": {"message": f"No {WORD} here.", "type": "x", "code": WORD}}))),
    "comment": chunk(f": {WORD}\n\n".encode()),
    "other field": chunk(f"event: {WORD}\nid: {WORD}\nretry: 3\ndata: {{}}\n\n".encode()),
}
