"""Specialised access: who was granted what, what became of it, every use that was made of it, and every alert."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from colonnade.records.clause import Level
from colonnade.records.record import Digest, Record

LONGEST_GRANT = timedelta(days=365)
"""A grant ends after a year at most; then somebody looks again."""

LONGEST_EMERGENCY = 60
"""Minutes for which one person alone may open something."""

_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]*$")]
_Names = Annotated[tuple[_Name, ...], Field(min_length=1)]


class RateCaps(Record):
    """How often a grant may be used; one use more suspends it.

    Attributes:
        per_minute: uses within any sixty seconds.
        per_day: uses within any twenty-four hours.
        specific_per_day: of these, uses at ``actionable`` or ``recipe``.
    """

    per_minute: Annotated[int, Field(ge=1)] = 10
    per_day: Annotated[int, Field(ge=1)] = 200
    specific_per_day: Annotated[int, Field(ge=1)] = 50


class Grant(Record):
    """More than the ceiling, for somebody, for a purpose, until a day.

    Approvals are not part of it: they are signed statements about its digest.

    Attributes:
        id: its name in commands and in every use.
        subject: who may use it: the principal that an API key names.
        topics: nodes of the tree of topics; a node stands for itself and everything beneath it.
        highest: how specific an answer may be.
        purposes: what for; a request for another purpose does not meet the grant.
        adapters: names of adapters that the holder may ask for.
        starts, until: first and last day, at most a year apart.
        minutes: for break-glass: it needs one approval, ends so long after it, and people look at every
            use; none for an ordinary grant. It has to be approved on its first day or the day after.
        evidence: digest of what was shown to support it (an engagement letter, an ethics vote).
        because: why, in a sentence; it stands in every trace.
        launch: the launch that it was asked for, and under no other can it be used; empty for one that was asked
            for before launches were named, whose digest does not change by it.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    subject: _Name
    topics: _Names
    highest: Level
    purposes: _Names
    adapters: tuple[_Name, ...] = ()
    starts: date
    until: date
    minutes: Annotated[int, Field(ge=1, le=LONGEST_EMERGENCY)] | None = None
    caps: RateCaps = RateCaps()
    evidence: Annotated[Digest, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
    because: Annotated[str, Field(min_length=3)]
    launch: str = ""

    @model_serializer(mode="wrap")
    def _without_a_launch_as_before_there_was_one(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        content: dict[str, Any] = dump(self)
        if not self.launch:
            content.pop("launch", None)
        return content

    @model_validator(mode="after")
    def _ends_within_a_year(self) -> Grant:
        if self.until < self.starts:
            raise ValueError("a grant ends on the day it starts at the earliest; correct 'until'")
        if self.until - self.starts > LONGEST_GRANT:
            raise ValueError(f"a grant lasts a year at most; let it end by {self.starts + LONGEST_GRANT}")
        if self.minutes is not None and self.until - self.starts > timedelta(days=1):
            raise ValueError("what is asked for in an emergency is approved by the next day; correct 'until'")
        return self

    @property
    def breaks_glass(self) -> bool:
        """Whether one person opened it for minutes, instead of two for longer."""
        return self.minutes is not None


class GrantState(StrEnum):
    """Where a grant is in its life; only an active one opens anything."""

    REQUESTED = "requested"
    APPROVED = "approved"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    EXPIRED = "expired"


class GrantStanding(Record):
    """What has become of a grant.

    Attributes:
        content: the digest that approvals are bound to: the grant, and the boundaries it was asked under.
        approved_by: people whose approvals count today.
        reason: why it is where it is, as a sentence.
        since: when the last of the approvals that it needs was signed, the newest ones counted: what came to light
            before was known to so many people; of a suspended or revoked one, when that happened.
        stopped_for: of a suspended one, the cause of the suspension, or ``review`` for a reviewer's verdict.
        ends: the moment at which break-glass is over.
    """

    grant: Grant
    content: Digest
    state: GrantState
    approved_by: tuple[str, ...]
    reason: str
    since: AwareDatetime | None = None
    ends: AwareDatetime | None = None
    stopped_for: Literal["", "cap", "drift", "alert", "review"] = ""


class GrantUse(Record):
    """One request or reply that a grant let through; written before anything goes out.

    Attributes:
        number: the place among the uses of this grant, from 0.
        text: a keyed commitment to what was said; the words are not in here.
        drawn: whether a person is to look at it.
    """

    grant: str
    content: Digest
    subject: str
    topic: str
    level: Level
    purpose: str
    side: Literal["request", "reply"]
    number: Annotated[int, Field(ge=0)]
    text: Digest
    drawn: bool
    at: AwareDatetime


class Suspension(Record):
    """A grant was stopped by the service itself; two fresh approvals bring it back.

    Attributes:
        cause: a breached cap, use that drifted from the purpose, or an alert that a reviewer upheld.
        what: the finding as a sentence with its numbers.
    """

    grant: str
    cause: Literal["cap", "drift", "alert"]
    what: str
    at: AwareDatetime


class Appeal(Record):
    """Somebody asks for a decision about their access to be looked at again.

    Attributes:
        what: why, in their own words.
    """

    grant: str
    by: _Name
    what: Annotated[str, Field(min_length=3)]
    at: AwareDatetime


class Alert(Record):
    """A pattern that no single request shows, for a person to look at.

    Attributes:
        kind: ``repeated`` where several asked the same, ``assembled`` where the parts that several asked
            for add up to a known question, ``creep`` where somebody's questions on a topic became more
            and more specific.
        subjects: who took part.
        since, until: first and last of the requests.
        strength: the smallest likeness to the first of them; the share of the question that is covered;
            or how many levels it rose, of four.
        clause: the topic, where there is one.
        rows: ids of the requests, as the service's rows name them.
    """

    kind: Literal["repeated", "assembled", "creep"]
    subjects: Annotated[tuple[str, ...], Field(min_length=1)]
    since: AwareDatetime
    until: AwareDatetime
    strength: Annotated[float, Field(ge=0, le=1)]
    clause: str = ""
    rows: Annotated[tuple[str, ...], Field(min_length=1)]

    @property
    def id(self) -> str:
        """Its name in commands: the same pattern in the same requests has the same."""
        return f"alert-{self.digest.removeprefix('sha256:')[:10]}"
