"""The OpenAI chat protocol: requests read strictly, replies and errors written in its shapes."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import uuid4

from colonnade.models import Sampling
from colonnade.records import Message

Reading = dict[str, Any]

UNSUPPORTED = ("tools", "tool_choice", "functions", "function_call", "audio", "modalities", "logprobs")
"""Keys that ask for something the guard does not judge; ignoring them would be a silent bypass."""


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

    def body(self) -> Reading:
        """The error object."""
        kind = "invalid_request_error" if self.status < 500 else "api_error"
        return {"error": {"message": self.message, "type": kind, "param": self.parameter, "code": self.code}}


class ChatRequest(NamedTuple):
    """What is asked of the model.

    Attributes:
        turns: user and assistant turns in order, the last one the user's.
        stream: the reply is wanted as server-sent events.
        sampling: how the reply is drawn.
    """

    turns: tuple[Message, ...]
    stream: bool
    sampling: Sampling


def read_chat(content: bytes, model_name: str, sampling: Sampling) -> ChatRequest:
    """A request from its bytes.

    A client's own system or developer messages become part of its first user turn: they are judged
    like anything else that it sends, and only the operator speaks to the model as the system.

    Args:
        content: the body.
        model_name: the only model that is served.
        sampling: the defaults; its ``tokens`` is also the most that a client may ask for.

    Raises:
        ProtocolError: for the first thing that does not fit.
    """
    body = _parse(content)
    model = _take(body, "model", str)
    if model is None:
        raise ProtocolError("you must name a model.", parameter="model")
    if model != model_name:
        message = f"the model {json.dumps(model)[:80]} does not exist; this service has '{model_name}'."
        raise ProtocolError(message, status=404, parameter="model", code="model_not_found")
    for key in UNSUPPORTED:
        if body.get(key) not in (None, False, [], "none", ["text"]):
            raise ProtocolError(f"'{key}' is not supported here.", parameter=key, code="unsupported_parameter")
    if _take(body, "n", int) not in (None, 1):
        raise ProtocolError("only n=1 is supported here.", parameter="n", code="unsupported_parameter")
    return ChatRequest(
        turns=_turns(body.get("messages")),
        stream=bool(_take(body, "stream", bool)),
        sampling=_sampling(body, sampling),
    )


def _parse(content: bytes) -> Reading:
    try:
        body = json.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise ProtocolError("the body is not valid JSON in UTF-8.", code="invalid_json") from None
    if not isinstance(body, dict):
        raise ProtocolError("the body must be a JSON object.", code="invalid_json")
    return body


def _take(body: Reading, key: str, kind: type) -> Any:
    """The value of a key, nothing where it is absent or null; a boolean is not a number here."""
    value = body.get(key)
    if value is None:
        return None
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ProtocolError(f"'{key}' must be of type {kind.__name__}.", parameter=key, code="invalid_type")
    return value


def _number(body: Reading, key: str, low: float, high: float) -> float | None:
    value = body.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ProtocolError(f"'{key}' must be a number.", parameter=key, code="invalid_type")
    if not low <= value <= high:
        raise ProtocolError(f"'{key}' must lie between {low:g} and {high:g}.", parameter=key, code="invalid_value")
    return float(value)


def _sampling(body: Reading, default: Sampling) -> Sampling:
    temperature = _number(body, "temperature", 0, 2)
    seed = _take(body, "seed", int)
    tokens = default.tokens
    for key in ("max_tokens", "max_completion_tokens"):
        asked = _take(body, key, int)
        if asked is not None and asked < 1:
            raise ProtocolError(f"'{key}' must be at least 1.", parameter=key, code="invalid_value")
        tokens = min(tokens, asked or tokens)
    return default._replace(
        tokens=tokens,
        temperature=default.temperature if temperature is None else temperature,
        seed=default.seed if seed is None else abs(seed) % 2**31,
    )


def _turns(messages: Any) -> tuple[Message, ...]:
    if not isinstance(messages, list) or not messages:
        raise ProtocolError("'messages' must be a list with at least one message.", parameter="messages")
    instructions: list[str] = []
    turns: list[tuple[str, str]] = []
    for index, message in enumerate(messages):
        place = f"messages.[{index}]"
        if not isinstance(message, dict):
            raise ProtocolError(f"'{place}' must be an object.", parameter=place, code="invalid_type")
        role, text = message.get("role"), _text(message.get("content"), f"{place}.content")
        if message.get("tool_calls") or message.get("function_call"):
            raise ProtocolError("tool calls are not supported here.", parameter=place, code="unsupported_parameter")
        if role in ("system", "developer"):
            instructions.append(text)
        elif role in ("user", "assistant"):
            turns.append((role, text))
        else:
            what = "must be 'system', 'developer', 'user' or 'assistant'."
            raise ProtocolError(f"'{place}.role' {what}", parameter=f"{place}.role", code="invalid_value")
    if not turns or turns[-1][0] != "user":
        raise ProtocolError("the last message must be the user's.", parameter="messages")
    first = next(index for index, (role, _) in enumerate(turns) if role == "user")
    turns[first] = ("user", "\n\n".join([*instructions, turns[first][1]]))
    return tuple(Message.model_validate({"role": role, "content": text}) for role, text in turns)


def _text(content: Any, place: str) -> str:
    """The text of a message: a string, or a list of text parts."""
    if isinstance(content, list):
        for part in content:
            if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
                raise ProtocolError(f"'{place}' may hold text parts only.", parameter=place, code="invalid_type")
        content = "\n".join(part["text"] for part in content)
    if not isinstance(content, str):
        raise ProtocolError(f"'{place}' must be text.", parameter=place, code="invalid_type")
    try:
        content.encode("utf-8")
    except UnicodeEncodeError:
        raise ProtocolError(f"'{place}' holds half a character.", parameter=place, code="invalid_value") from None
    return content


def completion(model_name: str, text: str, finish: str, ruling: Reading) -> Reading:
    """A whole reply. Tokens are not counted, so ``usage`` is left out rather than invented."""
    return {
        "id": f"chatcmpl-{uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model_name,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}],
        "colonnade": ruling,
    }


def events(model_name: str, text: str, finish: str, ruling: Reading) -> Iterator[bytes]:
    """A whole reply as server-sent events: the role with the ruling, the words, the end, ``[DONE]``."""
    head = {
        "id": f"chatcmpl-{uuid4().hex}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": model_name,
    }

    def event(delta: Reading, end: str | None = None, **more: Any) -> bytes:
        chunk = {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": end}], **more}
        return b"data: " + json.dumps(chunk, ensure_ascii=False).encode("utf-8") + b"\n\n"

    yield event({"role": "assistant", "content": ""}, colonnade=ruling)
    for piece in _pieces(text):
        yield event({"content": piece})
    yield event({}, finish)
    yield b"data: [DONE]\n\n"


def _pieces(text: str, words: int = 8) -> Iterator[str]:
    """The text cut behind blanks, so that the pieces joined are the text again."""
    start = count = 0
    for index, character in enumerate(text):
        if character == " ":
            count += 1
            if count == words:
                yield text[start : index + 1]
                start, count = index + 1, 0
    if start < len(text):
        yield text[start:]
