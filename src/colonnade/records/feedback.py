"""What customers say of an answer, and what people who answer for the clause make of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field

from colonnade.records.decision import Ruling
from colonnade.records.record import Record


class Feedback(Record):
    """Somebody says that an answer should have been another one. Their sentence is sealed in the log, not here.

    Attributes:
        id: its name in commands, and of its row in the log.
        answer: the id that the answer carried, and the name of its rows in the log.
        ruling: the one that decided; it has nobody's words in it.
        by_operator: whether an operator said it rather than whoever got the answer.
        kept: whether the sentence can be read from the log at all.
    """

    id: Annotated[str, Field(pattern=r"^fb-[0-9a-f]{16}$")]
    answer: str
    at: AwareDatetime
    ruling: Ruling
    by_operator: bool = False
    kept: bool = True

    @property
    def clause(self) -> str:
        """The clause that it is about: the one that decided, or else the one whose topic it was."""
        if self.ruling.grant or " " in self.ruling.rule:
            return self.ruling.topic or self.ruling.rule
        return self.ruling.rule.partition("/")[0]


class FeedbackDecision(StrEnum):
    """What became of a feedback."""

    ACCEPTED = "accepted"
    CLOSED = "closed"


class FeedbackVerdict(Record):
    """A person's decision about one feedback.

    Attributes:
        decision: accepted where the answer should have been another one.
        by: who decided; ``because`` why.
    """

    feedback: str
    decision: FeedbackDecision
    by: Annotated[str, Field(min_length=1)]
    because: str = ""
    at: AwareDatetime
