"""The routes: the endpoints behind the onion, what may be known of the service, and a refusal for all else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from colonnade import __version__
from colonnade.guard.gateway.exchange import Receive, Scope, Send
from colonnade.guard.gateway.onion import Onion
from colonnade.guard.gateway.service import Service
from colonnade.guard.gateway.standing import unknown_model
from colonnade.guard.gateway.turning_away import refused_beside
from colonnade.guard.protocol import Endpoint, ProtocolError, model_entry, model_list
from colonnade.guard.protocol.openapi import document


async def _nothing() -> None:
    """Nothing is left to be ended."""


def application(
    service: Service,
    endpoints: Mapping[str, Endpoint],
    health: Callable[[], dict[str, Any]],
    end: Callable[[], Awaitable[None]] = _nothing,
    more: Sequence[Route] = (),
) -> Starlette:
    """The service as an ASGI application.

    Args:
        service: what all endpoints share.
        endpoints: by path.
        health: what is said of the service to whoever asks.
        end: awaited when the service ends.
        more: routes that reach no model: metrics, feedback.
    """

    @asynccontextmanager
    async def lifespan(_application: Starlette) -> AsyncIterator[None]:
        yield
        await end()

    async def models(request: Request) -> Response:
        now = service.standing()
        now.keys.principal(request.headers)
        return JSONResponse(model_list(now.models))

    async def model(request: Request) -> Response:
        now, name = service.standing(), request.path_params["model"]
        now.keys.principal(request.headers)
        if name not in now.models:
            raise unknown_model(now, name)
        return JSONResponse(model_entry(name))

    async def healthy(_request: Request) -> Response:
        return JSONResponse(health())

    async def described(_request: Request) -> Response:
        return Response(_description(service.standing().keys.required), media_type="application/json")

    async def refused(request: Request, fault: Exception) -> Response:
        error = fault if isinstance(fault, ProtocolError) else _no_answer(request, fault)
        more = dict(getattr(fault, "headers", None) or {}) | ({"Retry-After": "1"} if error.status == 503 else {})
        return refused_beside(service, request, error, more)

    onions = {path: Onion(endpoint, service) for path, endpoint in endpoints.items()}
    routes = [Route(path, onion, methods=["POST"]) for path, onion in onions.items()]
    routes += [Route("/v1/models", models, methods=["GET"]), Route("/health", healthy, methods=["GET"])]
    routes += [Route("/v1/models/{model:path}", model, methods=["GET"])]
    routes += [Route("/openapi.json", described, methods=["GET"]), *more]
    faults = {HTTPException: refused, ProtocolError: refused, Exception: refused}
    return _Gateway(onions, routes=routes, lifespan=lifespan, exception_handlers=faults)


class _Gateway(Starlette):
    """Routes as Starlette has them; a POST to an endpoint goes to its onion without the way through them."""

    def __init__(self, onions: Mapping[str, Onion], **more: Any) -> None:
        super().__init__(**more)
        # A redirection would name the host that the request names, and plain HTTP behind a proxy that has TLS.
        self.router.redirect_slashes = False
        self._onions = onions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            onion = self._onions.get(scope["path"])
            if onion is not None:
                await onion(scope, receive, send)
                return
        await super().__call__(scope, receive, send)


@cache
def _description(keyed: bool) -> bytes:
    """What the routes promise, made once: whoever asks for it needs no key."""
    return bytes(JSONResponse(document(__version__, keyed)).body)


def _no_answer(request: Request, fault: Exception) -> ProtocolError:
    status = fault.status_code if isinstance(fault, HTTPException) else 500
    code = "unknown_url" if status in (404, 405) else "internal_error"
    kinds = {404: "there is no such route", 405: "this route does not take that method"}
    what = f"{kinds.get(status, 'the service failed')}: {request.method[:20]} {request.url.path[:200]}"
    return ProtocolError(f"{what}; GET /openapi.json says what there is.", status=status, code=code)
