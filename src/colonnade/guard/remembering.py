"""Detectors and a judge whose answers are kept: for explaining a ruling, and for asking once where two guards would."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from colonnade.guard.detection import Detection, Detector, Judge, Opinion
from colonnade.guard.detection.patterns import PatternDetector
from colonnade.records import Clause, Digest

Memories = dict[Digest, dict[str, tuple[Detection, ...]]]
"""What detectors said, by their digest and by text."""


class RememberingDetector:
    """A detector that answers the same text once.

    Two of them around detectors of one digest may share what they remember: the digest stands for
    everything that an answer depends on. A failure is not remembered.

    Args:
        detector: that is asked.
        memory: what it said, by text.
    """

    def __init__(self, detector: Detector, memory: dict[str, tuple[Detection, ...]] | None = None) -> None:
        self.detector = detector
        self.name, self.version, self.digest = detector.name, detector.version, detector.digest
        self.topics, self.slow, self.reads = detector.topics, detector.slow, detector.reads
        self.memory = {} if memory is None else memory

    def detect(self, text: str) -> tuple[Detection, ...]:
        """What the detector said, or says now."""
        found = self.memory.get(text)
        if found is None:
            found = self.memory[text] = self.detector.detect(text)
        return found


class RememberingJudge:
    """A judge that is asked the same question once, and whose opinions can be read afterwards.

    Attributes:
        opinions: by clause and text, in the order in which they were given.
    """

    def __init__(self, judge: Judge) -> None:
        self.judge_itself = judge
        self.name, self.version, self.digest = judge.name, judge.version, judge.digest
        self.opinions: dict[tuple[str, str, tuple[str, ...]], Opinion] = {}

    async def judge(self, clause: Clause, text: str, earlier: Sequence[str]) -> Opinion:
        """What the judge held, or holds now."""
        question = clause.id, text, tuple(earlier)
        if question not in self.opinions:
            self.opinions[question] = await self.judge_itself.judge(clause, text, earlier)
        return self.opinions[question]


def remembering(detectors: Iterable[Detector], memories: Memories | None = None) -> tuple[Detector, ...]:
    """All of them; those of one digest share what they remember. Patterns stay as they are.

    A guard reads a text for patterns in ways of its own, which no memory of whole texts serves; and they are fast.

    Args:
        detectors: of one guard.
        memories: handed to the detectors of a second guard, too, so that what both have in common is asked once.
    """
    memories = {} if memories is None else memories
    return tuple(
        row if isinstance(row, PatternDetector) else RememberingDetector(row, memories.setdefault(row.digest, {}))
        for row in detectors
    )
