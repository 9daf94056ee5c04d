"""Bytes to one JSON object that has a single reading, whoever reads it next."""

from __future__ import annotations

import json
import re
from collections import Counter
from operator import itemgetter
from typing import Any

from colonnade.guard.protocol.errors import ProtocolError

LARGEST_INTEGER = 2**63 - 1
"""Beyond it readers of JSON disagree."""

MOST_SIGNS = 1_000_000
"""Signs of one body that take time to read: twice as many as a text of the length that is judged has characters."""

_SIGNS = b",:[{\\"

_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
"""Escapes that may be half a character; all other bytes were checked as UTF-8."""

_BEGINNINGS = {
    b"\x1f\x8b": "is packed with gzip; send it unpacked",
    b"\x28\xb5\x2f\xfd": "is packed with zstd; send it unpacked",
    b"\x78\x01": "is packed with deflate; send it unpacked",
    b"\x78\x9c": "is packed with deflate; send it unpacked",
    b"\x78\xda": "is packed with deflate; send it unpacked",
    b"\xef\xbb\xbf": "begins with a byte order mark; leave it out",
    b"\xff\xfe": "is in UTF-16 or UTF-32; send it in UTF-8",
    b"\xfe\xff": "is in UTF-16; send it in UTF-8",
    b"{\0": "is in UTF-16 or UTF-32; send it in UTF-8",
    b"\0": "is in UTF-16 or UTF-32; send it in UTF-8",
}
"""What bodies are that begin like this, and no JSON does."""


def parse(content: bytes) -> dict[str, Any]:
    """The body of a request.

    Refused: what is no JSON object in UTF-8, keys that stand twice (two servers would read two
    different requests), numbers that are none or beyond 64 bits, and halves of characters.

    Raises:
        ProtocolError: with code ``invalid_json``; with ``request_too_large`` for what takes seconds to read.
    """
    if len(content) > MOST_SIGNS:
        _refuse_laborious(content)
    try:
        body = _DECODER.decode(content.decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as fault:
        raise _invalid(_unread(content, fault)) from None
    if not isinstance(body, dict):
        raise _invalid(f"must be a JSON object, and it is {_KINDS.get(type(body), 'a number')}")
    if _HALF.search(content):
        try:
            json.dumps(body, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError as fault:
            half = f"\\u{ord(fault.object[fault.start]):04x}"
            where = content.lower().find(half.encode())
            raise _invalid(f"holds half a character, {half} at byte {where}; send both halves or none") from None
        except RecursionError as fault:
            raise _invalid(_unread(content, fault)) from None
    return body


_KINDS = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}


def _refuse_laborious(content: bytes) -> None:
    if sum(map(content.count, _SIGNS)) > MOST_SIGNS:
        what = f"the body has more than {MOST_SIGNS} commas, colons, brackets and backslashes together; send fewer."
        raise ProtocolError(what, status=413, code="request_too_large")


def _unread(content: bytes, fault: Exception) -> str:
    """Why a body is no JSON, and where."""
    if not content.strip():
        return "is empty; send a JSON object"
    for beginning, told in _BEGINNINGS.items():
        if content.startswith(beginning):
            return told
    if isinstance(fault, UnicodeDecodeError):
        return f"is not valid JSON: byte {fault.start} is not UTF-8"
    if isinstance(fault, json.JSONDecodeError):
        return f"is not valid JSON: line {fault.lineno}, column {fault.colno}, {fault.msg[:1].lower()}{fault.msg[1:]}"
    return "is not valid JSON that can be read: lists and objects stand too deep in each other; make it flatter"


def _invalid(told: str) -> ProtocolError:
    return ProtocolError(f"the body {told}.", code="invalid_json")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = max(Counter(key for key, _ in pairs).items(), key=itemgetter(1))[0]
        raise _invalid(f"has the key {json.dumps(twice)[:80]} twice in one object; send it once")
    return found


def _integer(digits: str) -> int:
    if len(digits) > 20 or abs(int(digits)) > LARGEST_INTEGER:
        raise _invalid(f"holds the whole number {digits[:20]}…, which needs more than 64 bits; send a smaller one")
    return int(digits)


def _fraction(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise _invalid(f"holds the number {digits[:20]}, which is too large; send a smaller one")
    return number


def _constant(name: str) -> None:
    raise _invalid(f"holds {name}, which is not JSON; send a number or null")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_fraction, parse_constant=_constant
)
