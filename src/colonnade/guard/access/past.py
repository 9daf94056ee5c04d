"""Somebody with a grant as it stood on a day that is over: for replaying what was asked then."""

from __future__ import annotations

from datetime import date

from colonnade.guard.access.deciding import GrantIndex
from colonnade.guard.access.desk import Admission, Holder
from colonnade.guard.access.writing import Side
from colonnade.records import Cell, Grant


class PastHolder(Holder):
    """Opens what the grants of that day opened, and writes nothing down: a replay is no use.

    Caps are not counted again: what was asked then was asked then.

    Args:
        grants: that were active on the day, for the table that rules now.
        subject: who asked.
        day: on which.
        named: the grant that let it through, where one did; it is tried first.
    """

    def __init__(self, grants: GrantIndex, subject: str, day: date, named: str = "") -> None:
        self._grants, self.subject, self.day, self.named = grants, subject, day, named
        self.remaining = {}

    def opens(self, cell: Cell, today: date) -> str:
        """The id of the grant that opened such a cell on the day of the request, whatever day it is now."""
        found = self._opening(cell)
        return found.id if found is not None else ""

    def notice(self, cell: Cell) -> str:
        """Nothing: whoever asked then is not told anything now."""
        return ""

    def use(self, cell: Cell, side: Side, text: str) -> Admission:
        """Let it through as it was, without a use."""
        found = self._opening(cell)
        return Admission(found.id) if found is not None else Admission("", refusal="no grant of that day opens this")

    def _opening(self, cell: Cell) -> Grant | None:
        if not cell.grantable:
            return None
        case = self.subject, cell.topic, cell.level, cell.purpose, self.day
        return (self._grants.opening(*case, self.named) if self.named else None) or self._grants.opening(*case)
