"""A request becomes a few spans in the names of the GenAI conventions, in the client's trace, with no words."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from colonnade.guard.observing import Finished, TurnedAway
from colonnade.guard.telemetry import Trace, begin_trace
from tests.unit.guard.finished_rows import AT, TOOK, finished, refused, ruling, run

pytest.importorskip("opentelemetry.sdk", reason="needs the extra 'telemetry'")

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from colonnade.guard.telemetry.spans import Spans

CLIENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def written(row: Finished) -> list[ReadableSpan]:
    exporter = InMemorySpanExporter()
    spans = Spans(exporter, at_once=True)
    spans.finished(row)
    spans.close()
    return list(exporter.get_finished_spans())


def named(spans: list[ReadableSpan], beginning: str) -> ReadableSpan:
    (found,) = [span for span in spans if span.name.startswith(beginning)]
    return found


def ids(span: ReadableSpan) -> tuple[str, str, str]:
    """Trace, span and parent."""
    assert span.context is not None
    parent = f"{span.parent.span_id:016x}" if span.parent else ""
    return f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}", parent


def said(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def test_a_request_is_a_part_of_the_clients_trace_and_the_upstream_a_part_of_ours() -> None:
    trace = begin_trace(CLIENT)
    spans = written(finished(trace=trace))
    assert len(spans) == 4
    assert ids(named(spans, "POST")) == (trace.trace, trace.request, "00f067aa0ba902b7")
    assert ids(named(spans, "chat")) == (trace.trace, trace.upstream, trace.request)
    for target in ("llm_input", "llm_output"):
        assert ids(named(spans, f"apply_guardrail colonnade {target}"))[2] == trace.request


def test_a_trace_that_begins_here_has_the_ids_that_were_drawn_for_it() -> None:
    trace = begin_trace("")
    for _ in range(3):
        spans = written(finished(trace=trace))
        assert ids(named(spans, "POST")) == (trace.trace, trace.request, "")


def test_the_call_to_the_upstream_is_named_as_the_conventions_do() -> None:
    span = named(written(finished(trace=begin_trace(""), stream=True)), "chat rosters")
    assert span.kind is SpanKind.CLIENT
    assert said(span) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "rosters",
        "gen_ai.request.stream": True,
        "gen_ai.response.time_to_first_chunk": 0.12,
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 40,
    }
    assert named(written(finished(trace=begin_trace(""), endpoint="completions")), "text_completion rosters")


def test_the_names_are_those_of_the_conventions() -> None:
    names = pytest.importorskip("opentelemetry.semconv._incubating.attributes.gen_ai_attributes")
    known = {value for name, value in vars(names).items() if name.startswith("GEN_AI_")}
    row = finished(trace=begin_trace(""), stream=True, request=ruling(detectors=(run(), run("b", "failed"))))
    spans = written(row)
    used = {key for span in spans for key in said(span)}
    used |= {key for span in spans for event in span.events for key in event.attributes or {}}
    assert {key for key in used if key.startswith("gen_ai.")} <= known
    assert all(key.startswith(("gen_ai.", "colonnade.", "http.", "error.")) for key in used)


def test_a_ruling_says_what_was_decided_and_by_which_rule() -> None:
    row = finished(trace=begin_trace(""), request=refused(), replies=(), outcome="refused")
    told = said(named(written(row), "apply_guardrail"))
    assert told["gen_ai.operation.name"] == "apply_guardrail"
    assert told["colonnade.guard.decision"] == "deny"
    assert told["colonnade.guard.rule"] == "cyber.intrusion"
    assert told["colonnade.guard.level"] == "recipe"
    capped = finished(trace=begin_trace(""), request=refused(action="cap", cap="overview"), replies=())
    assert said(named(written(capped), "apply_guardrail"))["colonnade.guard.decision"] == "modify"


def test_each_detector_is_an_event_and_one_that_failed_fails_the_span() -> None:
    broken = ruling(detectors=(run(), run("patterns", "timed out")))
    span = named(written(finished(trace=begin_trace(""), request=broken, replies=())), "apply_guardrail")
    assert [event.name for event in span.events] == ["gen_ai.evaluation.result"] * 2
    first, second = (dict(event.attributes or {}) for event in span.events)
    assert first["gen_ai.evaluation.name"] == "words"
    assert "error.type" not in first
    assert second["error.type"] == "timed_out"
    assert "gen_ai.evaluation.score.label" not in second
    assert span.status.status_code is StatusCode.ERROR


def test_a_request_that_was_refused_asked_no_upstream() -> None:
    early = TOOK._replace(upstream_first=None, upstream_all=None, guard_reply=None)
    row = finished(trace=begin_trace(""), request=refused(), replies=(), outcome="refused", milliseconds=early)
    assert sorted(span.name for span in written(row)) == [
        "POST /v1/chat/completions",
        "apply_guardrail colonnade llm_input",
    ]


def test_a_fault_of_the_upstream_is_told_on_its_span_and_on_the_requests() -> None:
    spans = written(finished(trace=begin_trace(""), outcome="fault", status=502, replies=()))
    assert said(named(spans, "chat"))["error.type"] == "upstream_fault"
    assert named(spans, "POST").status.status_code is StatusCode.ERROR


def test_times_lie_within_the_request_in_the_order_in_which_they_happened() -> None:
    spans = written(finished(trace=begin_trace("")))
    request = named(spans, "POST")
    assert request.start_time == int(AT.timestamp() * 1e9)
    assert request.end_time is not None
    assert request.end_time - int(request.start_time or 0) == 905_000_000
    order = [named(spans, name) for name in ("apply_guardrail colonnade llm_input", "chat")]
    order.append(named(spans, "apply_guardrail colonnade llm_output"))
    for earlier, later in pairwise(order):
        assert (earlier.end_time or 0) <= (later.start_time or 0)
    assert (order[-1].end_time or 0) <= request.end_time


def test_no_span_has_anybodys_words_or_name() -> None:
    row = finished(trace=begin_trace(""), text="the secret plan", request=refused(reason="because of the secret plan"))
    whole = json.dumps([json.loads(span.to_json()) for span in written(row)])
    assert "secret plan" not in whole
    assert "key-7" not in whole


def test_a_trace_that_is_not_kept_writes_nothing() -> None:
    assert written(finished()) == []
    assert written(finished(trace=begin_trace("", share=0.0))) == []
    passed_on = Trace("a" * 32, "b" * 16, "c" * 16, "d" * 16, 1, recorded=False)
    assert written(finished(trace=passed_on)) == []


def away(**changes: Any) -> TurnedAway:
    return TurnedAway("ex-1", AT, "chat", "POST", 503, "overloaded", 1.5, begin_trace(CLIENT))._replace(**changes)


def written_away(row: TurnedAway) -> list[ReadableSpan]:
    exporter = InMemorySpanExporter()
    spans = Spans(exporter, at_once=True)
    spans.turned_away(row)
    spans.close()
    return list(exporter.get_finished_spans())


def test_a_request_that_was_turned_away_is_one_span_in_the_clients_trace() -> None:
    row = away()
    (span,) = written_away(row)
    assert row.trace is not None
    assert ids(span) == (row.trace.trace, row.trace.request, "00f067aa0ba902b7")
    assert (span.name, span.kind, span.status.status_code) == (
        "POST /v1/chat/completions",
        SpanKind.SERVER,
        StatusCode.ERROR,
    )
    assert said(span) == {
        "http.request.method": "POST",
        "http.route": "/v1/chat/completions",
        "http.response.status_code": 503,
        "error.type": "503",
        "colonnade.request.id": "ex-1",
        "colonnade.request.outcome": "turned away",
        "colonnade.request.code": "overloaded",
    }
    assert span.end_time is not None
    assert span.end_time - int(span.start_time or 0) == 1_500_000


def test_what_is_the_clients_fault_leaves_the_status_unset_as_the_conventions_ask_of_servers() -> None:
    (span,) = written_away(away(status=401, code="missing_api_key"))
    assert span.status.status_code is StatusCode.UNSET
    assert "error.type" not in said(span)


def test_a_request_to_no_route_is_named_by_a_known_method_and_by_nothing_that_the_client_chose() -> None:
    (span,) = written_away(away(endpoint="", method="BREW", status=404, code="of theirs"))
    assert (span.name, said(span)["http.request.method"]) == ("HTTP", "_OTHER")
    assert "http.route" not in said(span)
    assert said(span)["colonnade.request.code"] == "other"


def test_a_client_that_left_is_an_error_without_a_status_and_an_unsampled_trace_is_not_written() -> None:
    (span,) = written_away(away(status=0, code="client_hung_up"))
    assert said(span)["error.type"] == "client_hung_up"
    assert "http.response.status_code" not in said(span)
    assert written_away(away(trace=None)) == []
    assert written_away(away(trace=begin_trace("", share=0.0))) == []
