"""Routes that reach no model: the numbers of the service, and what customers say of answers.

A ``ProtocolError`` that is raised in one becomes the response in ``application``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from colonnade.guard.feedback import FeedbackDesk
from colonnade.guard.gateway.exchange import PATIENCE
from colonnade.guard.keys import Keys
from colonnade.guard.protocol.errors import ProtocolError
from colonnade.guard.protocol.requests.feedback import MOST_BYTES
from colonnade.guard.telemetry.metrics import Metrics
from colonnade.records import ColonnadeError

logger = logging.getLogger(__name__)


def metrics_route(metrics: Metrics, keys: Callable[[], Keys]) -> Route:
    """``GET /metrics`` for Prometheus: with an operator's key where the service has keys, else on loopback only.

    Args:
        metrics: what is shown.
        keys: those that hold now.
    """

    async def numbers(request: Request) -> Response:
        principal = keys().principal(request.headers)
        if not principal.operator:
            message = "this key is not an operator's; 'colonnade keys add --operator' makes one."
            raise ProtocolError(message, status=403, code="operators_only")
        content, kind = metrics.page()
        return Response(content, headers={"content-type": kind})

    return Route("/metrics", numbers, methods=["GET"])


def feedback_route(desk: FeedbackDesk, keys: Callable[[], Keys]) -> Route:
    """``POST /v1/feedback``: a customer says that an answer should have been another one.

    Args:
        desk: takes it.
        keys: those that hold now.
    """

    async def feedback(request: Request) -> Response:
        try:
            principal = keys().principal(request.headers)
            told = await desk.take(await _body(request), principal.name, principal.operator)
        except (ColonnadeError, OSError) as fault:
            logger.error("feedback could not be written down: %s", fault)
            message = "this could not be written down; say it again later."
            raise ProtocolError(message, status=503, code="log_unavailable") from None
        return JSONResponse(told, status_code=201)

    return Route("/v1/feedback", feedback, methods=["POST"])


async def _body(request: Request) -> bytes:
    content = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            async for part in request.stream():
                content += part
                if len(content) > MOST_BYTES:
                    break  # the desk says that it is too much
    except (TimeoutError, ClientDisconnect):
        message = "the request did not come to its end; send all of it."
        raise ProtocolError(message, status=408, code="timeout") from None
    return bytes(content)
