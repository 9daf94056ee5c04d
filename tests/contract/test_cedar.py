"""The Cedar form, held against the compiled table: another engine decides the same in every case there is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from colonnade.guard import GuardConfiguration, compile_table, read_guard_configuration
from colonnade.guard.access import GrantIndex
from colonnade.guard.access.past import PastHolder
from colonnade.guard.table import permits
from colonnade.policy import read_policies
from colonnade.policy.forms import Edition, edition_of, form_named
from colonnade.policy.forms.cedar import SCHEMA, cedar_entities, cedar_grant, cedar_request
from colonnade.records import Clause, Grant, Level
from tests.unit.guard.small_policies import clause, configuration, drugs
from tests.unit.guard.topic_trees import trees

EXAMPLE = Path(__file__).parents[2] / "examples" / "assistant"
DAY = date(2026, 11, 22)
DAYS = (DAY, date(2027, 6, 30), date(2027, 7, 1))
GRANT = Grant(
    id="exam-board",
    subject="key-7",
    topics=("cyber.intrusion", "fairness"),
    highest=Level.ACTIONABLE,
    purposes=("study", "authorised-test"),
    starts=DAY,
    until=date(2027, 6, 30),
    evidence="sha256:" + "0" * 64,
    because="the exam board tests its own server",
)


def _cedar() -> Any:
    try:
        return import_module("cedarpy")
    except ImportError:
        pytest.skip("cedarpy is not installed; 'make setup' installs it")


def _asked(policies: str, requests: Sequence[dict[str, Any]], entities: list[dict[str, Any]]) -> list[bool]:
    """Cedar's decisions; one that comes with an error is a fault of the form, and fails the test."""
    cedar = _cedar()
    handle, schema = cedar.PolicySet.from_str(policies), cedar.Schema.from_str(SCHEMA)
    results = cedar.is_authorized_batch(list(requests), handle, entities, schema)
    assert [row.diagnostics.errors for row in results if row.diagnostics.errors] == []
    return [bool(row.allowed) for row in results]


def _disagreements(
    clauses: Iterable[Clause], guard: GuardConfiguration, region: str, day: date, policies: str
) -> list[str]:
    table = compile_table(clauses, guard, region, day)
    requests = [cedar_request(c.topic, c.level, c.tier, c.purpose, region, day) for c in table.cells]
    said = _asked(policies, requests, cedar_entities({cell.topic for cell in table.cells}, guard.tiers))
    return [
        f"{cell.topic} {cell.level} {cell.tier} {cell.purpose}: the table says {cell.action}"
        for cell, allowed in zip(table.cells, said, strict=True)
        if allowed != (cell.action == "allow")
    ]


@pytest.mark.parametrize("region", ["EU", "US-CA", "elsewhere"])
@pytest.mark.parametrize("day", DAYS)
def test_cedar_decides_as_the_table_does_in_every_cell_of_the_example(region: str, day: date) -> None:
    policies = read_policies(EXAMPLE)
    text = form_named("cedar").render(edition_of(policies, DAY))
    guard = read_guard_configuration(EXAMPLE / "guard.yaml")
    assert _disagreements(policies.active, guard, region, day, text) == []


def test_the_comparison_can_fail() -> None:
    policies = read_policies(EXAMPLE)
    guard = read_guard_configuration(EXAMPLE / "guard.yaml")
    text = form_named("cedar").render(edition_of(policies, DAY))
    wrong = text.replace("context.level <= 2 && context.purpose", "context.level <= 3 && context.purpose")
    assert wrong != text
    found = _disagreements(policies.active, guard, "EU", DAY, wrong)
    assert found
    assert all("actionable" in line for line in found)


def test_a_prohibition_binds_what_lies_beneath_it_in_cedar_too() -> None:
    above = drugs(ceiling="overview").model_copy(update={"id": "cyber.a"})
    below = clause("cyber.a.b", ceiling="recipe", exceptions=())
    text = form_named("cedar").render(Edition((above, below), DAY))
    assert _disagreements((above, below), configuration(), "eu", DAY, text) == []
    flat = text.replace("resource in Colonnade::Topic", "resource == Colonnade::Topic")
    assert len(_disagreements((above, below), configuration(), "eu", DAY, flat)) == 3 * 4


@given(trees())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_cedar_decides_as_the_table_does_for_trees_of_every_shape(rows: tuple[Clause, ...]) -> None:
    day = DAY + timedelta(days=3)
    text = form_named("cedar").render(Edition(tuple(sorted(rows, key=lambda row: row.id)), DAY))
    assert _disagreements(rows, configuration(), "eu", day, text) == []


@pytest.mark.parametrize("day", [DAY - timedelta(days=1), *DAYS])
def test_cedar_decides_as_the_table_does_for_the_holder_of_a_grant(day: date) -> None:
    policies = read_policies(EXAMPLE)
    guard = read_guard_configuration(EXAMPLE / "guard.yaml")
    table = compile_table(policies.active, guard, "EU", day)
    holder = PastHolder(GrantIndex([GRANT], table), GRANT.subject, day)
    cells = [cell for cell in table.cells if cell.tier == guard.tiers[0]]
    text = form_named("cedar").render(edition_of(policies, DAY)) + cedar_grant(GRANT)
    requests = [cedar_request(c.topic, c.level, GRANT.subject, c.purpose, "EU", day) for c in cells]
    said = _asked(text, requests, cedar_entities({cell.topic for cell in cells}, guard.tiers, [GRANT.subject]))
    assert said == [permits(cell, day) or bool(holder.opens(cell, day)) for cell in cells]
    opened = sum(bool(holder.opens(cell, day)) for cell in cells)
    assert (opened > 0) == (GRANT.starts <= day <= GRANT.until)


def test_every_policy_passes_the_schema_and_a_misspelt_one_does_not() -> None:
    cedar = _cedar()
    text = form_named("cedar").render(edition_of(read_policies(EXAMPLE), DAY)) + cedar_grant(GRANT)
    assert cedar.validate_policies(text, SCHEMA).validation_passed
    assert not cedar.validate_policies(text.replace("context.level", "context.levle", 1), SCHEMA).validation_passed
