"""Replies of /v1/completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from colonnade.guard.protocol.asked import Asked, Output, OutputKey, Replaced
from colonnade.guard.protocol.replies.chat import usage_of
from colonnade.guard.protocol.replies.reply import (
    Choice,
    Reply,
    choices_of,
    decide,
    finish_of,
    identity,
    now,
    outputs_of,
    reply_object,
    text_of,
)


def read_reply(body: Any) -> Reply:
    """The texts of a reply; keys that are not known are left behind.

    Raises:
        UpstreamError: where it is no reply.
    """
    body = reply_object(body)
    choices = tuple(
        Choice(index, {"content": text_of(choice.get("text"))}, completion_finish(choice.get("finish_reason")))
        for index, choice in choices_of(body)
    )
    return Reply(choices, usage_of(body.get("usage")))


def completion_finish(value: Any) -> str:
    """Why a completion ended: it calls no tools."""
    finish = finish_of(value)
    return finish if finish in ("stop", "length", "content_filter") else "stop"


def outputs(body: Any) -> tuple[Output, ...]:
    """Every text of a whole reply.

    Raises:
        UpstreamError: where it is none.
    """
    return outputs_of(read_reply(body))


def whole(asked: Asked, body: Any, decided: Mapping[OutputKey, Replaced]) -> dict[str, Any]:
    """The reply for the client.

    Raises:
        UpstreamError: where ``body`` is none.
    """
    reply = read_reply(body)
    choices = [_written(decide(choice, decided)) for choice in reply.choices]
    return _reply(asked.model, choices) | ({"usage": reply.usage} if reply.usage else {})


def refusal(asked: Asked, model: str, text: str, colonnade: Mapping[str, Any] | None) -> dict[str, Any]:
    """The fixed answer in every choice."""
    choices = [_written(Choice(index, {"content": text}, "content_filter")) for index in range(asked.choices)]
    return _reply(model, choices) | ({"colonnade": dict(colonnade)} if colonnade is not None else {})


def _reply(model: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": identity("cmpl-"),
        "object": "text_completion",
        "created": now(),
        "model": model,
        "choices": choices,
    }


def _written(choice: Choice) -> dict[str, Any]:
    text = choice.texts.get("content", "")
    return {"index": choice.number, "text": text, "finish_reason": choice.finish, "logprobs": None}
