from __future__ import annotations

import pytest

from colonnade.guard.protocol import ProtocolError
from colonnade.guard.protocol.parsing import parse
from colonnade.guard.protocol.requests.rules import DEEPEST

from .bodies import CHAT, small


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b'\xef\xbb\xbf{"a":1}', "not valid JSON"),
        (b'{"a":"\xff"}', "not valid JSON"),
        (b'{"a":"\n"}', "not valid JSON"),
        (b'{"a":1}{"a":2}', "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b'{"a":' * 50_000, "not valid JSON"),
        (b"[]", "JSON object"),
        (b"null", "JSON object"),
        (b'{"a":1,"a":2}', 'key "a" stands twice'),
        (b'{"b":{"\\u0061":1,"a":2}}', 'key "a" stands twice'),
        (b'{"a":NaN}', "NaN"),
        (b'{"a":-Infinity}', "-Infinity"),
        (b'{"a":1e999}', "too large"),
        (b'{"a":9223372036854775808}', "64 bits"),
        (b'{"a":' + b"9" * 5000 + b"}", "64 bits"),
        (b'{"a":"\\ud800"}', "half a character"),
        (b'{"\\uDC00":1}', "half a character"),
    ],
)
def test_a_body_with_two_readings_or_none_is_refused(content: bytes, what: str) -> None:
    with pytest.raises(ProtocolError, match=what) as caught:
        parse(content)
    assert caught.value.code == "invalid_json"


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
