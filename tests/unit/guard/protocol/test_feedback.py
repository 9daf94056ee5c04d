"""Feedback read from its bytes; what the document says of it is what is read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from colonnade.guard.protocol.errors import ProtocolError
from colonnade.guard.protocol.requests.feedback import MOST_CHARACTERS, Told, read_feedback

from .test_openapi import fits

WRONG: list[Any] = [
    [1],
    {"id": "ex-1"},
    {"what": "x"},
    {"id": "ex-1", "what": "x", "more": 1},
    {"id": 7, "what": "x"},
    {"id": "ex-1", "what": 7},
    {"id": "", "what": "x"},
    {"id": "e x", "what": "x"},
    {"id": "e" * 101, "what": "x"},
    {"id": "ex-1", "what": ""},
    {"id": "ex-1", "what": "   "},
    {"id": "ex-1", "what": "\x1f\u2003"},
    {"id": "ex-1", "what": "x" * (MOST_CHARACTERS + 1)},
]


def test_feedback_is_read_as_the_document_says() -> None:
    body = {"id": "ex-1", "what": " should not have been "}
    assert fits("Feedback", body)
    assert read_feedback(json.dumps(body).encode()) == Told("ex-1", "should not have been")


@pytest.mark.parametrize("body", WRONG)
def test_what_does_not_fit_is_refused(body: Any) -> None:
    assert not fits("Feedback", body)
    with pytest.raises(ProtocolError) as fault:
        read_feedback(json.dumps(body).encode())
    assert fault.value.status == 400


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"not json", 400),
        (b"[" * 15_000, 400),
        (b'{"id":"ex-1","what":"\\ud800"}', 400),
        (b'{"id":"ex-1","what":"x","what":"y"}', 400),
        (b'{"id":"ex-1","what":"' + b"x" * 20_000 + b'"}', 413),
    ],
)
def test_what_is_no_json_with_one_reading_is_refused(content: bytes, status: int) -> None:
    with pytest.raises(ProtocolError) as fault:
        read_feedback(content)
    assert fault.value.status == status


def test_a_key_that_is_missing_is_named() -> None:
    with pytest.raises(ProtocolError, match="'what' must be there") as refused:
        read_feedback(b'{"id": "ex-1"}')
    assert (refused.value.parameter, refused.value.code) == ("what", "missing_key")
