"""What cannot be read of an old revision besides its policies is said, and the comparison goes on."""

from __future__ import annotations

import json
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from colonnade.cli.application import application
from colonnade.guard import read_guard_configuration
from colonnade.pipeline import open_workspace
from colonnade.pipeline.comparison import side_of
from colonnade.pipeline.impact import CellChange, folded
from colonnade.records import InputError, Level
from tests.unit.policy.test_history_of_ids import git
from tests.workspaces import DOORS, write_workspace

TODAY = date(2026, 3, 1)
PROFILE = """\
id: desk
title: The desk
imports: ["*"]
changes:
  - clause: doors.entry
    tighten: {ceiling: mention}
    because: anybody may listen
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    folder = write_workspace(tmp_path / "product")
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "as it stands", "--allow-empty")


def change(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new))


def with_profile(folder: Path, text: str = PROFILE) -> None:
    (folder / "profiles").mkdir(exist_ok=True)
    (folder / "profiles" / "desk.yaml").write_text(text)
    if "profile: desk" not in (folder / "launch.yaml").read_text():
        change(folder, "launch.yaml", "audience:", "profile: desk\naudience:")


def diff(folder: Path, *more: str) -> dict[str, Any]:
    done = CliRunner().invoke(application, ["policy", "diff", str(folder), "--json", *more])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def side(folder: Path, name: str = "HEAD") -> tuple[Any, tuple[str, ...]]:
    found = side_of(open_workspace(folder), name, read_guard_configuration(folder / "guard.yaml"))
    return found, found.unread


def test_where_all_can_be_read_nothing_is_said(workspace: Path) -> None:
    assert diff(workspace) == {"changes": [], "steps": [], "cells": [], "approvals": {}, "unread": []}


@pytest.mark.parametrize("launch", ["name: [\n", "title: incomplete\n", "profile:\n", "\x00"])
def test_a_broken_launch_of_the_revision_stops_nothing(workspace: Path, launch: str) -> None:
    good = (workspace / "launch.yaml").read_text()
    (workspace / "launch.yaml").write_text(launch)
    commit(workspace)
    (workspace / "launch.yaml").write_text(good)
    change(workspace, "policies/doors.md", "must not help anybody", "must never help anybody")
    found = diff(workspace)
    assert [row["clause"] for row in found["changes"]] == ["doors.entry"]
    (said,) = found["unread"]
    assert said.startswith("launch.yaml at HEAD, line ")
    assert said.endswith("Taken in its place: the whole library.")


def test_a_broken_profile_of_the_revision_gives_way_to_todays(workspace: Path) -> None:
    with_profile(workspace, "id: desk\n")
    commit(workspace)
    with_profile(workspace)
    found, (said,) = side(workspace)
    assert said.startswith("profiles/desk.yaml at HEAD, line ")
    assert said.endswith("Taken in its place: today's profile 'desk'.")
    assert found.workspace.policies.clause("doors.entry").ceiling is Level.MENTION


def test_a_profile_that_did_not_fit_the_policies_of_the_revision_is_said(workspace: Path) -> None:
    with_profile(workspace, PROFILE.replace("tighten: {ceiling: mention}", "tighten: {ceiling: recipe}"))
    commit(workspace)
    with_profile(workspace)
    found, (said,) = side(workspace)
    assert "would loosen clause doors.entry" in said
    assert said.endswith("Taken in its place: the whole library.")
    assert found.workspace.policies.clause("doors.entry").ceiling is Level.OVERVIEW


def test_the_old_table_is_that_of_the_old_guard(workspace: Path) -> None:
    change(workspace, "guard.yaml", "staff", "employee")
    change(workspace, "policies/doors.md", "tier: staff", "tier: employee")
    found = diff(workspace)
    assert found["unread"] == []
    answers = {(row["tier"], row["before"]) for row in found["cells"] if row["after"] == "no such tier"}
    assert {tier for tier, _ in answers} == {"staff"}
    assert {row["before"] for row in found["cells"] if row["tier"] == "employee"} == {"no such tier"}


@pytest.mark.parametrize("guard", [None, "tiers: [\n", "tiers: [visitor]\n"])
def test_without_a_readable_old_guard_todays_is_taken_and_said(workspace: Path, guard: str | None) -> None:
    good = (workspace / "guard.yaml").read_text()
    if guard is None:
        (workspace / "guard.yaml").unlink()
    else:
        (workspace / "guard.yaml").write_text(guard)
    commit(workspace)
    (workspace / "guard.yaml").write_text(good)
    (said,) = diff(workspace)["unread"]
    assert said.startswith("guard.yaml at HEAD")
    assert said.endswith("Taken in its place: today's guard.yaml.")


def test_tables_that_nobody_can_compile_are_said_and_not_taken_for_equal(workspace: Path) -> None:
    change(workspace, "policies/doors.md", "tier: staff", "tier: nobody")
    commit(workspace)
    change(workspace, "policies/doors.md", "tier: nobody", "tier: staff")
    found = diff(workspace)
    assert found["cells"] is None
    (said,) = found["unread"]
    assert "policies/doors.md at HEAD, line" in said
    assert [row["clause"] for row in found["changes"]] == ["doors.entry"]
    shown = CliRunner().invoke(application, ["policy", "diff", str(workspace)]).output
    assert "note: the guard's tables cannot be compared: policies/doors.md at HEAD" in " ".join(shown.split())
    assert "nobody can tell which cells change their answer" in shown


def test_cells_that_change_alike_are_one_line_for_people_and_each_of_them_in_json(workspace: Path) -> None:
    change(workspace, "policies/doors.md", "ceiling: overview\nabove: deflect", "ceiling: mention\nabove: deflect")
    cells = diff(workspace)["cells"]
    shown = CliRunner().invoke(application, ["policy", "diff", str(workspace)]).output
    lines = shown[shown.index("guard: ") :].splitlines()
    assert lines[0] == f"guard: {len(cells)} cells change their answer"
    assert lines[1].strip() == "doors.entry, overview, guest, every purpose, EU: allow -> deflect"
    assert 1 < sum(" -> " in line for line in lines) < len(cells)


def test_of_a_new_topic_each_line_is_for_as_many_levels_and_people_as_it_can(workspace: Path) -> None:
    clause = DOORS[DOORS.index("## ") :].partition("\n## ")[0].replace("doors.entry", "doors.lifts")
    commit(workspace)
    file = workspace / "policies" / "doors.md"
    file.write_text(f"{file.read_text().rstrip()}\n\n{clause.rstrip()}\n")
    shown = CliRunner().invoke(application, ["policy", "diff", str(workspace)]).output
    assert [line.strip() for line in shown.splitlines() if "doors.lifts, " in line] == [
        "doors.lifts, mention or overview, every tier, every purpose, EU: no such topic -> allow",
        "doors.lifts, mechanism, guest, every purpose, EU: no such topic -> deflect",
        "doors.lifts, mechanism, staff, general, EU: no such topic -> deflect",
        "doors.lifts, actionable and above, every tier, every purpose, EU: no such topic -> deflect",
        "doors.lifts, mechanism, staff, repair, EU: no such topic -> allow until 2099-12-31",
    ]


NAMES = st.sampled_from(["a", "b", "c"])
CELLS = st.lists(
    st.builds(CellChange, NAMES, st.sampled_from([*map(str, Level)]), NAMES, NAMES, NAMES, NAMES, NAMES),
    unique_by=lambda cell: cell[:5],
)


@given(CELLS)
def test_to_fold_cells_loses_none_and_makes_none(cells: list[CellChange]) -> None:
    unfolded = [
        CellChange(row.topic, *parts, row.before, row.after)
        for row in folded(cells)
        for parts in product(row.levels, row.tiers, row.purposes, row.regions)
    ]
    assert sorted(unfolded) == sorted(cells)


def test_policies_that_cannot_be_read_stop_it(workspace: Path) -> None:
    good = (workspace / "policies" / "doors.md").read_text()
    (workspace / "policies" / "doors.md").write_text("nothing")
    commit(workspace)
    (workspace / "policies" / "doors.md").write_text(good)
    done = CliRunner().invoke(application, ["policy", "diff", str(workspace)])
    assert isinstance(done.exception, InputError)
    assert done.exception.sentence.startswith("policies/doors.md at HEAD, line 1: ")


def test_a_folder_is_taken_as_it_is(workspace: Path, tmp_path: Path) -> None:
    other = write_workspace(tmp_path / "other")
    (other / "guard.yaml").unlink()
    found, (said,) = side(workspace, str(other))
    assert said.startswith(f"{other}/guard.yaml: ")
    assert found.workspace.policies.clause("doors.entry").file == f"{other}/policies/doors.md"


def test_neither_a_folder_nor_a_revision_is_refused(workspace: Path) -> None:
    with pytest.raises(InputError, match="no such folder with policies, and no such revision"):
        side(workspace, "../nowhere")


def test_a_revision_that_git_does_not_know_is_named(workspace: Path) -> None:
    with pytest.raises(InputError, match="git knows no revision 'nosuch' here"):
        side(workspace, "nosuch")
