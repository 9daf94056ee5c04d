"""OpenTelemetry spans of a running guard, in the names of the GenAI conventions; telemetry, never the audit record.

A request is a trace, or a part of the client's: one server span; one client span for the call to
the upstream; and one span for each ruling, shaped like the ``apply_guardrail`` operation that was
proposed to the conventions. Each detector that was asked is an event ``gen_ai.evaluation.result``
on the span of its ruling. No conventions for guardrails have been agreed on so far, so what has no
name there is under ``colonnade.``; nothing that somebody wrote is in a span, and no principal.

Spans are written once a request is over, from what it took: within the server span, the spans of
ruling, asking and ruling again are laid one after another.

Sources: OpenTelemetry semantic conventions for generative AI (status: development), sections on
inference spans and on the event ``gen_ai.evaluation.result``; for HTTP, server spans (stable);
proposals open-telemetry/semantic-conventions#3233 and semantic-conventions-genai#427.
"""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from colonnade.guard.observing import Finished, TurnedAway
from colonnade.guard.protocol.endpoints import ROUTES
from colonnade.guard.protocol.errors import CODES
from colonnade.guard.telemetry.traceparent import Trace
from colonnade.records import DetectorRun, MissingPackageError, Ruling

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace.export import SpanExporter

Values = dict[str, str | bool | int | float]

OPERATIONS = {"chat": "chat", "responses": "chat", "completions": "text_completion"}
"""``gen_ai.operation.name`` of each endpoint, in the convention's own words."""

TARGETS = {"request": "llm_input", "reply": "llm_output"}
DECISIONS = {"allow": "allow", "cap": "modify"}
"""``colonnade.guard.decision`` of an action; any other is ``deny``."""

METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
"""Methods of HTTP; any other one is ``_OTHER``, as the conventions have it."""

NAME = "colonnade"


class Spans:
    """Writes spans of what is told.

    Args:
        exporter: where they go; they leave in batches, from a thread of its own.
        service: ``service.name`` of the resource.
        provider: ``gen_ai.provider.name`` of the upstream.
        at_once: write each span when it is over, rather than in batches.

    Raises:
        MissingPackageError: where the extra ``telemetry`` is not installed.
    """

    def __init__(
        self, exporter: SpanExporter, service: str = NAME, provider: str = "openai", at_once: bool = False
    ) -> None:
        try:
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import SpanLimits, TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
            from opentelemetry.sdk.trace.sampling import ALWAYS_ON
        except ImportError:
            raise _missing() from None
        self._ids = _Dictated()
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,  # whether a trace is kept was decided when it began
            resource=Resource.create({"service.name": service}),
            id_generator=self._ids.generator(),
            span_limits=SpanLimits(max_span_attributes=64),
            shutdown_on_exit=False,
        )
        processor = SimpleSpanProcessor(exporter) if at_once else BatchSpanProcessor(exporter)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer(NAME)
        self._model_provider = provider

    def finished(self, row: Finished) -> None:
        """Write the spans of one request, if its trace is kept."""
        if row.trace is None or not row.trace.sampled:
            return
        took, start = row.milliseconds, _nanoseconds(row)
        ruled = start + _in_nanoseconds(took.guard_request)
        asked = ruled + _in_nanoseconds(took.log)
        answered = asked + _in_nanoseconds(took.upstream_all or 0.0)
        end = start + _in_nanoseconds(took.all)
        inside = self._request(row, row.trace, start, end)
        self._ruling(row.request, inside, start, ruled)
        if took.upstream_all is not None:
            self._upstream(row, row.trace, inside, asked, answered)
        share = _in_nanoseconds(took.guard_reply or 0.0) // max(len(row.replies), 1)
        for number, ruling in enumerate(row.replies):
            self._ruling(ruling, inside, answered + number * share, answered + (number + 1) * share)

    def turned_away(self, row: TurnedAway) -> None:
        """Write the one span of a request on which nothing was ruled, if its trace is kept."""
        from opentelemetry.trace import SpanKind

        trace = row.trace
        if trace is None or not trace.sampled:
            return
        method = row.method if row.method in METHODS else "_OTHER"
        route = ROUTES.get(row.endpoint)
        values: Values = {
            "http.request.method": method,
            "colonnade.request.outcome": "turned away",
            "colonnade.request.code": row.code if row.code in CODES or not row.status else "other",
        }
        values |= {"http.route": route} if route else {}
        values |= {"http.response.status_code": row.status} if row.status else {}
        values |= {"colonnade.request.id": row.id} if row.id else {}
        start, shown = _nanoseconds(row), "HTTP" if method == "_OTHER" else method
        self._ids.next(trace.trace, trace.request)
        name = f"{shown} {route}" if route else shown
        span = self._tracer.start_span(name, _parent(trace), SpanKind.SERVER, values, start_time=start)
        if row.status >= 500 or not row.status:
            _failed(span, str(row.status) if row.status else row.code)
        span.end(start + _in_nanoseconds(row.milliseconds))

    def close(self) -> None:
        """Send what is left, and end the thread."""
        self._provider.shutdown()

    def _request(self, row: Finished, trace: Trace, start: int, end: int) -> Context:
        from opentelemetry.trace import SpanKind, set_span_in_context

        route = ROUTES.get(row.endpoint, row.endpoint)
        values: Values = {
            "http.request.method": "POST",
            "http.route": route,
            "http.response.status_code": row.status,
            "colonnade.request.id": row.id,
            "colonnade.request.outcome": row.outcome,
            "colonnade.request.tier": row.tier,
            "colonnade.request.purpose": row.purpose,
        }
        if row.adapter:
            values["colonnade.request.adapter"] = row.adapter
        self._ids.next(trace.trace, trace.request)
        span = self._tracer.start_span(f"POST {route}", _parent(trace), SpanKind.SERVER, values, start_time=start)
        if row.status >= 500:
            _failed(span, str(row.status))
        span.end(end)
        return set_span_in_context(span)

    def _upstream(self, row: Finished, trace: Trace, inside: Context, start: int, end: int) -> None:
        from opentelemetry.trace import SpanKind

        operation = OPERATIONS.get(row.endpoint, row.endpoint)
        values: Values = {
            "gen_ai.operation.name": operation,
            "gen_ai.provider.name": self._model_provider,
            "gen_ai.request.model": row.model,
            "gen_ai.request.stream": row.stream,
        }
        if row.stream and row.milliseconds.upstream_first is not None:
            values["gen_ai.response.time_to_first_chunk"] = row.milliseconds.upstream_first / 1000
        if row.tokens is not None:
            values["gen_ai.usage.input_tokens"], values["gen_ai.usage.output_tokens"] = row.tokens
        self._ids.next(trace.trace, trace.upstream)
        span = self._tracer.start_span(f"{operation} {row.model}", inside, SpanKind.CLIENT, values, start_time=start)
        if row.outcome == "fault":
            _failed(span, "upstream_fault")
        span.end(end)

    def _ruling(self, ruling: Ruling, inside: Context, start: int, end: int) -> None:
        target = TARGETS[ruling.side]
        span = self._tracer.start_span(
            f"apply_guardrail {NAME} {target}", inside, attributes=_said_of(ruling, target), start_time=start
        )
        for run in ruling.detectors:
            span.add_event("gen_ai.evaluation.result", _said_of_run(run, ruling), timestamp=end)
        if any(run.outcome != "ran" for run in ruling.detectors):
            _failed(span, "detector_failed")
        span.end(end)


