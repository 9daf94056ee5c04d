"""The registry of forms, and the command that writes and checks them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from colonnade.cli.policy import policy_application
from colonnade.policy.forms import FORMS, form_named
from colonnade.records import InputError
from tests.workspaces import DOORS, write_workspace


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(policy_application, ["render", *map(str, arguments)])


def sentence(result: Result) -> str:
    assert isinstance(result.exception, InputError)
    return result.exception.sentence


def test_an_unknown_form_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"no form is called 'poem'. Choose one of judge-prompt, guard-rule"):
        form_named("poem")


def test_the_registry_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        FORMS["poem"] = "x:y"  # type: ignore[index]  # that it is refused is the point


@pytest.mark.parametrize("name", FORMS)
def test_standard_output_and_a_file_get_the_same_bytes(name: str, tmp_path: Path) -> None:
    workspace, file = write_workspace(tmp_path / "w"), tmp_path / "copy"
    shown = run(name, workspace, "--on", "2026-11-22")
    written = run(name, workspace, "--on", "2026-11-22", "--out", file)
    assert (shown.exit_code, written.exit_code, written.stdout_bytes) == (0, 0, b"")
    assert shown.stdout_bytes == file.read_bytes() != b""


def test_only_the_named_clauses_are_rendered(tmp_path: Path) -> None:
    shown = run("guard-rule", write_workspace(tmp_path), "--clause", "doors.entry").stdout
    assert "doors.entry@" in shown
    assert "honesty.machine@" not in shown


@pytest.mark.parametrize("name", FORMS)
def test_a_fresh_copy_is_current_and_an_old_one_names_the_clause(name: str, tmp_path: Path) -> None:
    workspace, file = write_workspace(tmp_path / "w"), tmp_path / "copy"
    run(name, workspace, "--out", file)
    before = file.read_bytes()
    assert run(name, workspace, "--check", file).exit_code == 0
    (workspace / "policies" / "doors.md").write_text(DOORS.replace("ceiling: overview", "ceiling: mention", 1))
    checked = run(name, workspace, "--check", file)
    assert checked.exit_code == 1
    assert checked.stdout.splitlines() == ["outdated: doors.entry"]
    assert file.read_bytes() == before


PROFILE = """\
id: kiosk
title: Kiosk
imports: ["doors.*"]
changes:
  - {clause: doors.entry, tighten: {ceiling: mention}, because: the kiosk stands in a public hall, by: workshop}
"""


def test_a_profile_is_rendered_with_its_own_clauses_and_values(tmp_path: Path) -> None:
    workspace = write_workspace(tmp_path, {"profiles/kiosk.yaml": PROFILE})
    rules = yaml.safe_load(run("guard-rule", workspace, "--profile", "kiosk").stdout)["rules"]
    assert {rule["topic"] for rule in rules} == {"doors.entry", "doors.rosters"}
    assert next(rule["ceiling"] for rule in rules if rule["topic"] == "doors.entry") == "mention"


def test_a_profile_that_loosens_what_a_quorum_must_approve_is_rendered_with_a_warning(tmp_path: Path) -> None:
    loosened = PROFILE.replace("tighten: {ceiling: mention}", "loosen: {ceiling: mechanism}")
    critical = DOORS.replace("severity: high", "severity: critical", 1)
    workspace = write_workspace(tmp_path, {"profiles/kiosk.yaml": loosened, "policies/doors.md": critical})
    result = run("guard-rule", workspace, "--profile", "kiosk")
    assert result.exit_code == 0
    assert (
        "warning: profile 'kiosk' needs approval for doors.entry: ceiling: overview becomes mechanism" in result.stderr
    )
    assert yaml.safe_load(result.stdout)["default"] == "refuse"


def test_an_unknown_profile_is_refused(tmp_path: Path) -> None:
    assert "there is no profile 'kiosk'" in sentence(run("page", write_workspace(tmp_path), "--profile", "kiosk"))


def test_a_wrong_day_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    workspace, file = write_workspace(tmp_path / "w"), tmp_path / "copy"
    assert sentence(run("page", workspace, "--on", "tomorrow", "--out", file)).startswith("'tomorrow' is not a day.")
    assert not file.exists()


def test_an_unknown_form_writes_nothing(tmp_path: Path) -> None:
    workspace, file = write_workspace(tmp_path / "w"), tmp_path / "copy"
    assert "no form is called 'poem'" in sentence(run("poem", workspace, "--out", file))
    assert not file.exists()


def test_a_missing_folder_is_a_sentence_with_the_file(tmp_path: Path) -> None:
    workspace, file = write_workspace(tmp_path / "w"), tmp_path / "none" / "copy"
    assert sentence(run("page", workspace, "--out", file)).startswith(f"{file}: this cannot be written:")


def test_a_missing_copy_is_a_sentence_with_the_file(tmp_path: Path) -> None:
    workspace, file = write_workspace(tmp_path / "w"), tmp_path / "copy"
    assert sentence(run("page", workspace, "--check", file)).startswith(f"{file}: ")
