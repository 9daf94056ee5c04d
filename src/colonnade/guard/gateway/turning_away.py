"""Requests that end at the door: observers are told of them, though nothing was ruled on them."""

from __future__ import annotations

from datetime import UTC, datetime
from time import perf_counter

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from colonnade.guard.gateway.exchange import Exchange
from colonnade.guard.gateway.rows import Course
from colonnade.guard.gateway.service import Service
from colonnade.guard.observing import TurnedAway
from colonnade.guard.protocol import ProtocolError
from colonnade.guard.protocol.endpoints import ROUTES
from colonnade.guard.telemetry.traceparent import Trace, begin_trace

LEFT = "client_hung_up"
"""What stands in the place of a code where the client left before it could be told one."""

_NAMES = {path: name for name, path in ROUTES.items()}
_NAMED = ROUTES["model"].partition("{")[0]


def turned_away(
    service: Service, exchange: Exchange, endpoint: str, course: Course, error: ProtocolError | None
) -> None:
    """Tell of a request to an endpoint that ended before observers could be told of a ruling.

    Args:
        service: whose observers are told.
        exchange: of the request.
        endpoint: its name.
        course: when it began.
        error: what the client is told; none where it has left.
    """
    status, code = (0, LEFT) if error is None else (error.status, error.code or "")
    took = (perf_counter() - course.started) * 1000
    service.teller.turned_away(TurnedAway(exchange.id, course.at, endpoint, "POST", status, code, took, exchange.trace))


def refused_beside(service: Service, request: Request, error: ProtocolError, more: dict[str, str] | None) -> Response:
    """The error object for a request that reaches no model, once observers are told.

    Args:
        service: whose observers are told.
        request: the request.
        error: what the client is told.
        more: headers of the response.
    """
    trace: Trace | None = None
    if service.traced is not None:
        parent, state = (request.headers.get(name, "") for name in ("traceparent", "tracestate"))
        trace = begin_trace(parent, state, share=service.traced)
    path = request.url.path
    name = _NAMES.get(path, "model" if path.startswith(_NAMED) else "")
    service.teller.turned_away(
        TurnedAway("", datetime.now(UTC), name, request.method, error.status, error.code or "", 0.0, trace)
    )
    return JSONResponse(error.body(), status_code=error.status, headers=more)
