"""Every page of ``--help`` answers, and the same thing has the same name in every command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from colonnade.cli.application import application
from colonnade.cli.commands import COMMANDS
from colonnade.records import InputError


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command at the ends of the tree, with the words that it is called by."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
        return
    assert command.help, f"{path} says nothing of itself"
    for name, one in inner.items():
        yield from commands(one, (*path, name))


EVERY = list(commands(typer.main.get_command(application)))


@pytest.mark.parametrize(("path", "command"), EVERY, ids=[" ".join(path) for path, _ in EVERY])
def test_every_command_and_each_of_its_options_says_what_it_is_for(path: tuple[str, ...], command: Any) -> None:
    assert (command.help or "").strip()
    assert [row.opts for row in command.params if not (row.help or "").strip()] == []
    done = CliRunner().invoke(application, [*path, "--help"])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_all_commands_says_of_each_what_it_says_of_itself(name: str) -> None:
    itself = typer.main.get_command(application).commands[name].help  # type: ignore[attr-defined]  # a group
    assert COMMANDS[name].help == " ".join(itself.split("\n\n")[0].split())


def test_every_command_is_called_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    pages = {" ".join(path): CliRunner().invoke(application, [*path, "--help"]).output for path, _ in EVERY}
    assert {name for name, page in pages.items() if f"Usage: root {name} " not in " ".join(page.split())} == set()


def test_every_command_that_works_on_an_audit_log_takes_it_or_a_workspace_by_the_same_names() -> None:
    taking = {
        " ".join(path): set(row.opts)
        for path, command in EVERY
        if path[0] == "audit"
        for row in command.params
        if "--log" in row.opts
    }
    assert set(taking) == {f"audit {name}" for name in ("prove", "verify", "checkpoint", "cosigned", "erase", "hold")}
    assert all(names == {"--log", "-l", "--workspace", "-w"} for names in taking.values())


@pytest.mark.parametrize("words", ["check", "run", "plan", "serve", "verify", "guard check", "keys list"])
def test_where_no_workspace_is_named_the_present_folder_is_taken(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(application, words.split())
    assert isinstance(done.exception, InputError), done.output
    assert "the folder you are in" in done.exception.sentence or "colonnade run" in done.exception.sentence


def test_an_answer_to_an_alert_that_says_neither_is_told_both_words() -> None:
    signing = ["--as", "ren", "--key", "key", "--reason", "Three accounts."]
    done = CliRunner().invoke(application, ["access", "alert", "ALERT", *signing])
    assert isinstance(done.exception, InputError)
    assert "'--uphold' or '--dismiss'" in done.exception.sentence
