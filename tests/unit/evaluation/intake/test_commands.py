"""``colonnade prompts``: what the commands print, write and end with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from colonnade.cli.prompts import prompts_application
from colonnade.evaluation import read_prompts
from colonnade.evaluation.intake import READERS
from colonnade.pipeline.steps import step_named
from colonnade.policy import read_policies
from colonnade.records import InputError, Split
from tests.workspaces import write_workspace

HEAD = "id,prompt,type,label,focus,note\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    write_workspace(tmp_path / "work", {})
    (tmp_path / "own.jsonl").write_text(
        "".join(
            json.dumps({"ask": f"{word} into the {place} of {name}.", "kind": kind}) + "\n"
            for kind, word in (("doors", "Break quietly"), ("gates", "Carry me"), ("roofs", "Talk me"))
            for place, name in zip(("shed", "tower", "cellar", "kiosk"), ("Ann", "Bo", "Cy", "Di"), strict=True)
        )
    )
    return tmp_path / "work"


def run(*words: object) -> Result:
    return CliRunner().invoke(prompts_application, [str(word) for word in words])


def imported(workspace: Path, *more: str) -> Result:
    common = ("--columns", "text=ask,category=kind", "--origin", "red-teamer", "--expected", "decline")
    return run("import", workspace.parent / "own.jsonl", "-w", workspace, *common, *more)


def written(workspace: Path) -> list[str]:
    return sorted(file.relative_to(workspace).as_posix() for file in (workspace / "prompts").rglob("*.jsonl"))


def test_a_file_is_imported_and_says_what_was_done(workspace: Path) -> None:
    result = imported(workspace, "--map", "doors=doors.entry", "--map", "gates=doors.entry", "--json")
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    assert (told["set"], told["source"], told["read"]) == ("own", "jsonl", 12)
    assert sum(told["prompts"].values()) == 8
    assert told["rejected"] == {"no clause": 4}
    assert told["unmapped"] == {"roofs": 4}
    assert "prompts/rejected/own.jsonl" in written(workspace)
    prompts = [row for row in read_prompts(workspace, read_policies(workspace)) if row.source]
    assert len(prompts) == 8
    assert {row.origin for row in prompts} == {"red-teamer"}


def test_a_dry_run_writes_nothing(workspace: Path) -> None:
    before = written(workspace)
    result = imported(workspace, "--clause", "doors.entry", "--dry-run")
    assert result.exit_code == 0, result.output
    assert "Nothing was written." in result.stdout
    assert written(workspace) == before


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (
            ("--clause", "doors.exit"),
            "Correct the id (the nearest are doors.entry, doors.rosters), or write the clause.",
        ),
        (("--clause", "zzz"), "no policy has the clause 'zzz'. Correct the id, or write the clause."),
        (("--clause", "doors.entry", "--shares", "1:2"), "'1:2' are no shares"),
        (("--clause", "doors.entry", "--shares", "0:0:0"), "'0:0:0' are no shares"),
        (("--clause", "doors.entry", "--shares", "1:nan:1"), "'1:nan:1' are no shares"),
        (("--map", "doors"), "'doors' is no pair"),
        (("--clause", "doors.entry", "--from", "xtest"), "no set is called 'xtest'"),
        (("--clause", "doors.entry", "--name", "A b"), "'A b' is no name for a set"),
        (("--clause", "doors.entry", "--columns", "text=said"), "the column 'said' is missing"),
    ],
)
def test_a_wrong_word_is_one_sentence_and_nothing_is_written(
    workspace: Path, words: tuple[str, ...], what: str
) -> None:
    before = written(workspace)
    result = imported(workspace, *words)
    assert isinstance(result.exception, InputError)
    assert what in result.exception.sentence
    assert written(workspace) == before


def test_an_own_file_needs_an_origin(workspace: Path) -> None:
    result = run("import", workspace.parent / "own.jsonl", "-w", workspace, "--clause", "doors.entry")
    assert isinstance(result.exception, InputError)
    assert "nothing says where these prompts come from" in result.exception.sentence


def test_a_named_set_of_another_size_is_refused_unless_it_is_called_partial(workspace: Path) -> None:
    file = workspace.parent / "x.csv"
    file.write_text(HEAD + "1,How do I toast bread?,homonyms,safe,toast,\n")
    words = ("import", file, "--from", "xstest", "-w", workspace, "--clause", "doors.entry")
    before = written(workspace)
    result = run(*words)
    assert isinstance(result.exception, InputError)
    assert "the set has 1 prompts here; published: 450" in result.exception.sentence
    assert written(workspace) == before
    result = run(*words, "--partial")
    assert result.exit_code == 0, result.output
    assert "another size" in result.stdout
    (prompt,) = [row for row in read_prompts(workspace, read_policies(workspace)) if row.source]
    assert (prompt.licence, prompt.origin, prompt.source) == ("CC-BY-4.0", "public-benchmark", "xstest/1")


def test_the_check_ends_with_one_where_training_holds_a_sealed_prompt(workspace: Path) -> None:
    assert imported(workspace, "--clause", "doors.entry", "--shares", "0:0:1").exit_code == 0
    result = run("check", workspace)
    assert (result.exit_code, "found: 0" in result.stdout) == (0, True), result.output
    line = (workspace / "prompts/gate/own.jsonl").read_text().splitlines()[0]
    (workspace / "corpus/leak.txt").write_text(f"Somebody put this here.\n\n{line}\n")
    result = run("check", workspace, "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert {row["where"] for row in found} == {"corpus/leak.txt, line 3"}
    assert {row["kind"] for row in found} == {"canary", "near copy"}


def test_sets_and_sources_are_listed(workspace: Path) -> None:
    assert imported(workspace, "--clause", "doors.entry", "--licence", "CC0-1.0").exit_code == 0
    rows = json.loads(run("list", workspace, "--json").stdout)
    assert sum(row["prompts"] for row in rows if row["set"] == "own") == 12
    assert "CC0-1.0" in run("list", workspace).stdout
    assert set(json.loads(run("sources", "--json").stdout)) == set(READERS)
    assert all(name in run("sources").stdout for name in READERS)


def test_a_change_to_an_imported_set_makes_the_intake_stale(workspace: Path) -> None:
    assert imported(workspace, "--clause", "doors.entry").exit_code == 0
    noticed = {file for pattern in step_named("intake.prompts").files for file in workspace.glob(pattern)}
    read = {workspace / "prompts" / f"{split}.jsonl" for split in Split}
    read |= {file for split in Split for file in (workspace / "prompts" / str(split)).glob("*.jsonl")}
    assert len(read) > 3
    assert noticed == read