class _Dictated:
    """Ids that were drawn beforehand, where there are some, and fresh ones otherwise."""

    def __init__(self) -> None:
        self._spans: deque[int] = deque()
        self._traces: deque[int] = deque()

    def next(self, trace: str, span: str) -> None:
        """The ids of the span that is started next; the trace's counts only where the span has no parent."""
        self._traces.clear()
        self._traces.append(int(trace, 16))
        self._spans.append(int(span, 16))

    def generator(self) -> Any:
        """As the library takes it."""
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

        spans, traces = self._spans, self._traces

        class Generator(RandomIdGenerator):
            def generate_span_id(self) -> int:
                return spans.popleft() if spans else super().generate_span_id()

            def generate_trace_id(self) -> int:
                return traces.popleft() if traces else super().generate_trace_id()

        return Generator()


def spans_over_http(endpoint: str, service: str = NAME, provider: str = "openai") -> Spans:
    """Spans sent to a collector, in OTLP over HTTP.

    Args:
        endpoint: such as ``http://127.0.0.1:4318/v1/traces``; empty for what ``OTEL_EXPORTER_OTLP_ENDPOINT`` says.
        service: ``service.name`` of the resource.
        provider: ``gen_ai.provider.name`` of the upstream.

    Raises:
        MissingPackageError: where the extra ``telemetry`` is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        raise _missing() from None
    return Spans(OTLPSpanExporter(endpoint=endpoint or None), service, provider)


def _said_of(ruling: Ruling, target: str) -> Values:
    values: Values = {
        "gen_ai.operation.name": "apply_guardrail",
        "colonnade.guard.target": target,
        "colonnade.guard.decision": DECISIONS.get(ruling.action, "deny"),
        "colonnade.guard.action": str(ruling.action),
        "colonnade.guard.rule": "grant" if ruling.grant else ruling.rule,
        "colonnade.guard.grant": bool(ruling.grant),
    }
    for name, value in (("topic", ruling.topic), ("level", ruling.level), ("cap", ruling.cap)):
        if value is not None:
            values[f"colonnade.guard.{name}"] = str(value)
    return values


def _said_of_run(run: DetectorRun, ruling: Ruling) -> Values:
    values: Values = {
        "gen_ai.evaluation.name": run.name,
        "colonnade.detector.version": run.version,
        "colonnade.detector.digest": run.digest,
        "colonnade.detector.milliseconds": run.milliseconds,
    }
    if run.outcome != "ran":
        values["error.type"] = run.outcome.replace(" ", "_")
        return values
    values["gen_ai.evaluation.score.label"] = DECISIONS.get(ruling.action, "deny")
    # Only of the one detector that was asked is it known that the score is its own.
    if ruling.similarity is not None and len(ruling.detectors) == 1:
        values["gen_ai.evaluation.score.value"] = ruling.similarity
    return values


def _parent(trace: Trace) -> Context:
    """The client's span; nothing where the trace begins here."""
    from opentelemetry.context import Context
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState, set_span_in_context

    if not trace.parent:
        return Context()
    state = TraceState.from_header([trace.state]) if trace.state else TraceState()
    client = SpanContext(int(trace.trace, 16), int(trace.parent, 16), True, TraceFlags(trace.flags), state)
    return set_span_in_context(NonRecordingSpan(client), Context())


def _failed(span: Any, kind: str) -> None:
    from opentelemetry.trace import Status, StatusCode

    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR))


def _nanoseconds(row: Finished | TurnedAway) -> int:
    """The moment the request came in, in nanoseconds since 1970."""
    return int(row.at.timestamp() * 1e6) * 1000


def _in_nanoseconds(milliseconds: float) -> int:
    return int(timedelta(milliseconds=milliseconds) / timedelta(microseconds=1)) * 1000


def _missing() -> MissingPackageError:
    return MissingPackageError("spans need OpenTelemetry.", mend="Install it: pip install 'colonnade[telemetry]'.")
