"""``check``, ``run``, ``plan``, ``impact`` and ``trace`` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from colonnade.cli.application import application
from colonnade.records import ColonnadeError, InputError
from colonnade.store import HOME, Store, store_to_read
from tests.unit.policy.test_history_of_ids import git
from tests.workspaces import write_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return write_workspace(tmp_path / "w")


def look(*words: object) -> str:
    done = CliRunner().invoke(application, [str(word) for word in words])
    if isinstance(done.exception, ColonnadeError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def test_to_plan_what_never_ran_writes_nothing(workspace: Path) -> None:
    rows = json.loads(look("plan", workspace, "--json"))
    assert (rows[0]["state"], rows[0]["reasons"]) == ("stale", ["never done"])
    assert not (workspace / HOME).exists()


def test_to_ask_what_rests_on_a_clause_writes_nothing(workspace: Path) -> None:
    assert "Nothing that was made so far rests on doors.entry." in look("impact", "doors.entry", "-w", workspace)
    with pytest.raises(InputError):
        look("trace", "sha256:00", "-w", workspace)
    assert not (workspace / HOME).exists()


def test_to_compare_policies_that_never_ran_writes_nothing(workspace: Path) -> None:
    git(workspace, "init", "-q")
    git(workspace, "add", "-A")
    git(workspace, "commit", "-qm", "as it stands")
    assert "no clause changed." in look("policy", "diff", workspace)
    assert not (workspace / HOME).exists()


def test_who_looks_sees_what_was_made_and_leaves_no_empty_store_behind(workspace: Path) -> None:
    with store_to_read(workspace) as empty:
        elsewhere = empty.home
    assert not elsewhere.exists()
    made = Store(workspace)
    digest = made.put_records(())
    made.close()
    with store_to_read(workspace) as store:
        assert store.objects.get(digest) == b""
