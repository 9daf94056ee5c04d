"""The running service: the OpenAI chat protocol in front of a model, every text ruled on both ways.

The reply is judged before any of it is sent, so it is made whole, judged, and only then streamed.
That costs the time to the first word and leaks nothing.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from threading import Lock
from typing import NamedTuple

import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from colonnade.guard.chat import ChatRequest, ProtocolError, completion, events, read_chat
from colonnade.guard.guard import Guard
from colonnade.models import Model, Sampling
from colonnade.records import InputError, Message, Ruling

MAX_BODY = 128 * 1024
"""Bytes of a request; every character is encoded twice, so an endless one would hold up everybody."""

OnRuling = Callable[[Ruling], None]

logger = logging.getLogger(__name__)


class _Service(NamedTuple):
    """What the routes share."""

    guard: Guard
    model: Model
    model_name: str
    system: str
    tier: str
    purpose: str
    trust_headers: bool
    sampling: Sampling
    on_ruling: OnRuling
    answering: Lock
    logging: Lock


class _Outcome(NamedTuple):
    """What goes back: a text, why it ends, and the ruling that decided."""

    text: str
    finish: str
    ruling: Ruling


def gateway(
    guard: Guard,
    model: Model,
    model_name: str,
    system: str,
    default_tier: str | None = None,
    *,
    default_purpose: str | None = None,
    trust_headers: bool = False,
    sampling: Sampling = Sampling(tokens=256),  # noqa: B008  a frozen value
    on_ruling: OnRuling | None = None,
) -> Starlette:
    """The service as an ASGI application.

    Args:
        guard: rules on every request and reply.
        model: answers what is allowed, one request at a time.
        model_name: what clients call it.
        system: the operator's system message.
        default_tier: of every request; the table's first one where none is given.
        default_purpose: likewise.
        trust_headers: let ``X-Colonnade-Tier`` and ``X-Colonnade-Purpose`` choose others. A header
            is a claim that nobody has checked: whoever can reach the service could call himself
            anything. So this is for a demonstration on the loopback interface, or behind a proxy
            that sets the headers itself and strips what clients send.
        sampling: the defaults, and the most tokens that a client may ask for.
        on_ruling: called with the ruling on each request and on each reply, before anything is
            sent, from a thread, one call at a time. Where it raises nothing is sent: what cannot
            be logged must not happen.

    Raises:
        InputError: where the table does not know the default tier or purpose.
    """
    service = _Service(
        guard=guard,
        model=model,
        model_name=model_name,
        system=system,
        tier=_known("tier", default_tier, guard.table.tiers),
        purpose=_known("purpose", default_purpose, guard.table.purposes),
        trust_headers=trust_headers,
        sampling=sampling,
        on_ruling=on_ruling or (lambda _ruling: None),
        answering=Lock(),
        logging=Lock(),
    )

    return Starlette(routes=_routes(service), exception_handlers={HTTPException: _no_route})


def _routes(service: _Service) -> list[Route]:
    async def chat(request: Request) -> Response:
        return await _chat(service, request)

    async def models(_request: Request) -> Response:
        entry = {"id": service.model_name, "object": "model", "created": 0, "owned_by": "colonnade"}
        return JSONResponse({"object": "list", "data": [entry]})

    async def health(_request: Request) -> Response:
        detectors = list(service.guard.detectors)
        return JSONResponse({"status": "ok", "model": service.model_name, "detectors": detectors})

    return [
        Route("/v1/chat/completions", chat, methods=["POST"]),
        Route("/v1/models", models, methods=["GET"]),
        Route("/health", health, methods=["GET"]),
    ]


def _known(kind: str, name: str | None, names: Sequence[str]) -> str:
    if name is None:
        return names[0]
    if name not in names:
        raise InputError(f"the guard knows no {kind} '{name}'.", mend=f"Choose one of {', '.join(names)}.")
    return name


async def _no_route(request: Request, fault: Exception) -> Response:
    status = fault.status_code if isinstance(fault, HTTPException) else 500
    what = "there is no such route" if status == 404 else "this route does not take that method"
    error = ProtocolError(f"{what}: {request.method} {request.url.path}.", status=status, code="unknown_url")
    return JSONResponse(error.body(), status_code=status, headers=getattr(fault, "headers", None))


async def _chat(service: _Service, request: Request) -> Response:
    try:
        tier = _claimed(service, request, "tier", service.tier, service.guard.table.tiers)
        purpose = _claimed(service, request, "purpose", service.purpose, service.guard.table.purposes)
        asked = read_chat(await _body(request), service.model_name, service.sampling)
        language = request.headers.get("accept-language", "").split(",")[0].split(";")[0].strip()
        outcome = await anyio.to_thread.run_sync(_answer, service, asked, tier, purpose, language)
    except ProtocolError as error:
        return JSONResponse(error.body(), status_code=error.status)
    except Exception as fault:  # a client is told that it failed, never how
        logger.error("a request failed: %s: %s", type(fault).__name__, fault)
        failure = ProtocolError("the service failed; nothing was answered.", status=500, code="internal_error")
        return JSONResponse(failure.body(), status_code=500)
    ruling = outcome.ruling
    value = f"{ruling.action}; rule={ruling.rule}"
    headers = {"X-Colonnade-Ruling": value.encode("ascii", "backslashreplace").decode("ascii")}
    content = (service.model_name, outcome.text, outcome.finish, ruling.model_dump(mode="json"))
    if asked.stream:
        headers["Cache-Control"] = "no-cache"
        return StreamingResponse(_one_by_one(events(*content)), media_type="text/event-stream", headers=headers)
    return JSONResponse(completion(*content), headers=headers)


async def _one_by_one(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Sends from the loop itself; a plain iterator would be sent from a thread per piece."""
    for piece in pieces:
        yield piece


