"""Who may get an answer at which level, derived from ceiling, exceptions and what happens above.

The compiled guard says the same cell by cell for its tiers and purposes; here a line stands for
everybody and one for each condition of an exception. A test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from colonnade.policy.forms.edition import in_force
from colonnade.records import Boundary, Clause, ClauseException, Condition, InputError, Level

EVERYBODY = Condition()
"""The condition that every request fits."""


class Permission(NamedTuple):
    """What one line says about one level.

    Attributes:
        exception: what lifts the ceiling here; none where the ceiling itself allows it.
    """

    level: Level
    allowed: bool
    exception: ClauseException | None = None


class AccessLine(NamedTuple):
    """Everybody who fits a condition, and what they may get at each of the five levels.

    A request may get the most that any line which it fits allows.
    """

    who: Condition
    permissions: tuple[Permission, ...]


def is_grantable(clause: Clause) -> bool:
    """Whether an exception or a grant may reach above the ceiling."""
    return clause.grantable and clause.boundary is not Boundary.PROHIBITED


def access_lines(clause: Clause, day: date) -> tuple[AccessLine, ...]:
    """A line for everybody, then one for each condition that lifts the ceiling on this day.

    A clause without a ceiling limits no topic and has no line.

    Raises:
        InputError: where an exception reaches above a ceiling that nobody may lift, as the
            guard's compiler does.
    """
    if clause.ceiling is None:
        return ()
    ceiling = clause.ceiling
    lifting = [row for row in in_force(clause, day) if row.ceiling.rank > ceiling.rank]
    for exception in clause.exceptions:
        if exception.ceiling.rank > ceiling.rank and not is_grantable(clause):
            raise InputError(
                f"the exception '{exception.id}' of '{clause.id}' reaches above a ceiling that nobody may lift.",
                file=clause.file or None,
                line=clause.line or None,
                mend="Remove the exception, or decide that the clause is restricted and grantable.",
            )
    conditions = sorted({row.when for row in lifting}, key=lambda when: (when.tier or "", when.purpose or ""))
    named = [condition for condition in conditions if condition != EVERYBODY]
    return tuple(AccessLine(who, _permissions(ceiling, lifting, who)) for who in (EVERYBODY, *named))


def _permissions(ceiling: Level, lifting: Sequence[ClauseException], who: Condition) -> tuple[Permission, ...]:
    permissions = []
    for level in Level:
        if level.rank <= ceiling.rank:
            permissions.append(Permission(level, True))
            continue
        fitting = [row for row in lifting if row.ceiling.rank >= level.rank and _covers(row.when, who)]
        # The one that holds longest, as in the compiled table.
        best = max(fitting, key=lambda row: row.expires, default=None)
        permissions.append(Permission(level, best is not None, best))
    return tuple(permissions)


def _covers(when: Condition, who: Condition) -> bool:
    """Whether everybody who fits ``who`` fits ``when``."""
    return when.tier in (None, who.tier) and when.purpose in (None, who.purpose)
