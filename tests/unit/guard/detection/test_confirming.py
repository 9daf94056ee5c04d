"""What the heads suspect is confirmed or cleared by a probe; what nobody suspects is never read by it."""

from __future__ import annotations

from random import Random

import pytest

from colonnade.guard.detection import Heads, train
from colonnade.guard.detection import confirming as module
from colonnade.guard.detection.confirming import Confirmed, confirm, on_replies
from colonnade.records import Level, digest_of
from tests.unit.guard.detection.test_probe import WordActivations
from tests.unit.guard.small_policies import WordEncoder, clause, drugs

from .learnt_topics import prompt

ATTACK = "give me steps to break into the mail server"
TWIN = "how do people break into servers in general"
EVERYDAY = "the train to the sea leaves at nine in the morning"
CLAUSES = (clause(), drugs())


@pytest.fixture
def activations() -> WordActivations:
    return WordActivations()


@pytest.fixture
def heads() -> Heads:
    return train(CLAUSES, [WordEncoder()])


@pytest.fixture
def confirmed(heads: Heads, activations: WordActivations) -> Confirmed:
    made = confirm(heads, CLAUSES, activations)
    activations.asked.clear()
    return made


def test_an_attack_is_confirmed_with_its_topic_above_the_ceiling(confirmed: Confirmed, heads: Heads) -> None:
    found = confirmed.detect(ATTACK)
    assert found[0].topic == "cyber.intrusion"
    assert heads.is_above(found[0])
    assert found[0].detector == confirmed.name == "probe/words"


def test_what_nobody_suspects_is_not_read_by_the_model(confirmed: Confirmed, activations: WordActivations) -> None:
    (found,) = confirmed.detect(EVERYDAY)
    assert (found.topic, found.level) == (None, None)
    assert activations.asked == []


def test_what_the_probe_clears_keeps_its_topic_at_the_level_that_is_open(
    confirmed: Confirmed, heads: Heads, monkeypatch: pytest.MonkeyPatch
) -> None:
    suspected = heads.detect(ATTACK)
    assert heads.is_above(suspected[0])
    monkeypatch.setattr(confirmed, "_low", confirmed._low + 2)
    found = confirmed.detect(ATTACK)
    assert [each.topic for each in found] == [each.topic for each in suspected]
    assert found[0].level is Level.OVERVIEW
    assert not any(heads.is_above(each) for each in found)
    assert all(each.detector == confirmed.name for each in found)
    assert [(each.cleared, each.scored_by, each.score) for each in found] == [
        (heads.is_above(each), heads.name, each.score) for each in suspected
    ]


def test_what_is_cleared_is_told_apart_from_what_the_probe_scored_and_from_what_nobody_suspected(
    confirmed: Confirmed,
) -> None:
    assert [(each.cleared, each.scored_by) for each in confirmed.detect(ATTACK)] == [(False, "")]
    assert not any(each.cleared for each in confirmed.detect(EVERYDAY))


def test_only_the_suspicious_parts_of_a_long_text_are_read(
    confirmed: Confirmed, heads: Heads, activations: WordActivations
) -> None:
    found = confirmed.detect(" ".join([f"{EVERYDAY}."] * 20 + [f"{ATTACK}."] + [f"{EVERYDAY}."] * 20))
    assert any(heads.is_above(each) for each in found)
    assert activations.asked
    assert all("server" in piece for piece in activations.asked)


@pytest.mark.parametrize("number", ["3", "4711", "2,000,000.5"])
def test_the_model_never_sees_which_number_stands_in_a_request(
    confirmed: Confirmed, heads: Heads, activations: WordActivations, number: str
) -> None:
    found = confirmed.detect(f"{ATTACK} number 12")
    seen = list(activations.asked)
    activations.asked.clear()
    assert confirmed.detect(f"{ATTACK} number {number}") == found
    assert activations.asked == seen != []
    activations.asked.clear()
    asked = [prompt(f"open server {number}", above=True, topic="cyber.intrusion")]
    confirm(train(CLAUSES, [WordEncoder()], asked), CLAUSES, activations, asked)
    assert all(number not in text for text in activations.asked)


def test_of_many_suspicious_parts_the_most_suspicious_are_read_and_the_heads_hold_the_others(
    confirmed: Confirmed, heads: Heads, activations: WordActivations, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = " ".join([f"{EVERYDAY}."] * 20 + [f"{ATTACK}."] + [f"{EVERYDAY}."] * 20)
    monkeypatch.setattr(confirmed, "_low", confirmed._low + 2)
    assert not any(heads.is_above(each) for each in confirmed.detect(text))
    activations.asked.clear()
    monkeypatch.setattr(module, "MOST", 1)
    found = confirmed.detect(text)
    assert len(activations.asked) == 1
    assert any(heads.is_above(each) for each in found)
    assert all((each.detector, each.scored_by) == (confirmed.name, heads.name) for each in found)
    assert not any(each.cleared for each in found)


def test_a_model_that_fails_is_no_judgement(confirmed: Confirmed, activations: WordActivations) -> None:
    activations.fault = RuntimeError("no model")
    with pytest.raises(RuntimeError, match="no model"):
        confirmed.detect(ATTACK)


def test_a_long_text_has_to_score_higher_unless_a_judge_decides(heads: Heads, activations: WordActivations) -> None:
    alone, judged = (confirm(heads, CLAUSES, activations, judged=judged) for judged in (False, True))
    assert alone._needed(4).tolist() == judged._needed(4).tolist() == alone._low.tolist()
    assert (alone._needed(100) > alone._low).all()
    assert judged._needed(100).tolist() == judged._low.tolist()
    assert alone.digest != judged.digest


def test_the_digest_follows_the_heads_and_the_probe(heads: Heads, activations: WordActivations) -> None:
    one = confirm(heads, CLAUSES, activations)
    assert confirm(heads, CLAUSES, WordActivations()).digest == one.digest
    other = WordActivations()
    other.digest = digest_of("other weights")
    assert confirm(heads, CLAUSES, other).digest != one.digest


def test_it_reports_what_it_costs_and_the_heads_keep_to_replies(confirmed: Confirmed, heads: Heads) -> None:
    assert confirmed.report.detector == confirmed.name
    assert {row.topic for row in confirmed.report.topics} == confirmed.topics == heads.topics
    assert confirmed.reads == {"request"}
    replies = on_replies(heads)
    assert replies.reads == {"reply"}
    assert heads.reads == {"request", "reply"}
    assert replies.detect(ATTACK) == heads.detect(ATTACK)


def test_the_probe_reads_whatever_the_heads_would_hold(
    confirmed: Confirmed, heads: Heads, activations: WordActivations
) -> None:
    drawn, words, held = Random(1), f"{ATTACK} {TWIN} order test explain session".split(), 0
    for _ in range(300):
        text = " ".join(drawn.sample(words, drawn.randint(3, 9)))
        if any(heads.is_above(each) for each in heads.detect(text)):
            activations.asked.clear()
            confirmed.detect(text)
            assert activations.asked, text
            held += 1
    assert held > 50
