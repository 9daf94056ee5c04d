"""What a row says of one request and of one reply; words stand beside it, sealed, under the names given here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from colonnade.guard.gateway.holdback import Judged, strictest
from colonnade.guard.gateway.standing import Chosen, Standing
from colonnade.guard.guard import Who
from colonnade.guard.observing import Finished, Outcome, Timings
from colonnade.guard.protocol import Asked
from colonnade.guard.telemetry.traceparent import Trace
from colonnade.records import Ruling

ANSWERED, WITHHELD, REFUSED, HUNG_UP, STOPPED = "answered", "withheld", "refused", "client hung up", "stopped"
"""How an exchange ended; else the code of the fault that ended it."""


class Course:
    """What happened to one request so far, and when: seconds of a clock that only runs forward.

    Attributes:
        asked_upstream, first_piece, last_piece: of the model behind.
        first_out: when the first piece of the answer went out.
        ruling_request, ruling_reply, writing: how long was spent on these.
        held_back: the longest that a piece of the answer waited.
    """

    def __init__(self, started: float) -> None:
        self.at = datetime.now(UTC)
        self.started = started
        self.ruling_request = self.ruling_reply = self.writing = self.held_back = 0.0
        self.asked_upstream: float | None = None
        self.first_piece: float | None = None
        self.last_piece: float | None = None
        self.first_out: float | None = None
        self.status = 200
        self.usage: Mapping[str, Any] | None = None


def about(exchange: str, who: Who, asked: Asked, chosen: Chosen, now: Standing) -> dict[str, Any]:
    """What all rows of one exchange say alike; that what is served is not what is on disk is among it."""
    row: dict[str, Any] = {
        "id": exchange,
        "principal": who.principal,
        "tier": who.tier,
        "purpose": who.purpose,
        "endpoint": asked.endpoint,
        "model": chosen.model,
        "guard": now.guard.digest,
    }
    if chosen.prompt is not None:
        row["system_prompt"] = {"name": chosen.prompt.name, "digest": chosen.prompt.digest}
    if chosen.rule:
        row |= {"adapter": chosen.adapter, "adapter_rule": chosen.rule}
    return row | {"stale": now.stale} if now.stale else row


def request_row(common: Mapping[str, Any], asked: Asked, ruling: Ruling) -> dict[str, Any]:
    """The row of a request."""
    return {
        **common,
        "act": "request",
        "stream": asked.stream,
        "choices": asked.choices,
        "pictures": asked.pictures,
        "ruling": ruling.model_dump(mode="json"),
    }


def reply_row(
    common: Mapping[str, Any], judged: Sequence[Judged], request: Ruling, how: str, course: Course, now: float
) -> dict[str, Any]:
    """The row of a reply: the ruling that stands for all of it, and what became of every channel."""
    ruling = strictest([row.ruling for row in judged if row.ruling is not None])
    outputs = [
        {
            "choice": row.choice,
            "channel": row.channel,
            "action": row.ruling.action if row.ruling is not None else None,
            "rule": row.ruling.rule if row.ruling is not None else None,
            "windows": row.windows,
            "said": row.said,
            "sent": row.sent,
        }
        for row in judged
    ]
    row = {
        **common,
        "act": "reply",
        "asked": request.rule,
        "ruling": ruling.model_dump(mode="json") if ruling is not None else None,
        "outputs": outputs,
        "ended": how,
        "milliseconds": _milliseconds(course.started, now),
    }
    if course.first_out is not None:
        row["first"] = _milliseconds(course.started, course.first_out)
    if course.usage:
        row["usage"] = dict(course.usage)
    return row


def asked_texts(asked: Asked) -> dict[str, str]:
    """The words of a request, by place."""
    return {f"{part.role} {part.place}": part.text for part in asked.parts}


def said_texts(judged: Sequence[Judged]) -> dict[str, str]:
    """The words of a reply, by choice and channel."""
    return {f"{row.choice} {row.channel}": row.text for row in judged}


def finished(
    common: Mapping[str, Any],
    asked: Asked,
    request: Ruling,
    replies: Sequence[Ruling],
    how: str,
    course: Course,
    now: float,
    trace: Trace | None,
) -> Finished:
    """What observers are told."""
    spoken = [part.text for part in asked.parts if part.role == "user"] or [part.text for part in asked.parts]
    first = None if course.first_piece is None else course.first_piece - (course.asked_upstream or 0)
    last = None if course.last_piece is None else course.last_piece - (course.asked_upstream or 0)
    return Finished(
        id=common["id"],
        at=course.at,
        principal=common["principal"],
        tier=common["tier"],
        purpose=common["purpose"],
        endpoint=asked.endpoint,
        model=asked.model,
        stream=asked.stream,
        request=request,
        replies=tuple(replies),
        grant=next((ruling.grant for ruling in (request, *replies) if ruling.grant), ""),
        adapter=common.get("adapter", ""),
        outcome=_OUTCOMES.get(how, "fault"),
        status=course.status,
        text=spoken[-1] if spoken else "",
        milliseconds=Timings(
            guard_request=course.ruling_request * 1000,
            log=course.writing * 1000,
            upstream_first=None if first is None else first * 1000,
            upstream_all=None if last is None else last * 1000,
            guard_reply=course.ruling_reply * 1000 if replies else None,
            all=(now - course.started) * 1000,
            held_back=course.held_back * 1000 if replies else None,
        ),
        tokens=_tokens(course.usage),
        trace=trace,
    )


_OUTCOMES: dict[str, Outcome] = {
    ANSWERED: "answered",
    WITHHELD: "withheld",
    REFUSED: "refused",
    HUNG_UP: "hung up",
}


def _tokens(usage: Mapping[str, Any] | None) -> tuple[int, int] | None:
    for read, drawn in (("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens")):
        if usage and isinstance(usage.get(read), int) and isinstance(usage.get(drawn), int):
            return usage[read], usage[drawn]
    return None


def _milliseconds(start: float, end: float) -> float:
    return round((end - start) * 1000, 3)
