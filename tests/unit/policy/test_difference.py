"""What a change says, in words; and that nothing is said where nothing changed."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colonnade.policy.difference import compare, passages
from colonnade.records import (
    Clause,
    ClauseException,
    Condition,
    Criterion,
    Facet,
    HoldBackBudget,
    Level,
    Pattern,
    PolicySet,
    Severity,
    Status,
)
from tests.unit.records.samples import make_clause

CLAUSE = make_clause()


def of(*clauses: Clause) -> PolicySet:
    return PolicySet(clauses=clauses)


def words(**fields: object) -> dict[Facet, tuple[str, ...]]:
    (change,) = compare(of(CLAUSE), of(CLAUSE.model_copy(update=fields)))
    return {facet.facet: facet.words for facet in change.facets}


EDITS = st.fixed_dictionaries(
    {},
    optional={
        "text": st.sampled_from(["Other words.", CLAUSE.text]),
        "severity": st.sampled_from(list(Severity)),
        "ceiling": st.sampled_from(list(Level)),
        "rubric": st.sampled_from([(), CLAUSE.rubric]),
        "exceptions": st.sampled_from([(), CLAUSE.exceptions]),
    },
)


@given(EDITS)
def test_a_set_compared_with_itself_shows_nothing(edit: dict[str, object]) -> None:
    one = of(CLAUSE.model_copy(update=edit))
    assert compare(one, one) == ()


@given(EDITS)
def test_exactly_the_facets_whose_digest_changed_are_shown_and_each_says_something(edit: dict[str, object]) -> None:
    edited = CLAUSE.model_copy(update=edit)
    changed = {facet for facet in Facet if CLAUSE.facet(facet) != edited.facet(facet)}
    found = compare(of(CLAUSE), of(edited))
    assert {facet.facet for change in found for facet in change.facets} == changed
    assert all(facet.words for change in found for facet in change.facets)


def test_one_changed_word_is_shown_with_its_neighbours() -> None:
    (said,) = passages("The model must not help anybody in.", "The model should not help anybody in.")
    assert said == "'must' became 'should' (… The model [here] not help anybody in. …)"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("one two", "one new two", "the words 'new' came in"),
        ("one old two", "one two", "the words 'old' went out"),
    ],
)
def test_words_that_come_or_go_are_named(before: str, after: str, said: str) -> None:
    assert next(passages(before, after)).startswith(said)


def test_a_raised_ceiling_is_said() -> None:
    assert words(ceiling=Level.RECIPE) == {Facet.BOUNDARY: ("ceiling: overview became recipe",)}


def test_exceptions_are_told_by_name() -> None:
    night = ClauseException(
        id="night",
        ceiling=Level.MECHANISM,
        when=Condition(tier="guards"),
        because="request/2",
        expires=date(2027, 1, 1),
    )
    (new,) = words(exceptions=(*CLAUSE.exceptions, night))[Facet.EXCEPTIONS]
    assert new.startswith("exception 'night' is new: ceiling mechanism, when tier guards")
    assert words(exceptions=()) == {Facet.EXCEPTIONS: ("exception 'locksmith' is gone",)}
    longer = CLAUSE.exceptions[0].model_copy(update={"expires": date(2100, 1, 1)})
    assert words(exceptions=(longer,))[Facet.EXCEPTIONS] == (
        "exception 'locksmith': expires: 2099-12-31 became 2100-01-01",
    )


def test_questions_in_another_order_are_said_to_be() -> None:
    more = (*CLAUSE.rubric, Criterion(ask="Does it name a key?", fails=True))
    (change,) = compare(
        of(CLAUSE.model_copy(update={"rubric": more})), of(CLAUSE.model_copy(update={"rubric": more[::-1]}))
    )
    assert change.facets[0].words == ("the questions stand in another order",)


def test_new_and_lost_clauses_are_named_and_whether_they_bind() -> None:
    draft = CLAUSE.model_copy(
        update={"id": "doors.b", "admin": CLAUSE.admin.model_copy(update={"status": Status.DRAFT})}
    )
    found = compare(of(CLAUSE), of(draft))
    assert [(change.clause, change.kind, change.binds_before, change.binds_after) for change in found] == [
        ("doors.b", "added", False, False),
        ("doors.entry", "removed", True, False),
    ]


def test_what_is_said_about_a_policy_is_shown_too() -> None:
    admin = CLAUSE.admin.model_copy(update={"owners": ("somebody",)})
    assert words(admin=admin) == {Facet.ADMIN: ("owners: workshop became somebody",)}


def test_patterns_that_come_go_and_change_are_named() -> None:
    one, two = Pattern(name="project", literal="Harbinger"), Pattern(name="code", find="H-[0-9]{4}")
    before = CLAUSE.model_copy(update={"patterns": (one,)})
    after = CLAUSE.model_copy(
        update={
            "patterns": (one.model_copy(update={"level": Level.MECHANISM}), two),
            "hold_back": HoldBackBudget(tokens=8),
        }
    )
    (change,) = compare(of(before), of(after))
    (facet,) = change.facets
    assert facet.words == (
        "pattern 'project': level: recipe became mechanism",
        "pattern 'code' is new: find H-[0-9]{4}, level recipe, side both",
        "hold_back: nothing became tokens 8",
    )
    (first,) = compare(of(CLAUSE), of(before))
    assert [row.facet for row in first.facets] == [Facet.DETECTION]
    assert first.facets[0].before is None
