"""A step that is killed in its middle takes its finished batches over, and comes to the same bytes."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")

from colonnade.pipeline import Finished
from colonnade.records import ColonnadeError, Digest
from colonnade.store.parts import UNFINISHED

from .reporting import Notebook
from .sampling_run import BATCHES, EVERYDAY, SAMPLED, Generation, make_sampled_workspace, sample_with

REPOSITORY = Path(__file__).parents[2]
NOTE = "taken over from before the interruption"


def _fail() -> None:
    raise ColonnadeError("the model broke.")


def _outputs(finished: Finished) -> dict[str, Digest]:
    return {f"{run.step}/{name}": digest for run in finished.runs for name, digest in run.outputs}


def _notes(finished: Finished) -> dict[str, str]:
    return dict(next(run.notes for run in finished.runs if run.step == SAMPLED))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return make_sampled_workspace(tmp_path / "workspace")


@pytest.fixture(scope="module")
def untroubled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Digest]:
    """The outputs of a run that nothing interrupted."""
    folder = make_sampled_workspace(tmp_path_factory.mktemp("untroubled") / "workspace")
    with pytest.MonkeyPatch.context() as patch:
        generation = Generation()
        finished = sample_with(patch, folder, generation)
    assert len(generation.batches) == BATCHES
    assert NOTE not in _notes(finished)
    return _outputs(finished)


def _break_at(workspace: Path, batch: int, generation: Generation | None = None) -> Generation:
    broken = generation or Generation(_fail, batch)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(ColonnadeError, match="the model broke"):
        sample_with(patch, workspace, broken)
    return broken


def _journal(workspace: Path) -> Path:
    (file,) = (workspace / ".colonnade" / UNFINISHED / SAMPLED).glob("*/parts.jsonl")
    return file


@pytest.mark.parametrize("batch", sorted(random.Random(5).sample(range(BATCHES), 4)))
def test_a_step_that_broke_at_any_batch_asks_for_the_rest_alone_and_comes_to_the_same(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, untroubled: dict[str, Digest], batch: int
) -> None:
    broken, rest, reporter = _break_at(workspace, batch), Generation(), Notebook()
    finished = sample_with(monkeypatch, workspace, rest, reporter)
    assert (len(broken.batches), len(rest.batches)) == (batch, BATCHES - batch)
    assert _outputs(finished) == untroubled
    assert _notes(finished).get(NOTE) == (f"{batch} of {BATCHES}" if batch else None)
    assert [title.endswith("from where it was interrupted") for title in reporter.titles] == [batch > 0, False, False]
    assert not (workspace / ".colonnade" / UNFINISHED / SAMPLED).exists()


def test_a_process_that_was_killed_has_lost_the_batch_it_was_at(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, untroubled: dict[str, Digest]
) -> None:
    batch = 5  # within the second pass that draws by chance
    command = [sys.executable, "-m", "tests.pipeline_mechanics.sampling_run", str(workspace), str(batch)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, timeout=240, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    rest = Generation()
    finished = sample_with(monkeypatch, workspace, rest)
    assert len(rest.batches) == BATCHES - batch
    assert _outputs(finished) == untroubled


def test_a_torn_last_line_costs_its_batch_and_is_said(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, untroubled: dict[str, Digest]
) -> None:
    _break_at(workspace, 6)
    file = _journal(workspace)
    file.write_bytes(file.read_bytes()[:-100])
    rest, reporter = Generation(), Notebook()
    finished = sample_with(monkeypatch, workspace, rest, reporter)
    assert len(rest.batches) == BATCHES - 5
    assert _outputs(finished) == untroubled
    (warning,) = reporter.warnings
    assert "the last line was torn" in warning


def test_what_was_asked_of_other_prompts_is_asked_again(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _break_at(workspace, 6)
    fewer = EVERYDAY.partition("\n")[0] + "\n"
    (workspace / "rehearsal" / "everyday.jsonl").write_text(fewer)
    rest, plain = Generation(), Generation()
    finished = sample_with(monkeypatch, workspace, rest)
    other = make_sampled_workspace(tmp_path / "other", fewer)
    assert _outputs(finished) == _outputs(sample_with(monkeypatch, other, plain))
    assert len(rest.batches) == len(plain.batches) == BATCHES - 1


def test_a_step_that_breaks_twice_loses_nothing_of_either_run(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, untroubled: dict[str, Digest]
) -> None:
    _break_at(workspace, 2)
    _break_at(workspace, 3)
    rest = Generation()
    finished = sample_with(monkeypatch, workspace, rest)
    assert len(rest.batches) == BATCHES - 5
    assert _notes(finished)[NOTE] == f"5 of {BATCHES}"
    assert _outputs(finished) == untroubled


def test_what_a_crash_after_the_ledger_has_left_is_removed_by_the_next_run(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample_with(monkeypatch, workspace, Generation())
    left = workspace / ".colonnade" / UNFINISHED / SAMPLED / "key" / "parts.jsonl"
    left.parent.mkdir(parents=True)
    left.touch()
    sample_with(monkeypatch, workspace, Generation(_fail, 0))
    assert not left.exists()
