"""What a customer says about an answer: it was refused and should not have been, or the reverse."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from colonnade.guard.protocol.errors import ProtocolError
from colonnade.guard.protocol.parsing import parse
from colonnade.guard.protocol.requests.content import nested
from colonnade.guard.protocol.requests.rules import Notes, Rule, string, wrong

MOST_CHARACTERS = 2_000
"""Of a customer's sentence."""

MOST_BYTES = 16 * 1024
"""Of the body; a character takes up to six of them in JSON."""

ANSWER = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
"""The id of an answer."""


SAID = re.compile(r"[^\s\x00-\x20\x7f-\xa0\ufeff]")
"""A sign that says something; blanks are what either Python or JavaScript takes for one."""


class Told(NamedTuple):
    """A word about one answer.

    Attributes:
        answer: the id that came with it, in ``X-Colonnade-Id``.
        what: what the customer says.
    """

    answer: str
    what: str


def _answer(_notes: Notes, value: Any, place: str) -> str:
    if ANSWER.fullmatch(string(value, place)) is None:
        raise wrong(place, "be the id of an answer, as X-Colonnade-Id says it", "invalid_value")
    return str(value)


def _what(_notes: Notes, value: Any, place: str) -> str:
    said = string(value, place)
    if SAID.search(said) is None or len(said) > MOST_CHARACTERS:
        told = f"say what should have been otherwise, in at most {MOST_CHARACTERS} characters"
        raise wrong(place, told, "invalid_value")
    return said.strip()


RULES: dict[str, Rule] = {"id": _answer, "what": _what}


def read_feedback(content: bytes) -> Told:
    """A word about an answer from its bytes.

    Raises:
        ProtocolError: for the first thing that does not fit.
    """
    if len(content) > MOST_BYTES:
        message = f"the feedback is larger than {MOST_BYTES} bytes; say it shorter."
        raise ProtocolError(message, status=413, code="request_too_large")
    body = nested(RULES, "id", "what")(Notes(), parse(content), "")
    return Told(body["id"], body["what"])
