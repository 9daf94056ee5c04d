"""What is due: each reason has its own case, and what is in order gives nothing."""

from __future__ import annotations

from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colonnade.policy.due import Due, DueKind, due
from colonnade.policy.sources import Registry
from colonnade.records import Clause, PolicySet, Source, SourceEntry, SourceEvent, Status
from tests.unit.policy.test_sources import make_entry
from tests.unit.records.samples import make_clause

TODAY = date(2026, 11, 22)
LAW = make_entry(("proposed", "2025-01-01"), ("in_force", "2026-06-01"), identifier="law/1")
SOUND = Source(id="law/1", status="in_force", effective=date(2026, 6, 1), checked=date(2026, 11, 1))


def registry_of(*entries: SourceEntry) -> Registry:
    """A registry of these entries."""
    return Registry(MappingProxyType({entry.id: entry for entry in entries}), MappingProxyType({}))


def clause_on(*sources: Source, identifier: str = "doors.entry", **admin: Any) -> Clause:
    """A clause that rests on these sources and has nothing else that could be due."""
    clause = make_clause(identifier, exceptions=())
    changes = {"sources": sources, "review_by": None, **admin}
    return clause.model_copy(update={"admin": clause.admin.model_copy(update=changes)})


def found(clause: Clause, *entries: SourceEntry, today: date = TODAY, **options: int) -> tuple[Due, ...]:
    """What is due for one clause."""
    return due(PolicySet(clauses=(clause,)), registry_of(*entries), today, **options)


def source(**changes: Any) -> Source:
    """The sound source with something changed."""
    return SOUND.model_copy(update=changes)


def later(*history: tuple[str, str]) -> SourceEntry:
    """The law with further rows of history."""
    return make_entry(("proposed", "2025-01-01"), ("in_force", "2026-06-01"), *history, identifier="law/1")


def test_where_all_is_in_order_nothing_is_due() -> None:
    assert found(clause_on(SOUND), LAW) == ()


CASES: dict[str, tuple[Source, SourceEntry | None, DueKind, str]] = {
    "unknown": (SOUND, None, DueKind.SOURCE_UNKNOWN, "rests on 'law/1', which has no entry in the registry"),
    "another status": (
        source(status="adopted"),
        LAW,
        DueKind.SOURCE_STATUS,
        "calls 'law/1' adopted; it is in_force since 2026-06-01",
    ),
    "a word that is no status": (source(status="binding"), LAW, DueKind.SOURCE_STATUS, "calls 'law/1' binding"),
    "not yet known": (
        source(effective=None),
        make_entry(("proposed", "2027-06-01"), identifier="law/1"),
        DueKind.SOURCE_STATUS,
        "the registry knows it only from 2027-06-01",
    ),
    "repealed": (
        SOUND,
        later(("repealed", "2026-10-01")),
        DueKind.SOURCE_ENDED,
        "rests on 'law/1', which is repealed since 2026-10-01",
    ),
    "repealed, and the policy knows": (
        source(status="repealed"),
        later(("repealed", "2026-10-01")),
        DueKind.SOURCE_ENDED,
        "repealed since 2026-10-01",
    ),
    "another day": (
        source(effective=date(2026, 8, 2)),
        LAW,
        DueKind.SOURCE_DATE,
        "takes effect on 2026-08-02; the registry has: proposed from 2025-01-01, in_force from 2026-06-01",
    ),
    "amended soon": (
        SOUND,
        later(("amended", "2026-12-02")),
        DueKind.SOURCE_SOON,
        "becomes amended on 2026-12-02, in 10 days",
    ),
    "amended after it was checked": (
        source(status="amended"),
        later(("amended", "2026-11-10")),
        DueKind.SOURCE_CHANGED,
        "checked 'law/1' on 2026-11-01; it is amended since 2026-11-10",
    ),
    "checked long ago": (
        source(checked=date(2026, 8, 1)),
        LAW,
        DueKind.SOURCE_UNCHECKED,
        "checked 'law/1' on 2026-08-01, 113 days ago (the registry's entry: 2026-11-01)",
    ),
    "never checked": (source(checked=None), LAW, DueKind.SOURCE_UNCHECKED, "never says when 'law/1' was checked"),
    "checked tomorrow": (
        source(checked=date(2026, 11, 23)),
        LAW,
        DueKind.SOURCE_UNCHECKED,
        "was checked on 2026-11-23, which is yet to come",
    ),
}


@pytest.mark.parametrize(("named", "entry", "kind", "words"), CASES.values(), ids=CASES)
def test_each_reason_is_named_alone(named: Source, entry: SourceEntry | None, kind: DueKind, words: str) -> None:
    (row,) = found(clause_on(named), *([entry] if entry else []))
    assert (row.kind, row.policy, row.subject, row.clauses) == (kind, "doors", "law/1", ("doors.entry",))
    assert words in row.sentence
    assert row.mend


def test_a_superseded_source_names_its_successor() -> None:
    over = SourceEvent(status=LAW.history[1].status, since=date(2026, 9, 1), superseded_by="law/2", note="New act.")
    (row,) = found(clause_on(SOUND), LAW.model_copy(update={"history": (*LAW.history, over)}))
    assert row.kind is DueKind.SOURCE_ENDED
    assert "at its end (in_force) since 2026-09-01 and superseded by 'law/2'. New act." in row.sentence


def test_clauses_of_a_policy_that_rest_on_a_source_share_one_row() -> None:
    clauses = tuple(clause_on(source(status="adopted"), identifier=f"doors.{name}") for name in ("b", "a"))
    other = clause_on(source(status="adopted"), identifier="gates.a", policy="gates")
    rows = due(PolicySet(clauses=(*clauses, other)), registry_of(LAW), TODAY)
    assert [(row.policy, row.clauses) for row in rows] == [("doors", ("doors.a", "doors.b")), ("gates", ("gates.a",))]


