"""Events that are read at once say what they say one by one, whatever stands in them and however they are cut."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colonnade.guard.protocol import Delta, UpstreamError
from colonnade.guard.protocol.streams.alike import frame_around, read_alike
from colonnade.guard.protocol.streams.chat import ChatReader
from colonnade.guard.protocol.streams.completions import CompletionsReader
from colonnade.guard.protocol.streams.reading import Reader


class OneByOneChat(ChatReader):
    _key = b""


class OneByOneCompletions(CompletionsReader):
    _key = b""


TEXTS = st.text(max_size=6) | st.sampled_from(
    ['"', "\\", '\\"', '","finish_reason":null}]}\n\ndata: ', '"content":"', "data: [DONE]\n\n", "😀", "é", "\n"]
)


def chunk(kind: str, text: str, ascii_only: bool, choice: int, more: dict[str, Any]) -> bytes:
    said: dict[str, Any] = {"delta": {"content": text, **more}} if kind == "chat" else {"text": text, **more}
    body = {"id": "c", "choices": [{"index": choice, **said, "finish_reason": None}], "usage": None}
    return b"data: " + json.dumps(body, ensure_ascii=ascii_only, separators=(",", ":")).encode() + b"\n\n"


@st.composite
def streams(draw: st.DrawFn) -> tuple[str, bytes]:
    kind = draw(st.sampled_from(["chat", "completions"]))
    events = []
    for _ in range(draw(st.integers(0, 12))):
        more = draw(st.sampled_from([{}, {}, {}, {"role": "assistant"}])) if kind == "chat" else {}
        choice = draw(st.sampled_from([0, 0, 0, 1]))
        events.append(chunk(kind, draw(TEXTS), draw(st.booleans()), choice, more))
    raw = [
        b"data: {\n\n",
        b": keep-alive\n\n",
        b'data: {"choices":[{"index":0,"delta":{"content":"a\\"}}]}\n\n',
        b"\r\n",
    ]
    for event in draw(st.lists(st.sampled_from(raw), max_size=1)):
        events.insert(draw(st.integers(0, len(events))), event)
    return kind, b"".join([*events, b"data: [DONE]\n\n"])


def read(reader: Reader, pieces: list[bytes]) -> dict[tuple[int, str], str] | str:
    said: dict[tuple[int, str], str] = {}
    try:
        for piece in pieces:
            for choice, channel, text, finish in reader.feed(piece):
                said[choice, channel] = said.get((choice, channel), "") + text + (finish or "")
    except UpstreamError as fault:
        return str(fault.code)
    return said


@given(streams(), st.lists(st.integers(0, 2000), max_size=8))
def test_read_at_once_or_one_by_one_is_the_same(stream: tuple[str, bytes], places: list[int]) -> None:
    kind, content = stream
    cuts = sorted({min(place, len(content)) for place in places} | {0, len(content)})
    pieces = [content[start:end] for start, end in pairwise(cuts)]
    at_once, slowly = (ChatReader, OneByOneChat) if kind == "chat" else (CompletionsReader, OneByOneCompletions)
    assert read(at_once(), pieces) == read(slowly(), pieces)


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b'{"a":{"content":"x"},"choices":[{"delta":{"content":"x"}}]}', "x"),
        (b'{"choices":[{"delta":{"content":"x\\n"}}]}', "x\n"),
        (b'{"choices":[{"delta":{"content":"xy"}}]}', "x"),
        (b'{"choices":[{"delta":{"content": "x"}}]}', "x"),
        (b'{"choices":[{"delta":{"content": "x"}}],"content":"x"}', "x"),
    ],
)
def test_where_it_is_unsure_what_stands_around_a_text_there_is_no_frame(payload: bytes, text: str) -> None:
    assert frame_around(payload, b'"content":"', Delta(0, "content", text)) is None


def test_of_many_events_those_up_to_the_first_that_needs_care_are_read_and_the_rest_is_left() -> None:
    events = [chunk("chat", text, False, 0, {}) for text in ("one ", "two\n", 'a "word"', "four")]
    frame = frame_around(events[0].removeprefix(b"data: ").rstrip(), b'"content":"', Delta(0, "content", "one "))
    assert frame is not None
    read_at_once = read_alike(frame, b"".join(events))
    assert read_at_once is not None
    assert read_at_once.text == "one two\n"
    assert read_at_once.rest == b"".join(events[2:])
    assert read_alike(frame, b"".join(events[2:])) is None


@pytest.mark.parametrize("texts", [(b"caf\xc3", b"\xa9"), (b"\xf0\x9f", b"", b"\x98\x80"), (b"\xa9", b"a")])
def test_halves_of_a_letter_in_two_events_are_no_letter(texts: tuple[bytes, ...]) -> None:
    first = chunk("chat", "one", False, 0, {})
    content = b"".join([first, *[first.replace(b"one", text) for text in texts], b"data: [DONE]\n\n"])
    assert read(ChatReader(), [content]) == read(OneByOneChat(), [content]) == "upstream_garbage"


def test_letters_of_several_bytes_are_read_at_once() -> None:
    events = [chunk("chat", text, False, 0, {}) for text in ("café", "é", "😀", "Ω")]
    frame = frame_around(events[0].removeprefix(b"data: ").rstrip(), b'"content":"', Delta(0, "content", "café"))
    assert frame is not None
    assert read_alike(frame, b"".join(events)) == ("caféé😀Ω", b"")
