"""What is rendered: some clauses as they stand on a day, and the stamp by which a copy knows its age."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import NamedTuple

from colonnade.records import Clause, ClauseException, Facet, InputError, PolicySet, Status, digest_of


class Edition(NamedTuple):
    """The clauses that go into a form, and the day for which it is made.

    Attributes:
        clauses: in order of their ids, whatever the order of the files.
        day: exceptions that expired before it are not in force.
    """

    clauses: tuple[Clause, ...]
    day: date


def edition_of(policies: PolicySet, day: date, identifiers: Collection[str] = ()) -> Edition:
    """The clauses with these ids, or all active ones where no id is given.

    A clause that is asked for by name is rendered whatever its status, so that a draft can be
    read in every form before it binds.

    Raises:
        InputError: where an id is not in the set, or there is no active clause.
    """
    for identifier in identifiers:
        if policies.clause(identifier) is None:
            known = ", ".join(sorted(clause.id for clause in policies.clauses))
            raise InputError(f"no clause is called '{identifier}'.", mend=f"Choose from {known}.")
    chosen = [clause for clause in policies.clauses if clause.id in identifiers] if identifiers else policies.active
    if not chosen:
        raise InputError(
            "no clause is active, so there is nothing to render.", mend="Set 'status: active', or name a clause."
        )
    return Edition(tuple(sorted(chosen, key=lambda clause: clause.id)), day)


def binds(clause: Clause) -> bool:
    """Whether the clause's policy is active."""
    return clause.admin.status is Status.ACTIVE


def in_force(clause: Clause, day: date) -> tuple[ClauseException, ...]:
    """The exceptions that hold on this day; the last day of each counts."""
    return tuple(exception for exception in clause.exceptions if exception.expires >= day)


def stamp(clause: Clause, reads: Sequence[Facet], day: date) -> str:
    """``CLAUSE@sha256:…``: changes when what a form read of the clause changes, and only then.

    Besides the facets it covers whether the clause binds, and, for a form that reads exceptions,
    which of them are in force: a copy grows old by a date as well as by an edit.
    """
    content = {
        "clause": clause.id,
        "binds": binds(clause),
        "facets": {facet.value: clause.facet(facet) for facet in reads if facet in clause.facets},
        "in_force": [row.id for row in in_force(clause, day)] if Facet.EXCEPTIONS in reads else [],
    }
    return f"{clause.id}@{digest_of(content)}"
