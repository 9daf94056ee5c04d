from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from colonnade.cli import guard as guard_commands
from colonnade.cli.application import application
from colonnade.guard.detection import DetectorReport, train
from tests.unit.guard.detection.learnt_topics import topics

HEADS = train(topics(6), ())


def write_guard(folder: Path, **more: object) -> None:
    replies = {action: {"en": "No."} for action in ("refuse", "deflect", "safe_complete", "escalate")}
    content = {"tiers": ["all"], "purposes": ["any"], "replies": replies, **more}
    (folder / "guard.yaml").write_text(json.dumps(content))


@pytest.fixture(autouse=True)
def learnt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    asked: list[tuple[str, ...]] = []

    def learn(_: object, encoders: tuple[str, ...], told: object) -> object:
        asked.append(encoders)
        told(1, 2)  # type: ignore[operator]
        return HEADS

    def opened(folder: Path) -> SimpleNamespace:
        policies, launch = SimpleNamespace(active=topics(6)), SimpleNamespace(regions=("EU",))
        return SimpleNamespace(folder=folder, policies=policies, launch=launch)

    write_guard(tmp_path)
    monkeypatch.setattr(guard_commands, "open_workspace", opened)
    monkeypatch.setattr(guard_commands, "learn_heads", learn)
    return asked


def test_the_report_is_one_json_value_that_reads_back(tmp_path: Path) -> None:
    result = CliRunner().invoke(application, ["guard", "check", str(tmp_path), "--json"])
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    plainly = told.pop("plainly")
    report = DetectorReport.model_validate(told)
    assert report == HEADS.report
    for row in report.topics:
        assert plainly[row.topic]["benign"] == row.false_alarms.needed
        assert plainly[row.topic]["violating"] == row.misses.needed
        assert f"under {row.low:.2f} passes" in plainly[row.topic]["low"]
    assert {row.topic for row in report.topics} == {"toys.kites", "toys.locks"}


def test_every_topic_is_shown_with_both_costs_and_what_is_not_shown_is_marked(tmp_path: Path) -> None:
    result = CliRunner().invoke(application, ["guard", "check", str(tmp_path)])
    assert result.exit_code == 0
    lines = {line.split()[0]: line for line in result.stdout.splitlines() if line.strip()}
    for row in HEADS.report.topics:
        assert f"{row.misses.events}/{row.misses.items} " in lines[row.topic]
        assert f"{row.held_back.events}/{row.held_back.items} " in lines[row.topic]
        assert ("*" in lines[row.topic]) == (not row.misses.shown or not row.held_back.shown)
        wanted = [f"{row.misses.needed} violating"] * bool(row.misses.needed)
        wanted += [f"{row.false_alarms.needed} benign"] * bool(row.false_alarms.needed)
        assert lines[row.topic].endswith(", ".join(wanted) or "-")
    assert "few, or errors too many" in result.stdout
    assert f"learnt from {HEADS.report.texts} texts" in result.stdout


def test_the_transformer_is_read_where_it_is_asked_for(tmp_path: Path, learnt: list[tuple[str, ...]]) -> None:
    CliRunner().invoke(application, ["guard", "check", str(tmp_path), "--minilm", "--json"])
    CliRunner().invoke(application, ["guard", "check", str(tmp_path), "--json"])
    assert learnt == [("static", "minilm-onnx"), ("static",)]


def test_the_probe_is_reported_where_it_is_asked_for_and_never_with_the_transformer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = HEADS.report.model_copy(update={"detector": "probe/layer-16-mean"})
    monkeypatch.setattr(guard_commands, "learn_confirmed", lambda _: SimpleNamespace(report=report))
    result = CliRunner().invoke(application, ["guard", "check", str(tmp_path), "--probe", "--json"])
    told = json.loads(result.stdout)
    assert "probe" not in told.pop("plainly")["toys.kites"]["between"]
    assert DetectorReport.model_validate(told) == report
    refused = CliRunner().invoke(application, ["guard", "check", str(tmp_path), "--probe", "--minilm"])
    assert refused.exit_code != 0


def test_every_topic_is_explained_in_words_and_so_is_where_prompts_go(tmp_path: Path) -> None:
    shown = CliRunner().invoke(application, ["guard", "check", str(tmp_path)]).stdout
    for topic in ("toys.kites", "toys.locks"):
        assert f"\n{topic}: A topic\n" in shown
    assert shown.count("guard.yaml names no judge") == 2
    assert shown.count("a probe looks again") == 2
    assert "prompts/training.jsonl or development.jsonl" in shown


def test_the_judge_of_the_workspace_and_a_probe_that_is_ruled_out_are_taken_into_account(tmp_path: Path) -> None:
    write_guard(tmp_path, judge={"model": "llama@http://127.0.0.1:9/v1"}, probe=False)
    shown = CliRunner().invoke(application, ["guard", "check", str(tmp_path)]).stdout
    assert shown.count("The judge 'llama' decides") == 2
    assert "probe" not in shown
