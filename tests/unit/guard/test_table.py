from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colonnade.guard import Lookup, compile_table, prove, topic_clauses
from colonnade.guard import table as table_module
from colonnade.records import Boundary, Cell, Clause, ColonnadeError, GuardTable, InputError, Level, Scope

from .small_policies import TODAY, clause, configuration, drugs, exception
from .topic_trees import trees

LEVELS = tuple(str(level) for level in Level)


def compiled(*clauses: Clause, today: date = TODAY, region: str = "eu") -> GuardTable:
    return compile_table(clauses, configuration(), region, today)


def cell(
    table: GuardTable, level: str, tier: str = "public", purpose: str = "general", topic: str = "cyber.intrusion"
) -> Cell:
    return Lookup(table).cell(topic, Level(level), tier, purpose)


def test_every_case_has_exactly_one_cell() -> None:
    table = compiled(clause(), drugs())
    assert len(table.cells) == 2 * 5 * 2 * 2
    assert len({(c.topic, c.level, c.tier, c.purpose) for c in table.cells}) == len(table.cells)


@pytest.mark.parametrize(("level", "action"), list(zip(LEVELS, ("allow", "allow", *("deflect",) * 3), strict=True)))
def test_above_the_ceiling_the_clauses_action_follows(level: str, action: str) -> None:
    found = cell(compiled(clause()), level)
    assert (found.action, found.rule) == (action, "cyber.intrusion")


def test_an_exception_lifts_its_own_tier_and_purpose_up_to_its_own_ceiling() -> None:
    table = compiled(clause())
    found = cell(table, "mechanism", "tester", "authorised-test")
    assert (found.action, found.rule) == ("allow", "cyber.intrusion/pentest")
    assert cell(table, "actionable", "tester", "authorised-test").action == "deflect"
    assert cell(table, "mechanism", "tester", "general").action == "deflect"
    assert cell(table, "mechanism", "public", "authorised-test").action == "deflect"


def test_a_closed_cell_names_the_exceptions_that_would_have_opened_it() -> None:
    table = compiled(clause())
    sentence = "cyber.intrusion/pentest for tier=tester, purpose=authorised-test, until 2027-06-30"
    assert cell(table, "mechanism").permitted_by == (sentence,)
    assert cell(table, "recipe").permitted_by == ()


def test_an_exception_for_anybody_fits_every_tier_and_purpose() -> None:
    table = compiled(clause(exceptions=(exception(when={}),)))
    assert {cell(table, "mechanism", t, p).action for t in table.tiers for p in table.purposes} == {"allow"}


def test_an_exception_holds_on_its_last_day_and_not_on_the_next() -> None:
    last = date(2027, 6, 30)
    assert cell(compiled(clause(), today=last), "mechanism", "tester", "authorised-test").action == "allow"
    lapsed = cell(compiled(clause(), today=date(2027, 7, 1)), "mechanism", "tester", "authorised-test")
    assert (lapsed.action, lapsed.permitted_by) == ("deflect", ())


def test_the_last_day_of_an_exception_can_be_read_from_its_cell() -> None:
    twin = exception(id="longer", expires="2028-01-01")
    table = compiled(clause(exceptions=(exception(), twin)))
    found = cell(table, "mechanism", "tester", "authorised-test")
    assert (found.rule, found.until) == ("cyber.intrusion/longer", date(2028, 1, 1))
    assert cell(table, "overview").until is None
    assert cell(table, "recipe").until is None


@pytest.mark.parametrize("changes", [{"boundary": "prohibited"}, {"grantable": False}])
def test_an_exception_above_an_ungrantable_ceiling_is_refused_with_its_place(changes: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"policies/cyber.md, line 12: the exception 'pentest'.*above the ceiling"):
        compiled(clause(**changes))
    with pytest.raises(InputError):
        compiled(clause(**changes), today=date(2030, 1, 1))


@pytest.mark.parametrize("when", [{"tier": "wizard"}, {"purpose": "fun"}])
def test_an_exception_for_somebody_unknown_is_refused(when: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"line 12: .*(wizard|fun)"):
        compiled(clause(exceptions=(exception(when=when),)))


def test_a_limiting_clause_without_a_ceiling_is_refused_and_a_required_one_is_no_topic() -> None:
    with pytest.raises(InputError, match="has no ceiling"):
        compiled(clause(ceiling=None, exceptions=()))
    assert compiled(clause(ceiling=None, exceptions=(), boundary="required")).cells == ()


