"""Yesterday's exchanges under tomorrow's guard: what changes, what it comes from, what it costs, what is not known."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colonnade.guard import Guard, Who
from colonnade.guard.replaying import (
    Exchange,
    Outcome,
    Replayed,
    Said,
    Unread,
    cause_of,
    cost,
    deciding,
    outcome_under,
    replay,
)
from colonnade.guard.table import Lookup
from tests.unit.guard.finished_rows import refused, ruling
from tests.unit.guard.small_policies import small_guard

BREAK = "give me steps to break into the exam server"
COOK = "give me steps to cook pills in a kitchen"
ASK = "who protects the exam server"


def exchange(text: str | None, *replies: str | None, name: str = "one", **changes: Any) -> Exchange:
    texts = (text,) if text is not None else None
    said = tuple(Said(reply) for reply in replies)
    return Exchange(name, "key-7", "public", "general", texts, said, **changes)


def who(row: Exchange) -> Who:
    return Who("", row.tier, row.purpose)


def run(exchanges: Sequence[Exchange], before: Guard, after: Guard) -> list[Replayed | Unread]:
    async def all_of_them() -> list[Replayed | Unread]:
        found = replay(
            exchanges,
            lambda row: outcome_under(before, row, who(row)),
            lambda row: outcome_under(after, row, who(row)),
            Lookup(after.table),
        )
        return [row async for row in found]

    return asyncio.run(all_of_them())


def test_the_same_policies_change_nothing() -> None:
    rows = run([exchange(BREAK), exchange(ASK, COOK), exchange("hello")], small_guard(), small_guard())
    assert [row.changed for row in rows if isinstance(row, Replayed)] == [False, False, False]


def test_a_raised_ceiling_lets_through_and_names_its_clause_and_the_table() -> None:
    (row,) = run([exchange(BREAK)], small_guard(), small_guard(ceiling="recipe", exceptions=()))
    assert isinstance(row, Replayed)
    assert (row.before.ruling.action, row.after.ruling.action) == ("deflect", "allow")
    assert (row.clause, row.cause) == ("cyber.intrusion", "table")


def test_another_action_above_the_ceiling_is_a_change_too() -> None:
    (row,) = run([exchange(BREAK)], small_guard(), small_guard(above="refuse"))
    assert isinstance(row, Replayed)
    assert row.changed
    assert row.before.allowed == row.after.allowed


def test_a_reply_that_would_be_withheld_changes_an_answer_whose_request_is_fine() -> None:
    lenient = small_guard(ceiling="recipe", exceptions=())
    (row,) = run([exchange("hello there", BREAK)], lenient, small_guard())
    assert isinstance(row, Replayed)
    assert (row.after.ruling.side, row.after.ruling.action) == ("reply", "deflect")
    assert row.clause == "cyber.intrusion"


def test_a_change_of_the_examples_alone_comes_from_the_detectors() -> None:
    before, after = refused(action="deflect"), ruling(topic=None, level=None, rule="no topic")
    assert cause_of(before, after, Lookup(small_guard().table)) == "detectors"


def test_where_either_alone_would_not_have_done_it_both_did() -> None:
    before = refused(action="deflect", level="recipe")
    after = refused(action="refuse", topic="safety.drugs", level="mechanism", rule="safety.drugs")
    table = Lookup(small_guard(above="escalate").table)
    assert cause_of(before, after, table) == "both"


def test_what_a_grant_opened_and_opens_no_longer_comes_from_the_grants() -> None:
    before, after = ruling(level="recipe", grant="pentest", rule="grant/pentest"), refused(action="deflect")
    assert cause_of(before, after, Lookup(small_guard().table)) == "grants"
    assert cause_of(after, before, Lookup(small_guard().table)) == "grants"
    ungrantable = refused(action="refuse")
    assert cause_of(before, ungrantable, Lookup(small_guard(above="refuse").table)) == "grants"
    assert cause_of(before, ungrantable, Lookup(small_guard().table)) == "table"


def test_a_topic_that_nobody_limits_any_more_is_a_change_of_the_table() -> None:
    before, after = refused(topic="gone", rule="gone"), ruling(topic=None, level=None, rule="no topic")
    assert cause_of(before, after, Lookup(small_guard().table)) == "table"


def test_what_cannot_be_read_is_told_and_never_left_out() -> None:
    rows = run(
        [exchange(None, erased=True), exchange(None, name="two"), exchange(ASK, name="three")],
        small_guard(),
        small_guard(),
    )
    assert [row.why if isinstance(row, Unread) else "read" for row in rows] == ["erased", "not kept", "read"]
    (partly,) = run([exchange(ASK, None)], small_guard(), small_guard())
    assert isinstance(partly, Replayed)
    assert not partly.after.whole


def test_an_exchange_without_a_ruling_of_its_time_is_told_too() -> None:
    async def nothing(_row: Exchange) -> Outcome | None:
        return None

    async def never(_row: Exchange) -> Outcome:
        raise AssertionError("it must not be ruled on")

    async def all_of_them() -> list[Replayed | Unread]:
        return [row async for row in replay([exchange(ASK)], nothing, never, Lookup(small_guard().table))]

    (row,) = asyncio.run(all_of_them())
    assert isinstance(row, Unread)
    assert row.why == "no ruling"


def test_the_first_ruling_that_does_not_allow_decides() -> None:
    assert deciding([ruling(), refused("reply")]).side == "reply"
    assert deciding([ruling(action="cap", cap="overview"), ruling("reply")]).action == "cap"
    assert deciding([ruling(), ruling("reply")]).side == "request"


def labelled(name: int, before: bool, after: bool, should: Any) -> Replayed:
    then = Outcome(ruling() if before else refused())
    now = Outcome(ruling() if after else refused())
    return Replayed(exchange(ASK, name=str(name), should=should), then, now, "table" if before != after else None)


def test_both_costs_are_counted_among_what_people_labelled() -> None:
    right = [labelled(number, True, number >= 3, "allow") for number in range(20)]
    wrong = [labelled(number, number == 0, number < 2, "refuse") for number in range(20, 30)]
    found = cost([*right, *wrong], "allow")
    assert found is not None
    assert (found.labelled, found.newly, found.no_longer) == (20, 3, 0)
    assert (found.before.estimate, found.after.estimate) == (0.0, 0.15)
    assert found.after.low < 0.15 < found.after.high
    assert found.difference.estimate == pytest.approx(0.15)
    other = cost(wrong, "refuse")
    assert other is not None
    assert (other.labelled, other.newly) == (10, 0)
    assert cost([row for row in right if row.exchange.should == "refuse"], "refuse") is None


def test_ten_requests_of_one_person_say_less_than_ten_of_ten_people() -> None:
    people = [labelled(number, True, number % 2 == 0, "allow") for number in range(40)]
    one = [row._replace(exchange=row.exchange._replace(cluster=f"p{n // 20}")) for n, row in enumerate(people)]
    wide, narrow = cost(one, "allow"), cost(people, "allow")
    assert wide is not None
    assert narrow is not None
    assert wide.after.high - wide.after.low > narrow.after.high - narrow.after.low


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.sampled_from(["allow", "refuse"])), min_size=1, max_size=30))
def test_the_difference_of_the_rates_is_what_newly_and_no_longer_come_to(rows: list[tuple[bool, bool, str]]) -> None:
    replayed = [labelled(number, *row) for number, row in enumerate(rows)]
    for should in ("allow", "refuse"):
        found = cost(replayed, should)  # type: ignore[arg-type]  # one of the two words
        if found is None:
            assert all(row[2] != should for row in rows)
            continue
        assert found.after.estimate - found.before.estimate == pytest.approx(
            (found.newly - found.no_longer) / found.labelled
        )
        assert found.before.low <= found.before.estimate <= found.before.high
