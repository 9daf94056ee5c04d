"""What somebody types wrong is answered in a sentence that says what, where and how to mend it, and with 2."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from colonnade.cli.application import application
from colonnade.pipeline.replaying import exchanges_of_file
from colonnade.records import ColonnadeError, CorruptionError, InputError
from tests.unit.pipeline.guarded_log import BREAK_IN, BROKE, small_words
from tests.unit.pipeline.served import answers, serving
from tests.workspaces import write_workspace


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    small_words(monkeypatch)
    write_workspace(tmp_path / "w", {})
    return tmp_path / "w"


@pytest.fixture
def log(workspace: Path) -> Path:
    with serving(workspace, answers(BROKE)) as served:
        served.ask(BREAK_IN)
    return workspace / ".colonnade" / "audit-log"


def fault(*words: object) -> ColonnadeError:
    """What the command says and ends with; any other exception fails the test."""
    done = CliRunner().invoke(application, [str(word) for word in words])
    assert isinstance(done.exception, ColonnadeError), (done.output, done.exception)
    assert "\n" not in done.exception.sentence
    return done.exception


def refused(*words: object) -> str:
    found = fault(*words)
    assert isinstance(found, InputError), found
    assert found.exit_status == 2
    assert found.mend
    return found.sentence


@pytest.mark.parametrize("words", [["list"], ["revoke", "lab"], ["add", "lab", "--principal", "ana"]])
def test_keys_of_a_folder_that_is_no_workspace_are_not_none_but_a_mistake(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    for name, wrong in (
        ("nowhere", "there is no such folder"),
        ("file", "this is a file, not a folder. Name a workspace"),
    ):
        assert wrong in refused("keys", *words, tmp_path / name)
    assert "launch.yaml" in refused("keys", *words, tmp_path / "empty")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "file"]


def test_a_workspace_that_is_none_is_told_from_one_that_is_named_by_its_file(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = refused("check", workspace / "launch.yaml")
    assert f"this is a file, not a folder. Name its folder, the workspace: {workspace}" in said
    assert "this is a file, not a folder." in refused("policy", "lint", workspace / "policies" / "doors.md")
    monkeypatch.chdir(tmp_path)
    said = refused("policy", "diff")
    assert "the folder you are in, which is taken where none is named, is no workspace" in said


@pytest.mark.parametrize("words", [["calibrate"], ["check"], ["drift"], ["threshold"]])
def test_labels_that_are_not_there_are_said_to_come_from_a_sample(workspace: Path, words: list[str]) -> None:
    said = refused("judge", *words, workspace, "--labels", workspace / "nope.jsonl")
    assert "nope.jsonl: there is no such file. Draw answers to label with 'colonnade judge sample" in said


def test_a_folder_that_the_system_refuses_to_make_is_said_with_its_reason() -> None:
    if not Path("/proc/self").exists():
        pytest.skip("this system has no /proc")
    assert "/proc/new: this folder cannot be made or written into: " in refused("init", "/proc/new")


def test_a_key_that_could_never_be_used_or_shown_is_not_made(workspace: Path) -> None:
    add = ("keys", "add", "lab", workspace, "--principal")
    assert "is over: this key would never hold" in refused(*add, "ana", "--until", "2020-01-01")
    assert "is not a day" in refused(*add, "ana", "--until", "soon")
    assert "one line" in refused(*add, "ana\nbo")
    assert "1 to 200 characters" in refused(*add, "")
    assert "begins with a letter" in refused("keys", "add", "a b", workspace, "--principal", "ana")
    assert "There are none at all" in refused("keys", "revoke", "lab", workspace)
    assert not (workspace / ".colonnade" / "keys.jsonl").exists()


def test_a_key_can_be_ended_where_the_policies_cannot_be_read(workspace: Path) -> None:
    runner = CliRunner()
    assert runner.invoke(application, ["keys", "add", "lab", str(workspace), "--principal", "ana"]).exit_code == 0
    (workspace / "policies" / "doors.md").write_text("no policy")
    assert runner.invoke(application, ["keys", "revoke", "lab", str(workspace)]).exit_code == 0


def test_nothing_to_replay_is_no_success(workspace: Path, log: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    assert exchanges_of_file(empty) == ()
    replay = ("guard", "replay", "-w", workspace, "--from", workspace)
    assert "there is no request in it" in refused(*replay, empty)
    assert "no audit log here" in refused(*replay, tmp_path)
    assert "is not JSON" in refused(*replay, workspace / "policies" / "doors.md")
    for file in (log / "rows").iterdir():
        file.write_text("")
    assert "there is no request in it" in refused("guard", "replay", "-w", workspace, "--fail-on-change")


@pytest.mark.parametrize("line", [b"not json", b"[]", b'{"row": 3, "index": 0}', b'{"index": 0}', b"\xff\xfe"])
def test_a_corrupted_line_of_a_log_is_named_by_file_and_number(workspace: Path, log: Path, line: bytes) -> None:
    (file,) = (log / "rows").iterdir()
    file.write_bytes(file.read_bytes() + line + b"\n")
    number = file.read_bytes().count(b"\n")
    found = fault("guard", "replay", log, "-w", workspace)
    assert isinstance(found, CorruptionError)
    assert (found.file, found.line) == (file, number)
    assert "colonnade audit verify" in found.mend


def test_a_row_that_is_no_text_any_more_is_not_proven(log: Path) -> None:
    (file,) = (log / "rows").iterdir()
    content = bytearray(file.read_bytes())
    content[3] = 0xFF
    file.write_bytes(bytes(content))
    assert "row 0 is no text any more" in fault("audit", "prove", 0, "--log", log).sentence


def test_try_says_which_of_its_ways_to_be_given_a_text_do_not_go_together(workspace: Path, tmp_path: Path) -> None:
    prompts = tmp_path / "prompts.jsonl"
    prompts.write_text("")
    assert "there is nothing to try" in refused("try", workspace)
    assert "there is nothing to try" in refused("try", workspace, "--reply", "x")
    assert "by itself" in refused("try", workspace, "x", "--file", prompts)
    assert "by itself" in refused("try", workspace, "--file", prompts, "--reply", "x")
    assert "no prompt in it" in refused("try", workspace, "--file", prompts)


def test_a_verdict_without_its_answer_and_a_grant_without_a_reason_are_refused(workspace: Path, tmp_path: Path) -> None:
    assert "no verdict to sign" in refused("access", "review", workspace, "--grant", "locks")
    letter = tmp_path / "letter.txt"
    letter.write_text("please")
    asked = ("--subject", "ana", "--topic", "doors.entry", "--level", "recipe", "--purpose", "repair")
    given = (*asked, "--evidence", str(letter), "--until", "2027-01-01")
    assert "small letters" in refused("access", "request", "a b", workspace, *given, "--reason", "it is ours")
    assert "in a sentence" in refused("access", "request", "locks", workspace, *given, "--reason", "x")


def test_folders_in_the_place_of_files_and_the_other_way_round_are_said_so(log: Path, tmp_path: Path) -> None:
    assert "this is a folder, not a key" in refused("audit", "key", tmp_path, "--name", "example.com/log")
    assert "this is a folder, not a file" in refused("audit", "prove", 0, "--log", log, "--out", tmp_path)
    assert "does not exist" in refused("audit", "prove", 0, "--log", log, "--out", tmp_path / "nowhere" / "proof")
    shutil.copy(log / "log.json", tmp_path / "file")
    signer = tmp_path / "signer"
    made = CliRunner().invoke(application, ["audit", "key", str(signer), "--name", "w.example.com/w1", "--witness"])
    public = made.stdout.strip()
    witness = ("audit", "witness", log / "checkpoint", "--log-key", public, "--name", "w.example.com/w1")
    assert "is a file, not a folder" in refused(*witness, "--key", signer, "--state", tmp_path / "file")
