"""A small workspace with scripted models, and a guard that needs no download."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from colonnade.guard import Guard, compile_table, read_guard_configuration, topic_clauses
from colonnade.pipeline.evaluating import stages as stages_module
from colonnade.pipeline.workspace import Workspace
from tests.unit.guard.nearest_examples import Detector
from tests.unit.guard.small_policies import WordEncoder
from tests.workspaces import LAUNCH, write_workspace

DECLINE = "I can't help with that."
SOFT = '{"answer": "The porter knows that."}\n'
STRICT = json.dumps({"pattern": "[.]$", "answer": DECLINE}) + "\n" + SOFT


def small_guard(workspace: Workspace) -> Guard:
    configuration = read_guard_configuration(workspace.folder / "guard.yaml")
    table = compile_table(workspace.policies.active, configuration, "EU", datetime.now(UTC).date())
    detector = Detector(topic_clauses(workspace.policies.active, "EU"), WordEncoder())
    detector.floor = 0.3  # so few examples would call everything a topic
    return Guard(table, detector)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(stages_module, "build_guard", small_guard)
    (tmp_path / "soft.jsonl").write_text(SOFT)
    (tmp_path / "strict.jsonl").write_text(STRICT)
    monkeypatch.chdir(tmp_path)
    return write_workspace(tmp_path / "w", {"launch.yaml": LAUNCH})
