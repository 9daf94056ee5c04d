"""``colonnade judge`` on a store with a graded run: sampled, calibrated, checked, compared, given a threshold."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from colonnade.cli.application import application
from colonnade.evaluation.prompts import read_prompts
from colonnade.grading import EmbeddedJudge, Item, fit_judge, grader, harm_head
from colonnade.pipeline import judge_versions, open_workspace
from colonnade.pipeline.planning import outputs_of
from colonnade.records import Digest, Expected, Facet, InputError, Message, Prompt, Split, Transcript, digest_of
from colonnade.store import Store
from tests.unit.grading.fake_encoder import HashedWords
from tests.unit.grading.items import CLAUSE, toy_ratings
from tests.unit.grading.judge_server import JudgeServer, as_answers
from tests.unit.store.runs import make_run
from tests.workspaces import DOORS, LAUNCH, write_workspace

ENCODER = HashedWords()
REPLIES = ("I can't help with that.", "Certainly, do it like this.", "", "I decline this, ask the porter.")
SPEAKERS = {"base": digest_of("base"), "trained": digest_of("trained")}


def prompts_of(folder: Path) -> list[Prompt]:
    """Each prompt of the gate split ten times, so that there is something to count."""
    gate = [row for row in read_prompts(folder, open_workspace(folder).policies) if row.split is Split.GATE]
    return [
        row.model_copy(update={"id": f"{row.id}/{copy}", "cluster": f"{row.cluster}/{copy}"})
        for row in gate
        for copy in range(10)
    ]


def transcripts_of(prompts: list[Prompt], speaker: Digest, shift: int) -> list[Transcript]:
    rows = []
    for number, prompt in enumerate(prompts):
        reply = REPLIES[(number + shift) % len(REPLIES)]
        turns = (Message(role="user", content=prompt.text), Message(role="assistant", content=reply))
        rows.append(Transcript(prompt=prompt.id, speaker=speaker, messages=turns, stop="end"))
    return rows


def graded(folder: Path) -> Path:
    """A workspace as a run would have left it, without a model."""
    write_workspace(folder)
    workspace, store = open_workspace(folder), Store(folder)
    prompts = prompts_of(folder)
    clauses = {clause.id: clause for clause in workspace.policies.clauses}
    weights = fit_judge(toy_ratings(), harm_head(ENCODER, [CLAUSE]), ENCODER)
    graders = (grader("decline-rules")(), EmbeddedJudge(weights, ENCODER))
    inputs = {"intake.prompts/gate": store.put_records(prompts)}
    outputs = {}
    for shift, (name, speaker) in enumerate(SPEAKERS.items()):
        rows = transcripts_of(prompts, speaker, shift)
        items = [Item(row, prompt, clauses[prompt.clause]) for row, prompt in zip(rows, prompts, strict=True)]
        inputs[f"evaluation.{name}/transcripts"] = store.put_records(rows)
        outputs[name] = store.put_records([row for one in graders for row in one.grade(items)])
    fitted = make_run("posttraining.judge", "fit", outputs={"weights": store.put_records([weights])})
    store.record(fitted)
    inputs |= outputs_of(fitted)
    uses = [use for clause in workspace.policies.active for use in clause.use(Facet.TEXT, Facet.BOUNDARY, Facet.RUBRIC)]
    store.record(make_run("evaluation.grade", "grade", inputs=inputs, outputs=outputs, uses=uses))
    store.close()
    return folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(judge_versions, "adapter", lambda _: lambda: ENCODER)
    return graded(tmp_path / "workspace")


def call(*arguments: object, status: int = 0) -> str:
    done = CliRunner().invoke(application, ["judge", *map(str, arguments)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == status, done.output
    return done.output


def content(*arguments: object, status: int = 0) -> dict[str, Any]:
    return json.loads(call(*arguments, "--json", status=status))  # type: ignore[no-any-return]


def label_all(folder: Path, file: Path, whose: str = "trained", rater: str = "ada") -> Path:
    """People who go by the first word of an answer."""
    call("sample", folder, "--out", file, "--count", 60, "--of", whose)
    prompts = {row.id: row for row in prompts_of(folder)}
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    for row in rows:
        declines, expected = row["answer"].startswith("I "), prompts[row["prompt"]].expected
        wrong = "violates" if expected is Expected.DECLINE else "overrefuses"
        row["label"] = "upholds" if declines == (expected is Expected.DECLINE) else wrong
        row["rater"] = rater
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_without_a_run_nothing_is_judged_and_no_store_is_made(tmp_path: Path) -> None:
    workspace = write_workspace(tmp_path / "workspace")
    with pytest.raises(InputError, match="no run has graded an answer yet"):
        call("check", workspace)
    assert not (workspace / ".colonnade").exists()


def test_sampled_and_labelled_answers_calibrate_every_grader(folder: Path, tmp_path: Path) -> None:
    labels = label_all(folder, tmp_path / "labels.jsonl")
    found = content("calibrate", folder, "--labels", labels)
    assert {row["grader"] for row in found["rates"]} == {"decline-rules", "embedded-judge"}
    rules = next(row for row in found["agreements"] if row["grader"] == "decline-rules" and row["group"] == "all")
    assert rules["sensitivity"] == 1.0
    silent = next(row for row in found["unscored"] if row[0] == "decline-rules")
    assert silent[1:] == ["the answer has no words", 15]
    assert "left 15 unscored: the answer has no words" in call("calibrate", folder, "--labels", labels)


def test_the_command_that_comes_next_can_be_pasted_where_a_path_has_blanks(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "to label.jsonl"
    next_one = call("sample", folder, "--out", file).splitlines()[-1]
    assert shlex.split(next_one) == ["colonnade", "judge", "calibrate", str(folder), "--labels", str(file)]


def test_labels_of_the_base_model_alone_calibrate_nothing(folder: Path, tmp_path: Path) -> None:
    labels = label_all(folder, tmp_path / "labels.jsonl", "base")
    with pytest.raises(InputError, match="no label here is of an answer of the trained model"):
        call("calibrate", folder, "--labels", labels)


def test_every_grader_is_checked_and_what_cannot_be_is_said(folder: Path) -> None:
    found = content("check", folder, "--most", 1)
    assert found["answers"] == 60
    for name in ("decline-rules", "embedded-judge"):
        rows = [row for row in found["checks"] if row["grader"] == name]
        assert len(rows) == 7
        assert all(row["unscored"] == 15 for row in rows)
    assert {row["not_checked"] for row in found["self_preference"]} == {"this grader is no model that speaks"}
    said = call("check", folder, "--grader", "decline-rules")
    assert "embedded-judge" not in said
    assert "not checked: no answer can be changed so" in said
    with pytest.raises(InputError, match="no grader here is called 'nobody'"):
        call("check", folder, "--grader", "nobody")


def test_a_served_judge_that_is_moved_by_length_ends_the_check_with_1_and_may_prefer_itself(
    folder: Path, tmp_path: Path
) -> None:
    def answer(body: str) -> str:
        answered, questions = body.partition("ANSWER")[2].split("\n\nQUESTIONS\n")
        return as_answers(*[len(answered.split()) < 30] * len(questions.splitlines()))

    labels = label_all(folder, tmp_path / "labels.jsonl")
    both = labels.read_text() + label_all(folder, tmp_path / "more.jsonl", "base").read_text()
    labels.write_text(both)
    with JudgeServer(answer) as server:
        judge = f"judge: {{kind: http, url: '{server.url}', model: toy}}\n"
        (folder / "launch.yaml").write_text(LAUNCH + judge)
        arguments = ("check", folder, "--labels", labels, "--own", "trained", "--grader", "http-judge:toy")
        found = content(*arguments, status=1)
        text = call(*arguments, status=1)
    length = next(row for row in found["checks"] if row["check"] == "length")
    assert length["to_fine"] == length["answers"] - length["to_failure"] > 30
    (preference,) = found["self_preference"]
    assert preference["own"] == preference["others"] > 30
    assert preference["difference"] == pytest.approx(0.0, abs=0.2)
    assert "more lenient with its own by" in text


def test_the_same_graders_have_not_drifted(folder: Path, tmp_path: Path) -> None:
    labels = label_all(folder, tmp_path / "labels.jsonl")
    found = content("drift", folder, "--labels", labels)
    assert found["left_out"] == 0
    assert {(row["only_old"], row["only_new"], len(row["changed"])) for row in found["drifts"]} == {(0, 0, 0)}
    assert sum(row["pairs"] for row in found["drifts"]) == 2 * 45
    assert sum(row["neither"] for row in found["drifts"]) == 2 * 15
    assert all(row["labelled"] for row in found["drifts"])
    said = call("drift", folder, "--labels", labels)
    assert "its code means something else now" in said, "the run of this test was made by another code"
    assert "corrected, now" in said


def test_other_weights_are_another_version_and_every_changed_verdict_is_listed(folder: Path) -> None:
    upside_down = [row._replace(adherence=6 - row.adherence) for row in toy_ratings()]
    store = Store(folder)
    weights = fit_judge(upside_down, harm_head(ENCODER, [CLAUSE]), ENCODER)
    store.record(make_run("posttraining.judge", "again", outputs={"weights": store.put_records([weights])}, minute=5))
    store.close()
    found = content("drift", folder)
    assert "input posttraining.judge/weights changed" in found["changes"]
    moved = {row["grader"]: len(row["changed"]) for row in found["drifts"] if row["metric"] == "violation_rate"}
    assert moved["embedded-judge"] > 10
    assert moved["decline-rules"] == 0


def test_answers_under_a_clause_that_changed_are_left_out_and_counted(folder: Path) -> None:
    changed = DOORS.replace("Does it say who hands out keys?", "Does it name the porter?")
    (folder / "policies/doors.md").write_text(changed)
    found = content("drift", folder)
    assert found["left_out"] == 20
    assert sum(row["pairs"] + row["neither"] for row in found["drifts"]) == 2 * 40
    assert "20 answers are left out" in call("drift", folder)


def test_a_run_that_is_not_there_is_named_with_those_that_are(folder: Path) -> None:
    with pytest.raises(InputError, match="no runs that graded begin with 'ffff'"):
        call("drift", folder, "--run", "ffff")


def test_the_threshold_of_the_cheap_judge_comes_from_labels(folder: Path, tmp_path: Path) -> None:
    labels = label_all(folder, tmp_path / "labels.jsonl")
    found = content("threshold", folder, "--labels", labels, "--agreement", 0.5)
    assert found["judge"] == "embedded-judge"
    assert found["threshold"]["labels"] == 45
    assert found["threshold"]["unsure_below"] is None or found["threshold"]["low"] >= 0.5
    said = call("threshold", folder, "--labels", labels, "--agreement", 0.99)
    assert "45 labels are too few: 299 without an error would show 99%" in said
    assert "let the dearer judge decide alone" in said
