"""What is told about a running guard: Prometheus metrics and OpenTelemetry spans. Never the audit record."""

from colonnade.guard.telemetry.traceparent import Trace, begin_trace, headers_for_upstream

__all__ = ["Trace", "begin_trace", "headers_for_upstream"]
