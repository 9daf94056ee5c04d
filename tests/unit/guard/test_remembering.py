"""What detectors and judges said is kept, and shared only where it cannot be another answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from colonnade.guard.detection import Detection, Opinion
from colonnade.guard.remembering import RememberingDetector, RememberingJudge, remembering
from colonnade.records import Clause, Level
from tests.unit.guard.nearest_examples import Detector
from tests.unit.guard.small_policies import BrokenEncoder, WordEncoder, clause, drugs


def detector(ceiling: str = "overview", encoder: WordEncoder | None = None) -> Detector:
    return Detector((clause(ceiling=ceiling), drugs()), encoder or WordEncoder())


def test_a_text_is_judged_once_by_detectors_of_one_digest() -> None:
    memories: dict[str, dict[str, tuple[Detection, ...]]] = {}
    (one,), (other,) = remembering([detector()], memories), remembering([detector()], memories)
    assert one.detect("who protects the exam server") == other.detect("who protects the exam server")
    assert len(memories) == 1
    assert one.memory is other.memory


def test_detectors_that_may_answer_otherwise_share_nothing() -> None:
    memories: dict[str, dict[str, tuple[Detection, ...]]] = {}
    (one,), (other,) = remembering([detector()], memories), remembering([detector("mechanism")], memories)
    assert one.digest != other.digest
    assert one.memory is not other.memory


def test_a_failure_is_not_remembered_and_not_hidden() -> None:
    encoder = BrokenEncoder()
    remembered = RememberingDetector(detector(encoder=encoder))
    encoder.fault = RuntimeError("gone")
    with pytest.raises(RuntimeError):
        remembered.detect("hello")
    encoder.fault = None
    assert remembered.detect("hello")


def test_it_says_of_itself_what_the_detector_says() -> None:
    inside = detector()
    outside = RememberingDetector(inside)
    for name in ("name", "version", "digest", "topics", "slow", "reads"):
        assert getattr(outside, name) == getattr(inside, name)


class CountingJudge:
    name, version, digest = "judge", "1", f"sha256:{'1' * 64}"

    def __init__(self) -> None:
        self.asked = 0

    async def judge(self, clause: Clause, text: str, earlier: Sequence[str]) -> Opinion:
        self.asked += 1
        return Opinion(True, Level.MENTION, f"it is about {clause.id}")


def test_a_judge_is_asked_the_same_question_once_and_its_opinions_can_be_read() -> None:
    counting = CountingJudge()
    judge = RememberingJudge(counting)
    for earlier in ((), (), ("before",)):
        asyncio.run(judge.judge(clause(), "text", earlier))
    assert counting.asked == 2
    assert [row.because for row in judge.opinions.values()] == ["it is about cyber.intrusion"] * 2