def _claimed(service: _Service, request: Request, kind: str, default: str, names: Sequence[str]) -> str:
    """The tier or purpose of this request."""
    header = f"X-Colonnade-{kind.capitalize()}"
    name = request.headers.get(header) if service.trust_headers else None
    if name is None:
        return default
    if name not in names:
        message = f"the {kind} in '{header}' is unknown; choose one of {', '.join(names)}."
        raise ProtocolError(message, parameter=header, code=f"unknown_{kind}")
    return name


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > MAX_BODY:
            message = f"the request is larger than {MAX_BODY} bytes."
            raise ProtocolError(message, status=413, code="request_too_large")
    return b"".join(parts)


def _answer(service: _Service, asked: ChatRequest, tier: str, purpose: str, language: str) -> _Outcome:
    """Rules, asks the model, rules again; runs in a thread of its own."""
    guard = service.guard
    turns = without_refused(asked.turns, guard.fixed_answers)
    ruling = _rule_turns(guard, turns, tier, purpose)
    _log(service, ruling)
    if ruling.action != "allow":
        return _Outcome(guard.answer_for(ruling, language), "content_filter", ruling)
    reply = _ask(service, turns, asked.sampling)
    reply_ruling = guard.rule_reply(reply.text, ruling, tier, purpose)
    _log(service, reply_ruling)
    if reply_ruling.action != "allow":
        return _Outcome(guard.answer_for(reply_ruling, language), "content_filter", reply_ruling)
    return _Outcome(reply.text, reply.finish, reply_ruling)


def _log(service: _Service, ruling: Ruling) -> None:
    with service.logging:
        service.on_ruling(ruling)


def without_refused(turns: Sequence[Message], fixed_answers: frozenset[str]) -> tuple[Message, ...]:
    """The turns without those that the guard has answered itself.

    Clients send the whole conversation each time. A question that was refused would else be refused
    again with every later one; dropped together with its refusal, it reaches neither guard nor model.
    """
    kept: list[Message] = []
    for turn in turns:
        if turn.role == "assistant" and turn.content in fixed_answers:
            while kept and kept[-1].role == "user":
                kept.pop()
        else:
            kept.append(turn)
    return tuple(kept)


def _rule_turns(guard: Guard, turns: Sequence[Message], tier: str, purpose: str) -> Ruling:
    """The ruling on everything that the client sent, its account of earlier replies included.

    A client writes the history itself, so a topic could be hidden there. The first turn that is not
    allowed decides, the last one otherwise. Each turn is judged by itself: what is spread over
    several of them shows in the reply only.
    """
    rulings = [guard.rule_request(turn.content, tier, purpose) for turn in turns]
    return next((ruling for ruling in rulings if ruling.action != "allow"), rulings[-1])


class _Reply(NamedTuple):
    text: str
    finish: str


def _ask(service: _Service, turns: Sequence[Message], sampling: Sampling) -> _Reply:
    system = (Message(role="system", content=service.system),) if service.system else ()
    try:
        with service.answering:
            reply = service.model.reply([(*system, *turns)], sampling)[0]
    except Exception as fault:
        logger.error("the model failed: %s: %s", type(fault).__name__, fault)
        raise ProtocolError("the model failed.", status=502, code="model_failed") from fault
    if reply.stop == "fault":
        logger.error("the model gave no answer: %s", reply.fault)
        raise ProtocolError("the model gave no answer.", status=502, code="model_failed")
    return _Reply(reply.text, "length" if reply.stop == "length" else "stop")