@pytest.mark.parametrize(
    ("status", "rows"), [(status, 0 if status is Status.RETIRED else 1) for status in Status], ids=list(Status)
)
def test_everything_but_retired_policies_is_looked_at(status: Status, rows: int) -> None:
    assert len(found(clause_on(source(status="adopted"), status=status), LAW)) == rows


@pytest.mark.parametrize(
    ("expires", "kind", "words"),
    [
        (TODAY - timedelta(days=1), DueKind.EXCEPTION_EXPIRED, "expired on 2026-11-21"),
        (TODAY, DueKind.EXCEPTION_EXPIRING, "expires on 2026-11-22, in 0 days"),
        (TODAY + timedelta(days=60), DueKind.EXCEPTION_EXPIRING, "expires on 2027-01-21, in 60 days"),
        (TODAY + timedelta(days=61), None, ""),
    ],
)
def test_an_exception_is_due_before_and_after_its_last_day(expires: date, kind: DueKind | None, words: str) -> None:
    exception = make_clause().exceptions[0].model_copy(update={"expires": expires})
    rows = found(clause_on().model_copy(update={"exceptions": (exception,), "file": "doors.md", "line": 12}))
    assert [row.kind for row in rows] == ([kind] if kind else [])
    for row in rows:
        assert (row.subject, row.day, row.file, row.line) == ("doors.entry/locksmith", expires, "doors.md", 12)
        assert words in row.sentence


def test_an_exception_is_due_where_the_request_behind_it_ended() -> None:
    exception = make_clause().exceptions[0].model_copy(update={"because": "law/1"})
    clause = clause_on().model_copy(update={"exceptions": (exception,)})
    assert found(clause, LAW) == ()
    (row,) = found(clause, later(("repealed", "2026-10-01")))
    assert (row.kind, row.subject) == (DueKind.SOURCE_ENDED, "doors.entry/locksmith")
    assert row.sentence.endswith("was made because of 'law/1', which ended on 2026-10-01.")


@pytest.mark.parametrize(
    ("review_by", "kind"),
    [
        (TODAY - timedelta(days=1), DueKind.REVIEW_PAST),
        (TODAY, DueKind.REVIEW_SOON),
        (TODAY + timedelta(days=60), DueKind.REVIEW_SOON),
        (TODAY + timedelta(days=61), None),
    ],
)
def test_a_review_is_due_before_and_after_its_day(review_by: date, kind: DueKind | None) -> None:
    rows = found(clause_on(review_by=review_by))
    assert [(row.kind, row.subject) for row in rows] == ([(kind, "doors")] if kind else [])


def test_one_day_past_is_said_in_the_singular() -> None:
    assert "was to be reviewed by 2026-11-21, 1 day ago" in found(clause_on(review_by=date(2026, 11, 21)))[0].sentence


def test_the_limits_can_be_chosen() -> None:
    clause = clause_on(SOUND, review_by=TODAY + timedelta(days=30))
    assert found(clause, LAW, ahead_days=29) == ()
    assert [row.kind for row in found(clause, LAW, ahead_days=30)] == [DueKind.REVIEW_SOON]
    assert found(clause, LAW, ahead_days=29, stale_after_days=21) == ()
    assert [row.kind for row in found(clause, LAW, ahead_days=29, stale_after_days=20)] == [DueKind.SOURCE_UNCHECKED]


DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))
SOURCES = st.builds(
    Source,
    id=st.sampled_from(["law/1", "law/2", "law/3"]),
    status=st.sampled_from(["adopted", "in_force", "amended"]),
    effective=st.none() | DAYS,
    checked=st.none() | DAYS,
)
CLAUSES = st.lists(
    st.builds(
        lambda sources, review, policy, number: clause_on(
            *sources, identifier=f"{policy}.c{number}", policy=policy, review_by=review
        ),
        st.lists(SOURCES, max_size=3),
        st.none() | DAYS,
        st.sampled_from(["doors", "gates"]),
        st.integers(0, 9),
    ),
    max_size=5,
    unique_by=lambda clause: clause.id,
)
REGISTRY = registry_of(later(("amended", "2026-12-02")), make_entry(("in_force", "2026-03-01"), identifier="law/2"))


@given(CLAUSES, DAYS, st.randoms(use_true_random=False))
def test_the_order_of_the_clauses_says_nothing(clauses: list[Clause], today: date, chance: Any) -> None:
    shuffled = chance.sample(clauses, len(clauses))
    first = due(PolicySet(clauses=tuple(clauses)), REGISTRY, today)
    assert due(PolicySet(clauses=tuple(shuffled)), REGISTRY, today) == first


@given(CLAUSES, DAYS, st.integers(0, 400), st.integers(0, 400))
def test_looking_further_ahead_never_hides_anything(
    clauses: list[Clause], today: date, near: int, further: int
) -> None:
    policies = PolicySet(clauses=tuple(clauses))
    shorter = set(due(policies, REGISTRY, today, ahead_days=near))
    assert shorter <= set(due(policies, REGISTRY, today, ahead_days=near + further))


@given(CLAUSES, DAYS, st.integers(0, 400), st.integers(0, 400))
def test_a_longer_patience_never_adds_anything(clauses: list[Clause], today: date, days: int, more: int) -> None:
    policies = PolicySet(clauses=tuple(clauses))
    patient = set(due(policies, REGISTRY, today, stale_after_days=days + more))
    assert patient <= set(due(policies, REGISTRY, today, stale_after_days=days))
