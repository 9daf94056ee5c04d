"""The two things that go wrong in a protocol: the client's request, and the reply of the server behind."""

from __future__ import annotations

from typing import Any

KINDS = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
"""The ``type`` of an error object by status; all others below 500 are ``invalid_request_error``."""


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
