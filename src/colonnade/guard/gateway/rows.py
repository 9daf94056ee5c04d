"""What a row says of one request and of one reply; words stand beside it, sealed, under the names given here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from colonnade.guard.gateway.holdback import Judged, strictest
from colonnade.guard.gateway.standing import Chosen, Standing
from colonnade.guard.guard import Who
from colonnade.guard.protocol.asked import Asked
from colonnade.records import Ruling

ANSWERED, WITHHELD, REFUSED, HUNG_UP = "answered", "withheld", "refused", "client hung up"
"""How an exchange ended; else the code of the fault that ended it."""


class Ended(NamedTuple):
    """How an exchange ended, and how long it took.

    Attributes:
        how: a word of this module, or the code of a fault.
        seconds: from the first byte of the request.
        first: until the first piece of the answer went out; none where none did.
        usage: the tokens, as the server behind counted them.
    """

    how: str
    seconds: float
    first: float | None = None
    usage: Mapping[str, Any] | None = None


def about(exchange: str, who: Who, asked: Asked, chosen: Chosen, now: Standing) -> dict[str, Any]:
    """What all rows of one exchange say alike; that what is served is not what is on disk is among it."""
    row = {
        "id": exchange,
        "principal": who.principal,
        "tier": who.tier,
        "purpose": who.purpose,
        "endpoint": asked.endpoint,
        "model": chosen.model,
        "guard": now.guard.digest,
    }
    if chosen.rule:
        row |= {"adapter": chosen.adapter, "adapter_rule": chosen.rule}
    return row | {"stale": now.stale} if now.stale else row


def request_row(common: Mapping[str, Any], asked: Asked, ruling: Ruling, ended: Ended | None) -> dict[str, Any]:
    """The row of a request, with its end where it gets no reply."""
    row = {
        **common,
        "act": "request",
        "stream": asked.stream,
        "choices": asked.choices,
        "pictures": asked.pictures,
        "ruling": ruling.model_dump(mode="json"),
    }
    return row | _end(ended) if ended is not None else row


def reply_row(
    common: Mapping[str, Any], judged: Sequence[Judged], request: Ruling, ended: Ended
) -> dict[str, Any]:
    """The row of a reply: the ruling that stands for all of it, and what became of every channel."""
    ruling = strictest(row.ruling for row in judged if row.ruling is not None)
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
    return {
        **common,
        "act": "reply",
        "asked": request.rule,
        "ruling": ruling.model_dump(mode="json") if ruling is not None else None,
        "outputs": outputs,
        **_end(ended),
    }


def asked_texts(asked: Asked) -> dict[str, str]:
    """The words of a request, by place."""
    return {f"{part.role} {part.place}": part.text for part in asked.parts}


def said_texts(judged: Sequence[Judged]) -> dict[str, str]:
    """The words of a reply, by choice and channel."""
    return {f"{row.choice} {row.channel}": row.text for row in judged}


def _end(ended: Ended) -> dict[str, Any]:
    row: dict[str, Any] = {"ended": ended.how, "seconds": round(ended.seconds, 6)}
    if ended.first is not None:
        row["first"] = round(ended.first, 6)
    if ended.usage:
        row["usage"] = dict(ended.usage)
    return row
