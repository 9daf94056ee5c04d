"""Transcripts and findings."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from colonnade.records import Finding, Measurement, Message, Transcript, digest_of

ASKED = Message(role="user", content="Are you a machine?")


def test_the_reply_is_the_last_thing_the_model_said() -> None:
    said = Message(role="assistant", content="Yes.")
    answered = Transcript(prompt="p", speaker=digest_of(1), messages=(ASKED, said), stop="end")
    assert answered.reply == "Yes."
    fault = Transcript(prompt="p", speaker=digest_of(1), messages=(ASKED,), stop="fault", fault="no server")
    assert fault.reply == ""


def test_unscored_is_a_word() -> None:
    assert Finding.UNSCORED == "unscored"
    assert len(Finding) == 4


def test_a_rate_that_is_no_number_is_refused() -> None:
    content = {
        "metric": "violation_rate",
        "group": "all",
        "speaker": digest_of(1),
        "grader": "rules",
        "events": 0,
        "scored": 0,
        "unscored": 3,
        "rate": None,
        "low": 0.0,
        "high": 1.0,
        "lower": 0.0,
        "upper": 1.0,
        "confidence": 0.95,
        "verdicts": digest_of(2),
    }
    assert Measurement.model_validate(content).rate is None
    with pytest.raises(ValidationError, match="finite"):
        Measurement.model_validate({**content, "rate": float("nan")})
