"""Every facet of a clause has a digest of its own."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from colonnade.records import (
    Action,
    Admin,
    Bound,
    Boundary,
    Clause,
    Criterion,
    Example,
    Facet,
    HoldBackBudget,
    Level,
    Pattern,
    Pillar,
    PolicySet,
    Scope,
    Severity,
    Status,
    Thresholds,
)
from colonnade.records.clause import _FACET_FIELDS, DataTarget
from colonnade.records.record import digest_of

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
    (Facet.DETECTION, "patterns", (Pattern(name="plan", literal="harbinger"),)),
    (Facet.DETECTION, "hold_back", HoldBackBudget(tokens=8)),
    (Facet.DETECTION, "on_failure", Action.ESCALATE),
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


def test_a_clause_that_says_nothing_of_detection_is_what_it_was_before_there_was_such_a_thing() -> None:
    clause = make_clause()
    assert not {"patterns", "hold_back", "on_failure"} & clause.model_dump(mode="json").keys()
    assert Facet.DETECTION not in clause.facets
    assert not clause.use(Facet.DETECTION)
    assert clause.digest == digest_of(clause.model_dump(mode="json"))
    # As they were computed before clauses had patterns.
    before = "sha256:b02b65098929c4f7a67136fdf6dfe0cdd9e7a8308d10726a8634adced7fe5efd"
    approved = "sha256:80ab7d862076cb3a73aa9cdf4e18745b7d465ef7b447b0bf82b16a4c08e9b42c"
    assert (clause.digest, PolicySet(clauses=(clause,)).policy_digest("doors")) == (before, approved)
    assert Clause.model_validate_json(clause.model_dump_json()) == clause


def test_what_a_clause_says_of_detection_is_part_of_what_is_approved() -> None:
    plain = make_clause()
    said = plain.model_copy(update={"patterns": (Pattern(name="plan", literal="harbinger"),)})
    policies = [PolicySet(clauses=(clause,)) for clause in (plain, said)]
    assert policies[0].policy_digest("doors") != policies[1].policy_digest("doors")
    assert [use.facet for use in said.use(Facet.DETECTION)] == [Facet.DETECTION]
    assert Clause.model_validate_json(said.model_dump_json()) == said


def test_a_pattern_looks_for_exactly_one_thing() -> None:
    for fields in ({}, {"find": "a", "literal": "ab"}, {"literal": "ab", "personal": "email"}):
        with pytest.raises(ValidationError, match="exactly one of"):
            Pattern.model_validate({"name": "plan", **fields})


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
