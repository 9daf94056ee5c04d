"""The policy queue: a file that only grows, grouped by clause, decided once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from colonnade.policy.feedback_queue import Queue, append, by_clause, decide, read_queue
from colonnade.records import CorruptionError, Feedback, FeedbackDecision, FeedbackVerdict, InputError, PolicySet
from tests.unit.guard.finished_rows import refused, ruling
from tests.unit.guard.small_policies import clause

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def said(number: int = 1, **changes: Any) -> Feedback:
    return Feedback(id=f"fb-{number:016x}", answer=f"ex-{number}", at=AT, ruling=refused(**changes))


def verdict(number: int = 1, decision: str = "closed") -> FeedbackVerdict:
    name = f"fb-{number:016x}"
    return FeedbackVerdict(feedback=name, decision=FeedbackDecision(decision), by="ana", because="it stands", at=AT)


def test_what_goes_in_comes_out_and_what_was_decided_is_open_no_more(tmp_path: Path) -> None:
    file = tmp_path / "home" / "queue.jsonl"
    assert read_queue(file) == Queue()
    for row in (said(1), said(2), verdict(1)):
        append(file, row)
    queue = read_queue(file)
    assert queue.feedback == (said(1), said(2))
    assert queue.open == (said(2),)
    assert queue.verdict(said(1).id) == verdict(1)


def test_several_may_write_at_once(tmp_path: Path) -> None:
    file = tmp_path / "queue.jsonl"
    writers = [Thread(target=append, args=(file, said(number))) for number in range(16)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert {row.answer for row in read_queue(file).feedback} == {f"ex-{number}" for number in range(16)}


def test_half_a_line_of_a_crash_is_no_line_and_the_next_writer_takes_it_away(tmp_path: Path) -> None:
    file = tmp_path / "queue.jsonl"
    append(file, said(1))
    with file.open("ab") as stream:
        stream.write(b'feedback {"id": "fb-')
    assert read_queue(file).feedback == (said(1),)
    append(file, said(2))
    assert read_queue(file).feedback == (said(1), said(2))


def test_a_line_that_is_neither_is_named(tmp_path: Path) -> None:
    file = tmp_path / "queue.jsonl"
    append(file, said(1))
    with file.open("ab") as stream:
        stream.write(b"opinion {}\n")
    with pytest.raises(CorruptionError, match="line 2"):
        read_queue(file)


def test_a_decision_is_made_once_and_about_something() -> None:
    queue = Queue((said(1),), ())
    assert decide(queue, verdict(1)) == verdict(1)
    with pytest.raises(InputError, match="no feedback"):
        decide(queue, verdict(2))
    with pytest.raises(InputError, match="was closed by ana before"):
        decide(queue._replace(verdicts=(verdict(1),)), verdict(1, "accepted"))


def test_the_clause_about_which_most_is_said_comes_first() -> None:
    rows = [said(1, rule="safety.drugs"), said(2), said(3, rule="cyber.intrusion/pentest")]
    first, second = by_clause(rows, PolicySet(clauses=(clause(),)))
    assert (first.name, len(first.entries)) == ("cyber.intrusion", 2)
    assert first.clause is not None
    assert (second.name, second.clause) == ("safety.drugs", None)


def test_where_no_clause_decided_the_topic_or_the_rule_stands_for_it() -> None:
    assert said(rule="detector failed", topic=None).clause == "detector failed"
    by_grant = ruling(rule="grant/pentest", grant="pentest", level="recipe")
    assert Feedback(id="fb-" + "0" * 16, answer="ex-1", at=AT, ruling=by_grant).clause == "cyber.intrusion"
