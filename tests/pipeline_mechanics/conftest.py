"""The real runner over the fake steps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from colonnade.pipeline import Finished, Planned, Step, open_workspace, plan, run
from colonnade.pipeline import planning as planning_module
from colonnade.pipeline import running as running_module
from colonnade.store import Store

from .fake_steps import STEPS, make_workspace
from .reporting import Notebook


class Job(NamedTuple):
    """A workspace in which the fake pipeline can be run and planned."""

    folder: Path
    use_steps: Callable[[tuple[Step, ...]], None]

    def run(self, reporter: Notebook | None = None) -> Finished:
        """The whole job once, as ``colonnade run`` does it."""
        return run(open_workspace(self.folder), reporter or Notebook())

    def plan(self) -> dict[str, Planned]:
        """What would be done, by step."""
        store = Store(self.folder)
        try:
            return {row.step.name: row for row in plan(open_workspace(self.folder), store)}
        finally:
            store.close()

    def edit(self, name: str, old: str, new: str) -> None:
        """Change one place in a file of the workspace."""
        file = self.folder / name
        content = file.read_text(encoding="utf-8")
        assert content.count(old) == 1, f"{old!r} stands {content.count(old)} times in {name}"
        file.write_text(content.replace(old, new), encoding="utf-8")


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A workspace that has never been run."""

    def use_steps(steps: tuple[Step, ...]) -> None:
        monkeypatch.setattr(planning_module, "STEPS", steps)
        monkeypatch.setattr(running_module, "STEPS", steps)

    use_steps(STEPS)
    return Job(make_workspace(tmp_path / "workspace"), use_steps)


@pytest.fixture
def done(job: Job) -> Job:
    """A workspace in which everything has been done once."""
    job.run()
    return job
