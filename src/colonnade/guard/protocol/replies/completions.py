"""Replies of /v1/completions."""

from __future__ import annotations

from typing import Any

from colonnade.guard.protocol.asked import Asked
from colonnade.guard.protocol.replies.chat import usage_of
from colonnade.guard.protocol.replies.reply import Choice, Reply, finish_of, read_choices, text_of, written_choices


def read_reply(body: Any) -> Reply:
    """The texts of a reply.

    Raises:
        UpstreamError: where it is no reply.
    """
    return read_choices(body, lambda choice: {"content": text_of(choice.get("text"))}, completion_finish, usage_of)


def completion_finish(value: Any) -> str:
    """Why a completion ended: it calls no tools."""
    finish = finish_of(value)
    return finish if finish in ("stop", "length", "content_filter") else "stop"


def written_reply(_asked: Asked, model: str, reply: Reply) -> dict[str, Any]:
    """A reply as the client gets it."""
    choices = [_written(choice) for choice in reply.choices]
    return written_choices("cmpl-", "text_completion", model, choices, reply.usage)


def _written(choice: Choice) -> dict[str, Any]:
    text = choice.texts.get("content", "")
    return {"index": choice.number, "text": text, "finish_reason": choice.finish, "logprobs": None}
