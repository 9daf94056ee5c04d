"""System prompts of a workspace: none that a pattern closes, each read once, and kept to what stands on disk."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from colonnade.cli.application import application as commands
from colonnade.cli.guard import guard_application
from colonnade.pipeline import open_workspace
from colonnade.pipeline.service import build_guard
from colonnade.pipeline.system_prompts import PromptFiles, system_prompts_of
from colonnade.records import InputError
from tests.unit.guard.gateway.behind import CHAT
from tests.unit.pipeline.guarded_log import BREAK_IN, BROKE, small_words
from tests.unit.pipeline.served import Served, answers, serving, until
from tests.workspaces import write_workspace

DESK = "You are the help desk of the workshop."
CLOSED = "boundary: restricted\nseverity: high\nceiling: overview\n"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    small_words(monkeypatch)
    write_workspace(tmp_path / "w", {})
    register(tmp_path / "w", "system/desk.txt", DESK)
    return tmp_path / "w"


def register(folder: Path, file: str, text: str, more: str = "") -> None:
    guard = folder / "guard.yaml"
    said = guard.read_text().partition("system_prompts:")[0]
    guard.write_text(f"{said}system_prompts:\n  - {{file: {file}{more}}}\n")
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(text)


def with_pattern(folder: Path) -> None:
    policy = folder / "policies" / "doors.md"
    text = policy.read_text()
    assert CLOSED in text
    pattern = "patterns:\n  - {name: vault, literal: vault-seven}\n"
    policy.write_text(text.replace(CLOSED, CLOSED + pattern, 1))


def asked(served: Served, system: str) -> Any:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": BROKE}]
    response = served.client.post(CHAT, json={"model": "m", "messages": messages})
    return response.headers["x-colonnade-system"]


def test_a_file_that_is_edited_is_in_force_as_guard_yaml_is(workspace: Path) -> None:
    with serving(workspace, answers(BROKE)) as served:
        assert asked(served, DESK) == "registered; prompt=desk"
        (workspace / "system" / "desk.txt").write_text(f"{DESK} Be brief.")
        until(lambda: asked(served, f"{DESK} Be brief.") == "registered; prompt=desk")
        assert asked(served, DESK) == "unregistered"
        register(workspace, "other.txt", DESK)
        until(lambda: asked(served, DESK) == "registered; prompt=other")
        (named,) = served.health()["system_prompts"]
        assert named["name"] == "other"


def test_a_file_that_is_gone_leaves_the_last_good_ones_and_health_says_so(workspace: Path) -> None:
    with serving(workspace, answers(BROKE)) as served:
        (workspace / "system" / "desk.txt").unlink()
        until(lambda: served.health()["status"] == "stale")
        assert "desk.txt" in served.health()["policies"]["fault"]
        assert asked(served, DESK) == "registered; prompt=desk"
        (workspace / "system" / "desk.txt").write_text(DESK)
        until(lambda: served.health()["status"] == "ok")


def test_what_a_pattern_closes_is_not_registered_and_the_line_is_named(workspace: Path) -> None:
    with_pattern(workspace)
    register(workspace, "system/desk.txt", f"\n{DESK}\nNever open vault-seven.")
    opened = open_workspace(workspace)
    with pytest.raises(InputError, match=r"the pattern 'vault' of 'doors\.entry'") as told:
        system_prompts_of(opened, build_guard(opened).table)
    assert (told.value.file, told.value.line) == (workspace / "system" / "desk.txt", 3)
    with pytest.raises(InputError, match="vault"), serving(workspace, answers(BROKE)):
        raise AssertionError("it was served")
    assert CliRunner().invoke(commands, ["check", str(workspace)]).exception is not None


def test_a_pattern_that_is_added_while_it_runs_leaves_the_last_good_guard_in_force(workspace: Path) -> None:
    register(workspace, "system/desk.txt", "The vault is vault-seven.")
    with serving(workspace, answers(BROKE)) as served:
        with_pattern(workspace)
        until(lambda: served.health()["status"] == "stale")
        assert "vault" in served.health()["policies"]["fault"]


def test_it_may_be_registered_for_those_to_whom_the_pattern_is_open(workspace: Path) -> None:
    with_pattern(workspace)
    policy = workspace / "policies" / "doors.md"
    policy.write_text(policy.read_text().replace("ceiling: mechanism, when", "ceiling: recipe, when", 1))
    text = f"{DESK} The vault is vault-seven."
    register(workspace, "system/desk.txt", text, ", tiers: [staff], purposes: [repair]")
    opened = open_workspace(workspace)
    (prompt,) = system_prompts_of(opened, build_guard(opened).table).prompts
    assert prompt.text == text


def test_what_detectors_find_is_said_when_it_is_served_and_does_not_stop_it(
    workspace: Path, caplog: pytest.LogCaptureFixture
) -> None:
    register(workspace, "system/desk.txt", BREAK_IN)
    with caplog.at_level(logging.WARNING), serving(workspace, answers(BROKE)) as served:
        assert asked(served, BREAK_IN) == "registered; prompt=desk"
        (workspace / "guard.yaml").touch()
    told = [record.getMessage() for record in caplog.records if "desk" in record.getMessage()]
    assert len(told) == 1
    assert "is read as doors.entry at actionable" in told[0]


@pytest.mark.parametrize(
    ("text", "said"), [(BROKE, "comes near nothing that is closed"), (BREAK_IN, "is read as doors.entry at actionable")]
)
def test_check_reads_every_prompt_once(workspace: Path, text: str, said: str) -> None:
    register(workspace, "system/desk.txt", text)
    done = CliRunner().invoke(commands, ["check", str(workspace)])
    assert (done.exit_code, said in " ".join(done.output.split())) == (0, True), done.output
    found = json.loads(CliRunner().invoke(guard_application, ["check", str(workspace), "--json"]).stdout)
    (row,) = found["system_prompts"]
    assert (row["name"], row["ruling"]["action"]) == ("desk", "allow" if text == BROKE else "deflect")


def test_files_are_looked_after_as_guard_yaml_names_them(workspace: Path) -> None:
    files = PromptFiles(workspace)
    first = files.marks()
    assert [Path(mark.path).name for mark in first] == ["desk.txt"]
    (workspace / "system" / "desk.txt").write_text("Another.")
    assert files.marks() != first
    (workspace / "guard.yaml").write_text("tiers: [")
    assert files.marks() == ()


# --- replays ----------------------------------------------------------------------------------------

NEVER = f"You never do this: {BREAK_IN}"


def replayed(workspace: Path, tomorrow: Path | None = None) -> dict[str, Any]:
    against = ["--against", str(tomorrow)] if tomorrow is not None else []
    done = CliRunner().invoke(guard_application, ["replay", "-w", str(workspace), *against, "--json"])
    assert done.exception is None, done.exception
    found = json.loads(done.stdout)
    return {
        "changed": [(row["before"]["action"], row["after"]["action"]) for row in found["changed"]],
        "replayed": found["replayed"],
        "unread": found["unread"],
    }


def copy_of(workspace: Path) -> Path:
    return Path(shutil.copytree(workspace, workspace.parent / "tomorrow", ignore=shutil.ignore_patterns(".colonnade")))


def without_prompts(folder: Path) -> None:
    guard = folder / "guard.yaml"
    guard.write_text(guard.read_text().partition("system_prompts:")[0])


def test_a_replay_takes_a_registered_prompt_as_what_it_is_and_tells_what_it_costs_to_take_it_out(
    workspace: Path,
) -> None:
    register(workspace, "system/desk.txt", NEVER)
    with serving(workspace, answers(BROKE)) as served:
        assert asked(served, NEVER) == "registered; prompt=desk"
    assert replayed(workspace) == {"changed": [], "replayed": 1, "unread": {}}
    tomorrow = copy_of(workspace)
    without_prompts(tomorrow)
    assert replayed(workspace, tomorrow)["changed"] == [("allow", "deflect")]
    without_prompts(workspace)
    assert replayed(workspace) == {"changed": [], "replayed": 0, "unread": {"system prompt": 1}}


@pytest.mark.parametrize("path", [CHAT, "/v1/responses"])
def test_a_replay_shows_what_registering_a_prompt_would_open(workspace: Path, path: str) -> None:
    without_prompts(workspace)
    bodies = {
        CHAT: {"messages": [{"role": "system", "content": NEVER}, {"role": "user", "content": BROKE}]},
        "/v1/responses": {"instructions": NEVER, "input": BROKE},
    }
    with serving(workspace, answers(BROKE)) as served:
        response = served.client.post(path, json={"model": "m", **bodies[path]})
        assert response.headers["x-colonnade-ruling"].startswith("deflect")
    assert replayed(workspace)["changed"] == []
    tomorrow = copy_of(workspace)
    register(tomorrow, "system/desk.txt", NEVER)
    assert replayed(workspace, tomorrow)["changed"] == [("deflect", "allow")]
    register(tomorrow, "system/desk.txt", NEVER, ", principals: [somebody-else]")
    assert replayed(workspace, tomorrow)["changed"] == []
