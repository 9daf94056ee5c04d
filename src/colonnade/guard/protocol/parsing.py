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

_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
"""Escapes that may be half a character; all other bytes were checked as UTF-8."""


def parse(content: bytes) -> dict[str, Any]:
    """The body of a request.

    Refused: what is no JSON object in UTF-8, keys that stand twice (two servers would read two
    different requests), numbers that are none or beyond 64 bits, and halves of characters.

    Raises:
        ProtocolError: with code ``invalid_json``.
    """
    try:
        body = _DECODER.decode(content.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise _invalid("the body is not valid JSON in UTF-8.") from None
    if not isinstance(body, dict):
        raise _invalid("the body must be a JSON object.")
    if _HALF.search(content):
        try:
            json.dumps(body, ensure_ascii=False).encode("utf-8")
        except (UnicodeEncodeError, RecursionError):
            raise _invalid("the body holds half a character.") from None
    return body


def _invalid(message: str) -> ProtocolError:
    return ProtocolError(message, code="invalid_json")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = max(Counter(key for key, _ in pairs).items(), key=itemgetter(1))[0]
        raise _invalid(f"the key {json.dumps(twice)[:80]} stands twice in one object.")
    return found


def _integer(digits: str) -> int:
    if len(digits) > 20 or abs(int(digits)) > LARGEST_INTEGER:
        raise _invalid("the body holds a whole number beyond 64 bits.")
    return int(digits)


def _fraction(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise _invalid("the body holds a number that is too large.")
    return number


def _constant(name: str) -> None:
    raise _invalid(f"the body holds {name}, which is not JSON.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_fraction, parse_constant=_constant
)
