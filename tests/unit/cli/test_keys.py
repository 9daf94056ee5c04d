from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from typer.testing import CliRunner

from colonnade.cli import keys as keys_commands
from colonnade.cli.keys import keys_application
from colonnade.guard.keys import Keys, keys_file, read_keys
from colonnade.guard.protocol.errors import ProtocolError
from colonnade.records import InputError
from tests.workspaces import write_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    write_workspace(tmp_path / "w", {})
    return tmp_path / "w"


def run(*words: str) -> str:
    result = CliRunner().invoke(keys_application, list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


def test_a_key_is_shown_once_and_holds_until_it_is_revoked(workspace: Path) -> None:
    key = run("add", "lab", "--principal", "ana", str(workspace)).strip().splitlines()[-1]
    file = keys_file(workspace)
    assert Keys(read_keys(file)).principal({"authorization": f"Bearer {key}"}).name == "ana"
    listed = run("list", str(workspace))
    assert "lab" in listed
    assert "holds" in listed
    assert key not in listed + run("list", str(workspace), "--json") + file.read_text(encoding="utf-8")
    run("revoke", "lab", str(workspace))
    (row,) = json.loads(run("list", str(workspace), "--json"))
    assert (row["state"], "hash" in row) == ("revoked", False)


def test_a_key_that_was_ended_before_is_said_to_be_and_nothing_is_written(workspace: Path) -> None:
    run("add", "lab", "--principal", "ana", str(workspace))
    assert run("revoke", "lab", str(workspace)) == "'lab' holds no more.\n"
    file = keys_file(workspace)
    (key,), before = read_keys(file), file.stat().st_mtime_ns
    assert run("revoke", "lab", str(workspace)) == f"'lab' has held no more since {key.revoked}; nothing was written.\n"
    assert file.stat().st_mtime_ns == before


def test_an_operators_key_is_said_to_be_one_when_it_is_made(workspace: Path) -> None:
    words = ["--principal", "ana", str(workspace)]
    assert "and an operator." in CliRunner().invoke(keys_application, ["add", "ops", "--operator", *words]).output
    assert "operator" not in CliRunner().invoke(keys_application, ["add", "lab", *words]).output


@pytest.mark.parametrize(
    "words",
    [
        ("add", "lab", "--principal", "ana", "--tier", "wizard"),
        ("add", "lab", "--principal", "ana", "--purpose", "fun"),
        ("add", "lab", "--principal", "ana", "--until", "soon"),
        ("add", "a b", "--principal", "ana"),
        ("add", "lab", "--principal", ""),
        ("revoke", "lab"),
    ],
)
def test_what_does_not_fit_writes_nothing(workspace: Path, words: tuple[str, ...]) -> None:
    with pytest.raises(InputError):
        run(*words[:2], str(workspace), *words[2:])
    assert not keys_file(workspace).exists()


def test_a_name_is_taken_once(workspace: Path) -> None:
    run("add", "lab", "--principal", "ana", str(workspace))
    with pytest.raises(InputError, match="already"):
        run("add", "lab", "--principal", "bo", str(workspace))


@pytest.mark.parametrize("other", ["ANA", "ａna", "anyone", "Anyone", " ana", "ana "])
def test_a_principal_that_people_take_for_another_is_refused(workspace: Path, other: str) -> None:
    run("add", "lab", "--principal", "ana", str(workspace))
    before = keys_file(workspace).read_bytes()
    with pytest.raises(InputError):
        run("add", "other", "--principal", other, str(workspace))
    assert keys_file(workspace).read_bytes() == before
    run("add", "second", "--principal", "ana", str(workspace))


def test_whoever_no_grant_can_name_is_told_so(workspace: Path, capfd: pytest.CaptureFixture[str]) -> None:
    result = CliRunner().invoke(keys_application, ["add", "lab", str(workspace), "--principal", "Ana Müller"])
    assert "no grant can be for Ana Müller" in result.output
    result = CliRunner().invoke(keys_application, ["add", "two", str(workspace), "--principal", "ana"])
    assert "no grant" not in result.output


def test_of_two_changes_at_once_none_undoes_the_other(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("add", "lab", "--principal", "ana", str(workspace))
    file = keys_file(workspace)
    started, free = Event(), Event()
    real = keys_commands.write_keys

    def slow(*of: Any) -> None:
        started.set()
        assert free.wait(10)
        real(*of)

    monkeypatch.setattr(keys_commands, "write_keys", slow)
    with ThreadPoolExecutor(2) as pool:
        adding = pool.submit(keys_commands.add, "second", "bo", workspace, "", None, "", False)
        assert started.wait(10)
        ending = pool.submit(keys_commands.revoke, "lab", workspace)
        assert not wait([ending], timeout=0.3).done
        free.set()
        adding.result(10)
        ending.result(10)
    assert [(key.id, key.revoked is not None) for key in read_keys(file)] == [("lab", True), ("second", False)]


def test_a_key_is_ended_in_the_file_that_a_link_leads_to(workspace: Path) -> None:
    key = run("add", "lab", "--principal", "ana", str(workspace)).strip().splitlines()[-1]
    file, shared = keys_file(workspace), workspace.parent / "shared.jsonl"
    file.rename(shared)
    file.symlink_to(shared)
    run("revoke", "lab", str(workspace))
    assert file.is_symlink()
    with pytest.raises(ProtocolError, match="has ended"):
        Keys(read_keys(shared)).principal({"authorization": f"Bearer {key}"})
