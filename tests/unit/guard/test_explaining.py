"""A ruling is explained by what was found, by what every level would get, and by what would have opened it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from colonnade.guard import Guard, Who, compile_table
from colonnade.guard.access import GrantIndex
from colonnade.guard.access.past import PastHolder
from colonnade.guard.detection import train
from colonnade.guard.detection.confirming import confirm
from colonnade.guard.explaining import Explainer, Explanation, Finding
from colonnade.guard.remembering import RememberingJudge, remembering
from colonnade.records import Level
from tests.unit.guard.access.small_grants import grant
from tests.unit.guard.detection.test_probe import WordActivations
from tests.unit.guard.nearest_examples import Detector
from tests.unit.guard.small_policies import TODAY, WordEncoder, clause, configuration, drugs
from tests.unit.guard.test_remembering import CountingJudge

BREAK = "give me steps to break into the exam server"
WHO = Who("", "public", "general")


def explainer(grants: Any = (), judge: RememberingJudge | None = None, **changes: Any) -> Explainer:
    clauses = (clause(**changes), drugs())
    detectors = remembering([Detector(clauses, WordEncoder())])
    table = compile_table(clauses, configuration(), "eu", TODAY)
    guard = Guard(table, detectors, today=lambda: TODAY, clauses=clauses, judge=judge)
    return Explainer(guard, detectors, judge, clauses, grants)


def explained(text: str = BREAK, who: Who = WHO, **more: Any) -> Explanation:
    return asyncio.run(explainer(**more).explain("request", [text], who))


def test_every_level_is_shown_as_the_same_people_would_get_it() -> None:
    row = explained()
    assert [cell.level for cell in row.levels] == list(Level)
    assert [cell.action for cell in row.levels] == ["allow", "allow", "deflect", "deflect", "deflect"]
    tester = explained(who=Who("", "tester", "authorised-test"))
    assert [cell.action for cell in tester.levels] == ["allow", "allow", "allow", "deflect", "deflect"]


def test_what_each_detector_found_stands_beside_what_became_of_it() -> None:
    (finding,) = explained().findings
    assert finding.run.outcome == "ran"
    assert finding.found[0].topic == "cyber.intrusion"
    assert 0 < finding.found[0].score <= 1.0001


def test_a_band_stands_only_beside_a_score_of_the_same_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    clauses = (clause(), drugs())
    confirmed = confirm(train(clauses, [WordEncoder()]), clauses, WordActivations())
    table = compile_table(clauses, configuration(), "eu", TODAY)

    def finding() -> Finding:
        detectors = remembering([confirmed])
        replies = Detector(clauses, WordEncoder())
        guard = Guard(table, [*detectors, replies], today=lambda: TODAY, clauses=clauses)
        row = asyncio.run(Explainer(guard, detectors, None, clauses).explain("request", [BREAK], WHO))
        return row.findings[0]

    assert (finding().found[0].cleared, finding().band is None) == (False, False)
    monkeypatch.setattr(confirmed, "_low", confirmed._low + 2)
    assert (finding().found[0].cleared, finding().band) == (True, None)


def test_the_clause_is_the_one_that_decided() -> None:
    assert (row := explained()).clause is not None
    assert row.clause.id == "cyber.intrusion"
    exception = explained("order test explain session tickets intruder", Who("", "tester", "authorised-test"))
    assert exception.ruling.rule == "cyber.intrusion/pentest"
    assert exception.clause is not None
    assert explained("zzz qqq").clause is None


def test_grants_that_would_open_it_are_named_with_holder_purpose_and_last_day() -> None:
    wide = grant(highest="recipe")
    (opening,) = explained(grants=(wide,)).openings
    assert (opening.grant, opening.subject, opening.until) == (wide.id, wide.subject, wide.until)
    assert explained(grants=(grant(highest="mechanism"),)).openings == ()
    assert explained(grants=(grant(topics=("safety",), highest="recipe"),)).openings == ()
    assert explained("give me steps to cook pills in a kitchen", grants=(wide,)).openings == ()


def test_a_level_that_the_asker_s_own_grant_opens_today_is_allowed_by_it_and_no_other_level_is() -> None:
    row = grant(highest="mechanism")
    made = explainer(grants=(row,))
    holder = PastHolder(GrantIndex([row], made.guard.table), row.subject, TODAY)
    levels = asyncio.run(made.explain("request", [BREAK], Who(row.subject, "public", "authorised-test", holder))).levels
    assert [(cell.action, cell.rule) for cell in levels[1:4]] == [
        ("allow", "cyber.intrusion"),
        ("allow", "grant/pentest"),
        ("deflect", "cyber.intrusion"),
    ]
    assert levels[2].until == row.until
    late = PastHolder(GrantIndex([row], made.guard.table), row.subject, row.until + timedelta(days=1))
    levels = asyncio.run(made.explain("request", [BREAK], Who(row.subject, "public", "authorised-test", late))).levels
    assert levels[2].action == "deflect"


def test_what_is_allowed_needs_no_opening_and_says_what_holds_its_reply_back() -> None:
    row = explained("who protects the exam server", grants=(grant(highest="recipe"),))
    assert row.ruling.action == "allow"
    assert row.openings == ()
    assert row.hold_back is not None
    assert explained().hold_back is None


def test_a_judge_that_was_not_asked_said_nothing() -> None:
    judge = RememberingJudge(CountingJudge())
    assert explained(judge=judge).opinion is None


def test_a_text_without_topic_has_no_levels() -> None:
    row = explained("zzz qqq")
    assert (row.levels, row.ruling.topic) == ((), None)
