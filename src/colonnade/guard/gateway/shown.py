"""What a client is told of a ruling: what was decided, by which rule, and what would have permitted it."""

from __future__ import annotations

from typing import Any

from colonnade.records import Ruling

HEADER = b"x-colonnade-ruling"


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
