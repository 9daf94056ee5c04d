"""Small inputs that the harnesses begin with."""

from __future__ import annotations

import json

from tests.unit.guard.protocol.bodies import BODIES
from tests.unit.guard.protocol.test_clients import CHAT_REPLY, COMPLETIONS_REPLY, RESPONSES_REPLY, spoken_response
from tests.unit.guard.protocol.test_streams import STREAMS

REQUESTS = [
    *(bytes([index]) + json.dumps(body).encode() for index, (_, body) in enumerate(BODIES)),
    b'\x00{"model":"m","messages":[{"role":"user","content":"hi"}]}',
    b'\x00{"model":"m","model":"n"}',
    b'\x01{"model":"m","prompt":[[1]]}',
    b'\x02{"model":"m","input":"\\ud800"}',
    b"\x00" + b"[" * 5000,
    b'\x02{"model":"m","input":NaN}',
    b"\x00\xff",
    b"",
]

CODED = [stream("x") for stream in STREAMS.values()]

STREAMED = [
    *(bytes([index, size]) + data for index, data in enumerate(CODED) for size in (0, 6, 255)),
    *(bytes([index, 2]) + data.replace(b"\n", b"\r\n") for index, data in enumerate(CODED)),
    b"\x02\x10" + spoken_response("stop"),
    b'\x00\x01\xef\xbb\xbf: hi\rdata: {"choices":[{"delta":{"content":"\\u00fc"},"finish_reason":"stop"}]}',
    b"\x00\x05<html>\n",
    b"\x00\x05data: [DONE]\n\n",
    b"",
]

REPLIES = [
    bytes([index]) + json.dumps(body).encode()
    for index, body in enumerate((CHAT_REPLY, COMPLETIONS_REPLY, RESPONSES_REPLY))
]
