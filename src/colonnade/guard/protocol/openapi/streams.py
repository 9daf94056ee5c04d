"""The events of streams, in JSON Schema."""

from __future__ import annotations

from typing import Any

from colonnade.guard.protocol.openapi.replies import (
    CALLED,
    COUNT,
    ENDED,
    ERROR,
    FINISH,
    ITEM,
    MAYBE,
    PART,
    RULING,
    SUMMARY,
    USAGE,
    many,
    response,
)
from colonnade.guard.protocol.openapi.shapes import ANYTHING, NOTHING, TEXT, Schema, either, said, word


def _chunk(kind: str, choice: Schema) -> Schema:
    """A chunk, or the error that ends a stream."""
    head: dict[str, Schema] = {"id": TEXT, "object": word(kind), "created": COUNT, "model": TEXT}
    return either(said({**head, "choices": many(choice)}, usage=USAGE, colonnade=RULING), ERROR)


_CALL = either(
    said({"index": COUNT, "function": said({}, name=TEXT, arguments=TEXT)}, id=TEXT, type=word("function")),
    said({"index": COUNT, "custom": said({}, name=TEXT, input=TEXT)}, id=TEXT, type=word("custom")),
)

_DELTA = said(
    {},
    role=word("assistant"),
    content=TEXT,
    reasoning_content=TEXT,
    refusal=TEXT,
    tool_calls=many(_CALL),
    function_call=either(CALLED, said({"arguments": TEXT})),
)

_CHAT = said({"index": COUNT, "delta": _DELTA, "finish_reason": either(FINISH, NOTHING), "logprobs": NOTHING})

_COMPLETIONS = said({"index": COUNT, "text": TEXT, "finish_reason": either(ENDED, NOTHING), "logprobs": NOTHING})


def _event(kind: str, **content: Any) -> Schema:
    return said({"type": word(kind), "sequence_number": COUNT, **content})


_PLACE: dict[str, Schema] = {"item_id": TEXT, "output_index": COUNT}

_IN_CONTENT = {**_PLACE, "content_index": COUNT}

_IN_SUMMARY = {**_PLACE, "summary_index": COUNT}

_SPOKEN: dict[str, tuple[dict[str, Schema], str]] = {
    "output_text": ({**_IN_CONTENT, "logprobs": many(ANYTHING)}, "text"),
    "refusal": (_IN_CONTENT, "refusal"),
    "reasoning_text": (_IN_CONTENT, "text"),
    "reasoning_summary_text": (_IN_SUMMARY, "text"),
    "function_call_arguments": (_PLACE, "arguments"),
    "custom_tool_call_input": (_PLACE, "input"),
}
"""Where a text stands by its word in the names of events, and the key of the whole of it."""

_STATES = {
    "created": "in_progress",
    "in_progress": "in_progress",
    "completed": "completed",
    "incomplete": "incomplete",
    "failed": "failed",
}

_EVENTS = [
    *(_event(f"response.{kind}", response=response(status)) for kind, status in _STATES.items()),
    *(_event(f"response.output_item.{step}", output_index=COUNT, item=ITEM) for step in ("added", "done")),
    *(_event(f"response.content_part.{step}", **_IN_CONTENT, part=PART) for step in ("added", "done")),
    *(_event(f"response.reasoning_summary_part.{step}", **_IN_SUMMARY, part=SUMMARY) for step in ("added", "done")),
    *(_event(f"response.{name}.delta", **place, delta=TEXT) for name, (place, _) in _SPOKEN.items()),
    *(_event(f"response.{name}.done", **place, **{key: TEXT}) for name, (place, key) in _SPOKEN.items()),
    _event("error", code=MAYBE, message=TEXT, param=MAYBE),
]

SCHEMAS: dict[str, Schema] = {
    "ChatEvent": _chunk("chat.completion.chunk", _CHAT),
    "CompletionsEvent": _chunk("text_completion", _COMPLETIONS),
    "ResponsesEvent": either(*_EVENTS),
}
