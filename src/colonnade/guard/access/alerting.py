"""Alerts: who may answer one, where each stands, and what an upheld one does to grants."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from colonnade.guard.access.grants import speaks_for
from colonnade.guard.configuration import AccessSettings
from colonnade.records import Act, Alert, Grant, People, Statement, Suspension

AlertState = Literal["open", "upheld", "dismissed"]


class AlertStanding(NamedTuple):
    """What became of an alert.

    Attributes:
        by, reason: of the newest answer that counts; empty while it is open.
    """

    alert: Alert
    state: AlertState
    by: str = ""
    reason: str = ""


def alert_subject(alert: str) -> str:
    """What a statement about an alert names."""
    return f"alert:{alert}"


def may_answer(person: str, alert: Alert, people: People | None, settings: AccessSettings | None) -> bool:
    """Whether somebody's answer counts: they review, and are none of those whom it is about."""
    return settings is not None and not _is_concerned(person, alert) and speaks_for(person, people, settings.reviewers)


def _is_concerned(person: str, alert: Alert) -> bool:
    return person.casefold() in {subject.casefold() for subject in alert.subjects}


def counts(event: Statement, alert: Alert, people: People | None, settings: AccessSettings | None) -> bool:
    """Whether a statement answers this alert as it stands."""
    about = event.subject == alert_subject(alert.id) and event.content == alert.digest
    return about and event.act in (Act.APPROVE, Act.REFUSE) and may_answer(event.person, alert, people, settings)


def standing_of_alert(
    alert: Alert, events: Iterable[Statement | Suspension], people: People | None, settings: AccessSettings | None
) -> AlertStanding:
    """Where an alert stands: the newest answer that counts decides.

    Args:
        alert: the alert.
        events: all that was said, oldest first; signatures verified.
        people: who may say what.
        settings: whose roles review.
    """
    found = AlertStanding(alert, "open")
    for event in events:
        if isinstance(event, Statement) and counts(event, alert, people, settings):
            state: AlertState = "upheld" if event.act is Act.APPROVE else "dismissed"
            found = AlertStanding(alert, state, event.person, event.reason)
    return found


def suspensions_by_alert(
    event: Statement, alert: Alert, grants: Iterable[Grant], people: People | None, settings: AccessSettings | None
) -> tuple[Suspension, ...]:
    """What a reviewer does to the grants of those concerned by upholding an alert."""
    if event.act is not Act.APPROVE or not counts(event, alert, people, settings):
        return ()
    what = f"{event.person} upheld the alert '{alert.id}': {event.reason}"
    return tuple(Suspension(grant=grant.id, cause="alert", what=what, at=event.at) for grant in grants)
