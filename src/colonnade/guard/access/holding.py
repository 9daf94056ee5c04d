"""What a grant covers, and what its holder and the operator are told when it no longer holds."""

from __future__ import annotations

import logging
from collections.abc import Container, Iterable, Mapping
from datetime import date
from types import MappingProxyType

from colonnade.guard.topics import lies_under
from colonnade.records import Cell, Grant, GrantStanding, GrantState

GROUNDS: Mapping[str, str] = MappingProxyType(
    {
        "cap": "it was used more often than it allows",
        "drift": "its use looked as if it were for another purpose",
        "alert": "a person found a pattern in its use",
        "review": "a person found a use outside its purpose",
    }
)
"""On which kind of ground a grant was suspended, as its holder is told."""

logger = logging.getLogger("colonnade.access")


def covers(grant: Grant, topic: str) -> bool:
    """Whether a topic is one of the grant's, at whatever level."""
    return any(lies_under(topic, node) for node in grant.topics)


def would_open(grant: Grant, cell: Cell) -> bool:
    """Whether the grant was made for this cell, whether it holds or not."""
    return covers(grant, cell.topic) and cell.level.rank <= grant.highest.rank and cell.purpose in grant.purposes


def ended_on(row: GrantStanding) -> date:
    """The day on which a grant was stopped, or its last one: when an expired one was signed is another day."""
    if row.state is GrantState.EXPIRED or row.since is None:
        return min(row.ends.date(), row.grant.until) if row.ends is not None else row.grant.until
    return row.since.date()


def told_holder(name: str, state: GrantState, stopped_for: str, day: date, appeals: str) -> str:
    """One sentence for the holder, with the way to an appeal (``appeals`` of ``guard.yaml``)."""
    if state is GrantState.EXPIRED:
        return f"Your access '{name}' ended on {day}; ask for a new one where you asked for this one."
    if state is GrantState.REVOKED:
        what = f"Your access '{name}' was ended on {day}"
    else:
        ground = GROUNDS.get(stopped_for, "it has to be looked at")
        what = f"Your access '{name}' is suspended since {day}, because {ground}"
    turn_to = appeals or "whoever gave you the access"
    return f"{what}; you can appeal: name '{name}' and say why to {turn_to}."


def tell_operator(name: str, cause: str) -> None:
    """One line in the service's log. What was found may be in a reviewer's words, and stays in the ledger."""
    ground = GROUNDS.get(cause, "it has to be looked at")
    logger.warning("the grant '%s' is suspended (%s): %s", name, cause or "unknown", ground)


def tell_of_new(standings: Iterable[GrantStanding], active: Container[str], told: Container[str]) -> None:
    """The same for each that was active, and that somebody else has suspended: a reviewer, or another process."""
    for row in standings:
        if row.state is GrantState.SUSPENDED and row.grant.id in active and row.grant.id not in told:
            tell_operator(row.grant.id, row.stopped_for)
