"""What a customer says of an answer: who may say it, of which answer, how much and how often."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from pydantic import ValidationError

from colonnade.guard.protocol.errors import ProtocolError
from colonnade.guard.protocol.requests.feedback import read_feedback
from colonnade.records import Feedback, Ruling
from colonnade.store.log.finding import find_rows

PER_HOUR = 20
"""Of one principal."""

_MOST_PRINCIPALS = 10_000


class Answered(NamedTuple):
    """An answer that was given.

    Attributes:
        principal: who got it.
        ruling: the one that decided what they got.
    """

    principal: str
    ruling: Ruling


class Answers(Protocol):
    """Where answers are looked up."""

    def find(self, identifier: str) -> Answered | None:
        """The answer with this id; nothing where there is none. May take a while: called from a thread."""
        ...


class Writer(Protocol):
    """Where rows go, as with every other row of the service."""

    async def write(self, row: Mapping[str, Any], subject: str, texts: Mapping[str, str]) -> None:
        """Write a row; it is on disk when this returns."""
        ...


class LoggedAnswers:
    """Answers as the transparency log has them; they outlast a restart.

    Args:
        folder: of the log.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, identifier: str) -> Answered | None:
        """The answer with this id, among the newest million rows or so."""
        principal, rulings = "", list[Ruling]()
        for found in find_rows(self.folder, "id", identifier):
            row = found.row
            if row.get("act") not in ("request", "reply"):
                continue
            try:
                rulings.insert(0, Ruling.model_validate(row["ruling"]))
            except (KeyError, ValidationError):
                continue  # a row of another kind, or of a version that had other rulings
            principal = str(row.get("principal", ""))
            if row["act"] == "request":
                break  # nothing about an answer stands before its request
        closed = (ruling for ruling in rulings if ruling.action != "allow")
        return Answered(principal, next(closed, rulings[-1])) if rulings else None


class Turnstile:
    """How often each principal may come through.

    Args:
        most: of one principal within the time.
        within: the time.
        now: the clock.
    """

    def __init__(self, most: int, within: timedelta, now: Callable[[], datetime]) -> None:
        self._most, self._within, self._now = most, within, now
        self._times: OrderedDict[str, deque[datetime]] = OrderedDict()

    def lets(self, principal: str) -> bool:
        """Whether one more is let through; it counts if so."""
        now = self._now()
        times = self._times.setdefault(principal, deque())
        self._times.move_to_end(principal)
        while times and times[0] <= now - self._within:
            times.popleft()
        if len(times) >= self._most:
            return False
        times.append(now)
        if len(self._times) > _MOST_PRINCIPALS:
            self._times.popitem(last=False)
        return True


class FeedbackDesk:
    """Takes feedback: a row in the log, with the sentence sealed, and an entry in the policy queue.

    Args:
        answers: that were given.
        writer: of the log.
        queue: told of each entry, once its row is on disk.
        kept: whether the writer keeps texts, so that the sentence can be read later.
        most: of one principal in an hour.
        now: the clock.
    """

    def __init__(
        self,
        answers: Answers,
        writer: Writer,
        queue: Callable[[Feedback], None],
        *,
        kept: bool = True,
        most: int = PER_HOUR,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._answers, self._writer, self._queue, self._kept, self._now = answers, writer, queue, kept, now
        self._turnstile = Turnstile(most, timedelta(hours=1), now)

    async def take(self, content: bytes, principal: str, operator: bool = False) -> dict[str, Any]:
        """The reply to ``POST /v1/feedback``.

        Args:
            content: the body.
            principal: who says it, as the key names them.
            operator: whether they may speak of answers to others.

        Raises:
            ProtocolError: where it is not let through; nothing is written then. Of an answer to
                somebody else the client is told what it is told of one that there never was.
        """
        told = read_feedback(content)
        if not self._turnstile.lets(principal):
            raise ProtocolError("this is enough for now; come back in an hour.", status=429, code="too_much_feedback")
        answered = await asyncio.to_thread(self._answers.find, told.answer)
        if answered is None or not (operator or answered.principal == principal):
            message = f"there is no answer '{told.answer}' to you."
            raise ProtocolError(message, status=404, parameter="id", code="answer_not_found")
        entry = Feedback(
            id=f"fb-{secrets.token_hex(8)}",
            answer=told.answer,
            at=self._now(),
            ruling=answered.ruling,
            by_operator=answered.principal != principal,
            kept=self._kept,
        )
        row = {
            "act": "feedback",
            "id": entry.id,
            "answer": entry.answer,
            "principal": principal,
            "clause": entry.clause,
            "ruling": entry.ruling.model_dump(mode="json"),
        }
        await self._writer.write(row, principal, {"what": told.what})
        await asyncio.to_thread(self._queue, entry)
        return {"object": "colonnade.feedback", "id": entry.id, "answer": entry.answer, "clause": entry.clause}
