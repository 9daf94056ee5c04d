"""The routes: the endpoints behind the onion, what may be known of the service, and a refusal for all else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from colonnade.guard.gateway.onion import Onion, Service
from colonnade.guard.protocol import Endpoint, ProtocolError, model_list


async def _nothing() -> None:
    """Nothing is left to be ended."""


def application(
    service: Service,
    endpoints: Mapping[str, Endpoint],
    health: Callable[[], dict[str, Any]],
    end: Callable[[], Awaitable[None]] = _nothing,
) -> Starlette:
    """The service as an ASGI application.

    Args:
        service: what all endpoints share.
        endpoints: by path.
        health: what is said of the service to whoever asks.
        end: awaited when the service ends.
    """

    @asynccontextmanager
    async def lifespan(_application: Starlette) -> AsyncIterator[None]:
        yield
        await end()

    async def models(request: Request) -> Response:
        now = service.standing()
        try:
            now.keys.principal(request.headers.get("authorization", ""))
        except ProtocolError as error:
            return JSONResponse(error.body(), status_code=error.status)
        return JSONResponse(model_list(now.models))

    async def healthy(_request: Request) -> Response:
        return JSONResponse(health())

    routes = [Route(path, Onion(endpoint, service), methods=["POST"]) for path, endpoint in endpoints.items()]
    routes += [Route("/v1/models", models, methods=["GET"]), Route("/health", healthy, methods=["GET"])]
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: _no_route})


async def _no_route(request: Request, fault: Exception) -> Response:
    status = fault.status_code if isinstance(fault, HTTPException) else 500
    what = "there is no such route" if status == 404 else "this route does not take that method"
    error = ProtocolError(f"{what}: {request.method} {request.url.path}.", status=status, code="unknown_url")
    return JSONResponse(error.body(), status_code=status, headers=getattr(fault, "headers", None))
