"""A flipped byte anywhere is named, and what it touched is never used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from colonnade.records import CorruptionError, Decision, Outcome
from colonnade.store import Store

from .conftest import Job
from .fake_steps import NAMES, calls
from .reporting import Notebook


def _flip(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


def _artefacts(job: Job, step: str) -> list[Path]:
    """Every blob behind the outputs of a step, the members of folders included."""
    store = Store(job.folder)
    run = store.catalogue.latest(step)
    assert run is not None
    digests = {digest for _, output in run.outputs for digest in (output, *store.folder_files(output).values())}
    store.close()
    return sorted(Path(store.objects.path(digest)) for digest in digests)


@pytest.mark.parametrize("step", NAMES)
def test_a_flipped_byte_in_an_artefact_is_named_and_the_step_alone_is_done_again(done: Job, step: str) -> None:
    for file in _artefacts(done, step):
        before = calls(done.folder)
        right = file.read_bytes()
        _flip(file, len(right) // 2)
        wrong = file.read_bytes()
        planned = done.plan()[step]
        assert planned.state == "stale"
        digest = f"sha256:{file.parent.name}{file.name}"
        reporter = Notebook()
        assert done.run(reporter).rebuilt == (step,)
        assert len(reporter.warnings) == 1
        assert reporter.warnings[0].startswith(f"{step}/")
        assert digest in reporter.warnings[0]
        assert "have changed since it was stored" in reporter.warnings[0]
        assert calls(done.folder) - before == {step: 1}
        assert file.read_bytes() == right
        assert file.with_name(f"{file.name}.corrupt").read_bytes() == wrong
    assert done.run().rebuilt == ()


def test_an_artefact_that_is_gone_is_made_again(done: Job) -> None:
    (file,) = _artefacts(done, "rubric.count")
    file.unlink()
    reporter = Notebook()
    assert done.run(reporter).rebuilt == ("rubric.count",)
    assert "is missing" in reporter.warnings[0]
    assert file.exists()


def test_a_decision_that_somebody_rewrote_is_not_believed(done: Job) -> None:
    (file,) = _artefacts(done, "gate.decide")
    decision = Decision.model_validate_json(file.read_bytes())
    assert decision.outcome is Outcome.HOLD
    file.write_bytes(json.dumps({**decision.model_dump(mode="json"), "outcome": "release"}).encode())
    finished = done.run()
    assert finished.decision == decision
    assert finished.rebuilt == ("gate.decide",)


LAST = len(NAMES) - 1
FIELDS = ("sequence", "at", "actor", "subject", "previous")


@pytest.mark.parametrize(
    ("line", "field"),
    # Nothing follows the last line, so the chain vouches for its place in it alone.
    [
        (line, field)
        for line in range(len(NAMES))
        for field in FIELDS
        if line < LAST or field in ("sequence", "previous")
    ],
)
def test_a_flipped_byte_in_the_ledger_stops_with_the_line(done: Job, line: int, field: str) -> None:
    ledger = done.folder / ".colonnade" / "ledger.jsonl"
    rows = ledger.read_bytes().splitlines(keepends=True)
    start = sum(map(len, rows[:line]))
    value = rows[line].index(f'"{field}":'.encode()) + len(field) + 3
    if field in ("subject", "previous"):
        value += len('"sha256:') + 5
    elif field != "sequence":
        value += 4
    _flip(ledger, start + value)
    for attempt in (done.run, done.plan):
        with pytest.raises(CorruptionError, match="the ledger is broken") as caught:
            attempt()
        assert caught.value.file == ledger
        assert caught.value.line in (line + 1, line + 2)
        assert caught.value.mend
    assert calls(done.folder) == dict.fromkeys(NAMES, 1)


def test_a_line_taken_out_of_the_ledger_stops_with_the_line(done: Job) -> None:
    ledger = done.folder / ".colonnade" / "ledger.jsonl"
    rows = ledger.read_bytes().splitlines(keepends=True)
    ledger.write_bytes(b"".join(rows[:1] + rows[2:]))
    with pytest.raises(CorruptionError) as caught:
        done.run()
    assert caught.value.line == 2


def test_a_catalogue_that_is_lost_is_filled_from_the_ledger(done: Job) -> None:
    for file in (done.folder / ".colonnade").glob("catalogue.sqlite*"):
        file.unlink()
    assert done.run().rebuilt == ()
    assert calls(done.folder) == dict.fromkeys(NAMES, 1)
