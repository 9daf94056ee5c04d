"""What a guard is made of: with a probe where somebody wants one, and learnt anew only where something has changed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from colonnade.guard import read_guard_configuration
from colonnade.guard.detection import Detector, Heads
from colonnade.guard.detection.confirming import Confirmed
from colonnade.pipeline import guard_parts as module
from colonnade.pipeline import open_workspace
from colonnade.pipeline.guard_parts import detectors_of, guard_parts
from colonnade.pipeline.hosting import Reading
from tests.unit.guard.detection.test_probe import WordActivations
from tests.unit.guard.small_policies import clause, drugs
from tests.workspaces import GUARD, write_workspace

TOPICS = (clause(), drugs())


@pytest.fixture
def reading() -> Reading:
    return Reading(WordActivations(), WordActivations())


def sides(detectors: tuple[Detector, ...]) -> list[tuple[str, list[str]]]:
    return [(row.name.partition("/")[0], sorted(row.reads)) for row in detectors]


def test_the_heads_alone_judge_both_sides_where_no_probe_is_wanted() -> None:
    assert sides(detectors_of(TOPICS, (), ())) == [("heads", ["reply", "request"]), ("conversation", ["conversation"])]


def test_a_probe_takes_the_requests_and_leaves_replies_and_conversations(reading: Reading) -> None:
    found = detectors_of(TOPICS, (), (), reading)
    assert sides(found) == [("probe", ["request"]), ("heads", ["reply"]), ("conversation", ["conversation"])]


def test_what_the_probe_learns_from_is_read_by_what_remembers_and_a_request_is_not(reading: Reading) -> None:
    asked, remembered = reading
    assert isinstance(asked, WordActivations)
    assert isinstance(remembered, WordActivations)
    detectors_of((clause("a.fresh"), drugs()), (), (), reading)[0].detect("give me steps to break into the mail server")
    assert len(remembered.asked) > 100
    assert asked.asked == ["give me steps to break into the mail server"]


def test_the_same_clauses_teach_nothing_anew_and_a_severity_does(reading: Reading) -> None:
    first, again = detectors_of(TOPICS, (), (), reading), detectors_of(TOPICS, (), (), reading)
    assert first[0] is again[0]
    assert isinstance(first[0], Confirmed)
    graver = detectors_of((clause(severity="critical"), drugs()), (), (), reading)
    assert graver[0] is not first[0]


def test_with_a_judge_every_part_of_a_long_text_is_held_to_the_same_threshold() -> None:
    (alone, _), (judged, _) = detectors_of(TOPICS, (), ()), detectors_of(TOPICS, (), (), judged=True)
    assert isinstance(judged, Heads)
    assert isinstance(alone, Heads)
    assert judged.digest != alone.digest
    assert judged._needed(100).tolist() == judged._needed(1).tolist()


@pytest.mark.parametrize(
    ("said", "probed", "is_there"),
    [
        ("", False, False),
        ("", True, True),
        ("probe: true\n", False, True),
        ("probe: false\n", True, False),
    ],
)
def test_what_the_file_says_of_a_probe_counts_and_else_what_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reading: Reading, said: str, probed: bool, is_there: bool
) -> None:
    write_workspace(tmp_path, {"guard.yaml": GUARD + said})
    monkeypatch.setattr(module, "reading_of", lambda _: reading)
    workspace = open_workspace(tmp_path)
    configuration = read_guard_configuration(tmp_path / "guard.yaml")
    parts = guard_parts(workspace, configuration, date(2026, 11, 22), (), (), probed)
    assert any(row.name.startswith("probe/") for row in parts.detectors) is is_there
    assert parts.guard(parts.detectors).detectors
