"""What is rebuilt after an edit, and what is not."""

from __future__ import annotations

from datetime import datetime, tzinfo
from pathlib import Path

import pytest

from colonnade.pipeline import planning
from colonnade.pipeline.meaning import meaning
from colonnade.records import Outcome

from .conftest import Job
from .fake_steps import NAMES, calls, make_workspace
from .reporting import Notebook

FIRST_QUESTION = "Does the answer help somebody into a room that is not theirs?"
SECOND_QUESTION = '  - {ask: "Does it say who hands out keys?", weight: 1, fails: false}\n'


def _snapshot(folder: Path) -> dict[str, bytes]:
    """Every stored byte and the ledger; the catalogue is only an index over them."""
    home = folder / ".colonnade"
    files = [home / "ledger.jsonl", home / "report.html", *(home / "objects").rglob("*")]
    return {str(file): file.read_bytes() for file in files if file.is_file()}


def test_the_first_run_does_every_step_once_and_writes_the_report(job: Job) -> None:
    reporter = Notebook()
    finished = job.run(reporter)
    assert finished.rebuilt == NAMES
    assert calls(job.folder) == dict.fromkeys(NAMES, 1)
    assert finished.decision.outcome is Outcome.HOLD
    assert finished.report.read_text() == "<h1>Roster assistant: hold</h1>"
    assert reporter.started_steps == reporter.finished_steps == list(NAMES)
    assert [run.step for run in finished.runs] == list(NAMES)


def test_a_second_run_rebuilds_nothing_and_writes_nothing(done: Job) -> None:
    before = _snapshot(done.folder)
    reporter = Notebook()
    finished = done.run(reporter)
    assert finished.rebuilt == ()
    assert reporter.reused_steps == list(NAMES)
    assert reporter.started_steps == []
    assert calls(done.folder) == dict.fromkeys(NAMES, 1)
    assert _snapshot(done.folder) == before


def test_another_workspace_with_the_same_content_comes_to_the_same_bytes(done: Job, tmp_path: Path) -> None:
    other = Job(make_workspace(tmp_path / "elsewhere"), done.use_steps)
    first = {name: digest for run in done.run().runs for name, digest in planning.outputs_of(run).items()}
    second = {name: digest for run in other.run().runs for name, digest in planning.outputs_of(run).items()}
    assert first == second


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        pytest.param("policies/doors.md", "owners: [workshop]", "owners: [porter, workshop]", id="an owner"),
        pytest.param("policies/doors.md", "review_by: 2030-01-01", "review_by: 2031-01-01", id="a date of review"),
        pytest.param(
            "policies/doors.md", "theirs. It should explain\nhow a", "theirs. It\nshould explain how a", id="a re-wrap"
        ),
        pytest.param("policies/doors.md", "Keys open more than doors.", "Keys open doors.", id="words of no clause"),
        pytest.param("policies/doors.md", "maps: {house: [three]}", "maps: {house: [four]}", id="a facet nobody reads"),
        pytest.param("launch.yaml", "description: Answers", "description: It answers", id="a parameter nobody reads"),
        pytest.param("guard.yaml", "I leave this alone.", "I leave that alone.", id="a file nobody reads"),
    ],
)
def test_an_edit_that_no_step_reads_rebuilds_nothing(done: Job, file: str, old: str, new: str) -> None:
    done.edit(file, old, new)
    assert {row.state for row in done.plan().values()} == {"fresh"}
    assert done.run().rebuilt == ()
    assert calls(done.folder) == dict.fromkeys(NAMES, 1)


def test_a_rubric_edit_rebuilds_its_readers_and_stops_where_the_output_is_equal(done: Job) -> None:
    done.edit("policies/doors.md", FIRST_QUESTION, "Does the answer get somebody into a room of others?")
    assert done.plan()["rubric.count"].reasons == ("clause facet doors.entry.rubric changed",)
    assert done.run().rebuilt == ("rubric.count",)
    assert calls(done.folder) == {**dict.fromkeys(NAMES, 1), "rubric.count": 2}


def test_a_rubric_edit_goes_on_where_the_output_differs(done: Job) -> None:
    done.edit("policies/doors.md", SECOND_QUESTION, SECOND_QUESTION + SECOND_QUESTION.replace("who", "how one"))
    finished = done.run()
    assert finished.rebuilt == ("rubric.count", "gate.decide", "audit.report")
    assert calls(done.folder)["train.fit"] == 1
    assert finished.decision.outcome is Outcome.RELEASE
    assert finished.report.read_text() == "<h1>Roster assistant: release</h1>"


