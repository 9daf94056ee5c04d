"""Local weights behind the gateway: an engine spoken to in the words of the protocol, like any server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from colonnade.guard.gateway.local_parameters import check, unserved, with_settings
from colonnade.guard.gateway.upstreams import UpstreamFault
from colonnade.guard.protocol import ENDPOINTS, Endpoint
from colonnade.models.engine import Engine, EngineError, Generation, Piece
from colonnade.records import Message

TOKENS = 256
"""Tokens of an answer at most, if the request does not ask for fewer."""

_STATUS = {"busy": 503, "invalid": 400, "too long": 400, "unknown adapter": 404}


class EngineUpstream:
    """An engine as an upstream. The name of the model in a request is the name of an adapter, or of none.

    It knows texts only: tools, pictures, schemas and every setting that it would not follow are refused by name rather
    than passed over (:mod:`colonnade.guard.gateway.local_parameters`).

    Args:
        engine: answers.
        tokens: of an answer at most.
    """

    def __init__(self, engine: Engine, tokens: int = TOKENS) -> None:
        self.engine, self.tokens, self.where = engine, tokens, "local weights"

    async def send(
        self, path: str, body: Mapping[str, Any], stream: bool, headers: Mapping[str, str] = MappingProxyType({})
    ) -> _EngineReply:
        """Ask it; the first piece is there when this returns."""
        endpoint = ENDPOINTS[path]
        pieces = self.engine.stream(self._generation(endpoint.name, body))
        try:
            first = await anext(pieces)
        except EngineError as fault:
            raise _as_fault(fault) from None
        return _EngineReply(endpoint, body, stream, pieces, first)

    async def close(self) -> None:
        """End the engine."""
        await self.engine.close()

    def _generation(self, endpoint: str, body: Mapping[str, Any]) -> Generation:
        check(body)
        return with_settings(Generation(_prompt(endpoint, body), body["model"]), body, self.tokens)


class _EngineReply:
    """The pieces of an engine as the bytes that a server would send."""

    def __init__(
        self,
        endpoint: Endpoint,
        body: Mapping[str, Any],
        stream: bool,
        pieces: AsyncGenerator[Piece, None],
        first: Piece,
    ) -> None:
        self._endpoint, self._stream, self._pieces = endpoint, stream, pieces
        self._first: Piece | None = first
        # The model without an adapter has no name, and a request has to name one.
        asked = endpoint.read(json.dumps({**body, "model": body["model"] or "local"}).encode())
        self._choices = asked.choices
        self._writer = endpoint.writer(asked._replace(usage=True), asked.model, None)
        self._opened = self._over = False
        self._ending: asyncio.Task[None] | None = None

    async def piece(self) -> bytes:
        """The next event of a stream; all of a reply that is whole."""
        if self._over:
            return b""
        try:
            return await (self._event() if self._stream else self._whole())
        except EngineError as fault:
            raise _as_fault(fault) from None

    def close(self) -> None:
        """Stop the engine's work on it."""
        self._over = True
        self._ending = asyncio.ensure_future(self._pieces.aclose())

    async def _next(self) -> Piece | None:
        piece, self._first = self._first, None
        return piece if piece is not None else await anext(self._pieces, None)

    async def _event(self) -> bytes:
        said = b"" if self._opened else self._writer.open()
        self._opened = True
        while not said:
            piece = await self._next()
            if piece is None:
                self._over = True
                return self._writer.close(None)
            said = self._writer.text(piece.choice, "content", piece.text)
            if piece.finish is not None:
                said += self._writer.end(piece.choice, piece.finish)
            if piece.usage is not None:
                said += self._writer.close(_usage(self._endpoint.name, *piece.usage))
                self._over = True
        return said

    async def _whole(self) -> bytes:
        texts, ends, usage = [""] * self._choices, ["stop"] * self._choices, None
        while (piece := await self._next()) is not None:
            texts[piece.choice] += piece.text
            ends[piece.choice] = piece.finish or ends[piece.choice]
            usage = piece.usage or usage
        self._over = True
        counts = {} if usage is None else {"usage": _usage(self._endpoint.name, *usage)}
        return json.dumps({**_reply(self._endpoint.name, texts, ends), **counts}).encode()


def _reply(endpoint: str, texts: Sequence[str], ends: Sequence[str]) -> dict[str, Any]:
    rows = list(enumerate(zip(texts, ends, strict=True)))
    if endpoint == "responses":
        content = [{"type": "output_text", "text": texts[0], "annotations": []}]
        output = [{"type": "message", "role": "assistant", "status": "completed", "content": content}]
        cut = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
        return {"object": "response", "output": output, **(cut if ends[0] == "length" else {"status": "completed"})}
    if endpoint == "completions":
        return {"choices": [{"index": place, "text": text, "finish_reason": end} for place, (text, end) in rows]}
    return {
        "choices": [
            {"index": place, "message": {"role": "assistant", "content": text}, "finish_reason": end}
            for place, (text, end) in rows
        ]
    }


def _usage(endpoint: str, read: int, drawn: int) -> dict[str, int]:
    if endpoint == "responses":
        return {"input_tokens": read, "output_tokens": drawn, "total_tokens": read + drawn}
    return {"prompt_tokens": read, "completion_tokens": drawn, "total_tokens": read + drawn}


def _prompt(endpoint: str, body: Mapping[str, Any]) -> tuple[Message, ...] | str:
    if endpoint == "completions":
        prompt = body.get("prompt")
        if isinstance(prompt, list) and len(prompt) == 1:
            prompt = prompt[0]
        if not isinstance(prompt, str):
            raise unserved("prompt", "they take one prompt of text at a time")
        return prompt
    if endpoint == "chat":
        return tuple(_turn(message, "messages") for message in body["messages"])
    said = body["input"]
    turns = [{"role": "user", "content": said}] if isinstance(said, str) else said
    system = [{"role": "system", "content": body["instructions"]}] if body.get("instructions") else []
    return tuple(_turn(turn, "input") for turn in [*system, *turns])


def _turn(message: Mapping[str, Any], key: str) -> Message:
    role, content = message.get("role"), message.get("content")
    called = message.get("tool_calls") or message.get("function_call")
    if message.get("type", "message") != "message" or role in ("tool", "function", None) or called:
        raise unserved(key, "they read messages, and know no tools and no items of another kind")
    if isinstance(content, list):
        texts = [part.get("text", part.get("refusal")) for part in content]
        if not all(isinstance(text, str) for text in texts):
            raise unserved(key, "they read texts only")
        content = "\n".join(str(text) for text in texts)
    said = content or message.get("refusal") or ""
    return Message.model_validate({"role": "system" if role == "developer" else role, "content": said})


def _as_fault(fault: EngineError) -> UpstreamFault:
    headers = {"Retry-After": "1"} if fault.kind == "busy" else {}
    status = _STATUS.get(fault.kind, 502)
    # What concerns the request is told; what is wrong in here is not.
    message = str(fault) if status in (400, 503) else "the model failed."
    kind = f"engine {fault.kind}" if status >= 500 else ""
    return UpstreamFault(message, status, f"engine_{fault.kind.replace(' ', '_')}", headers, kind=kind)
