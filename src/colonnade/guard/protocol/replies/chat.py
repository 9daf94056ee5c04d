"""Replies of /v1/chat/completions."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from colonnade.guard.protocol.asked import Asked
from colonnade.guard.protocol.calls import call_text, plain_escapes, split_call
from colonnade.guard.protocol.replies.reply import (
    MOST,
    Choice,
    Reply,
    counted_whole,
    finish_of,
    garbage,
    identity,
    read_choices,
    text_of,
    tool_name_of,
    written_choices,
)

USAGE: dict[str, Any] = {
    "prompt_tokens": None,
    "completion_tokens": None,
    "total_tokens": None,
    "prompt_tokens_details": {"cached_tokens": None, "audio_tokens": None},
    "completion_tokens_details": {
        "reasoning_tokens": None,
        "audio_tokens": None,
        "accepted_prediction_tokens": None,
        "rejected_prediction_tokens": None,
    },
}
"""The counts of tokens that are passed on."""

COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")

NO_USAGE: Mapping[str, Any] = MappingProxyType(dict.fromkeys(COUNTS, 0))
"""The counts where the model was not asked."""


def usage_of(value: Any) -> dict[str, Any] | None:
    """Counts of tokens."""
    return counted_whole(value, USAGE, COUNTS)


def read_reply(body: Any) -> Reply:
    """The texts of a reply.

    Raises:
        UpstreamError: where it is no reply.
    """
    return read_choices(body, _texts, finish_of, usage_of)


def reasoning_of(message: Mapping[str, Any]) -> str:
    """The reasoning, under either of the names that servers use."""
    first, second = text_of(message.get("reasoning_content")), text_of(message.get("reasoning"))
    return first if first == second else first + second


def _texts(choice: dict[str, Any]) -> dict[str, str]:
    message = choice.get("message")
    if not isinstance(message, dict):
        raise garbage("a choice has no message")
    texts = {
        "reasoning": reasoning_of(message),
        "content": text_of(message.get("content")),
        "refusal": text_of(message.get("refusal")),
    }
    calls = message.get("tool_calls") or []
    if not isinstance(calls, list) or len(calls) > MOST:
        raise garbage("the calls are no list")
    for place, call in enumerate(calls):
        channel, text = _call(call)
        texts[f"{channel}:{place}"] = text
    if message.get("function_call"):
        texts["function"] = call_of(message["function_call"], "arguments")
    return {channel: text for channel, text in texts.items() if text}


def _call(call: Any) -> tuple[str, str]:
    if not isinstance(call, dict):
        raise garbage("a call is no object")
    if call.get("type") == "custom":
        return "custom", call_of(call.get("custom"), "input")
    return "tool", call_of(call.get("function"), "arguments")


def call_of(value: Any, body: str) -> str:
    """Name and arguments as one text.

    Raises:
        UpstreamError: where it is no call.
    """
    if not isinstance(value, dict):
        raise garbage("a call has no name")
    said = text_of(value.get(body))
    return call_text(tool_name_of(value.get("name")), plain_escapes(said) if body == "arguments" else said)


def written_reply(_asked: Asked, model: str, reply: Reply) -> dict[str, Any]:
    """A reply as the client gets it."""
    choices = [_written(choice) for choice in reply.choices]
    return written_choices("chatcmpl-", "chat.completion", model, choices, reply.usage)


def _written(choice: Choice) -> dict[str, Any]:
    calls = [_written_call(channel, text) for channel, text in choice.texts.items() if ":" in channel]
    spoken = choice.texts.get("content")
    silent = not calls and "refusal" not in choice.texts and "function" not in choice.texts
    message: dict[str, Any] = {
        "role": "assistant",
        "content": "" if spoken is None and silent else spoken,
        "refusal": choice.texts.get("refusal"),
    }
    if "reasoning" in choice.texts:
        message["reasoning_content"] = choice.texts["reasoning"]
    if calls:
        message["tool_calls"] = calls
    if "function" in choice.texts:
        message["function_call"] = dict(zip(("name", "arguments"), split_call(choice.texts["function"]), strict=True))
    finish = choice.finish
    if {"tool_calls": not calls, "function_call": "function" not in choice.texts}.get(finish):
        finish = "stop"
    return {"index": choice.number, "message": message, "finish_reason": finish, "logprobs": None}


def _written_call(channel: str, text: str) -> dict[str, Any]:
    name, body = split_call(text)
    if channel.startswith("custom:"):
        return {"id": identity("call_"), "type": "custom", "custom": {"name": name, "input": body}}
    return {"id": identity("call_"), "type": "function", "function": {"name": name, "arguments": body}}
