"""What grants open of the table: looked up in constant time, however many grants there are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from colonnade.guard.access.holding import covers
from colonnade.records import Grant, GuardTable, Level


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
        """The grant that opens this case today, the one that holds longest; the named one, where one is named."""
        for grant in self.openings.get((subject, topic, level, purpose), ()):
            if grant.starts <= today <= grant.until and named in ("", grant.id):
                return grant
        return None
