"""The two things that go wrong in a protocol: the client's request, and the reply of the server behind."""

from __future__ import annotations

from typing import Any

KINDS = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
"""The ``type`` of an error object by status; all others below 500 are ``invalid_request_error``."""

CODES = frozenset(
    {
        "invalid_json",
        "invalid_type",
        "invalid_value",
        "missing_key",
        "unknown_parameter",
        "unsupported_parameter",
        "incomplete_body",
        "unknown_tier",
        "unknown_purpose",
        "missing_api_key",
        "invalid_api_key",
        "purpose_not_allowed",
        "cross_origin",
        "no_grant",
        "adapter_not_allowed",
        "operators_only",
        "model_not_found",
        "answer_not_found",
        "unknown_url",
        "timeout",
        "request_too_large",
        "too_much_feedback",
        "rate_limit_exceeded",
        "internal_error",
        "stopping",
        "overloaded",
        "log_unavailable",
        "upstream_garbage",
        "upstream_truncated",
        "upstream_event_too_large",
        "upstream_too_large",
        "upstream_error",
        "upstream_unreachable",
        "upstream_refused",
        "upstream_busy",
        "upstream_timeout",
    }
)
"""Every ``code`` that an error object can have; docs/gateway.md says what each means."""

STATUSES = frozenset({400, 401, 403, 404, 405, 408, 413, 429, 500, 502, 503, 504})
"""Every status of HTTP that stands beside an error object."""


class ProtocolError(Exception):
    """A request that is not served, as the protocol says it.

    Attributes:
        status: of HTTP.
        message, parameter, code: of the error object.
    """

    def __init__(
        self, message: str, *, status: int = 400, parameter: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.message, self.status, self.parameter, self.code = message, status, parameter, code

    def body(self) -> dict[str, Any]:
        """The error object."""
        kind = "api_error" if self.status >= 500 else KINDS.get(self.status, "invalid_request_error")
        return {"error": {"message": self.message, "type": kind, "param": self.parameter, "code": self.code}}


class UpstreamError(Exception):
    """A reply of the server behind that is none.

    The message is ours from the first word to the last: what the server wrote is not repeated, for
    nobody has ruled on it.

    Attributes:
        message: one sentence that a client may read.
        code: ``upstream_garbage`` (not the protocol), ``upstream_truncated`` (ended too early),
            ``upstream_event_too_large``, ``upstream_error`` (the server itself says that it failed).
    """

    def __init__(self, message: str, code: str = "upstream_garbage") -> None:
        super().__init__(message)
        self.message, self.code = message, code

    def as_protocol_error(self) -> ProtocolError:
        """What the client is told."""
        return ProtocolError(self.message, status=502, code=self.code)
