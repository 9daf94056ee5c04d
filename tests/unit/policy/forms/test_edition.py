"""Which clauses are rendered, and the stamp that tells a copy's age."""

from __future__ import annotations

from datetime import date

import pytest

from colonnade.policy.forms import edition_of, stamp
from colonnade.records import Facet, InputError, PolicySet, Status
from tests.unit.policy.forms.clauses import DAY, ENTRY, altered

DRAFT = altered(id="doors.draft", admin=ENTRY.admin.model_copy(update={"status": Status.DRAFT}))


def test_without_names_the_active_clauses_are_rendered_in_order_of_their_ids() -> None:
    first = altered(id="doors.a")
    policies = PolicySet(clauses=(ENTRY, DRAFT, first))
    assert [clause.id for clause in edition_of(policies, DAY).clauses] == ["doors.a", "doors.entry"]


def test_a_draft_is_rendered_when_it_is_named() -> None:
    policies = PolicySet(clauses=(ENTRY, DRAFT))
    assert edition_of(policies, DAY, ["doors.draft"]).clauses == (DRAFT,)


def test_an_unknown_clause_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"no clause is called 'doors.exit'. Choose from doors.entry."):
        edition_of(PolicySet(clauses=(ENTRY,)), DAY, ["doors.exit"])


def test_a_set_without_active_clauses_has_nothing_to_render() -> None:
    with pytest.raises(InputError, match="no clause is active"):
        edition_of(PolicySet(clauses=(DRAFT,)), DAY)


def test_a_stamp_names_the_clause_and_does_not_see_where_the_file_lies() -> None:
    moved = altered(file="elsewhere.md", line=7)
    assert stamp(ENTRY, (Facet.TEXT,), DAY) == stamp(moved, (Facet.TEXT,), DAY)
    assert stamp(ENTRY, (Facet.TEXT,), DAY).startswith("doors.entry@sha256:")


def test_a_stamp_changes_when_a_clause_no_longer_binds() -> None:
    retired = altered(admin=ENTRY.admin.model_copy(update={"status": Status.RETIRED}))
    assert stamp(ENTRY, (Facet.TEXT,), DAY) != stamp(retired, (Facet.TEXT,), DAY)


def test_the_last_day_of_an_exception_still_counts() -> None:
    reads = (Facet.EXCEPTIONS,)
    assert stamp(ENTRY, reads, date(2027, 6, 30)) == stamp(ENTRY, reads, DAY)
    assert stamp(ENTRY, reads, date(2027, 7, 1)) != stamp(ENTRY, reads, DAY)
    assert stamp(ENTRY, (Facet.TEXT,), date(2027, 7, 1)) == stamp(ENTRY, (Facet.TEXT,), DAY)
