"""One grant on one small topic, and people who may and may not decide about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

from colonnade.guard import compile_table
from colonnade.guard.access import Desk, grant_content, grant_subject
from colonnade.guard.configuration import AccessSettings, GuardConfiguration
from colonnade.records import (
    Act,
    Cell,
    Clause,
    Grant,
    GrantStanding,
    GrantState,
    GrantUse,
    GuardTable,
    Level,
    People,
    Statement,
    Suspension,
)
from tests.unit.guard.small_policies import TODAY, clause, configuration, drugs

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEY = b"0123456789abcdef0123456789abcdef"
CLAUSES: tuple[Clause, ...] = (clause(), drugs())
ACCESS = AccessSettings(approvers=("safety", "security"), reviewers=("review",), log="uses.jsonl")


def access_configuration(**changes: Any) -> GuardConfiguration:
    return configuration().model_copy(update={"access": ACCESS.model_copy(update=changes)})


def grant(**changes: Any) -> Grant:
    fields: dict[str, Any] = {
        "id": "pentest",
        "subject": "key-7",
        "topics": ("cyber.intrusion",),
        "highest": "actionable",
        "purposes": ("authorised-test",),
        "starts": TODAY,
        "until": date(2027, 6, 30),
        "evidence": "sha256:" + "0" * 64,
        "because": "an engagement for the exam server",
    }
    return Grant.model_validate({**fields, **changes})


def people() -> People:
    roles = {"ana": "safety", "bo": "security", "cy": "safety", "key-7": "safety", "ren": "review", "guest": "press"}
    rows = [{"id": name, "roles": (role,), "key": _key(place)} for place, (name, role) in enumerate(roles.items())]
    return People.model_validate({"people": rows})


def _key(place: int) -> str:
    return "ABCDEFGH"[place] * 42 + "A="


def said(act: Act, person: str, content: str = "", subject: str = "", **changes: Any) -> Statement:
    fields = {
        "act": act,
        "subject": subject or grant_subject("pentest"),
        "content": content or grant_content(grant(), CLAUSES),
        "person": person,
        "role": "safety",
        "reason": "because",
        "at": NOON,
    }
    return Statement.model_validate({**fields, **changes})


def stop(**changes: Any) -> Suspension:
    return Suspension.model_validate({"grant": "pentest", "cause": "cap", "what": "too often", "at": NOON, **changes})


def table(*clauses: Clause) -> GuardTable:
    return compile_table(clauses or CLAUSES, configuration(), "eu", TODAY)


def closed_cell(level: Level = Level.MECHANISM, topic: str = "cyber.intrusion") -> Cell:
    return next(
        cell
        for cell in table().cells
        if (cell.topic, cell.level, cell.tier, cell.purpose) == (topic, level, "public", "authorised-test")
    )


def standing(state: GrantState = GrantState.ACTIVE, **changes: Any) -> GrantStanding:
    row = grant(**changes)
    return GrantStanding(
        grant=row, content=grant_content(row, CLAUSES), state=state, approved_by=("ana", "bo"), reason="x"
    )


class Memory:
    """A log in memory that can be told to fail."""

    def __init__(self) -> None:
        self.uses: list[GrantUse] = []
        self.fault: Exception | None = None
        self.told = 0

    @contextmanager
    def turn(self) -> Iterator[tuple[GrantUse, ...]]:
        """What is in it before the first turn was written by somebody else."""
        found, self.told = tuple(self.uses[self.told :]), len(self.uses)
        yield found
        self.told = len(self.uses)

    def append(self, use: GrantUse) -> None:
        if self.fault:
            raise self.fault
        self.uses.append(use)


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at


class Room:
    """A desk with its log, its clock and what it suspended."""

    def __init__(
        self, *standings: GrantStanding, share: float = 0.1, past: Iterable[GrantUse] = (), **more: Any
    ) -> None:
        self.log, self.clock, self.suspended = Memory(), Clock(), list[Suspension]()
        self.log.uses += past
        self.desk = Desk(table(), self.log, KEY, share, self.suspended.append, now=self.clock, **more)
        self.desk.replace(standings or (standing(),))
