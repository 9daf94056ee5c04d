"""The document: every route, every status that it may answer with, and why."""

from __future__ import annotations

from typing import Any

from colonnade.guard.protocol.openapi import replies, requests, streams
from colonnade.guard.protocol.openapi.shapes import OBJECT, TEXT, Schema, either, said

ERRORS = {
    400: "The request does not fit the protocol, or asks for something that the guard cannot judge. `param` names it.",
    401: "No key, or none that is known.",
    403: "The key does not permit this: the purpose, the grant, the adapter, or what only operators may read.",
    404: "There is no such route, model or answer.",
    405: "The route does not take this method.",
    408: "The request did not come to its end in time.",
    413: "The request is too large.",
    429: "Enough for now: feedback of this key, or the model's server is busy.",
    500: "The service failed; nothing was answered. What could not be logged is not sent.",
    502: "The model's server failed or answered out of shape.",
    503: "The service is stopping or full, its log cannot be written, or the model's server is busy.",
    504: "The model's server did not answer in time.",
}
"""Errors by status. A refusal by policy is no error: it is an answer with `content_filter`."""

RETRY = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "string"}}}

ALLOW = {"Allow": {"description": "The methods that it takes.", "required": True, "schema": {"type": "string"}}}

RULED: dict[str, Schema] = {
    "X-Colonnade-Ruling": {
        "description": "What was decided and by which rule.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[a-z_]+; rule="},
    },
    "X-Colonnade-Grant-Remaining": {
        "description": "What is left of the caps of each grant that the answer used; only where it used one.",
        "schema": {"type": "string"},
    },
    "X-Colonnade-System": {
        "description": "What became of a system prompt that the request began with.",
        "schema": {"type": "string", "pattern": "^(unregistered$|registered; prompt=.)"},
    },
    "X-Colonnade-Id": {
        "description": "The id of the rows in the log, and what feedback names.",
        "required": True,
        "schema": {"type": "string", "pattern": "^ex-[0-9a-f]{32}$"},
    },
}

LINKS: dict[str, dict[str, Any]] = {
    "feedback": {
        "operationId": "feedback",
        "description": "Says of this answer that it should have been another.",
        "requestBody": {"id": "$response.header.X-Colonnade-Id"},
    }
}
"""What can be done with an answer."""

ASKING = (400, 401, 403, 404, 405, 408, 413, 429, 500, 502, 503, 504)

TELLING = (400, 401, 403, 404, 405, 408, 413, 429, 500, 503)


SCHEMAS: dict[str, Schema] = {
    "ChatRequest": requests.chat(),
    "CompletionsRequest": requests.completions(),
    "ResponsesRequest": requests.responses(),
    "Feedback": requests.feedback(),
    **replies.SCHEMAS,
    **streams.SCHEMAS,
}
"""Every body."""


def document(version: str, keyed: bool) -> dict[str, Any]:
    """The gateway in OpenAPI 3.2.

    Args:
        version: of the project.
        keyed: whether every request has to bring a key.
    """
    return {
        "openapi": "3.2.0",
        "info": {
            "title": "Colonnade's guard",
            "version": version,
            "description": "Every route that reaches a model passes the guard, both ways; other routes do not exist.",
        },
        "security": [{"key": []}] if keyed else [],
        "paths": {
            "/v1/chat/completions": _asking("chat", "A reply in a conversation."),
            "/v1/completions": _asking("completions", "The continuation of a text."),
            "/v1/responses": _asking("responses", "A response that keeps no state on the server behind."),
            "/v1/feedback": _feedback(),
            "/v1/models": _models(),
            "/v1/models/{model}": _one_model(),
            "/metrics": _reading("metrics", "Counts for Prometheus, for operators.", _text(), 401, 403, 405, 500),
            "/health": _open("health", "Whether the service answers, and its detectors.", _json("Health"), 405, 500),
            "/openapi.json": _open("described", "This document.", {"application/json": {"schema": OBJECT}}, 405, 500),
        },
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "A key of the gateway."}},
            "responses": {f"Error{status}": _error(status) for status in ERRORS},
            "schemas": SCHEMAS,
        },
    }


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _error(status: int) -> dict[str, Any]:
    error: dict[str, Any] = {"description": ERRORS[status], "content": _json("Error")}
    headers = {405: ALLOW, 429: RETRY, 503: RETRY}.get(status)
    return error | ({"headers": headers} if headers else {})


def _errors(*statuses: int) -> dict[str, Any]:
    return {str(status): {"$ref": f"#/components/responses/Error{status}"} for status in statuses}


def _header(name: str, what: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": what, "schema": {"type": "string"}}


def _asking(name: str, summary: str) -> dict[str, Any]:
    title = name.capitalize()
    content = _json(title) | {"text/event-stream": {"itemSchema": _event(f"{title}Event", name != "responses")}}
    answer = {"description": "The reply, whole or as events.", "headers": RULED, "content": content, "links": LINKS}
    return {
        "post": {
            "operationId": name,
            "summary": summary,
            "parameters": [
                _header("X-Colonnade-Purpose", "What the answer is for; one of those of the key."),
                _header("X-Colonnade-Grant", "The grant that this request uses."),
                _header("X-Colonnade-Adapter", "The adapter that it wants; a rule or its grant has to open it."),
                _header("Accept-Language", "The language of fixed answers."),
            ],
            "requestBody": {"required": True, "content": _json(f"{title}Request")},
            "responses": {"200": answer, **_errors(*ASKING)},
        }
    }


def _feedback() -> dict[str, Any]:
    taken = {"description": "It lies in the queue of the policy's owners.", "content": _json("FeedbackTaken")}
    return {
        "post": {
            "operationId": "feedback",
            "summary": "Says of an answer that it should have been another.",
            "requestBody": {"required": True, "content": _json("Feedback")},
            "responses": {"201": taken, **_errors(*TELLING)},
        }
    }


def _reading(name: str, summary: str, content: dict[str, Any], *errors: int) -> dict[str, Any]:
    found = {"description": summary, "content": content}
    return {
        "get": {"operationId": name, "summary": summary, "responses": {"200": found, **_errors(*errors)}},
    }


def _models() -> dict[str, Any]:
    listed = _reading("models", "The models that this key may name.", _json("Models"), 401, 403, 405, 500)
    first = "$response.body#/data/0/id"
    links: dict[str, Any] = {"model": {"operationId": "model", "parameters": {"model": first}}}
    for name in ("chat", "completions", "responses"):
        links[name] = {"operationId": name, "requestBody": {"model": first}}
    listed["get"]["responses"]["200"]["links"] = links
    return listed


def _one_model() -> dict[str, Any]:
    reading = _reading("model", "One of them.", _json("Model"), 401, 403, 404, 405, 500)
    named = {"name": "model", "in": "path", "required": True, "schema": {"type": "string"}}
    return {"get": {**reading["get"], "parameters": [named]}}


def _open(name: str, summary: str, content: dict[str, Any], *errors: int) -> dict[str, Any]:
    """A route that asks for no key."""
    found = _reading(name, summary, content, *errors)
    return {"get": {**found["get"], "security": []}}


def _text() -> dict[str, Any]:
    return {"text/plain": {"schema": {"type": "string"}}}


def _event(name: str, done: bool) -> Schema:
    """An event of a stream; chats and completions end with one that says ``[DONE]``."""
    held: Schema = {
        "type": "string",
        "contentMediaType": "application/json",
        "contentSchema": {"$ref": f"#/components/schemas/{name}"},
    }
    return said({"data": either({"const": "[DONE]"}, held) if done else held}, event=TEXT)
