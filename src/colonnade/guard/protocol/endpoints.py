"""The endpoints by their paths."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from colonnade.guard.protocol.endpoint import Endpoint
from colonnade.guard.protocol.replies import chat as chat_replies
from colonnade.guard.protocol.requests import chat as chat_requests
from colonnade.guard.protocol.streams.chat import ChatReader, ChatWriter

CHAT = Endpoint(
    name="chat",
    path="/v1/chat/completions",
    read=chat_requests.read,
    for_upstream=chat_requests.for_upstream,
    without_refused=chat_requests.without_refused,
    outputs=chat_replies.outputs,
    whole=chat_replies.whole,
    refusal=chat_replies.refusal,
    reader=ChatReader,
    writer=ChatWriter,
)

ENDPOINTS: Mapping[str, Endpoint] = MappingProxyType({endpoint.path: endpoint for endpoint in (CHAT,)})
"""Every endpoint that is guarded; a path that is not here is refused."""
