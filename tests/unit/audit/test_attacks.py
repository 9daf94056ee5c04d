"""Whatever became of a workspace: one sentence for each thing, no traceback, and never sound without having looked."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from colonnade.audit import verify
from colonnade.cli.application import application
from colonnade.records import InputError, Run, canonical_json
from colonnade.store import Store

from .small_workspace import Made


def home(made: Made) -> Path:
    return made.workspace / ".colonnade"


def ledger_with_other_line_ends(made: Made) -> str:
    file = home(made) / "ledger.jsonl"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    return "7 lines of the ledger end with CR and LF: an editor or a transfer changed them."


def ledger_cut_with_its_catalogue(made: Made) -> str:
    file = home(made) / "ledger.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))
    (home(made) / "catalogue.sqlite").unlink()
    Store(made.workspace).close()
    return (
        f"the heap holds the run {made.runs['evaluation.measure']} of step 'evaluation.measure', which the ledger does"
    )


def ledger_without_an_end(made: Made) -> str:
    with (home(made) / "ledger.jsonl").open("ab") as stream:
        stream.truncate(3_000_000_000)
    return "ledger line 8: this is longer than any entry; nothing after it was looked at."


def ledger_that_is_a_folder(made: Made) -> str:
    (home(made) / "ledger.jsonl").unlink()
    (home(made) / "ledger.jsonl").mkdir()
    return "the ledger cannot be read: Is a directory; nothing that it names was looked at."


def huge_blob(made: Made) -> str:
    os.truncate(made.blob(made.artefacts["verdicts"]), 100_000_000)
    return f"artefact {made.artefacts['verdicts']} has other bytes than were stored."


def blob_that_is_a_folder(made: Made) -> str:
    made.blob(made.artefacts["verdicts"]).unlink()
    made.blob(made.artefacts["verdicts"]).mkdir()
    return f"artefact {made.artefacts['verdicts']} cannot be read (Is a directory)."


def heap_that_is_gone(made: Made) -> str:
    shutil.rmtree(home(made) / "objects")
    return f"ledger line 1: the run object {made.runs['policy.compile']} is missing."


def outputs_of_two_runs_swapped(made: Made) -> str:
    store = Store(made.workspace)
    run = Run.model_validate_json(store.objects.get(made.runs["evaluation.grade"]))
    swapped = run.model_copy(update={"outputs": (("verdicts", made.artefacts["transcripts"]),)})
    store.close()
    shutil.rmtree(home(made) / "objects" / "sha256" / made.runs["evaluation.grade"][7:9])
    digest = store.objects.put(canonical_json(swapped.model_dump(mode="json")))
    file = home(made) / "ledger.jsonl"
    file.write_bytes(file.read_bytes().replace(made.runs["evaluation.grade"].encode(), digest.encode()))
    return "ledger line 7: the entry does not follow from the line before it"


def grant_that_is_gone(made: Made) -> str:
    store = Store(made.workspace)
    store.ledger.append("grant", "sha256:" + "ab" * 32, "ana")
    store.close()
    return f"ledger line 8: what it names for 'grant', sha256:{'ab' * 32}, is missing."


@pytest.mark.parametrize(
    "attack",
    [
        ledger_with_other_line_ends,
        ledger_cut_with_its_catalogue,
        ledger_without_an_end,
        ledger_that_is_a_folder,
        huge_blob,
        blob_that_is_a_folder,
        heap_that_is_gone,
        outputs_of_two_runs_swapped,
        grant_that_is_gone,
    ],
)
def test_an_attack_is_told_in_sentences(made: Made, attack: Callable[[Made], str]) -> None:
    expected = attack(made)

    done = CliRunner().invoke(application, ["verify", str(made.workspace), "--json"])

    assert done.exit_code == 1, done.output
    assert expected in done.output
    assert "Traceback" not in done.output
    problems = verify(made.workspace).problems
    assert all(problem.endswith((".", "'")) and "\n" not in problem for problem in problems), problems


def test_line_ends_are_told_once_and_the_rest_is_verified(made: Made) -> None:
    expected = ledger_with_other_line_ends(made)
    assert verify(made.workspace).problems == (expected,)


def test_a_workspace_that_was_moved_is_as_sound_as_before(made: Made, tmp_path: Path) -> None:
    before = verify(made.workspace)
    made.workspace.rename(tmp_path / "elsewhere")
    assert verify(tmp_path / "elsewhere") == before


def test_a_folder_that_may_only_be_read_is_verified(made: Made) -> None:
    before = verify(made.workspace)
    paths = [made.workspace, *made.workspace.rglob("*")]
    for path in reversed(paths):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert verify(made.workspace) == before
    finally:
        for path in paths:
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_what_people_wrote_may_be_broken_and_only_what_rests_on_it_is_not_vouched_for(made: Made) -> None:
    (made.workspace / "launch.yaml").write_text("name: [")
    done = CliRunner().invoke(application, ["verify", str(made.workspace)])
    assert done.exit_code == 0, done.output
    assert "5 records counted again: 5 Measurement." in done.output


def test_a_folder_that_never_held_anything_is_refused_with_2(tmp_path: Path) -> None:
    done = CliRunner().invoke(application, ["verify", str(tmp_path)])
    assert isinstance(done.exception, InputError)
    assert done.exception.exit_status == 2
    assert "nothing was ever stored here" in done.exception.sentence
