from __future__ import annotations

import importlib.util

import pytest

from colonnade.guard.detection.patterns import Patterns
from colonnade.guard.detection.presidio import PresidioDetector
from colonnade.records import MissingPackageError
from tests.unit.guard.detection.clauses import clause_with, personal

HERE = importlib.util.find_spec("presidio_analyzer") is not None
CLAUSE = clause_with(personal("presidio"))


@pytest.mark.skipif(HERE, reason="presidio-analyzer is installed")
def test_without_the_package_the_detector_cannot_be_made() -> None:
    with pytest.raises(MissingPackageError, match="presidio-analyzer"):
        PresidioDetector([CLAUSE], "reply")


@pytest.mark.skipif(not HERE, reason="presidio-analyzer is not installed")
def test_what_presidio_finds_is_a_detection_of_the_clause() -> None:
    detector = PresidioDetector([CLAUSE], "reply")
    found = detector.detect("My card is 4111111111111111.")
    assert (11, 27) in {row.span for row in found}
    assert {row.topic for row in found} == {"works.secret"}


def test_patterns_leave_presidio_to_its_own_detector() -> None:
    patterns = Patterns([CLAUSE], "reply")
    assert not patterns.topics
    assert not patterns.find("My card is 4111111111111111.")
