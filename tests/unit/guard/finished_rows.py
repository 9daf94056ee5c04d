"""Requests as observers are told of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from colonnade.guard.observing import Finished, Timings
from colonnade.records import DetectorRun, Ruling

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TOOK = Timings(guard_request=0.4, log=2.0, upstream_first=120.0, upstream_all=900.0, guard_reply=0.6, all=905.0)


def run(name: str = "words", outcome: Any = "ran", milliseconds: float = 0.3) -> DetectorRun:
    return DetectorRun(name=name, version="1", digest=f"sha256:{'0' * 64}", outcome=outcome, milliseconds=milliseconds)


def ruling(side: Any = "request", **changes: Any) -> Ruling:
    """One that allows, on the topic ``cyber.intrusion``."""
    fields: dict[str, Any] = {
        "side": side,
        "topic": "cyber.intrusion",
        "level": "overview",
        "tier": "public",
        "purpose": "general",
        "action": "allow",
        "rule": "cyber.intrusion",
        "reason": "it is not above the ceiling.",
        "similarity": 0.71,
        "detectors": (run(),),
    }
    return Ruling.model_validate(fields | changes)


def refused(side: Any = "request", **changes: Any) -> Ruling:
    return ruling(side, **({"action": "refuse", "level": "recipe"} | changes))


def finished(**changes: Any) -> Finished:
    """A chat that was answered."""
    row = Finished(
        id="r-1",
        at=AT,
        principal="key-7",
        tier="public",
        purpose="general",
        endpoint="chat",
        model="rosters",
        stream=False,
        request=ruling(),
        replies=(ruling("reply"),),
        grant="",
        adapter="",
        outcome="answered",
        status=200,
        text="how do burglars work",
        milliseconds=TOOK,
        tokens=(12, 40),
    )
    return row._replace(**changes)
