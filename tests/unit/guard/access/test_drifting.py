from __future__ import annotations

from datetime import timedelta

from colonnade.guard.access.drifting import Attempts, Evidence, evidence_of, still_counting
from colonnade.records import Level

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
