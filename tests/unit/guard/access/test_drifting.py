from __future__ import annotations

from datetime import timedelta

from colonnade.guard.access.drifting import Attempts, DriftSum, Evidence, Kind, evidence_of, still_counting
from colonnade.records import Level
from colonnade.statistics.cusum import DRIFT

from .requests import ABOVE, HARMLESS, OUTSIDE, USED, ruling
from .small_grants import NOON, grant, standing

OTHER = grant(id="other", topics=("safety.drugs",))


def test_a_use_counts_as_far_as_it_lies_beside_the_purpose_and_for_the_grant_that_was_used() -> None:
    assert evidence_of(USED, [grant(), OTHER], 0.25) == (Evidence("pentest", 0.25, "use"),)
    assert evidence_of(USED, [grant()], None) == (Evidence("pentest", 0.0, "use"),), "nobody can tell its purpose"
    assert evidence_of(HARMLESS, [grant()], None) == ()


def test_a_refused_attempt_outside_the_topics_or_above_the_level_counts_wholly() -> None:
    assert evidence_of(OUTSIDE, [grant()], None) == (Evidence("pentest", 1.0, "outside"),)
    assert evidence_of(ABOVE, [grant()], None) == (Evidence("pentest", 1.0, "above"),)
    assert evidence_of(OUTSIDE, [grant(), OTHER], None) == (Evidence("other", 1.0, "above"),), "another grant has it"


def test_what_is_refused_within_the_grant_or_could_not_be_judged_says_nothing() -> None:
    within = ruling("refuse", "cyber.intrusion", Level.MECHANISM)
    assert evidence_of(within, [grant()], None) == ()
    assert evidence_of(ruling("refuse"), [grant()], None) == ()
    assert evidence_of(OUTSIDE, [], None) == ()


def test_what_stops_a_grant_tells_refused_topics_from_uses_and_begins_anew_where_the_sum_is_nothing() -> None:
    drift = DriftSum()
    rows: tuple[tuple[float, Kind, str], ...] = (
        (1.0, "outside", "long.ago"),
        *((0.0, "use", "a"),) * 9,
        (1.0, "use", "a"),
        (0.0, "use", "a"),
        (1.0, "use", "a"),
        (1.0, "outside", "c"),
        (1.0, "outside", "b"),
    )
    for beside, kind, topic in rows:
        drift.add(beside, kind, topic, DRIFT)
    what = "2 refused requests on b and c, which it does not cover, and 2 uses beside the purpose"
    assert drift.sentence(4.5) == f"{what}: the sum of evidence is {drift.level:.1f}, over 4.5"


def test_of_many_refused_topics_some_are_named_and_the_others_counted() -> None:
    drift = DriftSum()
    for topic in "abcdefg":
        drift.add(1.0, "above", topic, DRIFT)
    assert drift.sentence(4.5).startswith("7 refused requests on a, b, c, d and 3 more above its level: ")


def test_to_ask_again_in_other_words_is_one_attempt_and_another_topic_is_another() -> None:
    attempts = Attempts()
    assert attempts.fresh("key-7", "a", NOON)
    assert not attempts.fresh("key-7", "a", NOON + timedelta(minutes=9))
    assert attempts.fresh("key-7", "b", NOON + timedelta(minutes=9))
    assert attempts.fresh("key-8", "a", NOON + timedelta(minutes=9))
    assert attempts.fresh("key-7", "a", NOON + timedelta(minutes=10))


def test_evidence_from_before_people_signed_anew_counts_no_more() -> None:
    row = Evidence("pentest", 1.0, "use")
    signed = {"pentest": standing().model_copy(update={"since": NOON})}
    assert still_counting([row], NOON, signed) == (row,)
    assert still_counting([row], NOON - timedelta(seconds=1), signed) == ()
    assert still_counting([row], NOON, {}) == ()
