"""The policies compiled into a table: one cell per topic, level, tier and purpose.

The domain is finite, so everything that the guard will ever decide can be listed, compared and
read before it serves anybody; and a decision is one look into a dictionary.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Literal

from colonnade.guard.configuration import GuardConfiguration
from colonnade.records import (
    Action,
    Boundary,
    Cell,
    Clause,
    ClauseException,
    GuardTable,
    InputError,
    Level,
    Status,
)

DEFAULT_DENY = "default deny"
"""The rule of a cell that is not in the table."""


def topic_clauses(clauses: Iterable[Clause], region: str) -> tuple[Clause, ...]:
    """The clauses that limit a topic here: active, with a ceiling, in force in the region.

    Raises:
        InputError: where a restricted or prohibited clause has no ceiling.
    """
    active = [clause for clause in clauses if clause.admin.status is Status.ACTIVE]
    for clause in active:
        if clause.ceiling is None and clause.boundary in (Boundary.RESTRICTED, Boundary.PROHIBITED):
            raise InputError(
                f"the clause '{clause.id}' is {clause.boundary} but has no ceiling, so the guard would not limit it.",
                file=clause.file or None,
                line=clause.line or None,
                mend="Add 'ceiling: LEVEL' to it.",
            )
    topics = (clause for clause in active if clause.ceiling is not None)
    return tuple(clause for clause in topics if "*" in clause.scope.region or region in clause.scope.region)


def compile_table(clauses: Iterable[Clause], configuration: GuardConfiguration, region: str, today: date) -> GuardTable:
    """Every decision that the clauses imply, on this day, in this region.

    At or under the ceiling everybody is allowed. Above it the clause's action follows, unless an
    exception that has not lapsed fits tier and purpose and reaches the level. A clause that is
    prohibited or not grantable cannot be lifted by anything.

    Args:
        clauses: of the whole policy set; drafts, retired ones and other regions' are left out.
        configuration: tiers, purposes and replies.
        region: where the model is served.
        today: exceptions that expired before this day do not count.

    Raises:
        InputError: where an exception reaches above a ceiling that nobody may lift, or names a
            tier or purpose that does not exist; with the clause's file and line.
    """
    clauses = tuple(clauses)
    for clause in clauses:
        if clause.admin.status is Status.ACTIVE and clause.ceiling is not None:
            _refuse_unsound(clause, configuration)
    return GuardTable(
        tiers=configuration.tiers,
        purposes=configuration.purposes,
        cells=tuple(
            _cell(clause, level, tier, purpose, today)
            for clause in topic_clauses(clauses, region)
            for level in Level
            for tier in configuration.tiers
            for purpose in configuration.purposes
        ),
        replies=configuration.replies,
    )


def _ceiling(clause: Clause) -> Level:
    if clause.ceiling is None:
        raise ValueError(f"'{clause.id}' is not a topic")
    return clause.ceiling


def _ungrantable(clause: Clause) -> bool:
    return clause.boundary is Boundary.PROHIBITED or not clause.grantable


def _refuse_unsound(clause: Clause, configuration: GuardConfiguration) -> None:
    """An exception must be able to hold, and must not lift what nobody may lift."""
    for exception in clause.exceptions:
        what, mend = "", ""
        tier, purpose = exception.when.tier, exception.when.purpose
        if _ungrantable(clause) and exception.ceiling.rank > _ceiling(clause).rank:
            word = "prohibited" if clause.boundary is Boundary.PROHIBITED else "not grantable"
            what = f"reaches '{exception.ceiling}', above the ceiling '{clause.ceiling}' of a clause that is {word}."
            mend = "Remove the exception; nobody can be granted more here."
        elif tier is not None and tier not in configuration.tiers:
            what = f"names the tier '{tier}', which the guard does not know."
            mend = f"Choose one of {', '.join(configuration.tiers)}, or add it to the guard's tiers."
        elif purpose is not None and purpose not in configuration.purposes:
            what = f"names the purpose '{purpose}', which the guard does not know."
            mend = f"Choose one of {', '.join(configuration.purposes)}, or add it to the guard's purposes."
        if what:
            raise InputError(
                f"the exception '{exception.id}' of '{clause.id}' {what}",
                file=clause.file or None,
                line=clause.line or None,
                mend=mend,
            )


def _cell(clause: Clause, level: Level, tier: str, purpose: str, today: date) -> Cell:
    def cell(
        action: Action | Literal["allow"], rule: str, permitted_by: tuple[str, ...] = (), until: date | None = None
    ) -> Cell:
        return Cell(
            topic=clause.id,
            level=level,
            tier=tier,
            purpose=purpose,
            action=action,
            rule=rule,
            permitted_by=permitted_by,
            until=until,
        )

    if level.rank <= _ceiling(clause).rank:
        return cell("allow", clause.id)
    reaching = _reaching(clause, level, today)
    fitting = [exception for exception in reaching if _fits(exception, tier, purpose)]
    if fitting:
        # The one that holds longest, so that a short-lived twin does not close the cell early.
        best = max(fitting, key=lambda exception: exception.expires)
        return cell("allow", f"{clause.id}/{best.id}", (_sentence(clause, best),), best.expires)
    return cell(clause.above, clause.id, tuple(_sentence(clause, exception) for exception in reaching))


def _reaching(clause: Clause, level: Level, today: date) -> list[ClauseException]:
    return [
        exception
        for exception in clause.exceptions
        if exception.expires >= today and exception.ceiling.rank >= level.rank
    ]


def _fits(exception: ClauseException, tier: str, purpose: str) -> bool:
    return exception.when.tier in (None, tier) and exception.when.purpose in (None, purpose)


def _sentence(clause: Clause, exception: ClauseException) -> str:
    tier, purpose = exception.when.tier or "any", exception.when.purpose or "any"
    return f"{clause.id}/{exception.id} for tier={tier}, purpose={purpose}, until {exception.expires.isoformat()}"


class Lookup:
    """The table indexed by topic, level, tier and purpose; what is not in it is refused.

    Raises:
        InputError: where two cells of the table speak about the same case.
    """

    def __init__(self, table: GuardTable) -> None:
        self._cells: dict[tuple[str, Level, str, str], Cell] = {}
        for cell in table.cells:
            key = (cell.topic, cell.level, cell.tier, cell.purpose)
            if key in self._cells:
                raise InputError(f"the guard's table has two cells for {', '.join(key)}.", mend="Compile it anew.")
            self._cells[key] = cell
        self.topics = frozenset(cell.topic for cell in table.cells)

    def cell(self, topic: str, level: Level, tier: str, purpose: str) -> Cell:
        """The cell of this case, in constant time; a refusing one where the table has none."""
        found = self._cells.get((topic, level, tier, purpose))
        if found is not None:
            return found
        return Cell(topic=topic, level=level, tier=tier, purpose=purpose, action=Action.REFUSE, rule=DEFAULT_DENY)


def lookup(table: GuardTable) -> Lookup:
    """The table as something that decides in constant time."""
    return Lookup(table)
