"""Who may say what of which answer: a row first, then an entry; nothing of an answer to somebody else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from colonnade.guard.feedback import Answered, FeedbackDesk, LoggedAnswers, Turnstile
from colonnade.guard.protocol.errors import ProtocolError
from colonnade.records import ColonnadeError, Feedback
from colonnade.store.log import Entry, TransparencyLog, create_log
from colonnade.store.log.segments import body_of
from tests.unit.guard.finished_rows import refused, ruling

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
SAID = "I only wanted to know whom to ask."


class Room:
    """A desk with answers in memory, a writer that remembers, and a clock that stands."""

    def __init__(self, **settings: Any) -> None:
        self.rows: list[tuple[Mapping[str, Any], str, Mapping[str, str]]] = []
        self.queue: list[Feedback] = []
        self.fault: Exception | None = None
        self.now = AT
        self.desk = FeedbackDesk(self, self, self.queue.append, now=lambda: self.now, **settings)

    def find(self, identifier: str) -> Answered | None:
        return Answered("key-7", refused()) if identifier == "ex-1" else None

    async def write(self, row: Mapping[str, Any], subject: str, texts: Mapping[str, str]) -> None:
        if self.fault:
            raise self.fault
        self.rows.append((row, subject, texts))

    def say(self, principal: str = "key-7", answer: str = "ex-1", what: str = SAID, operator: bool = False) -> Any:
        content = json.dumps({"id": answer, "what": what}).encode()
        return asyncio.run(self.desk.take(content, principal, operator))


def test_what_is_said_gets_a_row_with_its_words_beside_it_and_an_entry_without_them() -> None:
    room = Room()
    told = room.say()
    ((row, subject, texts),) = room.rows
    assert (row["act"], row["answer"], row["clause"], row["id"]) == ("feedback", "ex-1", "cyber.intrusion", told["id"])
    assert (subject, texts) == ("key-7", {"what": SAID})
    assert SAID not in json.dumps(row)
    (entry,) = room.queue
    assert (entry.clause, entry.ruling.action, entry.by_operator) == ("cyber.intrusion", "refuse", False)
    assert SAID not in entry.model_dump_json()


def test_of_an_answer_to_somebody_else_one_is_told_what_one_is_told_of_none() -> None:
    room = Room()
    with pytest.raises(ProtocolError) as theirs:
        room.say("key-8")
    with pytest.raises(ProtocolError) as none:
        room.say("key-8", "ex-2")
    assert theirs.value.status == none.value.status == 404
    assert theirs.value.message.replace("ex-1", "") == none.value.message.replace("ex-2", "")
    assert room.rows == []
    assert room.queue == []


def test_an_operator_may_speak_of_answers_to_others_and_the_entry_says_so() -> None:
    room = Room()
    room.say("desk", operator=True)
    assert room.queue[0].by_operator
    assert room.rows[0][1] == "desk"


def test_where_the_row_cannot_be_written_there_is_no_entry() -> None:
    room = Room()
    room.fault = ColonnadeError("the disk is full.")
    with pytest.raises(ColonnadeError):
        room.say()
    assert room.queue == []


def test_nobody_may_say_more_than_so_much_in_an_hour() -> None:
    room = Room(most=2)
    room.say()
    room.say()
    with pytest.raises(ProtocolError) as fault:
        room.say()
    assert fault.value.status == 429
    with pytest.raises(ProtocolError, match="there is no answer"):
        room.say("key-8")
    room.now += timedelta(hours=1)
    room.say()
    assert len(room.rows) == 3


def test_guessing_ids_counts_as_saying_something() -> None:
    room = Room(most=3)
    for number in range(3):
        with pytest.raises(ProtocolError, match="no answer"):
            room.say(answer=f"ex-{number + 5}")
    with pytest.raises(ProtocolError, match="enough"):
        room.say()


def test_a_turnstile_forgets_who_came_long_ago() -> None:
    gate = Turnstile(1, timedelta(hours=1), lambda: AT)
    for number in range(10_050):
        assert gate.lets(f"p{number}")
    assert gate.lets("p0")
    assert not gate.lets("p10049")


def test_the_log_knows_who_got_an_answer_and_which_ruling_decided(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    create_log(folder, "example.com/guard")
    log = TransparencyLog(folder)

    def row(act: str, name: str, made: Any, principal: str = "key-7") -> Entry:
        ruling_there = made.model_dump(mode="json") if made is not None else None
        return Entry(body_of({"act": act, "id": name, "principal": principal, "ruling": ruling_there}))

    log.append_entries([row("request", "ex-1", ruling()), row("request", "ex-2", refused(rule="safety.drugs"))])
    log.append_entries([row("reply", "ex-1", refused("reply")), row("feedback", "ex-1", ruling(), "key-9")])
    log.append_entries([row("request", "ex-3", ruling()), row("reply", "ex-3", None)])
    log.close()
    answers = LoggedAnswers(folder)
    first, second, third = (answers.find(name) for name in ("ex-1", "ex-2", "ex-3"))
    assert first is not None
    assert (first.principal, first.ruling.side, first.ruling.action) == ("key-7", "reply", "refuse")
    assert second is not None
    assert second.ruling.rule == "safety.drugs"
    assert third is not None
    assert third.ruling.action == "allow"
    assert answers.find("ex-4") is None
