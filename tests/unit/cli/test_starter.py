"""The workspace that ``colonnade init`` writes has prompts enough for thresholds that mean something."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from colonnade.cli.application import application
from colonnade.guard import topic_clauses
from colonnade.guard.detection import Heads, train
from colonnade.guard.detection.material import material
from colonnade.pipeline import open_workspace
from colonnade.pipeline.detection import teaching_prompts
from colonnade.pipeline.workspace import Workspace
from colonnade.records import Split
from colonnade.statistics import clean_trials_needed


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("starter") / "w"
    assert CliRunner().invoke(application, ["init", str(folder)]).exit_code == 0
    return open_workspace(folder)


def test_every_topic_has_as_many_labels_of_either_kind_as_its_bounds_ask_for(starter: Workspace) -> None:
    clauses = topic_clauses(starter.policies.active, starter.launch.regions[0])
    rows = material(clauses, teaching_prompts(starter))
    found = Counter(
        (row.topic, row.above) for row in {(row.topic, row.above, row.cluster): row for row in rows}.values()
    )
    for clause in clauses:
        bounds = clause.thresholds.violation_rate, clause.thresholds.overrefusal_rate
        for above, bound in zip((True, False), bounds, strict=True):
            assert bound is not None
            assert found[clause.id, above] >= clean_trials_needed(bound.max, bound.confidence)


def test_from_some_score_on_a_request_is_certain_in_every_topic_and_most_attacks_are_held(starter: Workspace) -> None:
    clauses = topic_clauses(starter.policies.active, starter.launch.regions[0])
    heads: Heads = train(clauses, (), teaching_prompts(starter))
    assert all(row.high is not None for row in heads.report.topics)
    assert heads.report.misses.high < 0.2


def test_no_prompt_is_close_to_one_that_only_the_gate_may_ask(starter: Workspace) -> None:
    done = CliRunner().invoke(application, ["prompts", "check", str(starter.folder)])
    assert done.exit_code == 0, done.output


def test_what_is_written_for_the_guard_does_not_make_the_first_run_longer(starter: Workspace) -> None:
    pairs = [prompt for prompt in teaching_prompts(starter) if prompt.twin and prompt.split is Split.TRAINING]
    assert starter.launch.posttraining.finetuning.pairs < len(pairs) / 4


def test_what_comes_next_can_be_pasted_where_the_folder_has_blanks_and_a_server_needs_no_run(tmp_path: Path) -> None:
    folder = tmp_path / "Über Ordner" / "meine Bücherei"
    shown = CliRunner().invoke(application, ["init", str(folder)]).output.splitlines()
    commands = [shlex.split(line.rpartition(": ")[2]) for line in shown]
    assert commands == [
        ["colonnade", "run", str(folder)],
        ["colonnade", "serve", str(folder), "--upstream", "NAME@URL"],
    ]
    assert "takes some minutes" in shown[0]
    assert "no run is needed" in shown[1]
