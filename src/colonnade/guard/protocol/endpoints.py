"""The endpoints by their paths."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from colonnade.guard.protocol.endpoint import Endpoint
from colonnade.guard.protocol.replies import chat as chat_replies
from colonnade.guard.protocol.replies import completions as completion_replies
from colonnade.guard.protocol.replies import responses as response_replies
from colonnade.guard.protocol.requests import chat as chat_requests
from colonnade.guard.protocol.requests import completions as completion_requests
from colonnade.guard.protocol.requests import responses as response_requests
from colonnade.guard.protocol.streams.chat import ChatReader, ChatWriter
from colonnade.guard.protocol.streams.completions import CompletionsReader, CompletionsWriter
from colonnade.guard.protocol.streams.responses import ResponsesReader
from colonnade.guard.protocol.streams.responses_writing import ResponsesWriter

CHAT = Endpoint(
    name="chat",
    path="/v1/chat/completions",
    read_body=chat_requests.read,
    for_upstream=chat_requests.for_upstream,
    system_of=chat_requests.system_of,
    without_system=chat_requests.without_system,
    without_refused=chat_requests.without_refused,
    read_reply=chat_replies.read_reply,
    written_reply=chat_replies.written_reply,
    reader=ChatReader,
    writer=ChatWriter,
    no_usage=chat_replies.NO_USAGE,
)

COMPLETIONS = Endpoint(
    name="completions",
    path="/v1/completions",
    read_body=completion_requests.read,
    for_upstream=completion_requests.for_upstream,
    system_of=completion_requests.system_of,
    without_system=completion_requests.without_system,
    without_refused=completion_requests.without_refused,
    read_reply=completion_replies.read_reply,
    written_reply=completion_replies.written_reply,
    reader=CompletionsReader,
    writer=CompletionsWriter,
    no_usage=chat_replies.NO_USAGE,
)

RESPONSES = Endpoint(
    name="responses",
    path="/v1/responses",
    read_body=response_requests.read,
    for_upstream=response_requests.for_upstream,
    system_of=response_requests.system_of,
    without_system=response_requests.without_system,
    without_refused=response_requests.without_refused,
    read_reply=response_replies.read_reply,
    written_reply=response_replies.written_reply,
    reader=ResponsesReader,
    writer=ResponsesWriter,
    no_usage=response_replies.NO_USAGE,
)

ENDPOINTS: Mapping[str, Endpoint] = MappingProxyType(
    {endpoint.path: endpoint for endpoint in (CHAT, COMPLETIONS, RESPONSES)}
)
"""Every endpoint that is guarded; a path that is not here is refused."""

ROUTES: Mapping[str, str] = MappingProxyType(
    {
        **{endpoint.name: path for path, endpoint in ENDPOINTS.items()},
        "models": "/v1/models",
        "model": "/v1/models/{model}",
        "feedback": "/v1/feedback",
        "metrics": "/metrics",
        "health": "/health",
        "openapi": "/openapi.json",
    }
)
"""Every path that answers, by the name that metrics and spans call it by."""
