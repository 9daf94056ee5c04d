"""A workspace that is opened again only where something in it changed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from colonnade.guard import topic_clauses
from colonnade.pipeline import open_workspace
from colonnade.pipeline.guard_parts import detectors_of
from colonnade.pipeline.workspace import Rereader
from colonnade.records import InputError
from tests.workspaces import write_workspace


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_workspace(tmp_path / "w", {})
    return tmp_path / "w"


def test_what_did_not_change_is_not_read_again_and_what_did_is(folder: Path) -> None:
    rereader, file = Rereader(folder), folder / "policies" / "doors.md"
    first = rereader.workspace()
    assert first == open_workspace(folder)
    assert rereader.workspace() is first
    file.write_text(file.read_text().replace("The model must not", "The model may not", 1))
    second = rereader.workspace()
    assert second.policies.digest == open_workspace(folder).policies.digest != first.policies.digest
    assert rereader.workspace() is second


def test_what_is_broken_fails_every_time_until_it_is_mended(folder: Path) -> None:
    rereader, file = Rereader(folder), folder / "policies" / "doors.md"
    first, good = rereader.workspace(), file.read_text()
    file.write_text(good.replace("above: deflect", "above: deflekt"))
    for _ in range(2):
        with pytest.raises(InputError, match="deflekt"):
            rereader.workspace()
    file.write_text(good)
    assert rereader.workspace() == first


def test_another_day_is_read_anew(folder: Path) -> None:
    rereader = Rereader(folder)
    first = rereader.workspace()
    rereader._seen = (rereader._seen[0], date(2026, 1, 1))  # type: ignore[index]  # it was read before
    assert rereader.workspace() is not first


def test_heads_follow_an_edited_severity_which_says_what_length_changes(folder: Path) -> None:
    topics = topic_clauses(open_workspace(folder).policies.active, "EU")
    raised = [clause.model_copy(update={"severity": "critical"}) for clause in topics]
    made = [detectors_of(rows, (), ()) for rows in (topics, raised, topics)]
    heads = [next(row for row in found if row.name.startswith("heads/")) for found in made]
    assert heads[0] is heads[2]
    assert heads[1] is not heads[0]
