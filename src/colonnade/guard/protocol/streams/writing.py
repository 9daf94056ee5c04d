"""What the writers of chats and completions share: one head per channel, made once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import orjson

from colonnade.guard.protocol.asked import Asked, OutputKey
from colonnade.guard.protocol.errors import ProtocolError
from colonnade.guard.protocol.replies.reply import identity, now

DONE = b"data: [DONE]\n\n"

PARAGRAPH = "\n\n"
"""Between what was already said and the fixed answer."""


class ChunkWriter(ABC):
    """Writes chunks whose choices are numbered.

    Args:
        asked: how many choices, and whether tokens are counted at the end.
        model: as the client is to read it.
        colonnade: goes with the first chunk.
        prefix, kind: of the id and the object.
    """

    def __init__(
        self, asked: Asked, model: str, colonnade: Mapping[str, Any] | None, *, prefix: str, kind: str
    ) -> None:
        self._choices = asked.choices
        self._counts = asked.usage
        self._colonnade = colonnade
        self._head = {"id": identity(prefix), "object": kind, "created": now(), "model": model}
        self._start = b"data: " + orjson.dumps(self._head)[:-1] + b',"choices":[{"index":'
        self._speaking = set(range(asked.choices))
        self._frames: dict[OutputKey, tuple[bytes, bytes]] = {}
        self._closed = False

    def open(self) -> bytes:
        """The first chunks."""
        first = [self._first(choice) for choice in range(self._choices)]
        if self._colonnade is not None:
            first[0] = first[0][:-3] + b',"colonnade":' + orjson.dumps(dict(self._colonnade)) + b"}\n\n"
        return b"".join(first)

    def text(self, choice: int, channel: str, text: str) -> bytes:
        """A released piece."""
        if not text or choice not in self._speaking:
            return b""
        frame = self._frames.get((choice, channel))
        if frame is None:
            return self._begin(choice, channel, text)
        return frame[0] + orjson.dumps(text) + frame[1]

    def end(self, choice: int, finish: str) -> bytes:
        """The choice is complete."""
        if choice not in self._speaking:
            return b""
        self._speaking.discard(choice)
        return self._last(choice, finish)

    def replace(self, choice: int, fixed_text: str) -> bytes:
        """The fixed answer, and the end of the choice."""
        if choice not in self._speaking:
            return b""
        between = PARAGRAPH if (choice, "content") in self._frames else ""
        return self.text(choice, "content", between + fixed_text) + self.end(choice, "content_filter")

    def fault(self, message: str, code: str) -> bytes:
        """An error event and the end of the stream."""
        if self._closed:
            return b""
        self._closed = True
        self._speaking.clear()
        return b"data: " + orjson.dumps(ProtocolError(message, status=502, code=code).body()) + b"\n\n" + DONE

    def close(self, usage: Mapping[str, Any] | None) -> bytes:
        """The end of the stream."""
        if self._closed:
            return b""
        self._closed = True
        said = b"".join(self.end(choice, "stop") for choice in range(self._choices))
        if self._counts and usage:
            said += b"data: " + orjson.dumps({**self._head, "choices": [], "usage": dict(usage)}) + b"\n\n"
        return said + DONE

    @abstractmethod
    def _first(self, choice: int) -> bytes:
        """What opens a choice."""

    @abstractmethod
    def _begin(self, choice: int, channel: str, text: str) -> bytes:
        """The first piece of a channel; leaves a frame for those that follow."""

    @abstractmethod
    def _last(self, choice: int, finish: str) -> bytes:
        """What ends a choice."""
