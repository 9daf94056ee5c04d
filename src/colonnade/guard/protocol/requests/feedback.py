"""What a customer says about an answer: it was refused and should not have been, or the reverse."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from colonnade.guard.protocol.parsing import parse
from colonnade.guard.protocol.requests.content import nested
from colonnade.guard.protocol.requests.rules import Notes, Rule, string, wrong

LONGEST = 4000
"""Characters of what is said."""

ROW = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


class Feedback(NamedTuple):
    """A word about one answer.

    Attributes:
        row: the id that came with the answer, in ``X-Colonnade-Id``.
        what: what the customer says.
    """

    row: str
    what: str


def _row(_notes: Notes, value: Any, place: str) -> str:
    if ROW.fullmatch(string(value, place)) is None:
        raise wrong(place, "be the id of an answer, as X-Colonnade-Id says it", "invalid_value")
    return str(value)


def _what(_notes: Notes, value: Any, place: str) -> str:
    if not 1 <= len(string(value, place)) <= LONGEST:
        raise wrong(place, f"have 1 to {LONGEST} characters", "invalid_value")
    return str(value)


RULES: dict[str, Rule] = {"id": _row, "what": _what}


def read_feedback(content: bytes) -> Feedback:
    """A word about an answer from its bytes.

    Raises:
        ProtocolError: for the first thing that does not fit.
    """
    body = nested(RULES, "id", "what")(Notes(), parse(content), "")
    return Feedback(body["id"], body["what"])
