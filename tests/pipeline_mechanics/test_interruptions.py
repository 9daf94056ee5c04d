"""Runs that are killed, two at once, full disks and missing packages: what was finished is kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from colonnade.records import BusyError, ColonnadeError, InputError, MissingPackageError, digest_bytes
from colonnade.store import Objects, Store

from .conftest import Job
from .dying_run import WAITING
from .fake_steps import HERE, NAMES, STEPS, calls, make_workspace
from .reporting import Notebook

REPOSITORY = Path(__file__).parents[2]


def _command(folder: Path, step: str, moment: str) -> list[str]:
    return [sys.executable, "-m", "tests.pipeline_mechanics.dying_run", str(folder), step, moment]


def _kill_in(job: Job, step: str, moment: str) -> None:
    done = subprocess.run(
        _command(job.folder, step, moment), cwd=REPOSITORY, capture_output=True, timeout=120, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def _outputs(job: Job) -> list[tuple[str, Any]]:
    return [(run.step, run.outputs) for run in job.run().runs]


@pytest.mark.parametrize("step", NAMES)
def test_a_run_killed_in_the_middle_of_a_step_is_carried_on(job: Job, tmp_path: Path, step: str) -> None:
    _kill_in(job, step, "inside")
    place = NAMES.index(step)
    reporter = Notebook()
    finished = job.run(reporter)
    assert reporter.reused_steps == list(NAMES[:place])
    assert finished.rebuilt == NAMES[place:]
    assert calls(job.folder) == {**dict.fromkeys(NAMES, 1), step: 2}
    untroubled = Job(make_workspace(tmp_path / "untroubled"), job.use_steps)
    assert _outputs(job) == _outputs(untroubled)


@pytest.mark.parametrize(
    ("moment", "kept"), [("before the ledger", False), ("in the ledger's line", False), ("after the ledger", True)]
)
def test_a_run_killed_while_a_step_is_written_down_loses_that_step_at_most(job: Job, moment: str, kept: bool) -> None:
    _kill_in(job, "train.fit", moment)
    finished = job.run()
    assert finished.rebuilt == NAMES[3 if kept else 2 :]
    assert calls(job.folder) == {**dict.fromkeys(NAMES, 1), "train.fit": 1 if kept else 2}
    store = Store(job.folder)
    assert len(store.ledger.entries()) == len(NAMES)
    store.close()


def test_a_second_run_at_once_is_told_who_holds_the_workspace_and_a_kill_lets_go(job: Job) -> None:
    first = subprocess.Popen(_command(job.folder, "train.fit", "waiting"), cwd=REPOSITORY)
    try:
        deadline = time.monotonic() + 120
        while not (job.folder / WAITING).exists():
            assert first.poll() is None, "the first run ended early"
            assert time.monotonic() < deadline
            time.sleep(0.05)
        with pytest.raises(BusyError, match=f"process {first.pid} of ") as caught:
            job.run()
        assert caught.value.file == job.folder
        assert calls(job.folder)["gate.decide"] == 0
    finally:
        first.kill()
        first.wait()
    assert job.run().rebuilt == NAMES[2:]
    assert calls(job.folder)["intake.prompts"] == 1


def test_a_run_that_failed_lets_go_of_the_workspace(job: Job) -> None:
    job.use_steps((STEPS[0], STEPS[1]._replace(function=f"{HERE}:need_a_package"), *STEPS[2:]))
    for _ in range(2):
        with pytest.raises(MissingPackageError):
            job.run()
    job.use_steps(STEPS)
    assert job.run().rebuilt == NAMES[1:]


def test_a_missing_package_stops_with_its_name_and_keeps_what_is_finished(job: Job) -> None:
    job.use_steps((*STEPS[:2], STEPS[2]._replace(function=f"{HERE}:need_a_package"), *STEPS[3:]))
    with pytest.raises(MissingPackageError, match="needs the package 'colonnade_not_installed'") as caught:
        job.run()
    assert caught.value.what.startswith("train.fit ")
    assert "make setup" in caught.value.mend
    assert "kept" in caught.value.mend
    job.use_steps(STEPS)
    assert job.run().rebuilt == NAMES[2:]
    assert calls(job.folder) == dict.fromkeys(NAMES, 1)


def test_a_disk_that_is_full_in_a_step_stops_with_the_reason_and_keeps_what_is_finished(job: Job) -> None:
    job.use_steps((*STEPS[:2], STEPS[2]._replace(function=f"{HERE}:meet_a_full_disk"), *STEPS[3:]))
    with pytest.raises(ColonnadeError, match=r"train\.fit stopped: No space left on device") as caught:
        job.run()
    assert caught.value.exit_status == 1
    job.use_steps(STEPS)
    assert job.run().rebuilt == NAMES[2:]


class _FullDisk:
    """A stream that takes half of what it is given."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def __enter__(self) -> _FullDisk:
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()

    def write(self, content: bytes) -> int:
        self.stream.write(content[: len(content) // 2])
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("step", ["rubric.count", "train.fit", "audit.report"])
def test_a_disk_that_fills_up_while_results_are_stored_leaves_no_half_artefact(
    job: Job, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    put = Objects.put

    def put_until_full(objects: Objects, content: bytes) -> str:
        if calls(job.folder)[step] == 0:
            return put(objects, content)
        opened = objects.filesystem.open

        def open_on_a_full_disk(path: str, mode: str = "rb") -> Any:
            stream = opened(path, mode)
            return _FullDisk(stream) if "w" in mode else stream

        with monkeypatch.context() as patch:
            patch.setattr(objects.filesystem, "open", open_on_a_full_disk)
            return put(objects, content)

    with monkeypatch.context() as patch:
        patch.setattr(Objects, "put", put_until_full)
        with pytest.raises(ColonnadeError, match="could not be stored: No space left on device") as caught:
            job.run()
    assert "kept" in caught.value.mend
    blobs = [file for file in (job.folder / ".colonnade" / "objects").rglob("*") if file.is_file()]
    whole = [file for file in blobs if "partial" not in file.name]
    assert all(digest_bytes(file.read_bytes()) == f"sha256:{file.parent.name}{file.name}" for file in whole)
    assert len(whole) < len(blobs), "the half that was written must lie under another name"
    place = NAMES.index(step)
    store = Store(job.folder)
    assert [run.step for run in store.catalogue.runs()] == list(NAMES[:place])
    store.close()
    assert job.run().rebuilt == NAMES[place:]
    assert calls(job.folder) == {**dict.fromkeys(NAMES, 1), step: 2}


def test_a_step_cannot_read_what_it_did_not_declare(job: Job) -> None:
    job.use_steps((*STEPS[:2], STEPS[2]._replace(function=f"{HERE}:read_the_gate_split"), *STEPS[3:]))
    with pytest.raises(InputError, match=r"did not declare 'intake\.prompts/gate' as an input"):
        job.run()
    store = Store(job.folder)
    assert [run.step for run in store.catalogue.runs()] == list(NAMES[:2])
    store.close()


def test_a_step_whose_input_nobody_makes_is_refused(job: Job) -> None:
    job.use_steps((STEPS[0], STEPS[1]._replace(inputs=("intake.prompts/other",)), *STEPS[2:]))
    with pytest.raises(ColonnadeError, match=r"rubric\.count lacks inputs"):
        job.run()


def test_a_wrong_file_stops_before_anything_is_written(job: Job) -> None:
    job.edit("prompts/gate.jsonl", '"clause": "honesty.machine"', '"clause": "honesty.other"')
    with pytest.raises(InputError, match=r"honesty\.other"):
        job.run()
    assert not (job.folder / ".colonnade").exists()
    assert calls(job.folder) == {}


def test_nothing_of_a_step_stays_in_the_temporary_folder(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    job.run()
    assert os.listdir(tmp_path / "temporary") == []  # noqa: PTH208  # names alone are compared
