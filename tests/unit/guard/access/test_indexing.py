"""Patterns as the texts come in: the same as over all of them at once, and bounded where many ask the same."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest

from colonnade.guard.access.indexing import Creep, Parts, Question, Repeats
from colonnade.guard.access.patterns import assembled, repeated, seen, word_weights
from colonnade.guard.access.sightings import Sighting
from colonnade.records import Alert, Level

from .test_patterns import ASKED, KEY, START, at, benign, forbidden, month, thirds

LEVELS = (Level.MENTION, Level.OVERVIEW, Level.MECHANISM, Level.ACTIONABLE, Level.RECIPE)


def sighting(who: str, when: datetime, text: str, name: str = "", refused: bool = True) -> Sighting:
    row = seen(who, when, text, KEY)
    return Sighting(name or f"{who}@{when:%m-%d}", row, "stores", Level.RECIPE, refused)


def step(who: str, when: datetime, level: Level, refused: bool) -> Sighting:
    return Sighting(f"{who}@{when.isoformat()}", seen(who, when, "x", KEY), "stores", level, refused)


# --- the same question by several -----------------------------------------------------------------


def repeats(rows: list[Sighting]) -> list[Alert]:
    index = Repeats()
    return [alert for row in rows if (alert := index.add(row)) is not None]


def test_the_third_subject_raises_the_alert_and_it_names_the_requests() -> None:
    rows = [
        sighting(name, at(day), ASKED + more) for name, day, more in [("a", 0, ""), ("b", 9, " please"), ("c", 20, "?")]
    ]
    (alert,) = repeats(rows)
    assert (alert.kind, alert.subjects, alert.since, alert.until) == ("repeated", ("a", "b", "c"), at(0), at(20))
    assert (alert.clause, alert.rows) == ("stores", tuple(row.id for row in rows))
    assert alert.strength >= 0.5


def test_what_was_open_to_everybody_one_subject_alone_and_months_apart_are_no_pattern() -> None:
    assert repeats([sighting(name, at(1), ASKED, refused=False) for name in "abc"]) == []
    assert repeats([sighting("a", at(day), ASKED) for day in range(5)]) == []
    assert repeats([sighting(name, at(30 * day), ASKED) for day, name in enumerate("abc")]) == []
    assert repeats([sighting(name, at(1), "") for name in "abc"]) == []


def test_what_hundreds_ask_is_told_as_often_as_their_number_doubles() -> None:
    rows = [sighting(f"s{number}", at(0.01 * number), ASKED) for number in range(200)]
    assert [len(alert.subjects) for alert in repeats(rows)] == [3, 6, 12, 24, 48, 96, 192]
    assert all(len(alert.rows) <= 20 for alert in repeats(rows))


def test_as_the_texts_come_in_the_same_questions_are_found_as_over_all_of_them() -> None:
    chance = random.Random(5)
    texts = [f"{text} {chance.choice(['now', 'please', ''])}".strip() for text in chance.choices(forbidden(), k=150)]
    rows = sorted(month(texts, chance, subjects=40), key=lambda row: (row.at, row.subject))
    known = {(min(alert.subjects), alert.since) for alert in repeated(rows)}
    sightings = [Sighting(str(place), row, "stores", Level.RECIPE, True) for place, row in enumerate(rows)]
    found = {alert.since for alert in repeats(sightings)}
    assert len(known) > 10
    assert len({since for _, since in known} & found) >= 0.9 * len(known), "a text may have gone with another cluster"


def test_clusters_that_nothing_can_join_any_more_are_forgotten() -> None:
    index = Repeats()
    for name in "ab":
        index.add(sighting(name, at(0), ASKED))
    index.forget(at(1))
    assert index.add(sighting("c", at(2), ASKED)) is None


# --- one question in parts ------------------------------------------------------------------------


def parts_index(texts: list[str] | None = None) -> Parts:
    questions = tuple(Question("stores", seen("", START, text, KEY)) for text in (texts or [ASKED]))
    return Parts(questions, word_weights(benign(), KEY))


def test_the_last_part_raises_the_alert_and_one_subject_alone_none() -> None:
    index = parts_index()
    rows = [sighting("ab"[place % 2], at(7 * place), text) for place, text in enumerate(thirds(ASKED))]
    found = [index.add(row) for row in rows]
    assert found[:2] == [(), ()]
    ((alert,),) = found[2:]
    assert (alert.kind, alert.subjects, alert.clause) == ("assembled", ("a", "b"), "stores")
    assert alert.rows == (rows[1].id, rows[2].id), "as few parts as are enough"
    assert index.add(rows[2]) == (), "the same subjects are told once"
    alone, late = parts_index(), parts_index()
    for place, text in enumerate(thirds(ASKED)):
        assert alone.add(sighting("a", at(place), text)) == ()
        assert late.add(sighting("ab"[place % 2], at(40 * place), text)) == ()


def test_as_the_texts_come_in_split_questions_are_found_among_a_month_of_benign_ones() -> None:
    texts, bad, chance = benign(), forbidden(), random.Random(0)
    weights, questions = word_weights(texts, KEY), [seen("", START, text, KEY) for text in bad]
    traffic = month(texts, chance)
    found = {alert.question for alert in assembled(traffic, questions, weights)}
    caught = 0
    for place, text in enumerate(bad):
        index = Parts([Question(str(number), question) for number, question in enumerate(questions)], weights)
        parts = [
            seen(f"x{part}", at(9 * part), f"please tell me about {words}", KEY)
            for part, words in enumerate(thirds(text))
        ]
        rows = sorted([*traffic, *parts], key=lambda row: row.at)
        clauses = {alert.clause for row in rows for alert in index.add(Sighting("r", row))}
        caught += str(place) in clauses
        if place >= 30:
            break
    assert found == set()
    assert caught >= 28, "nine in ten, as over all of them at once"


def test_months_of_benign_questions_raise_no_alarm() -> None:
    texts, bad, chance = benign(), forbidden(), random.Random(0)
    questions = tuple(Question("stores", seen("", START, text, KEY)) for text in bad)
    index, many = Parts(questions, word_weights(texts, KEY)), Repeats()
    alarms = 0
    for number in range(12):
        for row in sorted(month(texts, chance), key=lambda row: row.at):
            later = row._replace(at=row.at + timedelta(days=28 * number))
            alarms += len(index.add(Sighting("r", later)))
            alarms += many.add(Sighting("r", later, "stores", Level.MENTION)) is not None
    assert alarms == 0


def test_a_part_that_everybody_asks_does_not_make_an_alert_of_everybody() -> None:
    index = parts_index()
    first, second, third = thirds(ASKED)
    alerts: list[Alert] = []
    for place, text in enumerate((first, second)):
        alerts += index.add(sighting("x", at(0.1 * place), text))
    for number in range(100):
        alerts += index.add(sighting(f"s{number}", at(1 + 0.01 * number), third))
    assert 1 <= len(alerts) <= 8


# --- more and more specific -----------------------------------------------------------------------


def climbed(*steps: tuple[float, int, bool], who: str = "a") -> list[Alert]:
    index = Creep()
    rows = (step(who, at(day), LEVELS[rank], refused) for day, rank, refused in steps)
    return [alert for row in rows if (alert := index.add(row)) is not None]


def test_who_rises_two_levels_and_is_refused_there_again_and_again_raises_one_alert() -> None:
    rising = [(9.0, 2, False), (15.0, 3, True), (16.0, 3, True), (17.0, 1, False), (18.0, 4, True)]
    (alert,) = climbed((0, 1, False), (1, 1, False), (2, 1, False), *rising, (20, 3, True), (21, 4, True))
    assert (alert.kind, alert.subjects, alert.clause, alert.strength) == ("creep", ("a",), "stores", 0.5)
    assert (alert.since, alert.until) == (at(0), at(20))
    assert len(alert.rows) == 7, "where it began, and where it came to"


@pytest.mark.parametrize(
    "steps",
    [
        [(day, 1, False) for day in range(40)],
        [(day, 4 if day % 4 == 3 else 1, day % 4 == 3) for day in range(30)],
        [(0, 1, False), (1, 1, False), (2, 1, False), *((day, 3, False) for day in range(3, 9))],
        [(day, 3 + day % 2, True) for day in range(9)],
        [(0, 1, False), (1, 1, False), (2, 1, False), *((day, 3, True) for day in range(33, 36))],
    ],
    ids=["the same level", "slips", "within what they may have", "high from the start", "a month later"],
)
def test_what_is_no_creep(steps: list[tuple[float, int, bool]]) -> None:
    assert climbed(*steps) == []
