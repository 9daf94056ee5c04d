"""Finished requests, as a monitor is told of them."""

from __future__ import annotations

from datetime import datetime
from itertools import count
from typing import Any

from colonnade.guard.observing import Finished, Timings
from colonnade.records import Action, Level, Ruling

from .small_grants import NOON

_NUMBERS = count()


def ruling(action: str = "allow", topic: str | None = None, level: Level | None = None, grant: str = "") -> Ruling:
    return Ruling(
        side="request",
        topic=topic,
        level=level,
        tier="public",
        purpose="authorised-test",
        action="allow" if action == "allow" else Action(action),
        rule="x",
        reason="x.",
        similarity=None,
        detectors=(),
        grant=grant,
    )


USED = ruling("allow", "cyber.intrusion", Level.MECHANISM, "pentest")
OUTSIDE = ruling("refuse", "safety.drugs", Level.RECIPE)
ABOVE = ruling("deflect", "cyber.intrusion", Level.RECIPE)
HARMLESS = ruling()


def finished(text: str, ruled: Ruling = HARMLESS, who: str = "key-7", at: datetime = NOON, **changes: Any) -> Finished:
    row = Finished(
        id=f"row-{next(_NUMBERS)}",
        at=at,
        principal=who,
        tier="public",
        purpose="authorised-test",
        endpoint="chat",
        model="m",
        stream=False,
        request=ruled,
        replies=(),
        grant=ruled.grant,
        adapter="",
        outcome="answered" if ruled.action == "allow" else "refused",
        status=200,
        text=text,
        milliseconds=Timings(1, 1, None, None, None, 2),
        tokens=None,
    )
    return row._replace(**changes)
