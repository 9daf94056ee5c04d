from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from colonnade.guard.access import check_grant, grant_content, standing_of_grant, use_subject
from colonnade.records import (
    Act,
    Boundary,
    Clause,
    GrantStanding,
    GrantState,
    InputError,
    Statement,
    Suspension,
)
from tests.unit.guard.small_policies import TODAY, clause, configuration, drugs, exception

from .small_grants import ACCESS, CLAUSES, NOON, access_configuration, grant, people, said, stop

TWO = (said(Act.APPROVE, "ana"), said(Act.APPROVE, "bo"))


def state(*events: Statement | Suspension, today: date = TODAY, clauses: tuple[Clause, ...] = CLAUSES, **changes: Any):  # type: ignore[no-untyped-def]
    row = grant(**changes)
    return standing_of_grant(row, grant_content(row, clauses), events, people(), ACCESS, today)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"until": TODAY + timedelta(days=366)}, "a year at most"),
        ({"until": TODAY - timedelta(days=1)}, "the day it starts"),
        ({"topics": ()}, "at least 1 item"),
        ({"purposes": ()}, "at least 1 item"),
        ({"evidence": "trust me"}, "pattern"),
        ({"id": "Pen Test"}, "pattern"),
    ],
)
def test_a_grant_without_an_end_a_purpose_or_evidence_is_no_grant(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        grant(**changes)
    assert grant(until=TODAY + timedelta(days=365)).until.year == 2027


# --- what may be asked for ------------------------------------------------------------------------


def test_an_ungrantable_topic_is_refused_when_it_is_asked_for_and_the_clause_is_named() -> None:
    with pytest.raises(InputError, match=r"policies/cyber.md, line 12: .*'safety.drugs' is prohibited.*'mention'"):
        check_grant(grant(topics=("safety.drugs",)), CLAUSES, access_configuration(), TODAY)
    soft = clause(grantable=False, exceptions=())
    with pytest.raises(InputError, match=r"'cyber.intrusion' is not grantable.*more than 'overview'") as caught:
        check_grant(grant(), (soft,), access_configuration(), TODAY)
    assert "'grantable: true'" in caught.value.sentence


def test_a_node_of_the_tree_cannot_carry_an_ungrantable_topic_along() -> None:
    hard = drugs().model_copy(update={"id": "cyber.worms"})
    with pytest.raises(InputError, match=r"on 'cyber.worms', and the clause 'cyber.worms' is prohibited"):
        check_grant(grant(topics=("cyber",)), (clause(), hard), access_configuration(), TODAY)
    check_grant(grant(topics=("cyber",)), (clause(),), access_configuration(), TODAY)


def test_a_prohibition_above_the_topic_limits_the_grant_too() -> None:
    hard = drugs(ceiling="overview").model_copy(update={"id": "cyber.intrusion"})
    below = clause("cyber.intrusion.exams", exceptions=())
    with pytest.raises(InputError, match=r"on 'cyber.intrusion.exams', and the clause 'cyber.intrusion' is prohibited"):
        check_grant(grant(topics=("cyber.intrusion.exams",)), (hard, below), access_configuration(), TODAY)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"topics": ("cyber.nothing",)}, "the topic 'cyber.nothing', which does not exist"),
        ({"topics": ("cyb",)}, "the topic 'cyb', which does not exist"),
        ({"purposes": ("fun",)}, "the purpose 'fun', which does not exist"),
        ({"highest": "overview"}, "opens nothing"),
        ({"starts": date(2026, 1, 1), "until": date(2026, 2, 1)}, "which is past"),
    ],
)
def test_what_could_never_be_used_as_it_says_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        check_grant(grant(**changes), CLAUSES, access_configuration(), TODAY)


def test_where_nobody_is_named_to_decide_nothing_can_be_asked_for() -> None:
    with pytest.raises(InputError, match="who decides"):
        check_grant(grant(), CLAUSES, configuration(), TODAY)


# --- where it stands ------------------------------------------------------------------------------


def test_two_approvals_by_different_people_make_it_active_and_one_does_not() -> None:
    assert state().state is GrantState.REQUESTED
    assert state(TWO[0]).state is GrantState.REQUESTED
    assert state(TWO[0], TWO[0]).state is GrantState.REQUESTED
    found = state(*TWO)
    assert (found.state, found.approved_by) == (GrantState.ACTIVE, ("ana", "bo"))


@pytest.mark.parametrize("person", ["key-7", "guest", "nobody", "ren"])
def test_the_subject_and_whoever_has_no_say_count_for_nothing(person: str) -> None:
    found = state(TWO[0], said(Act.APPROVE, person))
    assert (found.state, found.approved_by) == (GrantState.REQUESTED, ("ana",))


