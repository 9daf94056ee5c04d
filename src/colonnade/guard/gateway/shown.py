"""What a client is told of a ruling: what was decided, by which rule, and what would have permitted it."""

from __future__ import annotations

from typing import Any

from colonnade.guard.access.desk import Holder
from colonnade.records import Ruling

HEADER, REMAINING = b"x-colonnade-ruling", b"x-colonnade-grant-remaining"


def shown_ruling(exchange: str, ruling: Ruling) -> dict[str, Any]:
    """The ruling in the body of an answer."""
    return {
        "id": exchange,
        "side": ruling.side,
        "action": ruling.action,
        "rule": ruling.rule,
        "topic": ruling.topic,
        "level": ruling.level,
        "cap": ruling.cap,
        "grant": ruling.grant,
        "reason": ruling.reason,
        "permitted_by": ruling.permitted_by,
        "applied": ruling.applied,
    }


def header_of(ruling: Ruling) -> tuple[bytes, str]:
    """The ruling in a header."""
    return HEADER, f"{ruling.action}; rule={ruling.rule}"


def remaining_of(holder: Holder) -> tuple[bytes, str] | None:
    """What is left of the caps of each grant that the answer used, in a header; nothing where it used none."""
    rows = (
        f"{row.grant}; per-minute={row.per_minute}; per-day={row.per_day}; specific-per-day={row.specific_per_day}"
        for row in tuple(holder.remaining.values())
    )
    told = ", ".join(rows)
    return (REMAINING, told) if told else None
