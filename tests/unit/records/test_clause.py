"""Every facet of a clause has a digest of its own."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from colonnade.records import (
    Action,
    Admin,
    Bound,
    Boundary,
    Clause,
    Criterion,
    Example,
    Facet,
    Level,
    Pillar,
    PolicySet,
    Scope,
    Severity,
    Status,
    Thresholds,
)
from colonnade.records.clause import _FACET_FIELDS, DataTarget

from .samples import make_clause

CHANGES: tuple[tuple[Facet, str, Any], ...] = (
    (Facet.TEXT, "title", "Other title"),
    (Facet.TEXT, "text", "Other prose."),
    (Facet.BOUNDARY, "boundary", Boundary.PROHIBITED),
    (Facet.BOUNDARY, "severity", Severity.LOW),
    (Facet.BOUNDARY, "ceiling", Level.MENTION),
    (Facet.BOUNDARY, "above", Action.REFUSE),
    (Facet.BOUNDARY, "grantable", False),
    (Facet.BOUNDARY, "overrides", ("doors.keys",)),
    (Facet.SCOPE, "scope", Scope(region=("*",))),
    (Facet.EXCEPTIONS, "exceptions", ()),
    (Facet.RUBRIC, "rubric", (Criterion(ask="Does it?", fails=True),)),
    (Facet.EXAMPLES, "examples", (Example(label="violating", level=Level.RECIPE, prompt="Let me in."),)),
    (Facet.THRESHOLDS, "thresholds", Thresholds(violation_rate=Bound(max=0.1))),
    (Facet.MAPS, "pillar", Pillar.FAIRNESS),
    (Facet.MAPS, "maps", ()),
    (Facet.DATA, "data", (DataTarget(id="photos", because="a test"),)),
    (Facet.ADMIN, "admin", Admin(policy="doors", status=Status.DRAFT, version="1.0.0", owners=("other",))),
)


@pytest.mark.parametrize(("facet", "field", "value"), CHANGES, ids=[field for _, field, _ in CHANGES])
def test_a_change_moves_the_digest_of_its_own_facet_and_of_no_other(facet: Facet, field: str, value: Any) -> None:
    before = make_clause()
    after = before.model_copy(update={field: value})
    assert {one for one in Facet if before.facet(one) != after.facet(one)} == {facet}
    assert after.digest != before.digest


def test_every_field_that_can_change_belongs_to_exactly_one_facet() -> None:
    listed = [field for fields in _FACET_FIELDS.values() for field in fields]
    assert sorted(listed) == sorted(set(Clause.model_fields) - {"id", "file", "line"})
    assert set(listed) == {field for _, field, _ in CHANGES}


def test_where_a_clause_stands_is_part_of_no_digest() -> None:
    moved = make_clause(file="policies/other.md", line=80)
    assert moved.digest == make_clause().digest
    assert all(moved.facet(facet) == make_clause().facet(facet) for facet in Facet)


def test_a_use_names_the_facet_as_it_stands() -> None:
    clause = make_clause()
    text, rubric = clause.use(Facet.TEXT, Facet.RUBRIC)
    assert (text.clause, text.facet, text.facet_digest) == (clause.id, Facet.TEXT, clause.facet(Facet.TEXT))
    assert rubric.facet_digest == clause.facet(Facet.RUBRIC) != text.facet_digest


def test_levels_rank_from_a_mention_to_a_recipe() -> None:
    assert [level.rank for level in Level] == [0, 1, 2, 3, 4]
    assert (Level.MENTION.rank, Level.RECIPE.rank) == (0, 4)


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.ACTIVE])
def test_only_active_clauses_bind(status: Status) -> None:
    idle = make_clause("doors.idle", admin=make_clause().admin.model_copy(update={"status": status}))
    policies = PolicySet(clauses=(make_clause(), idle))
    assert [clause.id for clause in policies.active] == ["doors.entry"]
    assert policies.clause("doors.idle") == idle
    assert policies.clause("doors.nowhere") is None


def test_an_exception_without_a_day_on_which_it_ends_is_none() -> None:
    exception = make_clause().exceptions[0]
    assert exception.expires == date(2099, 12, 31)
    content = exception.model_dump(exclude={"expires"})
    with pytest.raises(ValueError, match="expires"):
        type(exception).model_validate(content)
