"""Exercises: every answer is right by construction, and says which parts of the clause it rests on."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from colonnade.pretraining import READS, exercises_from
from colonnade.records import (
    Boundary,
    Clause,
    ClauseException,
    Condition,
    Example,
    Exercise,
    Facet,
    Level,
)
from colonnade.records.clause import _FACET_FIELDS
from tests.unit.records.samples import make_clause

EXAMPLES = (
    Example(label="violating", level=Level.ACTIONABLE, prompt="Open the room of others."),
    Example(label="borderline", level=Level.MECHANISM, prompt="How does a lock work?", expect="help"),
    Example(label="borderline", level=Level.ACTIONABLE, prompt="How is it opened?", expect="decline", language="de"),
    Example(label="benign", level=Level.OVERVIEW, prompt="My key broke."),
)


def _exception(name: str, ceiling: Level, tier: str | None = "staff") -> ClauseException:
    return ClauseException(
        id=name, ceiling=ceiling, when=Condition(tier=tier), because="request/1", expires=date(2099, 12, 31)
    )


def _of_kind(clause: Clause, kind: str) -> list[Exercise]:
    return [exercise for exercise in exercises_from([clause]) if exercise.kind == kind]


def test_a_clause_is_explained_in_its_own_words() -> None:
    clause = make_clause()
    (exercise,) = _of_kind(clause, "explain")
    assert clause.title in exercise.question
    assert exercise.answer == clause.text


@pytest.mark.parametrize("ceiling", list(Level))
@pytest.mark.parametrize("boundary", [Boundary.ALLOWED, Boundary.RESTRICTED, Boundary.PROHIBITED])
def test_every_level_is_allowed_up_to_the_ceiling_and_not_above(boundary: Boundary, ceiling: Level) -> None:
    exercises = _of_kind(make_clause(boundary=boundary, ceiling=ceiling, exceptions=()), "comply")
    assert len({exercise.question for exercise in exercises}) == len(Level)
    said = [exercise.answer.partition(".")[0] for exercise in exercises]
    place = list(Level).index(ceiling)
    assert said == ["Yes"] * (place + 1) + ["No"] * (len(Level) - place - 1)


@pytest.mark.parametrize("ceiling", list(Level))
@pytest.mark.parametrize("boundary", [Boundary.RESTRICTED, Boundary.PROHIBITED])
def test_only_what_is_prohibited_can_be_granted_to_nobody(boundary: Boundary, ceiling: Level) -> None:
    for exercise in _of_kind(make_clause(boundary=boundary, ceiling=ceiling, exceptions=()), "comply"):
        closed = boundary is Boundary.PROHIBITED and exercise.answer.startswith("No")
        assert ("Nobody can be granted more" in exercise.answer) is closed


def test_an_exception_is_named_for_exactly_the_levels_that_it_opens() -> None:
    clause = make_clause(
        ceiling=Level.MENTION,
        exceptions=(_exception("wide", Level.ACTIONABLE), _exception("narrow", Level.OVERVIEW, tier=None)),
    )
    answers = [exercise.answer for exercise in _of_kind(clause, "comply")]
    assert ["'wide'" in answer for answer in answers] == [False, True, True, True, False]
    assert ["'narrow'" in answer for answer in answers] == [False, True, False, False, False]
    assert "lets staff go further" in answers[2]
    assert "lets anybody go further" in answers[1]


def test_a_clause_that_demands_a_behaviour_is_not_optional() -> None:
    clause = make_clause(boundary=Boundary.REQUIRED, ceiling=None, exceptions=(), grantable=False)
    (exercise,) = _of_kind(clause, "comply")
    assert "optional" in exercise.question
    assert exercise.answer == f"No. {clause.text}"


def test_every_example_is_judged_by_what_it_expects() -> None:
    exercises = _of_kind(make_clause(examples=EXAMPLES), "judge")
    assert [exercise.answer.partition(".")[0] for exercise in exercises] == ["Yes", "No", "Yes", "No"]
    assert [exercise.language for exercise in exercises] == ["en", "en", "de", "en"]
    assert all(example.prompt in row.question for example, row in zip(EXAMPLES, exercises, strict=True))


@pytest.mark.parametrize("ceiling", [None, *Level])
def test_every_answer_gives_a_reason(ceiling: Level | None) -> None:
    for exercise in exercises_from([make_clause(ceiling=ceiling, examples=EXAMPLES)]):
        assert len(exercise.answer.split()) >= 6


@pytest.mark.parametrize("ceiling", [None, *Level])
def test_every_exercise_says_that_it_used_exactly_the_facets_that_are_read(ceiling: Level | None) -> None:
    clause = make_clause(ceiling=ceiling, examples=EXAMPLES)
    for exercise in exercises_from([clause]):
        assert {use.facet for use in exercise.uses} == set(READS)
        assert exercise.uses == clause.use(*READS)
        assert exercise.clause == clause.id


class _Watched:
    """A clause that writes down which of its fields are read."""

    def __init__(self, clause: Clause) -> None:
        self.clause, self.read = clause, set[str]()

    def __getattr__(self, name: str) -> Any:
        self.read.add(name)
        return getattr(self.clause, name)


@pytest.mark.parametrize("ceiling", [None, *Level])
@pytest.mark.parametrize("boundary", list(Boundary))
def test_no_field_outside_the_facets_that_are_named_is_read(boundary: Boundary, ceiling: Level | None) -> None:
    watched = _Watched(make_clause(boundary=boundary, ceiling=ceiling, examples=EXAMPLES))
    exercises_from([watched])  # type: ignore[list-item]  # stands in for a clause
    allowed = {field for facet in READS for field in _FACET_FIELDS[facet]}
    assert watched.read - {"id", "use"} <= allowed


@pytest.mark.parametrize("facet", [facet for facet in Facet if facet not in READS])
def test_an_edit_of_another_facet_leaves_every_exercise_as_it_was(facet: Facet) -> None:
    edits: dict[Facet, dict[str, Any]] = {
        Facet.RUBRIC: {"rubric": ({"ask": "Another question?", "fails": False},)},
        Facet.THRESHOLDS: {"thresholds": {"violation_rate": {"max": 0.3}}},
        Facet.DATA: {"data": ({"id": "photos", "because": "a test"},)},
        Facet.MAPS: {"pillar": "privacy-and-security"},
        Facet.DETECTION: {"hold_back": {"tokens": 64}},
        Facet.ADMIN: {"admin": {"policy": "other", "status": "active", "version": "2.0.0", "owners": ["porter"]}},
    }
    assert exercises_from([make_clause(**edits[facet])]) == exercises_from([make_clause()])


def test_exercises_come_in_the_order_of_the_clauses_and_are_the_same_every_time() -> None:
    clauses = [make_clause("b.two"), make_clause("a.one")]
    exercises = exercises_from(clauses)
    assert [row.clause for row in exercises] == sorted((row.clause for row in exercises), reverse=True)
    assert exercises == exercises_from(clauses)
