"""What is asked and answered, whichever endpoint it came through: frozen, and nothing textual left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Part(NamedTuple):
    """A text that reaches the model.

    Attributes:
        role: ``system``, ``developer``, ``user``, ``assistant``, ``tool`` or ``function`` as the client
            named it; ``definition`` of tools and of schemas; ``setting`` of stop texts and the like.
        text: as the model reads it. Of an object: its keys and values, one per line.
        place: path into the body, for example ``messages.[2].content``.
    """

    role: str
    text: str
    place: str


class Asked(NamedTuple):
    """A request that was read to the last key.

    Attributes:
        endpoint: ``chat``, ``completions`` or ``responses``.
        model: as the client named it.
        parts: what surrounds the conversation first (tools, schemas, stop texts), then the
            conversation in its order. No text in ``body`` is missing here, save words from closed
            lists and call ids, which are numbered anew.
        pictures: images, files and sounds that are passed on unread.
        stream: the reply is wanted as server-sent events.
        choices: how many replies are wanted, at least one.
        usage: a stream ends with the count of its tokens.
        body: what is passed on; read again it gives the same request.
    """

    endpoint: str
    model: str
    parts: tuple[Part, ...]
    pictures: int
    stream: bool
    choices: int
    usage: bool
    body: Mapping[str, Any]


class Output(NamedTuple):
    """A text that would reach the client.

    Attributes:
        choice: from 0.
        channel: ``content``, ``reasoning``, ``summary`` (of the reasoning), ``refusal``, ``tool:K`` and
            ``custom:K`` (calls, from 0) or ``function`` (the old single call). The text of a call is its
            name, a line feed, its arguments.
        text: all of it.
    """

    choice: int
    channel: str
    text: str


OutputKey = tuple[int, str]
"""Choice and channel."""


class Replaced(NamedTuple):
    """What stands in the place of an output that is withheld.

    Attributes:
        text: the fixed answer, or what was left of the text.
        alone: only this output is exchanged, nothing is said where ``text`` is empty, and the reply
            ends as it would have; else the whole choice becomes ``text`` and ends with
            ``content_filter``, for the other outputs of a choice speak of the same thing.
    """

    text: str
    alone: bool = False


class Delta(NamedTuple):
    """What a stream brought: a piece of text, or the end of a choice.

    Attributes:
        choice: from 0.
        channel: as in ``Output``; empty where this is an end.
        text: never empty, save where this is an end. Of calls: first the whole name and a line feed.
        finish: nothing, or why the choice ends: ``stop``, ``length``, ``tool_calls``,
            ``function_call`` or ``content_filter``.
    """

    choice: int
    channel: str
    text: str
    finish: str | None = None
