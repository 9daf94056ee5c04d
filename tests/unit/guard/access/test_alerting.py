from __future__ import annotations

from colonnade.guard.access.alerting import alert_subject, may_answer, standing_of_alert, suspensions_by_alert
from colonnade.records import Act, Alert, Statement

from .small_grants import ACCESS, NOON, grant, people, said

ALERT = Alert(
    kind="repeated",
    subjects=("key-7", "key-8"),
    since=NOON,
    until=NOON,
    strength=0.8,
    clause="cyber.intrusion",
    rows=("row-1", "row-2"),
)


def answered(act: Act, person: str = "ren", **changes: object) -> Statement:
    return said(act, person, content=ALERT.digest, subject=alert_subject(ALERT.id)).model_copy(update=changes)


def test_the_newest_answer_of_a_reviewer_counts() -> None:
    assert standing_of_alert(ALERT, [], people(), ACCESS).state == "open"
    upheld = standing_of_alert(ALERT, [answered(Act.REFUSE), answered(Act.APPROVE)], people(), ACCESS)
    assert (upheld.state, upheld.by, upheld.reason) == ("upheld", "ren", "because")
    assert (
        standing_of_alert(ALERT, [answered(Act.APPROVE), answered(Act.REFUSE)], people(), ACCESS).state == "dismissed"
    )


def test_who_does_not_review_who_is_concerned_and_what_was_signed_about_something_else_do_not_count() -> None:
    assert not may_answer("ana", ALERT, people(), ACCESS)
    assert not may_answer("ren", ALERT.model_copy(update={"subjects": ("ren",)}), people(), ACCESS)
    assert not may_answer("ren", ALERT, people(), None)
    other = answered(Act.APPROVE, content="sha256:" + "1" * 64)
    assert standing_of_alert(ALERT, [other, answered(Act.APPROVE, "ana")], people(), ACCESS).state == "open"


def test_to_uphold_it_suspends_the_grants_and_to_dismiss_it_none() -> None:
    (suspension,) = suspensions_by_alert(answered(Act.APPROVE), ALERT, [grant()], people(), ACCESS)
    assert (suspension.grant, suspension.cause) == ("pentest", "alert")
    assert f"ren upheld the alert '{ALERT.id}': because" in suspension.what
    assert suspensions_by_alert(answered(Act.REFUSE), ALERT, [grant()], people(), ACCESS) == ()
    assert suspensions_by_alert(answered(Act.APPROVE, "ana"), ALERT, [grant()], people(), ACCESS) == ()


def test_its_id_follows_from_what_it_says() -> None:
    assert ALERT.id == ALERT.model_copy().id
    assert ALERT.id != ALERT.model_copy(update={"subjects": ("key-9",)}).id
