"""What a step may see of the workspace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from colonnade.pipeline import Context, open_workspace
from colonnade.pipeline.steps import GATE_SPLIT
from colonnade.records import InputError, Status, TrainingPoint
from colonnade.store import Store
from tests.pipeline_mechanics.reporting import Notebook
from tests.workspaces import altered, write_workspace

POINTS = (TrainingPoint(step=1, metric="loss", value=2.0), TrainingPoint(step=2, metric="loss", value=1.0))


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    workspace = open_workspace(
        write_workspace(tmp_path, altered("policies/honesty.md", "status: active", "status: suspended"))
    )
    store = Store(tmp_path)
    (tmp_path / "scratch" / "inner").mkdir(parents=True)
    (tmp_path / "scratch" / "inner" / "file").write_bytes(b"weights")
    yield Context(
        workspace=tmp_path,
        launch=workspace.launch,
        policies=workspace.policies,
        store=store,
        inputs={
            "train/curve": store.put_records(POINTS),
            "train/weights": store.put_folder(tmp_path / "scratch"),
        },
        base="",
        reporter=Notebook(),
        scratch=tmp_path / "scratch",
    )
    store.close()


def test_declared_inputs_are_read(context: Context) -> None:
    assert context.records(TrainingPoint, "train/curve") == POINTS
    assert context.record(TrainingPoint, "train/curve") == POINTS[0]
    assert (context.folder("train/weights") / "inner" / "file").read_bytes() == b"weights"


@pytest.mark.parametrize("name", [GATE_SPLIT, "train/other", "curve", ""])
def test_an_input_that_was_not_declared_cannot_be_read(context: Context, name: str) -> None:
    for read in (context.digest, context.folder, lambda name: context.records(TrainingPoint, name)):
        with pytest.raises(InputError, match="did not declare") as caught:
            read(name)
        assert "steps.py" in caught.value.mend


def test_a_step_sees_active_clauses_alone(context: Context) -> None:
    assert {clause.id for clause in context.clauses} == {"doors.entry", "doors.rosters"}
    assert any(clause.admin.status is Status.SUSPENDED for clause in context.policies.clauses)