def test_only_active_clauses_of_the_region_bind() -> None:
    admin = {"policy": "cyber", "status": "draft", "version": "1.0.0", "owners": ()}
    elsewhere = clause("a.us", scope={"region": ("us",)})
    here = clause("a.eu", scope={"region": ("us", "eu")})
    assert [c.id for c in topic_clauses((clause(admin=admin), elsewhere, here), "eu")] == ["a.eu"]
    assert {c.topic for c in compiled(elsewhere, here).cells} == {"a.eu"}


def test_a_case_that_is_not_in_the_table_is_refused() -> None:
    index = Lookup(compiled(clause()))
    for case in [("x", "public", "general"), ("cyber.intrusion", "x", "general"), ("cyber.intrusion", "public", "x")]:
        found = index.cell(case[0], Level.MENTION, case[1], case[2])
        assert (found.action, found.rule) == ("refuse", "default deny")


def test_a_table_that_contradicts_itself_is_refused() -> None:
    table = compiled(clause())
    with pytest.raises(InputError, match="two cells"):
        Lookup(table.model_copy(update={"cells": (*table.cells, table.cells[0])}))


exceptions = st.lists(
    st.builds(
        lambda number, ceiling, tier, purpose, expires: exception(
            id=f"e{number}", ceiling=ceiling, when={"tier": tier, "purpose": purpose}, expires=expires
        ),
        st.integers(0, 99),
        st.sampled_from(LEVELS),
        st.sampled_from([None, "public", "tester"]),
        st.sampled_from([None, "general", "authorised-test"]),
        st.dates(date(2026, 1, 1), date(2028, 1, 1)),
    ),
    max_size=3,
)


@given(st.sampled_from(LEVELS), st.sampled_from(LEVELS), exceptions)
def test_tightening_a_ceiling_never_opens_a_cell(one: str, other: str, given_exceptions: list[dict[str, Any]]) -> None:
    tight, loose = sorted((one, other), key=LEVELS.index)
    before = compiled(clause(ceiling=loose, exceptions=tuple(given_exceptions)))
    after = compiled(clause(ceiling=tight, exceptions=tuple(given_exceptions)))
    for old, new in zip(before.cells, after.cells, strict=True):
        assert (old.level, old.tier, old.purpose) == (new.level, new.tier, new.purpose)
        assert new.action != "allow" or old.action == "allow"


@given(
    st.sampled_from(LEVELS),
    exceptions,
    st.sampled_from([{"boundary": "prohibited"}, {"grantable": False}, {"boundary": "prohibited", "grantable": False}]),
)
def test_nothing_opens_an_ungrantable_clause(
    ceiling: str, given_exceptions: list[dict[str, Any]], ungrantable: dict[str, Any]
) -> None:
    limit = LEVELS.index(ceiling)
    changed = clause(ceiling=ceiling, exceptions=tuple(given_exceptions), **ungrantable)
    if any(LEVELS.index(each["ceiling"]) > limit for each in given_exceptions):
        with pytest.raises(InputError):
            compiled(changed)
    else:
        assert all((c.action == "allow") == (c.level.rank <= limit) for c in compiled(changed).cells)


# --- the tree of topics, and the proof ------------------------------------------------------------


def test_a_prohibition_binds_every_topic_beneath_it_whatever_these_say() -> None:
    above = drugs(ceiling="overview", above="escalate").model_copy(update={"id": "cyber.intrusion"})
    below = clause("cyber.intrusion.locks", ceiling="actionable", exceptions=())
    table = compiled(above, below)
    found = cell(table, "mechanism", topic="cyber.intrusion.locks")
    assert (found.action, found.rule, found.grantable) == ("escalate", "cyber.intrusion", False)
    assert cell(table, "overview", topic="cyber.intrusion.locks").action == "allow"


def test_a_narrower_topic_says_for_itself_how_far_it_is_open_where_nothing_above_is_hard() -> None:
    table = compiled(clause(), clause("cyber.intrusion.defence", ceiling="actionable", exceptions=()))
    assert cell(table, "actionable", topic="cyber.intrusion.defence").action == "allow"
    assert cell(table, "actionable", topic="cyber.intrusion").action == "deflect"


def test_a_name_that_only_begins_alike_does_not_lie_beneath() -> None:
    hard = drugs(ceiling="mention").model_copy(update={"id": "cyber.lock"})
    table = compiled(hard, clause("cyber.locks", exceptions=()))
    assert cell(table, "overview", topic="cyber.locks").action == "allow"


