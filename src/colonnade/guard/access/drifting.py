"""What a request says about whether a grant is used for what it was given: a share of evidence, 0 to 1.

Two things are evidence. A use that lies beside the grant's purpose counts as far as it lies beside.
An attempt that was refused counts wholly: on a closed topic that no grant of the holder names, or on
one of theirs above the level it goes to. What a holder asks where nothing is closed says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from colonnade.guard.access.holding import covers
from colonnade.records import Grant, GrantStanding, Ruling

SAME_ATTEMPT = timedelta(minutes=10)
"""Refused attempts on one topic that lie closer together count once: who is refused asks again in other words."""


class Evidence(NamedTuple):
    """What one request says about one grant.

    Attributes:
        beside: 0 for a use on purpose, 1 for one beside it.
        kind: ``use``, or an attempt ``outside`` the topics or ``above`` the level of the grant.
    """

    grant: str
    beside: float
    kind: Literal["use", "outside", "above"]


def evidence_of(ruling: Ruling, grants: Sequence[Grant], beside: float | None) -> tuple[Evidence, ...]:
    """What a ruled request says about the grants that its principal has.

    Args:
        ruling: on the request.
        grants: those that are active.
        beside: how far a use lies beside its purpose; none where nobody can tell, which counts as on purpose.
    """
    if ruling.action == "allow":
        used = set(ruling.grant.split(", ")) if ruling.grant else set()
        return tuple(Evidence(row.id, beside or 0.0, "use") for row in grants if row.id in used)
    topic, level = ruling.topic, ruling.level
    if topic is None or level is None:
        return ()
    about = [row for row in grants if covers(row, topic)]
    if not about:
        return tuple(Evidence(row.id, 1.0, "outside") for row in grants)
    if all(level.rank > row.highest.rank for row in about):
        return tuple(Evidence(row.id, 1.0, "above") for row in about)
    return ()  # within a grant, and refused for another reason: its cap, its log, another purpose


class Attempts:
    """Which refused attempts are new, and which are the last one in other words."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], datetime] = {}

    def fresh(self, subject: str, topic: str, at: datetime) -> bool:
        """Whether this is more than the last attempt of the subject on the topic once again."""
        last = self._last.get((subject, topic))
        if last is not None and at - last < SAME_ATTEMPT:
            return False
        self._last[subject, topic] = at
        if len(self._last) > 100_000:
            self._last = {case: when for case, when in self._last.items() if at - when < SAME_ATTEMPT}
        return True


def still_counting(
    rows: Iterable[Evidence], at: datetime, standings: Mapping[str, GrantStanding]
) -> tuple[Evidence, ...]:
    """The evidence about grants that hold, and that people have not signed anew since."""
    found = []
    for row in rows:
        standing = standings.get(row.grant)
        if standing is not None and (standing.since is None or at >= standing.since):
            found.append(row)
    return tuple(found)
