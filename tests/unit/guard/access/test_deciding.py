from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colonnade.guard import Lookup, compile_table
from colonnade.guard.access import GrantIndex
from colonnade.guard.access.past import PastHolder
from colonnade.guard.table import permits
from colonnade.records import Boundary, Cell, Clause, Grant, GuardTable, Level
from tests.unit.guard.small_policies import TODAY, configuration
from tests.unit.guard.topic_trees import TOPICS, trees

from .small_grants import Room, grant, standing, table

ASK = ("cyber.intrusion", Level.ACTIONABLE, "public", "authorised-test", TODAY)
WAYS = ("now", "then")
"""A running service asks its desk, a replay what held on the day."""


def opened(way: str, grants: list[Grant], subject: str, cell: Cell, today: date) -> str:
    if way == "then":
        return PastHolder(GrantIndex(grants, table()), subject, today).opens(cell, today)
    room = Room(*(standing().model_copy(update={"grant": each}) for each in grants))
    room.clock.at = room.clock.at.replace(year=today.year, month=today.month, day=today.day)
    return room.desk.holder(subject).opens(cell, today)


@pytest.mark.parametrize("way", WAYS)
def test_a_grant_opens_its_topic_level_and_purpose_to_its_subject_on_its_days(way: str) -> None:
    lookup = Lookup(table())

    def allowed(subject: str, topic: str, level: Level, tier: str, purpose: str, today: date) -> bool:
        cell = lookup.cell(topic, level, tier, purpose)
        return permits(cell, today) or bool(opened(way, [grant()], subject, cell, today))

    assert opened(way, [grant()], "key-7", lookup.cell(*ASK[:4]), TODAY) == "pentest"
    assert lookup.cell(*ASK[:4]).action == "deflect"
    closed = [
        ("key-8", *ASK),
        ("key-7", "cyber.intrusion", Level.RECIPE, "public", "authorised-test", TODAY),
        ("key-7", "cyber.intrusion", Level.ACTIONABLE, "public", "general", TODAY),
        ("key-7", *ASK[:4], TODAY - timedelta(days=1)),
        ("key-7", *ASK[:4], date(2027, 7, 1)),
        ("key-7", "safety.drugs", Level.OVERVIEW, "public", "authorised-test", TODAY),
    ]
    assert [allowed(*case) for case in closed] == [False] * len(closed)
    assert allowed("key-7", *ASK[:4], date(2027, 6, 30))


@pytest.mark.parametrize("way", WAYS)
def test_what_the_table_allows_needs_no_grant_and_names_none(way: str) -> None:
    cell = Lookup(table()).cell("cyber.intrusion", Level.OVERVIEW, *ASK[2:4])
    assert permits(cell, TODAY)
    assert opened(way, [grant()], "key-7", cell, TODAY) == ""


def test_an_exception_that_lapsed_since_the_table_was_compiled_no_longer_permits() -> None:
    cell = Lookup(table()).cell("cyber.intrusion", Level.MECHANISM, "tester", "authorised-test")
    assert permits(cell, date(2027, 6, 30))
    assert not permits(cell, date(2027, 7, 1))


@pytest.mark.parametrize("way", WAYS)
def test_a_case_that_is_not_in_the_table_is_refused_and_no_grant_opens_it(way: str) -> None:
    cell = Lookup(table()).cell("cyber.other", *ASK[1:4])
    assert (permits(cell, TODAY), cell.rule) == (False, "default deny")
    assert opened(way, [grant(topics=("cyber",))], "key-7", cell, TODAY) == ""


@pytest.mark.parametrize("way", WAYS)
def test_of_several_grants_the_one_that_holds_longest_is_named_whatever_their_order(way: str) -> None:
    longer = grant(id="longer", until=date(2027, 8, 1))
    cell = Lookup(table()).cell(*ASK[:4])
    for order in ([grant(), longer], [longer, grant()]):
        assert opened(way, order, "key-7", cell, TODAY) == "longer"
    assert GrantIndex([longer, grant()], table()).opening("key-7", *ASK[:2], ASK[3], TODAY, "pentest") == grant()


def compiled(rows: tuple[Clause, ...]) -> GuardTable:
    return compile_table(rows, configuration(), "eu", TODAY)


def anything(topic: str, highest: Level) -> Grant:
    return grant(topics=(topic,), highest=highest, purposes=("general", "authorised-test"))


@given(trees(), st.lists(st.tuples(st.sampled_from(["cyber", "drugs", *TOPICS]), st.sampled_from(list(Level)))))
def test_no_grant_opens_what_nobody_may_be_granted_even_if_nobody_checked_the_grant(
    rows: tuple[Clause, ...], asked: list[tuple[str, Level]]
) -> None:
    """Enumerated: every case of the table, by a subject whose grants name everything they can."""
    made = compiled(rows)
    grants = [anything(*each).model_copy(update={"id": f"g{place}"}) for place, each in enumerate(asked)]
    index = GrantIndex(grants, made)
    holder = PastHolder(index, "key-7", TODAY)
    limits: dict[str, Any] = {
        row.id: row.ceiling
        for row in rows
        if (row.boundary is Boundary.PROHIBITED or not row.grantable) and set(row.scope.region) & {"*", "eu"}
    }
    grantable = {(cell.topic, cell.level) for cell in made.cells if cell.grantable}
    assert {(topic, level) for _, topic, level, _ in index.openings} <= grantable
    for cell in made.cells:
        allowed = permits(cell, TODAY) or bool(holder.opens(cell, TODAY))
        for name, ceiling in limits.items():
            if (cell.topic == name or cell.topic.startswith(f"{name}.")) and cell.level.rank > ceiling.rank:
                assert not allowed
        wanted = any(
            (cell.topic == node or cell.topic.startswith(f"{node}.")) and cell.level.rank <= highest.rank
            for node, highest in asked
        )
        assert allowed == (cell.action == "allow" or (cell.grantable and wanted))
