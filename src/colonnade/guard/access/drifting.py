"""What a request says about whether a grant is used for what it was given: a share of evidence, 0 to 1.

Two things are evidence. A use that lies beside the grant's purpose counts as far as it lies beside.
An attempt that was refused counts wholly: on a closed topic that no grant of the holder names, or on
one of theirs above the level it goes to. What a holder asks where nothing is closed says nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from colonnade.guard.access.holding import covers
from colonnade.records import Grant, GrantStanding, Ruling
from colonnade.statistics.cusum import DriftRule, climb

SAME_ATTEMPT = timedelta(minutes=10)
"""Refused attempts on one topic that lie closer together count once: who is refused asks again in other words."""


Kind = Literal["use", "outside", "above"]
"""A use, or a refused attempt outside the topics or above the level of the grant."""

_NAMED = 5


class Evidence(NamedTuple):
    """What one request says about one grant.

    Attributes:
        beside: 0 for a use on purpose, 1 for one beside it.
        kind: of evidence.
    """

    grant: str
    beside: float
    kind: Kind


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


class DriftSum:
    """The sum of evidence about one grant, and what raised it since it was last nothing.

    Attributes:
        level: the sum.
    """

    def __init__(self) -> None:
        self.level = 0.0
        self._raised_by: Counter[tuple[Kind, str]] = Counter()

    def add(self, beside: float, kind: Kind, topic: str, rule: DriftRule) -> None:
        """Take one more into the sum.

        Args:
            beside: 0 to 1.
            kind: of evidence.
            topic: that it was about.
            rule: how the sum climbs.

        Raises:
            ValueError: where ``beside`` is no share.
        """
        before, self.level = self.level, climb(self.level, beside, rule)
        if self.level == 0:
            self._raised_by.clear()
        elif self.level > before:
            self._raised_by[kind, topic] += 1

    def sentence(self, limit: float) -> str:
        """What the sum was made of: counts and topics, and nobody's words."""
        rows = self._raised_by.items()
        outside = [(topic, times) for (kind, topic), times in rows if kind == "outside"]
        above = [(topic, times) for (kind, topic), times in rows if kind == "above"]
        uses = sum(times for (kind, _), times in rows if kind == "use")
        parts = [
            *([f"{_refused(outside)}, which it does not cover"] if outside else []),
            *([f"{_refused(above)} above its level"] if above else []),
            *([f"{uses} {'use' if uses == 1 else 'uses'} beside the purpose"] if uses else []),
        ]
        return f"{', and '.join(parts)}: the sum of evidence is {self.level:.1f}, over {limit}"


def _refused(rows: Sequence[tuple[str, int]]) -> str:
    times, topics = sum(number for _, number in rows), sorted(topic for topic, _ in rows)
    named = topics if len(topics) <= _NAMED else [*topics[: _NAMED - 1], f"{len(topics) - _NAMED + 1} more"]
    listed = f"{', '.join(named[:-1])} and {named[-1]}" if len(named) > 1 else named[0]
    return f"{times} refused {'request' if times == 1 else 'requests'} on {listed}"


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
