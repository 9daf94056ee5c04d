"""What the harnesses run on each input; without atheris, so that a test can run them, too."""

from __future__ import annotations

import json

from colonnade.guard.protocol import ENDPOINTS, ProtocolError, UpstreamError

LISTED = list(ENDPOINTS.values())


def request(data: bytes) -> None:
    """Any bytes are a request, which can be passed on and read again, or a protocol error."""
    if not data:
        return
    endpoint = LISTED[data[0] % len(LISTED)]
    try:
        asked = endpoint.read(data[1:])
    except ProtocolError as error:
        json.dumps(error.body(), ensure_ascii=False).encode()
        return
    upstream = endpoint.for_upstream(asked, "model", "operator")
    json.dumps(upstream, ensure_ascii=False, allow_nan=False).encode()
    again = endpoint.read(json.dumps(asked.body).encode())
    assert [part[:2] for part in again.parts] == [part[:2] for part in asked.parts]
    assert again.body == asked.body
    endpoint.refused_stream(asked, "model", "No.", {"action": "refuse"})
    endpoint.refusal(asked, "model", "No.", None)


def stream(data: bytes) -> None:
    """Any bytes are pieces, the same ones however they are cut, or an upstream error; what is written is well-formed.

    The first two bytes choose the endpoint and the length of the pieces.
    """
    if len(data) < 2:
        return
    endpoint, size, data = LISTED[data[0] % len(LISTED)], data[1] + 1, data[2:]
    whole = _read(endpoint.name, [data])
    parts = _read(endpoint.name, [data[start : start + size] for start in range(0, len(data), size)])
    if not whole[2]:
        assert parts == whole, (parts, whole)
    else:
        assert parts[2] == whole[2], (parts, whole)
    texts, ends, _ = parts
    words = {"chat": {"messages": [{"role": "user", "content": "hi"}]}, "completions": {"prompt": "hi"}}
    body = {"model": "m", "stream": True, **words.get(endpoint.name, {"input": "hi"})}
    writer = endpoint.writer(endpoint.read(json.dumps(body).encode()), "model", None)
    written = writer.open() + b"".join(writer.text(*key, text) for key, text in texts.items())
    written += b"".join(writer.end(choice, finish) for choice, finish in ends.items()) + writer.close(None)
    again = _read(endpoint.name, [written])
    assert again[2] == "", again
    assert again[0].get((0, "content")) == texts.get((0, "content"))


def reply(data: bytes) -> None:
    """Any JSON is a whole reply, whose texts come out again, or an upstream error."""
    if not data:
        return
    endpoint = LISTED[data[0] % len(LISTED)]
    try:
        body = json.loads(data[1:])
    except (ValueError, RecursionError):
        return
    try:
        outputs = endpoint.outputs(body)
    except UpstreamError:
        return
    words = {"chat": {"messages": [{"role": "user", "content": "hi"}]}, "completions": {"prompt": "hi"}}
    asked = endpoint.read(json.dumps({"model": "m", **words.get(endpoint.name, {"input": "hi"})}).encode())
    again = endpoint.outputs(endpoint.whole(asked, body, {}))
    assert sorted(output.text for output in again) == sorted(output.text for output in outputs)


def _read(name: str, pieces: list[bytes]) -> tuple[dict[tuple[int, str], str], dict[int, str], str]:
    """Texts, ends and the code of the error of a stream."""
    reader = next(endpoint for endpoint in LISTED if endpoint.name == name).reader()
    texts: dict[tuple[int, str], str] = {}
    ends: dict[int, str] = {}
    deltas = []
    code = ""
    try:
        for piece in pieces:
            deltas += reader.feed(piece)
        deltas += reader.finish()
    except UpstreamError as fault:
        code = fault.code
    for delta in deltas:
        assert delta.choice not in ends
        if delta.finish is None:
            assert delta.text
            texts[delta.choice, delta.channel] = texts.get((delta.choice, delta.channel), "") + delta.text
        else:
            ends[delta.choice] = delta.finish
    return texts, ends, code
