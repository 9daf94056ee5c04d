"""Metrics, feedback and spans of a served workspace, from outside."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from colonnade.guard.keys import StoredKey, hash_of, keys_file, write_keys
from colonnade.pipeline.feedback import own_log, queue_of, words_of
from colonnade.pipeline.workspace import open_workspace
from tests.unit.pipeline.guarded_log import BREAK_IN, BROKE, small_words
from tests.unit.pipeline.served import answers, serving, until
from tests.workspaces import write_workspace

CLIENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    small_words(monkeypatch)
    write_workspace(tmp_path / "w", {})
    return tmp_path / "w"


def with_keys(workspace: Path) -> None:
    today = datetime.now(UTC).date()
    rows = [
        StoredKey(
            id=name, hash=hash_of(name), principal=name, tier="guest", purposes=(), added=today, operator=name == "ops"
        )
        for name in ("ana", "bo", "ops")
    ]
    write_keys(keys_file(workspace), rows)


def as_(name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {name}"}


def test_what_was_asked_is_counted_within_a_moment(workspace: Path) -> None:
    with serving(workspace, answers(BROKE)) as served:
        served.ask(BREAK_IN)
        served.ask(BROKE, stream=True)
        labels = 'action="allow",endpoint="chat",outcome="answered",stream="true",tier="guest"'
        until(lambda: f"colonnade_requests_total{{{labels}}} 1" in served.client.get("/metrics").text)
        page = served.client.get("/metrics")
        assert page.headers["content-type"].startswith("text/plain")
        assert 'outcome="refused"' in page.text
        assert 'colonnade_rulings_total{action="deflect",clause="doors.entry",side="request"} 1.0' in page.text
        assert "colonnade_log_rows 3.0" in page.text
        assert 'colonnade_guard_seconds_count{side="reply"} 1.0' in page.text
        assert "colonnade_held_back_seconds_count 1.0" in page.text
        assert 'detector="other"' not in page.text
        assert "colonnade_observers_failed 0.0" in page.text
        assert "colonnade_access_dropped 0.0" in page.text, "this workspace gives no grants, and may begin to"
        assert served.health()["access"] is None


def test_metrics_take_an_operators_key_where_there_are_keys(workspace: Path) -> None:
    with_keys(workspace)
    with serving(workspace, answers(BROKE)) as served:
        assert served.client.get("/metrics").status_code == 401
        assert served.client.get("/metrics", headers=as_("ana")).status_code == 403
        assert served.client.get("/metrics", headers=as_("ops")).status_code == 200
        assert served.client.post("/metrics", headers=as_("ops")).status_code == 405


def test_what_is_turned_away_is_counted_on_every_route(workspace: Path) -> None:
    with_keys(workspace)
    with serving(workspace, answers(BROKE)) as served:
        served.ask(BROKE)
        served.client.get("/metrics", headers=as_("ana"))
        served.client.post("/v1/feedback", json={"id": 7}, headers=as_("ana"))
        served.client.get("/v1/engines/of-mine", headers=as_("ana"))

        def page() -> str:
            return served.client.get("/metrics", headers=as_("ops")).text

        name = "colonnade_requests_turned_away_total"
        for labels in (
            'code="missing_api_key",endpoint="chat",status="401"',
            'code="operators_only",endpoint="metrics",status="403"',
            'code="invalid_type",endpoint="feedback",status="400"',
            'code="unknown_url",endpoint="none",status="404"',
        ):
            until(lambda labels=labels: f"{name}{{{labels}}} 1.0" in page())  # type: ignore[misc]  # a bound default
        assert "of-mine" not in page()


def test_feedback_goes_from_the_answer_to_the_queue_with_its_clause(workspace: Path) -> None:
    with_keys(workspace)
    with serving(workspace, answers(BROKE)) as served:
        name = served.ask(BREAK_IN, as_("ana")).headers["x-colonnade-id"]

        def say(who: str, what: str = "It is my own room.") -> Any:
            return served.client.post("/v1/feedback", json={"id": name, "what": what}, headers=as_(who))

        assert say("nobody").status_code == 401
        assert say("bo").status_code == 404
        assert say("ana", "x" * 3000).status_code == 400
        assert served.client.post("/v1/feedback", content=b"x" * 20_000, headers=as_("ana")).status_code == 413
        done = say("ana")
        assert (done.status_code, done.json()["clause"]) == (201, "doors.entry")
        assert say("ops").status_code == 201
        (first, second) = queue_of(workspace).open
        assert (first.answer, first.by_operator, second.by_operator) == (name, False, True)
        assert served.service.health()["log"]["rows"] == 3
    words = words_of(first, own_log(open_workspace(workspace)))
    assert words == ("It is my own room.", BREAK_IN)


def test_where_nothing_is_recorded_there_is_no_feedback_to_give(workspace: Path) -> None:
    file = workspace / "guard.yaml"
    file.write_text(file.read_text() + "log: none\n")
    with serving(workspace, answers(BROKE)) as served:
        assert served.client.post("/v1/feedback", json={"id": "ex-1", "what": "x"}).status_code == 404
        assert "colonnade_log_rows" not in served.client.get("/metrics").text


def test_spans_are_written_in_the_clients_trace(workspace: Path) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="needs the extra 'telemetry'")
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from colonnade.guard.telemetry.spans import Spans

    exporter = InMemorySpanExporter()
    with serving(workspace, answers(BROKE), spans=Spans(exporter, at_once=True)) as served:
        served.ask(BROKE, {"traceparent": CLIENT})
        until(lambda: len(exporter.get_finished_spans()) == 4)
        spans = exporter.get_finished_spans()
    assert {f"{span.context.trace_id:032x}" for span in spans} == {CLIENT[3:35]}
    names = sorted(span.name for span in spans)
    assert names == [
        "POST /v1/chat/completions",
        "apply_guardrail colonnade llm_input",
        "apply_guardrail colonnade llm_output",
        "chat m",
    ]
    assert BROKE not in json.dumps([json.loads(span.to_json()) for span in spans])
