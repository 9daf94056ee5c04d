"""What the gateway answers, in JSON Schema: whole replies, lists, errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from colonnade.guard.protocol.openapi.shapes import ANYTHING, FLAG, NOTHING, OBJECT, TEXT, Schema, either, said, word
from colonnade.guard.protocol.replies import chat, responses

MAYBE: Schema = {"type": ["string", "null"]}

COUNT: Schema = {"type": "integer", "minimum": 0}


def many(items: Schema) -> Schema:
    """A list of any length."""
    return {"type": "array", "items": items}


def _counts(names: Mapping[str, Any], *needed: str) -> Schema:
    found = {name: COUNT if inner is None else _counts(inner) for name, inner in names.items()}
    return said({name: found[name] for name in needed}, **found)


USAGE = _counts(chat.USAGE, *chat.COUNTS)

RULING = said(
    {
        "id": TEXT,
        "side": word("request", "reply"),
        "action": TEXT,
        "rule": TEXT,
        "topic": MAYBE,
        "level": MAYBE,
        "cap": MAYBE,
        "grant": MAYBE,
        "reason": MAYBE,
        "permitted_by": ANYTHING,
        "applied": many(ANYTHING),
    }
)
"""The ruling, under ``colonnade``."""

FINISH = word("stop", "length", "tool_calls", "function_call", "content_filter")

CALLED = said({"name": TEXT, "arguments": TEXT})

_CALL = either(
    said({"id": TEXT, "type": word("function"), "function": CALLED}),
    said({"id": TEXT, "type": word("custom"), "custom": said({"name": TEXT, "input": TEXT})}),
)

_MESSAGE = said(
    {"role": word("assistant"), "content": MAYBE, "refusal": MAYBE},
    reasoning_content=TEXT,
    tool_calls=many(_CALL),
    function_call=CALLED,
)

_HEAD: dict[str, Schema] = {"id": TEXT, "created": COUNT, "model": TEXT}

_CHAT = said(
    {
        **_HEAD,
        "object": word("chat.completion"),
        "choices": many(said({"index": COUNT, "message": _MESSAGE, "finish_reason": FINISH, "logprobs": NOTHING})),
    },
    usage=USAGE,
    colonnade=RULING,
)

ENDED = word("stop", "length", "content_filter")
"""Why a completion ends."""

_COMPLETIONS = said(
    {
        **_HEAD,
        "object": word("text_completion"),
        "choices": many(said({"index": COUNT, "text": TEXT, "finish_reason": ENDED, "logprobs": NOTHING})),
    },
    usage=USAGE,
    colonnade=RULING,
)

STATUS = word("in_progress", "completed", "incomplete")

_SAID = said({"type": word("output_text"), "text": TEXT, "annotations": many(ANYTHING), "logprobs": many(ANYTHING)})

_REFUSED = said({"type": word("refusal"), "refusal": TEXT})

_THOUGHT = said({"type": word("reasoning_text"), "text": TEXT})

_SUMMED = said({"type": word("summary_text"), "text": TEXT})

PART = either(_SAID, _REFUSED, _THOUGHT)
"""A part of a message or of a reasoning."""

SUMMARY = _SUMMED
"""A part of a summary."""

ITEM = either(
    said(
        {
            "id": TEXT,
            "type": word("message"),
            "role": word("assistant"),
            "status": STATUS,
            "content": many(either(_SAID, _REFUSED)),
        }
    ),
    said(
        {"id": TEXT, "type": word("reasoning"), "status": STATUS, "summary": many(_SUMMED)},
        content=many(_THOUGHT),
    ),
    said(
        {
            "id": TEXT,
            "type": word("function_call"),
            "status": STATUS,
            "call_id": TEXT,
            "name": TEXT,
            "arguments": TEXT,
        }
    ),
    said({"id": TEXT, "type": word("custom_tool_call"), "call_id": TEXT, "name": TEXT, "input": TEXT}),
)
"""An item of the output."""


def response(*statuses: str) -> Schema:
    """A response in one of these states."""
    reason = said({"reason": word("max_output_tokens", "content_filter")})
    return said(
        {
            "id": TEXT,
            "object": word("response"),
            "created_at": COUNT,
            "status": word(*statuses),
            "error": either(said({"code": TEXT, "message": TEXT}), NOTHING),
            "incomplete_details": either(reason, NOTHING),
            "instructions": NOTHING,
            "metadata": OBJECT,
            "model": TEXT,
            "output": many(ITEM),
            "parallel_tool_calls": FLAG,
            "temperature": {"type": ["number", "null"]},
            "tool_choice": either(TEXT, OBJECT),
            "tools": many(OBJECT),
            "top_p": {"type": ["number", "null"]},
            "usage": either(
                _counts(responses.USAGE, *responses.COUNTS),
                NOTHING,
            ),
        },
        colonnade=RULING,
    )


ERROR = said({"error": said({"message": TEXT, "type": TEXT, "param": MAYBE, "code": MAYBE})})

_MODEL = said({"id": TEXT, "object": word("model"), "created": COUNT, "owned_by": TEXT})

_HEALTH = said(
    {"status": TEXT},
    models=many(TEXT),
    guard=TEXT,
    detectors=many(said({"name": TEXT, "version": TEXT, "digest": TEXT})),
    policies=said({"digest": TEXT, "current": FLAG, "fault": TEXT}),
    system_prompts=many(said({"name": TEXT, "digest": TEXT})),
    keys=FLAG,
    log=either(OBJECT, NOTHING),
    under_way=COUNT,
    upstream=either(said({"fault": TEXT, "at": TEXT, "count": COUNT}), NOTHING),
    observers=said({"dropped": COUNT, "failed": COUNT}),
    access=either(OBJECT, NOTHING),
)

SCHEMAS: dict[str, Schema] = {
    "Chat": _CHAT,
    "Completions": _COMPLETIONS,
    "Responses": response("completed", "incomplete"),
    "Model": _MODEL,
    "Models": said({"object": word("list"), "data": many(_MODEL)}),
    "Health": _HEALTH,
    "FeedbackTaken": said({"object": word("colonnade.feedback"), "id": TEXT, "answer": TEXT, "clause": MAYBE}),
    "Error": ERROR,
}
