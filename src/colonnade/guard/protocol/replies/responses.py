"""Replies of /v1/responses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from colonnade.guard.protocol.asked import Asked
from colonnade.guard.protocol.calls import split_call
from colonnade.guard.protocol.errors import UpstreamError
from colonnade.guard.protocol.replies.chat import call_of
from colonnade.guard.protocol.replies.reply import (
    Choice,
    Reply,
    counted_whole,
    garbage,
    identity,
    now,
    reply_object,
    text_of,
)

USAGE: dict[str, Any] = {
    "input_tokens": None,
    "input_tokens_details": {"cached_tokens": None, "cache_write_tokens": None},
    "output_tokens": None,
    "output_tokens_details": {"reasoning_tokens": None},
    "total_tokens": None,
}

COUNTS = ("input_tokens", "output_tokens", "total_tokens")

PARAGRAPH = "\n\n"
"""Between two messages of one reply, which are one text here."""

MOST_ITEMS = 1024


def usage_of(value: Any) -> dict[str, Any] | None:
    """Counts of tokens."""
    found = counted_whole(value, USAGE, COUNTS)
    if found is None:
        return None
    empty = {"input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0}}
    for name, zeros in {**empty, "output_tokens_details": {"reasoning_tokens": 0}}.items():
        found[name] = {**zeros, **found.get(name, {})}
    return found


NO_USAGE: Mapping[str, Any] = MappingProxyType(usage_of(dict.fromkeys(COUNTS, 0)) or {})
"""The counts where the model was not asked."""


def finish_of_response(response: Mapping[str, Any], calls: bool) -> str:
    """Why a response ended.

    Raises:
        UpstreamError: where it failed or is not over.
    """
    status = response.get("status")
    if status == "incomplete":
        details = response.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        return "content_filter" if reason == "content_filter" else "length"
    if status not in (None, "completed"):
        raise UpstreamError("the model broke off.", "upstream_error")
    return "tool_calls" if calls else "stop"


def read_reply(body: Any) -> Reply:
    """The texts of a response; items and keys that are not known are left behind.

    Raises:
        UpstreamError: where it is no response.
    """
    body = reply_object(body)
    items = body.get("output")
    if not isinstance(items, list) or len(items) > MOST_ITEMS:
        raise garbage("there is no output")
    texts: dict[str, list[str]] = {}
    calls = 0
    for item in items:
        for kind, text in texts_of(item):
            channel = f"{kind}:{calls}" if kind in ("tool", "custom") else kind
            calls += channel != kind
            texts.setdefault(channel, []).append(text)
    joined = {channel: PARAGRAPH.join(pieces) for channel, pieces in texts.items()}
    finish = finish_of_response(body, calls > 0)
    return Reply((Choice(0, joined, finish),), usage_of(body.get("usage")))


def texts_of(item: Any) -> list[tuple[str, str]]:
    """Channels and texts of an item; a call's channel still lacks its number.

    Raises:
        UpstreamError: where it is no item.
    """
    if not isinstance(item, dict):
        raise garbage("an item is no object")
    kind = item.get("type")
    if kind == "function_call":
        return [("tool", call_of(item, "arguments"))]
    if kind == "custom_tool_call":
        return [("custom", call_of(item, "input"))]
    if kind == "reasoning":
        summary = [text_of(part.get("text")) for part in _parts(item.get("summary"))]
        content = [text_of(part.get("text")) for part in _parts(item.get("content"))]
        return _joined({"reasoning": content, "summary": summary}.items())
    if kind != "message":
        return []
    parts = _parts(item.get("content"))
    said = [text_of(part.get("text")) for part in parts if part.get("type") == "output_text"]
    refused = [text_of(part.get("refusal")) for part in parts if part.get("type") == "refusal"]
    return _joined({"content": said, "refusal": refused}.items())


def _joined(texts: Iterable[tuple[str, list[str]]]) -> list[tuple[str, str]]:
    joined = [(channel, PARAGRAPH.join(filter(None, pieces))) for channel, pieces in texts]
    return [(channel, text) for channel, text in joined if text]


def _parts(value: Any) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
        raise garbage("the parts of an item are no objects")
    return value


def written_reply(asked: Asked, model: str, reply: Reply) -> dict[str, Any]:
    """A response as the client gets it."""
    choice = reply.choices[0]
    items = [written_item(channel, text, item_identity(channel)) for channel, text in choice.texts.items()]
    if choice.finish in ("length", "content_filter") and items and "status" in items[-1]:
        items[-1]["status"] = "incomplete"
    return ended(response_head(asked, model, identity("resp_")), items, choice.finish, reply.usage)


def response_head(asked: Asked, model: str, name: str) -> dict[str, Any]:
    """A response that has said nothing yet."""
    return {
        "id": name,
        "object": "response",
        "created_at": now(),
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": model,
        "output": [],
        "parallel_tool_calls": asked.body.get("parallel_tool_calls", True),
        "temperature": asked.body.get("temperature"),
        "tool_choice": asked.body.get("tool_choice", "auto"),
        "tools": [_written_tool(tool) for tool in asked.body.get("tools", ())],
        "top_p": asked.body.get("top_p"),
        "usage": None,
    }


def _written_tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    return {"parameters": None, "strict": None, **tool} if tool["type"] == "function" else dict(tool)


def ended(
    head: Mapping[str, Any], items: list[dict[str, Any]], finish: str, usage: Mapping[str, Any] | None
) -> dict[str, Any]:
    """A response that is over."""
    reason = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(finish)
    return {
        **head,
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "output": items,
        "usage": dict(usage) if usage else None,
    }


def item_identity(channel: str) -> str:
    """A new id for an item."""
    kind = channel.partition(":")[0]
    return identity({"tool": "fc_", "custom": "ctc_", "reasoning": "rs_", "summary": "rs_"}.get(kind, "msg_"))


def written_item(channel: str, text: str, name: str, status: str = "completed", call: str = "") -> dict[str, Any]:
    """An item of an output.

    Args:
        channel: which kind of item.
        text: what it says.
        name: its id.
        status: ``in_progress``, ``completed`` or ``incomplete``.
        call: the id of the call, a new one where it is empty.
    """
    kind = channel.partition(":")[0]
    if kind in ("tool", "custom"):
        called, said = split_call(text)
        item = {"id": name, "call_id": call or identity("call_"), "name": called}
        if kind == "custom":
            return {**item, "type": "custom_tool_call", "input": said}
        return {**item, "type": "function_call", "arguments": said, "status": status}
    if kind == "reasoning":
        content = [{"type": "reasoning_text", "text": text}] if text else []
        return {"id": name, "type": "reasoning", "summary": [], "content": content, "status": status}
    if kind == "summary":
        summary = [{"type": "summary_text", "text": text}] if text else []
        return {"id": name, "type": "reasoning", "summary": summary, "status": status}
    parts = [written_part(channel, text)] if text else []
    return {"id": name, "type": "message", "role": "assistant", "status": status, "content": parts}


def written_part(channel: str, text: str) -> dict[str, Any]:
    """A part of a message or of a reasoning."""
    if channel == "content":
        return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    if channel == "refusal":
        return {"type": "refusal", "refusal": text}
    return {"type": "reasoning_text" if channel == "reasoning" else "summary_text", "text": text}
