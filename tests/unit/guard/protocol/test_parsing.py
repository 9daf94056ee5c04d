from __future__ import annotations

import gzip
import json
import zlib

import pytest

from colonnade.guard.gateway.onion import LONGEST
from colonnade.guard.protocol import ProtocolError
from colonnade.guard.protocol.parsing import parse
from colonnade.guard.protocol.requests.rules import DEEPEST

from .bodies import CHAT, small


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"{", "line 1, column 2"),
        (b'{\n "a":1,\n "b" 2}', "line 3, column 6"),
        (b'\xef\xbb\xbf{"a":1}', "byte order mark; leave it out"),
        ('{"a":1}'.encode("utf-16"), "UTF-16 or UTF-32; send it in UTF-8"),
        ('{"a":1}'.encode("utf-16-be"), "UTF-16 or UTF-32; send it in UTF-8"),
        ('{"a":1}'.encode("utf-16-le"), "UTF-16 or UTF-32; send it in UTF-8"),
        ('{"a":1}'.encode("utf-32"), "UTF-16 or UTF-32; send it in UTF-8"),
        (gzip.compress(b"{}"), "gzip; send it unpacked"),
        *((zlib.compress(b"{}", level), "deflate; send it unpacked") for level in (0, 6, 9)),
        (b'{"a":"\xff"}', "byte 6 is not UTF-8"),
        (b'{"a":"\n"}', "line 1, column 7"),
        (b'{"a":1}{"a":2}', "line 1, column 8"),
        (b"[" * 100_000, "too deep in each other; make it flatter"),
        (b'{"a":' * 50_000, "too deep in each other; make it flatter"),
        (b"[]", "must be a JSON object, and it is a list"),
        (b"null", "must be a JSON object, and it is null"),
        (b"3.5", "must be a JSON object, and it is a number"),
        (b'{"a":1,"a":2}', 'key "a" twice'),
        (b'{"b":{"\\u0061":1,"a":2}}', 'key "a" twice'),
        (b'{"a":NaN}', "NaN"),
        (b'{"a":-Infinity}', "-Infinity"),
        (b'{"a":1e999}', "1e999, which is too large"),
        (b'{"a":9223372036854775808}', "9223372036854775808…, which needs more than 64 bits"),
        (b'{"a":' + b"9" * 5000 + b"}", "64 bits"),
        (b'{"a":"\\uD800"}', r"half a character, \\ud800 at byte 6"),
        (b'{"\\uDC00":1}', r"half a character, \\udc00 at byte 2"),
    ],
)
def test_a_body_with_two_readings_or_none_is_refused(content: bytes, what: str) -> None:
    with pytest.raises(ProtocolError, match=what) as caught:
        parse(content)
    assert caught.value.code == "invalid_json"
    assert len(caught.value.message) < 200


@pytest.mark.parametrize("member", [b"0,", b"{},", b'{"a":[0]},', b"[[0]],", b'"\\\\",'])
def test_what_would_take_seconds_to_read_is_refused_unread(member: bytes) -> None:
    with pytest.raises(ProtocolError, match="more than 1000000 commas, colons, brackets and backslashes") as caught:
        parse(b'{"a":[' + member * 1_000_001 + b"0]}")
    assert (caught.value.status, caught.value.code) == (413, "request_too_large")


@pytest.mark.parametrize("sign", ["😀", '"', "\\", ",", "ш"])
def test_a_text_as_long_as_one_may_be_is_read_whatever_it_is_made_of(sign: str) -> None:
    said = sign * LONGEST
    assert parse(json.dumps({"a": said}).encode())["a"] == said


def test_whole_characters_and_small_numbers_are_read() -> None:
    assert parse(b'{"a":"\\ud83d\\ude00","b":9223372036854775807,"c":1e3}') == {"a": "😀", "b": 2**63 - 1, "c": 1000.0}


def test_a_schema_may_be_deep_but_not_without_end() -> None:
    def tool(depth: int) -> list[object]:
        schema: dict[str, object] = {}
        for _ in range(depth):
            schema = {"properties": schema}
        return [{"type": "function", "function": {"name": "f", "parameters": schema}}]

    assert small(CHAT, tools=tool(DEEPEST - 1)).parts[0].text.count("properties") == DEEPEST - 1
    with pytest.raises(ProtocolError, match="nested"):
        small(CHAT, tools=tool(DEEPEST + 2))
