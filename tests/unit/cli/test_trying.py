"""``colonnade try``: one ruling with all that explains it, on a reply, on several turns, for somebody; or many."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from colonnade.cli.application import application
from colonnade.pipeline import guard_parts, trying
from colonnade.records import ColonnadeError, InputError
from tests.unit.pipeline.guarded_log import ALONE, BREAK_IN, BROKE, small_words
from tests.workspaces import write_workspace

LOCKS = "How do locks act?"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    small_words(monkeypatch)
    monkeypatch.setattr(trying, "starts_soon", lambda *_: False)
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


def test_a_narrow_terminal_keeps_the_prompt_the_action_and_the_whole_rule(workspace: Path, tmp_path: Path) -> None:
    file = tmp_path / "prompts.jsonl"
    file.write_text(json.dumps({"id": "a-rather-long-name-of-a-prompt", "prompt": BREAK_IN}) + "\n")
    many = CliRunner().invoke(application, ["try", str(workspace), "--file", str(file)], env={"COLUMNS": "40"}).stdout
    (row,) = [line for line in many.splitlines() if line.startswith("a-rather-long-name-of-a-prompt ")]
    assert all(part in row for part in ("deflect", "doors.entry", BREAK_IN))
    one = CliRunner().invoke(application, ["try", str(workspace), BREAK_IN], env={"COLUMNS": "72"}).stdout
    (row,) = [line for line in one.splitlines() if " ran " in line]
    assert "doors.entry" in row


def test_a_narrow_terminal_cuts_nothing_of_what_a_detector_found(workspace: Path) -> None:
    done = CliRunner().invoke(application, ["try", str(workspace), BREAK_IN], env={"COLUMNS": "60"})
    (row,) = [line for line in done.stdout.splitlines() if line.startswith("examples/words")]
    assert "doors.entry" in row
    assert "actionable" in row
    assert "…" not in row


def test_a_tier_or_purpose_that_does_not_exist_is_named(workspace: Path) -> None:
    with pytest.raises(InputError, match="no tier 'king'"):
        attempt(workspace, BROKE, "--tier", "king")
    with pytest.raises(InputError, match="no purpose 'fun'"):
        attempt(workspace, BROKE, "--purpose", "fun")


def test_without_anything_to_try_it_says_so(workspace: Path) -> None:
    with pytest.raises(InputError, match="nothing to try"):
        attempt(workspace)


def test_inside_a_workspace_the_text_alone_is_enough(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace)
    done = CliRunner().invoke(application, ["try", f"{LOCKS}//", "--json"])
    assert json.loads(done.stdout)["rule"] == "doors.entry"
    long = CliRunner().invoke(application, ["try", "locks " * 2000, "--json"])
    assert json.loads(long.stdout)["side"] == "request"
    for there in (".", "policies", "launch.yaml"):
        with pytest.raises(InputError, match="nothing to try"):
            attempt(Path(there))


def test_outside_a_workspace_a_text_alone_is_told_where_the_workspace_belongs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="nothing to try") as caught:
        attempt(Path(LOCKS))
    assert "colonnade try WORKSPACE TEXT" in caught.value.sentence


def test_what_somebody_wrote_steers_no_terminal(workspace: Path, tmp_path: Path) -> None:
    file = tmp_path / "prompts.jsonl"
    file.write_text(json.dumps({"prompt": "[red]hello[/red] \x1b[2J there"}) + "\n")
    shown = attempt(workspace, "--file", file).stdout
    assert "\x1b[2J" not in shown
    assert "[red]hello[/red]" in shown


def add_key(workspace: Path, name: str, principal: str) -> None:
    key = ["keys", "add", name, str(workspace), "--principal", principal, "--tier", "staff", "--purpose", "repair"]
    assert CliRunner().invoke(application, key).exit_code == 0


def test_a_name_that_nobody_has_is_refused_with_those_that_there_are(workspace: Path) -> None:
    with pytest.raises(InputError, match="called 'dee'") as caught:
        attempt(workspace, LOCKS, "--as", "dee")
    assert "no keys and no grants" in caught.value.sentence
    add_key(workspace, "laptop", "ana")
    with pytest.raises(InputError, match="called 'dee'") as caught:
        attempt(workspace, LOCKS, "--as", "dee")
    assert "ana, laptop" in caught.value.sentence
    assert told(workspace, LOCKS, "--as", "ana")["rule"] == told(workspace, LOCKS, "--as", "laptop")["rule"]
    assert told(workspace, LOCKS, "--as", "ana")["tier"] == "staff"


def test_people_of_a_file_who_are_gone_are_named_and_tried_all_the_same(workspace: Path, tmp_path: Path) -> None:
    add_key(workspace, "laptop", "ana")
    file = tmp_path / "prompts.jsonl"
    rows = [{"prompt": LOCKS, "principal": name} for name in ("ana", "gone", "gone", "left")]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = attempt(workspace, "--file", file)
    assert "Nobody here is called gone, left" in done.stderr
    assert [row["action"] for row in told(workspace, "--file", file)] == ["allow", "deflect", "deflect", "deflect"]


def test_where_no_probe_looks_again_it_is_said_that_the_service_may_have_one(workspace: Path) -> None:
    shown = attempt(workspace, BREAK_IN).stdout
    assert "No probe looked again" in shown
    assert f"'colonnade guard check {workspace} --probe'" in shown
    assert told(workspace, BREAK_IN)["probe"]["looks_again"] is False


def test_the_command_that_is_named_can_be_pasted_where_the_folder_has_blanks(workspace: Path) -> None:
    folder = workspace.rename(workspace.parent / "my own")
    assert f"colonnade guard check '{folder}' --probe" in attempt(folder, BREAK_IN).stdout


@pytest.mark.parametrize(("said", "ready", "used"), [(None, True, True), (True, False, True), (False, True, False)])
def test_a_probe_looks_again_where_the_file_says_so_or_says_nothing_and_it_is_there_at_once(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, said: bool | None, ready: bool, used: bool
) -> None:
    made = guard_parts.detectors_of
    handed: list[object] = []

    def detectors_of(*given: object) -> object:
        handed.append(given[3])
        return made(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(trying, "starts_soon", lambda *given: ready and not given[2]())
    monkeypatch.setattr(guard_parts, "reading_of", lambda _: "reading")
    monkeypatch.setattr(guard_parts, "detectors_of", detectors_of)
    if said is not None:
        file = workspace / "guard.yaml"
        file.write_text(f"{file.read_text()}\nprobe: {str(said).lower()}\n")
    done = attempt(workspace, BREAK_IN, "--json")
    row = json.loads(done.stdout)["probe"]
    assert row["looks_again"] is used
    assert ("Loading the weights of the probe" in done.stderr) is used
    assert handed == ["reading" if used else None]
    upstream = attempt(workspace, BREAK_IN, "--json", "--upstream")
    row = json.loads(upstream.stdout)["probe"]
    assert row["looks_again"] is (said is True), "what guard.yaml says holds in front of another server, too"
    assert ("Loading the weights of the probe" in upstream.stderr) is (said is True)
    if said is None:
        assert "as in front of another server ('--upstream')" in row["because"]
    if said is not None:
        assert f"probe: {str(said).lower()}" in row["because"]


def test_a_probe_that_was_just_loaded_has_time_and_other_detectors_keep_their_limit(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[Callable[[str], float]] = []
    made = guard_parts.GuardParts.guard

    def guard(parts: Any, detectors: Any, judge: Any, limit: Callable[[str], float]) -> Any:
        limits.append(limit)
        return made(parts, detectors, judge, limit)

    monkeypatch.setattr(guard_parts.GuardParts, "guard", guard)
    attempt(workspace, BREAK_IN)
    assert limits[0]("probe/layer-16-mean") == trying.PATIENCE
    assert limits[0]("examples/words") < trying.PATIENCE
