"""A whole reply as texts by choice and channel, the same for every endpoint."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

from colonnade.guard.protocol.asked import Output, OutputKey, Replaced
from colonnade.guard.protocol.calls import NAME
from colonnade.guard.protocol.errors import UpstreamError
from colonnade.store.random import draw

MOST = 128
"""Choices of a reply, and calls of a choice."""

MOST_TOKENS = 100_000_000
"""Of one answer. A larger number counts nothing: it is a number that a server wants to get through unjudged."""

FINISHES = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "function_call": "function_call",
    "max_tokens": "length",
}
"""Why a choice ends; any other word of a server means that it stopped."""

BROKEN = frozenset({"error", "abort", "cancelled"})
"""Words by which a server says that it has not finished."""


class Choice(NamedTuple):
    """One of the replies.

    Attributes:
        number: from 0.
        texts: by channel, in the order in which they are shown.
        finish: why it ended.
    """

    number: int
    texts: dict[str, str]
    finish: str


class Reply(NamedTuple):
    """A whole reply.

    Attributes:
        choices: by index.
        usage: counts of tokens in the shape of the endpoint.
    """

    choices: tuple[Choice, ...]
    usage: dict[str, Any] | None


def outputs_of(reply: Reply) -> tuple[Output, ...]:
    """Every text that is not empty."""
    return tuple(
        Output(choice.number, channel, text)
        for choice in reply.choices
        for channel, text in choice.texts.items()
        if text
    )


def decide(choice: Choice, decided: Mapping[OutputKey, Replaced]) -> Choice:
    """The choice as it may go out."""
    texts = {}
    for channel, text in choice.texts.items():
        replaced = decided.get((choice.number, channel))
        if replaced is None:
            texts[channel] = text
        elif not replaced.alone:
            return Choice(choice.number, {"content": replaced.text}, "content_filter")
        elif replaced.text:
            texts[channel] = replaced.text
    return Choice(choice.number, texts, choice.finish)


def finish_of(value: Any) -> str:
    """Why a choice ended.

    Raises:
        UpstreamError: where the server says that it broke off.
    """
    if value is None:
        return "stop"
    if not isinstance(value, str):
        raise garbage("a reason to finish is no text")
    if value in BROKEN:
        raise UpstreamError("the model broke off.", "upstream_error")
    return FINISHES.get(value, "stop")


def garbage(what: str) -> UpstreamError:
    """A reply out of shape; ``what`` is ours, never the server's."""
    return UpstreamError(f"the model's server answered out of shape: {what}.")


def parse_reply(content: bytes) -> Any:
    """The JSON of a whole reply.

    Raises:
        UpstreamError: where it is none.
    """
    try:
        return orjson.loads(content)
    except ValueError:
        raise garbage("the body is no JSON") from None


def reply_object(body: Any) -> dict[str, Any]:
    """A body that is an object and no error.

    Raises:
        UpstreamError: else.
    """
    if not isinstance(body, dict):
        raise garbage("the body is no object")
    if body.get("error"):
        raise UpstreamError("the model's server reported an error.", "upstream_error")
    return body


def choices_of(body: Mapping[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """The choices with their indexes, each index once.

    Raises:
        UpstreamError: else.
    """
    listed = body.get("choices")
    if not isinstance(listed, list) or not listed or len(listed) > MOST:
        raise garbage("there are no choices")
    found: dict[int, dict[str, Any]] = {}
    for place, choice in enumerate(listed):
        if not isinstance(choice, dict):
            raise garbage("a choice is no object")
        index = choice.get("index", place)
        if type(index) is not int or not 0 <= index < MOST or index in found:
            raise garbage("the choices are not numbered")
        found[index] = choice
    return sorted(found.items())


def read_choices(
    body: Any,
    texts: Callable[[dict[str, Any]], dict[str, str]],
    finish: Callable[[Any], str],
    usage: Callable[[Any], dict[str, Any] | None],
) -> Reply:
    """A reply whose choices are numbered; keys that are not known are left behind.

    Args:
        body: of the server behind.
        texts: of a choice, by channel.
        finish: why a choice ended, from its ``finish_reason``.
        usage: the counts of tokens.

    Raises:
        UpstreamError: where it is no reply.
    """
    body = reply_object(body)
    choices = [(index, texts(choice), finish(choice.get("finish_reason"))) for index, choice in choices_of(body)]
    return Reply(tuple(Choice(*choice) for choice in choices), usage(body.get("usage")))


def written_choices(prefix: str, kind: str, model: str, choices: list[dict[str, Any]], usage: Any) -> dict[str, Any]:
    """A reply whose choices are numbered. Tokens that nobody counted are left out rather than invented."""
    head = {"id": identity(prefix), "object": kind, "created": now(), "model": model}
    return {**head, "choices": choices} | ({"usage": usage} if usage else {})


def text_of(value: Any) -> str:
    """A text that may be absent; lists of parts give the texts in them, in order.

    Raises:
        UpstreamError: for anything else.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, list):
        texts = [part.get("text", "") if isinstance(part, dict) else None for part in value]
        if all(isinstance(text, str) for text in texts):
            return "".join(texts)  # type: ignore[arg-type]  # the line above has looked
    raise garbage("a text is no text")


def tool_name_of(value: Any) -> str:
    """The name of a call.

    Raises:
        UpstreamError: where it is none, for it stands in front of a line feed.
    """
    if not isinstance(value, str) or NAME.fullmatch(value) is None:
        raise garbage("a call has no proper name")
    return value


def counted(value: Any, names: Mapping[str, Any]) -> dict[str, Any] | None:
    """Counts of tokens: whole numbers under known names, none beyond ``MOST_TOKENS``, nothing else.

    Args:
        value: what the server says.
        names: known names; nothing for a number, names again for an object of numbers.
    """
    if not isinstance(value, dict):
        return None
    found: dict[str, Any] = {}
    for name, inner in names.items():
        given = value.get(name)
        if inner is not None:
            if (within := counted(given, inner)) is not None:
                found[name] = within
        elif type(given) is int and 0 <= given <= MOST_TOKENS:
            found[name] = given
    return found or None


def counted_whole(value: Any, names: Mapping[str, Any], needed: tuple[str, ...]) -> dict[str, Any] | None:
    """Counts, or nothing where one of the needed is missing: none is invented."""
    found = counted(value, names)
    return found if found is not None and all(name in found for name in needed) else None


def identity(prefix: str) -> str:
    """A new id; the server's own are texts that nobody has judged."""
    return f"{prefix}{draw(12).hex()}"


def now() -> int:
    """Seconds of the clock."""
    return int(time.time())
