"""The policies compiled into a table: one cell per topic, level, tier and purpose.

The domain is finite, so everything that the guard will ever decide can be listed, compared and
read before it serves anybody; and a decision is one look into a dictionary. What nobody may open is
not only left closed: every cell is looked at again, by a rule of its own, before the table is given out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Literal, NamedTuple

from colonnade.guard.configuration import GuardConfiguration
from colonnade.guard.topics import ceiling_of, chain, hard_limit, in_words, topic_clauses
from colonnade.records import (
    Action,
    Boundary,
    Cell,
    Clause,
    ClauseException,
    ColonnadeError,
    GuardTable,
    InputError,
    Level,
    Status,
)

DEFAULT_DENY = "default deny"
"""The rule of a cell that is not in the table."""

EXCEPTION_LAPSED = "exception lapsed"
"""The rule where the table allows by an exception whose last day has passed."""


def compile_table(clauses: Iterable[Clause], configuration: GuardConfiguration, region: str, today: date) -> GuardTable:
    """Every decision that the clauses imply, on this day, in this region.

    At or under the ceiling everybody is allowed. Above it the clause's action follows, unless an
    exception that has not lapsed fits tier and purpose and reaches the level. A clause that is
    prohibited or not grantable cannot be lifted by anything, neither at its own topic nor at one
    beneath it. The order of the clauses makes no difference.

    Args:
        clauses: of the whole policy set; drafts, retired ones and other regions' are left out.
        configuration: tiers, purposes and replies.
        region: where the model is served.
        today: exceptions that expired before this day do not count.

    Raises:
        InputError: where an exception reaches above a ceiling that nobody may lift, or names a
            tier or purpose that does not exist; with the clause's file and line.
        ColonnadeError: where the finished table opens what nobody may open, or lacks a case.
    """
    clauses = tuple(clauses)
    active = [clause for clause in clauses if clause.admin.status is Status.ACTIVE and clause.ceiling is not None]
    for clause in active:
        _refuse_unsound(clause, configuration, active)
    known = {clause.id: clause for clause in sorted(topic_clauses(clauses, region), key=lambda clause: clause.id)}
    people = [(tier, purpose) for tier in configuration.tiers for purpose in configuration.purposes]
    table = GuardTable(
        tiers=configuration.tiers,
        purposes=configuration.purposes,
        cells=tuple(
            cell for clause in known.values() for cell in _cells(clause, hard_limit(clause.id, known), people, today)
        ),
        replies=configuration.replies,
    )
    prove(table, known)
    return table


def prove(table: GuardTable, known: Mapping[str, Clause]) -> int:
    """Look at every cell, and at whether every case has exactly one; the number of cells.

    It asks nothing of the code that made the cells: for each one it walks up the tree of topics and
    holds the level against every ceiling there that nobody may lift.

    Args:
        table: what is to be proved.
        known: the clauses that are in force, by id.

    Raises:
        ColonnadeError: naming the first cell that is open, or could be opened by a grant, above
            such a ceiling, or the first case that has no cell or two.
    """
    cases = {(cell.topic, cell.level, cell.tier, cell.purpose) for cell in table.cells}
    wanted = len(known) * len(Level) * len(table.tiers) * len(table.purposes)
    spoken = {cell.topic for cell in table.cells}
    if len(cases) != len(table.cells) or len(cases) != wanted or not spoken <= known.keys():
        raise ColonnadeError(
            f"the guard's table has {len(table.cells)} cells for {wanted} cases.", mend="This is a fault of ours."
        )
    ceilings = {
        topic: [
            (ceiling_of(known[name]).rank, name)
            for name in chain(topic)
            if name in known and (known[name].boundary is Boundary.PROHIBITED or not known[name].grantable)
        ]
        for topic in known
    }
    ranks = {level: level.rank for level in Level}
    for cell in table.cells:
        for ceiling, name in ceilings[cell.topic]:
            if ranks[cell.level] > ceiling and (cell.action == "allow" or cell.grantable):
                how = "opens" if cell.action == "allow" else "lets a grant open"
                raise ColonnadeError(
                    f"the guard's table {how} '{cell.topic}' at '{cell.level}' for tier '{cell.tier}' and purpose"
                    f" '{cell.purpose}', and '{name}' lets nobody have that.",
                    mend="This is a fault of ours: nothing was compiled.",
                )
    return len(table.cells)


def _refuse_unsound(clause: Clause, configuration: GuardConfiguration, active: Sequence[Clause]) -> None:
    """An exception must be able to hold, and must not lift what nobody may lift."""
    hard = hard_limit(clause.id, {row.id: row for row in active if _meet(row, clause)})
    for exception in clause.exceptions:
        what, mend = "", ""
        tier, purpose = exception.when.tier, exception.when.purpose
        if hard is not None and exception.ceiling.rank > ceiling_of(hard).rank:
            whose = "a clause" if hard.id == clause.id else f"'{hard.id}', a clause above it"
            over = f"above the ceiling '{hard.ceiling}' of {whose} that is {in_words(hard)}"
            what = f"reaches '{exception.ceiling}', {over}."
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


def _meet(one: Clause, other: Clause) -> bool:
    """Whether there is a region in which both hold."""
    here, there = set(one.scope.region), set(other.scope.region)
    return "*" in here | there or bool(here & there)


def _cells(clause: Clause, hard: Clause | None, people: Iterable[tuple[str, str]], today: date) -> list[Cell]:
    """The cells of one topic, each with the highest level that the same people may have."""
    found = []
    for tier, purpose in people:
        row = {level: _decided(clause, hard, level, tier, purpose, today) for level in Level}
        allowed = (level for level, decided in row.items() if decided.action == "allow")
        cap = max(allowed, key=lambda level: level.rank, default=None)
        found += [
            Cell(topic=clause.id, level=level, tier=tier, purpose=purpose, cap=cap, **decided._asdict())
            for level, decided in row.items()
        ]
    return sorted(found, key=lambda cell: cell.level.rank)


class _Decided(NamedTuple):
    """What a cell says of its case."""

    action: Action | Literal["allow"]
    rule: str
    permitted_by: tuple[str, ...] = ()
    until: date | None = None
    grantable: bool = False


def _decided(clause: Clause, hard: Clause | None, level: Level, tier: str, purpose: str, today: date) -> _Decided:
    if hard is not None and level.rank > ceiling_of(hard).rank:
        return _Decided(hard.above, hard.id)
    if level.rank <= ceiling_of(clause).rank:
        return _Decided("allow", clause.id)
    reaching = _reaching(clause, level, today)
    fitting = [exception for exception in reaching if exception.when.fits(tier, purpose)]
    if fitting:
        # The one that holds longest, so that a short-lived twin does not close the cell early.
        best = max(fitting, key=lambda exception: exception.expires)
        return _Decided("allow", f"{clause.id}/{best.id}", (_sentence(clause, best),), best.expires)
    sentences = tuple(_sentence(clause, exception) for exception in reaching)
    return _Decided(clause.above, clause.id, sentences, grantable=True)


def _reaching(clause: Clause, level: Level, today: date) -> list[ClauseException]:
    return [
        exception
        for exception in clause.exceptions
        if exception.expires >= today and exception.ceiling.rank >= level.rank
    ]


def _sentence(clause: Clause, exception: ClauseException) -> str:
    tier, purpose = exception.when.tier or "any", exception.when.purpose or "any"
    return f"{clause.id}/{exception.id} for tier={tier}, purpose={purpose}, until {exception.expires.isoformat()}"


def lapsed(cell: Cell, today: date) -> bool:
    """Whether what a cell allows was an exception that is over; a table may be served for longer than these hold."""
    return cell.until is not None and today > cell.until


def permits(cell: Cell, today: date) -> bool:
    """Whether a cell by itself, without a grant, lets an answer pass on a day."""
    return cell.action == "allow" and (cell.until is None or today <= cell.until)


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
