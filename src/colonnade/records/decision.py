"""What the gate decided and what the guard did."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from colonnade.records.clause import Action, Level
from colonnade.records.record import Digest, Record


class Outcome(StrEnum):
    """The three answers of the gate."""

    RELEASE = "release"
    HOLD = "hold"
    WITHHOLD = "withhold"


class Reason(Record):
    """One rule of the gate and how it came out.

    Attributes:
        rule: the rule's name.
        outcome: what this rule alone would decide.
        text: the finding as a sentence with its numbers.
    """

    rule: str
    outcome: Outcome
    text: str


class Decision(Record):
    """Release, hold or withhold, with every rule that was looked at."""

    checkpoint: Digest
    outcome: Outcome
    reasons: tuple[Reason, ...]


class Cell(Record):
    """One cell of the guard's table: a topic, at a level, for somebody, for a purpose.

    Attributes:
        rule: what decided: a clause id, or ``clause/exception``.
        permitted_by: the exceptions that would have let it through, for whom.
        until: the last day of the exception that lets it through, if one does.
        cap: how specific an answer to the same people for the same purpose may be; none where not even a
            mention is allowed.
        grantable: whether a grant may open the cell. Never where a clause above or at the topic is
            prohibited or not grantable and its ceiling is lower.
    """

    topic: str
    level: Level
    tier: str
    purpose: str
    action: Literal["allow"] | Action  # in this order: looking among the actions for the commonest is slow
    rule: str
    permitted_by: tuple[str, ...] = ()
    until: date | None = None
    cap: Level | None = None
    grantable: bool = False


class GuardTable(Record):
    """The compiled policies: every cell there is, and what is said instead of an answer."""

    tiers: tuple[str, ...]
    purposes: tuple[str, ...]
    cells: tuple[Cell, ...]
    replies: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


class DetectorRun(BaseModel):
    """What became of one detector, or judge, when a text was ruled on; a part of a ruling, no record by itself.

    Attributes:
        version: of its code.
        digest: of everything that the detector's answers depend on.
        outcome: whether it ran; never what the configuration says of it.
        milliseconds: that it took, or until it was given up.
    """

    model_config = Record.model_config

    name: str
    version: str
    digest: Digest
    outcome: Literal["ran", "failed", "timed out", "missing"]
    milliseconds: Annotated[float, Field(ge=0)]


class Ruling(Record):
    """What the guard did with one request or reply.

    Attributes:
        similarity: how sure the detector was that decided, 0 to 1: how close the text came to an example of the
            topic, or a probability.
        detectors: every one that was asked, and what became of it.
        grant: the grant that let it through, by its id; empty where none did.
        cap: how specific the answer may be, where the action is to cap it.
    """

    side: Literal["request", "reply"]
    topic: str | None
    level: Level | None
    tier: str
    purpose: str
    action: Literal["allow"] | Action  # in this order: looking among the actions for the commonest is slow
    rule: str
    reason: str
    similarity: float | None
    detectors: tuple[DetectorRun, ...]
    permitted_by: tuple[str, ...] = ()
    grant: str = ""
    cap: Level | None = None

    @property
    def applied(self) -> tuple[str, ...]:
        """The names of what really ran: taken from what became of it, never from a configuration."""
        return tuple(run.name for run in self.detectors if run.outcome == "ran")
