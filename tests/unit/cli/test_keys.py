from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from colonnade.cli.keys import keys_application
from colonnade.guard.keys import Keys, read_keys
from colonnade.pipeline.gateway_service import keys_file
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
    assert Keys(read_keys(file)).principal(f"Bearer {key}").name == "ana"
    listed = run("list", str(workspace))
    assert "lab" in listed
    assert "holds" in listed
    assert key not in listed + run("list", str(workspace), "--json") + file.read_text(encoding="utf-8")
    run("revoke", "lab", str(workspace))
    (row,) = json.loads(run("list", str(workspace), "--json"))
    assert (row["state"], "hash" in row) == ("revoked", False)


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
