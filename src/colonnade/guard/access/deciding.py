"""The table with the grants laid over it: who may have what, in constant time however many grants there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from colonnade.guard.access.holding import covers
from colonnade.guard.table import DEFAULT_DENY, EXCEPTION_LAPSED
from colonnade.records import Action, Cell, Grant, GuardTable, Level


class Decided(NamedTuple):
    """What one case comes to.

    Attributes:
        allowed: whether the answer is yes, by the table or by the grant.
        cell: of the table.
        grant: what opens the cell where it is closed, if something does.
    """

    allowed: bool
    cell: Cell
    grant: Grant | None = None


_decided = tuple.__new__
"""A named tuple without the call of its constructor, which is half the cost of a decision under a grant."""


class GrantIndex:
    """Grants by what they open, for a table.

    Only cells that the table calls grantable are in it: what nobody may be granted cannot be found
    here, whatever a grant says.

    Args:
        grants: the active ones; what is not active must not be handed over.
        table: the compiled policies.
    """

    def __init__(self, grants: Iterable[Grant], table: GuardTable) -> None:
        levels: dict[str, set[Level]] = {}
        for cell in table.cells:
            if cell.grantable:
                levels.setdefault(cell.topic, set()).add(cell.level)
        # Thousands of grants are for a few kinds of cases.
        reached: dict[tuple[tuple[str, ...], Level], list[tuple[str, Level]]] = {}
        openings: dict[tuple[str, str, Level, str], list[Grant]] = {}
        for grant in grants:
            kind = grant.topics, grant.highest
            if kind not in reached:
                reached[kind] = [
                    (topic, level)
                    for topic in levels
                    if covers(grant, topic)
                    for level in levels[topic]
                    if level.rank <= grant.highest.rank
                ]
            for topic, level in reached[kind]:
                for purpose in grant.purposes:
                    openings.setdefault((grant.subject, topic, level, purpose), []).append(grant)
        # The one that holds longest first, and equals in one order, whatever order they came in.
        for found in openings.values():
            if len(found) > 1:
                found.sort(key=lambda grant: (-grant.until.toordinal(), grant.id))
        self.openings = {case: tuple(found) for case, found in openings.items()}

    def opening(
        self, subject: str, topic: str, level: Level, purpose: str, today: date, named: str = ""
    ) -> Grant | None:
        """The grant that opens this case today; the one with this id, where one is named."""
        return next(self.all_opening(subject, topic, level, purpose, today, named), None)

    def all_opening(
        self, subject: str, topic: str, level: Level, purpose: str, today: date, named: str = ""
    ) -> Iterator[Grant]:
        """Every grant that opens this case today, the one that holds longest first."""
        for grant in self.openings.get((subject, topic, level, purpose), ()):
            if grant.starts <= today <= grant.until and named in ("", grant.id):
                yield grant


class AccessTable:
    """Every decision: the table, with grants over it.

    All answers are made beforehand. A case that no day and no grant can change is one look into a
    dictionary; any other is two, and a comparison of days.

    Args:
        table: the compiled policies.
        grants: the active ones.
    """

    def __init__(self, table: GuardTable, grants: Iterable[Grant] = ()) -> None:
        self.index = GrantIndex(grants, table)
        self._always: dict[tuple[str, Level, str, str], Decided] = {}
        self._otherwise: dict[tuple[str, Level, str, str], Decided] = {}
        for cell in table.cells:
            changing = cell.grantable or cell.until is not None
            (self._otherwise if changing else self._always)[cell.topic, cell.level, cell.tier, cell.purpose] = Decided(
                cell.action == "allow", cell
            )
        self._openings = {
            case: tuple((grant.starts, grant.until, grant) for grant in found)
            for case, found in self.index.openings.items()
        }

        self._holders = frozenset(case[0] for case in self._openings)

    def decide(self, subject: str, topic: str, level: Level, tier: str, purpose: str, today: date) -> Decided:
        """What this subject, of this tier, gets for this purpose today."""
        case = (topic, level, tier, purpose)
        found = self._always.get(case)
        if found is not None:
            return found
        found = self._otherwise.get(case)
        if found is None:
            cell = Cell(topic=topic, level=level, tier=tier, purpose=purpose, action=Action.REFUSE, rule=DEFAULT_DENY)
            return Decided(False, cell)
        if not found.allowed:
            if subject not in self._holders:
                return found
            for starts, until, grant in self._openings.get((subject, topic, level, purpose), ()):
                if starts <= today <= until:
                    return _decided(Decided, (True, found.cell, grant))
            return found
        until_day = found.cell.until
        if until_day is not None and today > until_day:
            lapsed = {"action": Action.REFUSE, "rule": EXCEPTION_LAPSED, "until": None}
            return Decided(False, found.cell.model_copy(update=lapsed))
        return found