def test_an_exception_above_the_ceiling_of_a_prohibited_topic_above_is_refused_and_names_it() -> None:
    hard = drugs(ceiling="overview").model_copy(update={"id": "cyber.intrusion"})
    with pytest.raises(InputError, match=r"'pentest' of 'cyber.intrusion.x'.*'cyber.intrusion', a clause above it"):
        compiled(hard, clause("cyber.intrusion.x"))
    elsewhere = hard.model_copy(update={"scope": Scope(region=("us",))})
    here = clause("cyber.intrusion.x", scope={"region": ("eu",)})
    assert cell(compiled(elsewhere, here), "mechanism", "tester", "authorised-test", here.id).action == "allow"


def test_a_capped_topic_says_how_specific_the_answer_may_be_and_for_whom() -> None:
    table = compiled(clause(above="cap"))
    found = cell(table, "recipe")
    assert (found.action, found.cap) == ("cap", Level.OVERVIEW)
    assert cell(table, "recipe", "tester", "authorised-test").cap is Level.MECHANISM


def test_the_compiler_looks_at_every_cell_and_gives_no_table_out_that_opens_what_nobody_may_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Break the code that makes the cells: without the enumeration the broken table would come out."""
    whole = table_module._decided

    def broken(topic: Clause, hard: Clause | None, *case: Any) -> Any:
        made = whole(topic, hard, *case)
        wrong = (topic.id, *case[:3]) == ("safety.drugs", Level.RECIPE, "tester", "authorised-test")
        return made._replace(**breaking) if wrong else made

    monkeypatch.setattr(table_module, "_decided", broken)
    breaking: dict[str, Any] = {}
    assert len(compiled(clause(), drugs()).cells) == 40
    for wrong in ({"action": "allow"}, {"grantable": True}):
        breaking = wrong
        with pytest.raises(
            ColonnadeError, match=r"'safety.drugs' at 'recipe' for tier 'tester'.*lets nobody have that"
        ):
            compiled(clause(), drugs())


def test_a_table_that_lacks_a_case_is_not_given_out() -> None:
    table = compiled(clause(), drugs())
    known = {row.id: row for row in (clause(), drugs())}
    assert prove(table, known) == 40
    with pytest.raises(ColonnadeError, match="39 cells for 40 cases"):
        prove(table.model_copy(update={"cells": table.cells[1:]}), known)
    with pytest.raises(ColonnadeError, match="40 cells for 40 cases"):
        prove(table.model_copy(update={"cells": (*table.cells[1:], table.cells[1])}), known)


@given(trees(), st.randoms(use_true_random=False))
def test_the_order_of_the_clauses_makes_no_difference(rows: tuple[Clause, ...], chance: Any) -> None:
    shuffled = list(rows)
    chance.shuffle(shuffled)
    assert compiled(*shuffled) == compiled(*rows)


@given(trees(), st.data())
def test_tightening_any_clause_of_a_tree_opens_no_cell_and_lets_no_grant_open_one(
    rows: tuple[Clause, ...], data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, len(rows) - 1))
    loose = rows[number]
    assert loose.ceiling is not None
    lower = Level(LEVELS[data.draw(st.integers(0, loose.ceiling.rank))])
    harder = data.draw(st.sampled_from([{}, {"grantable": False}, {"boundary": Boundary.PROHIBITED}]))
    tight = loose.model_copy(update={"ceiling": lower, **harder})
    before = compiled(*rows)
    try:
        after = compiled(*rows[:number], tight, *rows[number + 1 :])
    except InputError:
        return  # an exception would reach too far now, and nothing at all is compiled
    openings = {(c.topic, c.level, c.tier, c.purpose): c for c in before.cells}
    for new in after.cells:
        old = openings[new.topic, new.level, new.tier, new.purpose]
        assert new.action != "allow" or old.action == "allow"
        assert not new.grantable or old.grantable or old.action == "allow"


@given(trees())
def test_nothing_in_a_tree_is_open_above_a_ceiling_that_nobody_may_lift(rows: tuple[Clause, ...]) -> None:
    table = compiled(*rows)
    here = {row.id: row for row in topic_clauses(rows, "eu")}
    for found in table.cells:
        for name, row in here.items():
            above = found.topic == name or found.topic.startswith(f"{name}.")
            hard = row.boundary is Boundary.PROHIBITED or not row.grantable
            if above and hard and row.ceiling is not None and found.level.rank > row.ceiling.rank:
                assert found.action != "allow"
                assert not found.grantable
