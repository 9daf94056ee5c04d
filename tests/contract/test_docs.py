"""The documents, held against the code they describe."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

from colonnade.cli.application import application
from colonnade.pipeline import check_workspace, open_workspace
from colonnade.policy import read_policy
from colonnade.records import Launch

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
MINIMAL = {"name": "x", "title": "x", "description": "x", "audience": "x", "regions": ["EU"], "languages": ["en"]}


def commands() -> set[str]:
    group = typer.main.get_command(application)
    return set(group.commands)  # type: ignore[attr-defined]  # several commands make a group


def test_every_command_that_a_document_shows_exists() -> None:
    shown = {
        name
        for document in DOCUMENTS
        for name in re.findall(r"^\s{4,}colonnade ([a-z]+)", document.read_text(), flags=re.MULTILINE)
    }
    assert shown
    assert shown <= commands()


def test_every_command_has_help() -> None:
    group = typer.main.get_command(application)
    assert all(command.help for command in group.commands.values())  # type: ignore[attr-defined]  # a group


def test_every_link_between_documents_leads_somewhere() -> None:
    broken = [
        f"{document.name}: {target}"
        for document in DOCUMENTS
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text())
        if not (document.parent / target).exists()
    ]
    assert broken == []


def test_the_example_of_a_policy_file_is_a_policy_file(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "policy-files.md").read_text()
    example = re.search(r"````markdown\n(.*?)\n````", text, flags=re.DOTALL)
    assert example
    file = tmp_path / "example.md"
    file.write_text(example[1] + "\n")
    assert read_policy(file)


def readme_blocks(kind: str) -> list[str]:
    found = re.finditer(rf"^(`{{3,4}}){kind}\n(.*?)\n\1$", README.read_text(), flags=re.DOTALL | re.MULTILINE)
    return [block[2] for block in found]


def test_the_clause_of_the_readme_is_told_what_is_missing_and_then_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    assert runner.invoke(application, ["init", "my-assistant"]).exit_code == 0
    file = tmp_path / "my-assistant" / "policies" / "readers.md"
    blocks = readme_blocks("markdown")
    prose = next(block for block in blocks if block.startswith("## "))
    settings = next(block for block in blocks if block.startswith("```yaml"))
    file.write_text(f"{file.read_text()}\n{prose}\n")
    said = runner.invoke(application, ["policy", "lint", "my-assistant"])
    assert said.exit_code == 1
    shown = next(block for block in readme_blocks("text") if "lint" not in block and "readers.children" in block)
    printed = " ".join(said.output.split())
    for line in shown.splitlines():
        assert " ".join(line.split()) in printed, line
    file.write_text(f"{file.read_text()}\n{settings}\n")
    then = runner.invoke(application, ["policy", "lint", "my-assistant"])
    assert then.exit_code == 0, then.output


def test_the_example_that_the_command_prints_is_a_policy_file(tmp_path: Path) -> None:
    file = tmp_path / "example.md"
    file.write_text(CliRunner().invoke(application, ["policy", "example"]).output)
    (clause,) = read_policy(file)
    assert {row.label for row in clause.examples} == {"violating", "borderline", "benign"}


def test_the_recipe_table_states_the_real_defaults() -> None:
    launch = Launch.model_validate(MINIMAL).model_dump(mode="json")
    table = re.findall(
        r"^\| `([a-z_.]+)` \| ([^|]+) \|", (ROOT / "docs" / "workspace.md").read_text(), flags=re.MULTILINE
    )
    checked = 0
    for path, stated in table:
        value: object = launch
        for part in path.split("."):
            value = value.get(part, "missing") if isinstance(value, dict) else "missing"
        if value == "missing" or "." not in path or value is None:
            continue
        checked += 1
        assert yaml.safe_load(stated.strip().strip("`")) == value, path
    assert checked > 25


def test_no_document_names_a_path_of_one_machine() -> None:
    for document in DOCUMENTS:
        assert not re.search(r"(?<![\w.])/(home|root|tmp|work|Users)/", document.read_text()), document.name


@pytest.mark.parametrize("folder", ["examples/assistant", "src/colonnade/cli/starter"])
def test_a_shipped_workspace_can_be_read_whole(folder: str) -> None:
    check_workspace(open_workspace(ROOT / folder))
