"""An id that another clause had once is found in the history of the repository."""

from __future__ import annotations

import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest

from colonnade.policy.linting import lint
from colonnade.policy.revisions import ids_taken_up_again
from tests.workspaces import HONESTY, write_workspace

NEW = HONESTY.replace("Saying what it is", "Jokes about machines")
GONE = HONESTY.replace("honesty.machine", "honesty.program")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """The tiny workspace below the root of a repository, with a first commit."""
    git(tmp_path, "init", "-q")
    folder = write_workspace(tmp_path / "product")
    commit(folder, HONESTY)
    return folder


def git(folder: Path, *arguments: str) -> None:
    found = shutil.which("git")
    assert found
    who = ("-c", "user.name=a test", "-c", "user.email=test@example.invalid")
    subprocess.run([found, *who, *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder: Path, text: str) -> None:
    (folder / "policies" / "honesty.md").write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "as it stands")


def titles(text: str) -> dict[str, str]:
    return {"honesty.machine": text.partition("honesty.machine — ")[2].partition("\n")[0]}


def test_an_id_that_comes_back_with_another_meaning_is_found(workspace: Path) -> None:
    commit(workspace, GONE)
    commit(workspace, NEW)
    assert ids_taken_up_again(workspace, titles(NEW))["honesty.machine"].title == "Saying what it is"
    reused = [row for row in lint(workspace, date(2026, 3, 1)) if row.rule == "reused-id"]
    assert len(reused) == 1
    assert "'honesty.machine' belonged to the clause 'Saying what it is' until commit" in reused[0].sentence
    assert reused[0].line


def test_so_is_one_that_is_not_committed_yet(workspace: Path) -> None:
    commit(workspace, GONE)
    assert set(ids_taken_up_again(workspace, titles(NEW))) == {"honesty.machine"}


def test_a_clause_that_comes_back_as_it_was_is_the_old_one(workspace: Path) -> None:
    commit(workspace, GONE)
    commit(workspace, HONESTY)
    assert ids_taken_up_again(workspace, titles(HONESTY)) == {}


def test_a_new_title_of_a_clause_that_never_went_is_no_reuse(workspace: Path) -> None:
    commit(workspace, NEW)
    assert ids_taken_up_again(workspace, titles(NEW)) == {}


def test_outside_a_repository_there_is_no_history(tmp_path: Path) -> None:
    assert ids_taken_up_again(write_workspace(tmp_path), titles(NEW)) == {}