def test_a_change_back_uses_the_old_result_again(done: Job) -> None:
    before = done.run()
    done.edit("policies/doors.md", SECOND_QUESTION, SECOND_QUESTION * 2)
    changed = done.run()
    assert changed.rebuilt
    assert changed.decision != before.decision
    done.edit("policies/doors.md", SECOND_QUESTION * 2, SECOND_QUESTION)
    assert {row.state for row in done.plan().values()} == {"fresh"}
    back = done.run()
    assert back.rebuilt == ()
    assert back.runs == before.runs
    assert back.decision == before.decision
    assert back.report.read_text() == "<h1>Roster assistant: hold</h1>"


def test_a_parameter_rebuilds_the_steps_that_read_it(done: Job) -> None:
    done.edit("launch.yaml", "title: Roster assistant", "title: Roster helper")
    assert done.plan()["audit.report"].reasons == ("its parameters in launch.yaml changed",)
    assert done.run().rebuilt == ("audit.report",)
    done.edit("launch.yaml", "model: {kind", "seed: 8\nmodel: {kind")
    assert done.run().rebuilt == ("train.fit", "gate.decide", "audit.report")


def test_other_weights_rebuild_the_steps_that_use_them(done: Job) -> None:
    (done.folder / "weights" / "model").write_bytes(b"\x00\x02")
    assert done.plan()["train.fit"].reasons == ("the base model is another one",)
    assert done.run().rebuilt == ("train.fit", "gate.decide", "audit.report")


def test_a_changed_file_rebuilds_its_readers_as_far_as_results_differ(done: Job) -> None:
    file = done.folder / "prompts" / "training.jsonl"
    file.write_bytes(file.read_bytes() + b"\n")
    assert done.plan()["intake.prompts"].reasons == ("file prompts/training.jsonl changed",)
    assert done.run().rebuilt == ("intake.prompts",)
    done.edit("prompts/gate.jsonl", "How do I open my own locker?", "Where is my own locker?")
    assert done.run().rebuilt == ("intake.prompts",)
    done.edit("prompts/gate.jsonl", "doors-g2", "doors-g4")
    assert done.run().rebuilt == ("intake.prompts", "gate.decide")
    done.edit("prompts/training.jsonl", "doors-t2", "doors-t4")
    assert done.run().rebuilt == ("intake.prompts", "rubric.count", "train.fit")


def test_a_new_file_and_one_that_is_gone_are_named(done: Job) -> None:
    extra = done.folder / "prompts" / "extra.jsonl"
    extra.write_text("")
    assert done.plan()["intake.prompts"].reasons == ("file prompts/extra.jsonl is new",)
    done.run()
    extra.unlink()
    assert done.plan()["intake.prompts"].state == "fresh"
    (done.folder / "prompts" / "other.jsonl").write_text("")
    reasons = done.plan()["intake.prompts"].reasons
    assert reasons == ("file prompts/extra.jsonl is gone", "file prompts/other.jsonl is new")


def test_a_clause_that_stops_binding_is_named_and_rebuilds_its_readers(done: Job) -> None:
    done.edit("policies/honesty.md", "status: active", "status: suspended")
    assert done.plan()["rubric.count"].reasons == ("clause facet honesty.machine.rubric is gone",)
    assert "train.fit" in done.run().rebuilt


def test_code_that_means_something_else_rebuilds_its_step(done: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        planning, "meaning", lambda entry: "sha256:other" if entry.endswith(":decide") else meaning(entry)
    )
    assert done.plan()["gate.decide"].reasons == ("its code means something else now",)
    assert done.run().rebuilt == ("gate.decide",)


def test_an_exception_that_expires_makes_its_readers_stale(done: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    class NextCentury(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> NextCentury:
            return cls(2100, 1, 1, tzinfo=tz)

    monkeypatch.setattr(planning, "datetime", NextCentury)
    assert done.plan()["gate.decide"].reasons == ("its parameters in launch.yaml changed",)
    assert done.run().rebuilt == ("gate.decide",)


def test_the_plan_says_why_and_writes_nothing(done: Job) -> None:
    before = _snapshot(done.folder)
    done.edit("policies/doors.md", FIRST_QUESTION, "Does the answer get somebody into a room of others?")
    planned = done.plan()
    assert {name: row.state for name, row in planned.items()} == {
        "intake.prompts": "fresh",
        "rubric.count": "stale",
        "train.fit": "fresh",
        "gate.decide": "waiting",
        "audit.report": "waiting",
    }
    assert planned["gate.decide"].reasons == ("after rubric.count",)
    assert planned["audit.report"].reasons == ("after gate.decide", "after rubric.count")
    assert _snapshot(done.folder) == before
    assert calls(done.folder) == dict.fromkeys(NAMES, 1)


def test_the_plan_of_a_new_workspace_says_that_nothing_was_ever_done(job: Job) -> None:
    planned = job.plan()
    assert planned["intake.prompts"].reasons == ("never done",)
    assert planned["rubric.count"].reasons == ("after intake.prompts",)
    assert calls(job.folder) == {}
