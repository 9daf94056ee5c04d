"""``colonnade try``: one ruling with all that explains it, on a reply, on several turns, for somebody; or many."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from colonnade.cli.application import application
from colonnade.records import ColonnadeError, InputError
from tests.unit.pipeline.guarded_log import ALONE, BREAK_IN, BROKE, small_words
from tests.workspaces import write_workspace

LOCKS = "How do locks act?"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    small_words(monkeypatch)
    write_workspace(tmp_path / "w", {})
    return tmp_path / "w"


def attempt(workspace: Path, *arguments: object) -> Result:
    done = CliRunner().invoke(application, ["try", str(workspace), *map(str, arguments)], env={"COLUMNS": "160"})
    if isinstance(done.exception, ColonnadeError):
        raise done.exception
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def told(workspace: Path, *arguments: object) -> Any:
    return json.loads(attempt(workspace, *arguments, "--json").stdout)


def test_a_ruling_is_shown_with_detectors_levels_and_prose(workspace: Path) -> None:
    shown = attempt(workspace, BREAK_IN).stdout
    for part in (
        "deflect  by doors.entry",
        "doors.entry at actionable",
        "guest, for general",
        "examples/words",
        "certain",
        "Entry to locked rooms",
        "doors.md, line",
        "The model must not help anybody",
    ):
        assert part in shown
    levels = [line.split()[:2] for line in shown.splitlines() if line.split()[1:2] in (["allow"], ["deflect"])]
    assert ["mechanism", "deflect"] in levels
    assert ["overview", "allow"] in levels


def test_exceptions_that_would_have_permitted_are_named_for_whom_and_until_when(workspace: Path) -> None:
    shown = attempt(workspace, LOCKS).stdout
    assert "doors.entry/locksmith for tier=staff, purpose=repair, until 2099-12-31" in shown
    allowed = attempt(workspace, LOCKS, "--tier", "staff", "--purpose", "repair").stdout
    assert "allow  by doors.entry/locksmith" in allowed
    assert "held back" in allowed


def test_json_has_the_ruling_and_all_that_explains_it(workspace: Path) -> None:
    row = told(workspace, LOCKS)
    assert (row["action"], row["topic"], row["level"]) == ("deflect", "doors.entry", "mechanism")
    assert list(row["levels"]) == ["mention", "overview", "mechanism", "actionable", "recipe"]
    assert row["levels"]["overview"]["action"] == "allow"
    assert row["found"][0]["detections"][0]["topic"] == "doors.entry"
    assert row["clause"]["id"] == "doors.entry"
    assert row["detectors"][0]["outcome"] == "ran"


def test_a_reply_is_ruled_on_too(workspace: Path) -> None:
    row = told(workspace, BROKE, "--reply", ALONE)
    assert (row["action"], row["reply"]["action"], row["reply"]["rule"]) == ("allow", "refuse", "doors.rosters")
    shown = attempt(workspace, BREAK_IN, "--reply", ALONE).stdout
    assert "the model would not have been asked" in shown.lower()


def test_of_a_conversation_every_turn_is_ruled_on(workspace: Path, tmp_path: Path) -> None:
    file = tmp_path / "turns.jsonl"
    turns = [{"role": "user", "content": ALONE}, {"role": "assistant", "content": "I cannot say."}]
    file.write_text("".join(json.dumps(turn) + "\n" for turn in turns))
    row = told(workspace, BROKE, "--conversation", file)
    assert (row["action"], row["rule"]) == ("refuse", "doors.rosters")
    with pytest.raises(InputError, match="Let the last turn be the user's"):
        attempt(workspace, "--conversation", file)


def test_many_texts_are_a_table(workspace: Path, tmp_path: Path) -> None:
    file = tmp_path / "prompts.jsonl"
    rows = [{"id": "a", "prompt": BREAK_IN}, {"prompt": BROKE}, {"prompt": LOCKS, "tier": "staff", "purpose": "repair"}]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    shown = attempt(workspace, "--file", file).stdout
    assert "1 of 3 are not allowed." in shown
    assert [row["action"] for row in told(workspace, "--file", file)] == ["deflect", "allow", "allow"]
    assert [row["id"] for row in told(workspace, "--file", file)] == ["a", "line 2", "line 3"]


def test_a_narrow_terminal_wraps_the_prompt_and_keeps_the_action_and_the_rule(workspace: Path, tmp_path: Path) -> None:
    file = tmp_path / "prompts.jsonl"
    file.write_text(json.dumps({"prompt": BREAK_IN + " and again" * 9}) + "\n")
    many = CliRunner().invoke(application, ["try", str(workspace), "--file", str(file)], env={"COLUMNS": "60"}).stdout
    assert "deflect" in many
    assert "doors.entry" in many
    one = CliRunner().invoke(application, ["try", str(workspace), BREAK_IN], env={"COLUMNS": "72"}).stdout
    (row,) = [line for line in one.splitlines() if " ran " in line]
    assert "doors.entry" in row


def test_a_tier_or_purpose_that_does_not_exist_is_named(workspace: Path) -> None:
    with pytest.raises(InputError, match="no tier 'king'"):
        attempt(workspace, BROKE, "--tier", "king")
    with pytest.raises(InputError, match="no purpose 'fun'"):
        attempt(workspace, BROKE, "--purpose", "fun")


def test_without_anything_to_try_it_says_so(workspace: Path) -> None:
    with pytest.raises(InputError, match="nothing to try"):
        attempt(workspace)


def test_what_somebody_wrote_steers_no_terminal(workspace: Path, tmp_path: Path) -> None:
    file = tmp_path / "prompts.jsonl"
    file.write_text(json.dumps({"prompt": "[red]hello[/red] \x1b[2J there"}) + "\n")
    shown = attempt(workspace, "--file", file).stdout
    assert "\x1b[2J" not in shown
    assert "[red]hello[/red]" in shown