def test_an_edit_of_the_grant_ends_the_approvals_and_taking_it_back_revives_them() -> None:
    assert state(*TWO, highest="recipe").state is GrantState.REQUESTED
    assert state(*TWO, subject="key-8").approved_by == ()
    assert state(*TWO).state is GrantState.ACTIVE


def test_an_edit_of_the_boundary_ends_the_approvals_and_one_of_the_wording_does_not() -> None:
    moved = (clause(ceiling="mention"), drugs())
    assert state(*TWO, clauses=moved).state is GrantState.REQUESTED
    reworded = (clause(text="The model must never."), drugs())
    assert state(*TWO, clauses=reworded).state is GrantState.ACTIVE
    other = (clause(), drugs(ceiling="overview"))
    assert state(*TWO, clauses=other).state is GrantState.ACTIVE, "another topic's boundary is not what was approved"
    above = (*CLAUSES, drugs(ceiling="recipe", boundary=Boundary.RESTRICTED).model_copy(update={"id": "cyber"}))
    assert state(*TWO, clauses=above).state is GrantState.REQUESTED, "a boundary above the topic binds it"


def test_an_approval_counts_through_its_last_day() -> None:
    ending = said(Act.APPROVE, "bo", expires=TODAY)
    assert state(TWO[0], ending).state is GrantState.ACTIVE
    assert state(TWO[0], ending, today=TODAY + timedelta(days=1)).state is GrantState.REQUESTED


def test_it_starts_on_its_first_day_and_ends_after_its_last() -> None:
    row = {"starts": TODAY + timedelta(days=2)}
    two = [said(Act.APPROVE, name, grant_content(grant(**row), CLAUSES)) for name in ("ana", "bo")]
    assert state(*two, **row).state is GrantState.APPROVED
    assert state(*two, today=TODAY + timedelta(days=2), **row).state is GrantState.ACTIVE
    assert state(*two, today=date(2027, 6, 30), **row).state is GrantState.ACTIVE
    assert state(*two, today=date(2027, 7, 1), **row).state is GrantState.EXPIRED


def test_without_a_log_an_approved_grant_does_not_become_active() -> None:
    row = grant()
    mute = ACCESS.model_copy(update={"log": ""})
    for settings in (mute, None):
        found = standing_of_grant(row, grant_content(row, CLAUSES), TWO, people(), settings, TODAY)
        assert found.state is not GrantState.ACTIVE
    found = standing_of_grant(row, grant_content(row, CLAUSES), TWO, people(), mute, TODAY)
    assert (found.state, "no log" in found.reason) == (GrantState.APPROVED, True)


def test_a_refusal_holds_until_its_author_approves() -> None:
    no = said(Act.REFUSE, "cy", reason="not our server")
    assert "refused by cy: not our server" in state(*TWO, no).reason
    assert state(*TWO, no).state is GrantState.REQUESTED
    assert state(*TWO, no, said(Act.APPROVE, "cy")).state is GrantState.ACTIVE
    assert state(*TWO, said(Act.WITHDRAW, "bo")).approved_by == ("ana",)


def test_a_suspension_ends_the_approvals_before_it_and_two_fresh_ones_bring_it_back() -> None:
    assert state(*TWO, stop()).state is GrantState.SUSPENDED
    assert state(*TWO, stop(), TWO[0]).state is GrantState.SUSPENDED
    assert state(*TWO, stop(), *TWO).state is GrantState.ACTIVE
    assert state(*TWO, stop(grant="another")).state is GrantState.ACTIVE
    assert state(stop(), *TWO, stop()).state is GrantState.SUSPENDED


def test_a_reviewers_verdict_suspends_and_anybody_elses_does_not() -> None:
    bad = said(Act.REFUSE, "ren", subject=use_subject("pentest", 4), reason="another server")
    found = state(*TWO, bad)
    assert (found.state, "use 4" in found.reason) == (GrantState.SUSPENDED, True)
    for name in ("guest", "ana", "key-7"):
        other = said(Act.REFUSE, name, subject=use_subject("pentest", 4))
        assert state(*TWO, other).state is GrantState.ACTIVE
    assert state(*TWO, said(Act.APPROVE, "ren", subject=use_subject("pentest", 4))).state is GrantState.ACTIVE


@pytest.mark.parametrize("person", ["ana", "ren", "key-7"])
def test_a_revocation_is_for_good_whatever_is_signed_afterwards(person: str) -> None:
    end = said(Act.REVOKE, person, content="sha256:" + "1" * 64)
    assert state(*TWO, end).state is GrantState.REVOKED
    assert state(*TWO, end, *TWO).state is GrantState.REVOKED
    assert state(*TWO, end, stop(), *TWO).state is GrantState.REVOKED


def test_who_has_no_say_cannot_revoke() -> None:
    assert state(*TWO, said(Act.REVOKE, "guest")).state is GrantState.ACTIVE


def test_exceptions_do_not_move_what_was_approved() -> None:
    assert state(*TWO, clauses=(clause(exceptions=(exception(id="x"),)), drugs())).state is GrantState.ACTIVE


