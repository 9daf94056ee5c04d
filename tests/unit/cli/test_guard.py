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


@pytest.fixture(autouse=True)
def learnt(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    asked: list[tuple[str, ...]] = []

    def learn(_: object, encoders: tuple[str, ...], told: object) -> object:
        asked.append(encoders)
        told(1, 2)  # type: ignore[operator]
        return HEADS

    monkeypatch.setattr(guard_commands, "open_workspace", lambda folder: SimpleNamespace(folder=folder))
    monkeypatch.setattr(guard_commands, "learn_heads", learn)
    return asked


def test_the_report_is_one_json_value_that_reads_back(tmp_path: Path) -> None:
    result = CliRunner().invoke(application, ["guard", "check", str(tmp_path), "--json"])
    assert result.exit_code == 0
    report = DetectorReport.model_validate(json.loads(result.stdout))
    assert report == HEADS.report
    assert {row.topic for row in report.topics} == {"toys.kites", "toys.locks"}


def test_every_topic_is_shown_with_both_costs_and_what_is_not_shown_is_marked(tmp_path: Path) -> None:
    result = CliRunner().invoke(application, ["guard", "check", str(tmp_path)])
    assert result.exit_code == 0
    lines = {line.split()[0]: line for line in result.stdout.splitlines() if line.strip()}
    for row in HEADS.report.topics:
        assert f"{row.misses.events}/{row.misses.items} " in lines[row.topic]
        assert f"{row.held_back.events}/{row.held_back.items} " in lines[row.topic]
        assert ("*" in lines[row.topic]) == (not row.misses.shown or not row.held_back.shown)
    assert "bounds are not shown" in result.output
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
    assert DetectorReport.model_validate(json.loads(result.stdout)) == report
    refused = CliRunner().invoke(application, ["guard", "check", str(tmp_path), "--probe", "--minilm"])
    assert refused.exit_code != 0