# --- break-glass ----------------------------------------------------------------------------------


def glass(*events: Statement | Suspension, minutes: float = 0) -> GrantStanding:
    row = grant(minutes=45, until=TODAY)
    signed = [
        event.model_copy(update={"content": grant_content(row, CLAUSES)}) if isinstance(event, Statement) else event
        for event in events
    ]
    now = NOON + timedelta(minutes=minutes)
    return standing_of_grant(row, grant_content(row, CLAUSES), signed, people(), ACCESS, TODAY, now)


def test_break_glass_needs_one_signature_and_ends_by_itself() -> None:
    assert glass().reason == "1 of 1 approvals of what it now says is missing"
    opened = glass(said(Act.APPROVE, "ana"))
    assert (opened.state, opened.ends) == (GrantState.ACTIVE, NOON + timedelta(minutes=45))
    assert "until 2026-11-22 12:45 UTC" in opened.reason
    assert glass(said(Act.APPROVE, "ana"), minutes=45).state is GrantState.EXPIRED
    assert glass(said(Act.APPROVE, "key-7")).state is GrantState.REQUESTED, "not by its subject"


def test_taking_an_approval_back_and_giving_it_again_starts_no_second_hour() -> None:
    later = {"at": NOON + timedelta(minutes=50)}
    rows = said(Act.APPROVE, "ana"), said(Act.WITHDRAW, "ana"), said(Act.APPROVE, "ana", **later)
    assert glass(*rows, minutes=51).state is GrantState.EXPIRED
    assert glass(said(Act.APPROVE, "ana"), said(Act.APPROVE, "bo", **later), minutes=51).state is GrantState.EXPIRED


def test_a_boundary_that_is_moved_and_signed_again_starts_no_second_hour() -> None:
    row = grant(minutes=45, until=TODAY)
    before = said(Act.APPROVE, "ana", content=grant_content(row, (clause(severity="low"), drugs())))
    after = said(Act.APPROVE, "ana", at=NOON + timedelta(minutes=40), content=grant_content(row, CLAUSES))
    assert before.content != after.content
    found = standing_of_grant(
        row, after.content, (before, after), people(), ACCESS, TODAY, NOON + timedelta(minutes=50)
    )
    assert (found.state, found.ends) == (GrantState.EXPIRED, NOON + timedelta(minutes=45))


def test_a_suspended_break_glass_is_not_brought_back() -> None:
    found = glass(said(Act.APPROVE, "ana"), stop(), said(Act.APPROVE, "ana"), said(Act.APPROVE, "bo"))
    assert (found.state, found.stopped_for) == (GrantState.SUSPENDED, "cap")
    assert "not brought back" in found.reason


def test_break_glass_is_for_minutes_and_never_for_what_nobody_may_be_granted() -> None:
    for minutes in (0, 61):
        with pytest.raises(ValidationError, match="minutes"):
            grant(minutes=minutes, until=TODAY)
    with pytest.raises(ValidationError, match="by the next day"):
        grant(minutes=10, until=TODAY + timedelta(days=2))
    hard = grant(minutes=10, until=TODAY, topics=("safety.drugs",))
    with pytest.raises(InputError, match=r"'safety.drugs' is prohibited"):
        check_grant(hard, CLAUSES, access_configuration(), TODAY)


# --- since when, and what for ---------------------------------------------------------------------


def test_a_standing_says_since_when_people_stand_by_it() -> None:
    late, later = (said(Act.APPROVE, who, at=NOON + timedelta(days=day)) for day, who in ((1, "bo"), (2, "ana")))
    assert state(TWO[0], late).since == NOON, "one fresh signature beside an old one vouches for nothing new"
    assert state(TWO[0], late, said(Act.WITHDRAW, "ana"), later).since == late.at
    assert state(TWO[0]).since is None
    stopped = state(*TWO, stop(at=NOON + timedelta(days=2)))
    assert (stopped.since, stopped.stopped_for) == (NOON + timedelta(days=2), "cap")
    assert state(*TWO, said(Act.REVOKE, "ren", at=NOON + timedelta(days=3))).since == NOON + timedelta(days=3)


def test_a_renamed_topic_ends_the_approvals() -> None:
    renamed = clause("cyber.break-in")
    assert state(*TWO).state is GrantState.ACTIVE
    assert state(*TWO, clauses=(renamed, drugs())).state is GrantState.REQUESTED


def test_an_alert_stops_what_was_approved_and_nothing_that_nobody_signed() -> None:
    upheld = stop(cause="alert", what="ren upheld the alert 'alert-1': a pattern")
    assert state(*TWO, upheld).stopped_for == "alert"
    assert state(upheld).state is GrantState.REQUESTED
    assert state(upheld, *TWO).state is GrantState.ACTIVE
