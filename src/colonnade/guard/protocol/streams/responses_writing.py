"""Writing streams of /v1/responses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from colonnade.guard.protocol.asked import Asked
from colonnade.guard.protocol.replies.reply import identity
from colonnade.guard.protocol.replies.responses import (
    ended,
    item_identity,
    response_head,
    written_item,
    written_part,
)
from colonnade.guard.protocol.streams.writing import PARAGRAPH

KINDS = {
    "content": ("output_text", "content_index", "text"),
    "refusal": ("refusal", "content_index", "refusal"),
    "reasoning": ("reasoning_text", "content_index", "text"),
    "summary": ("reasoning_summary_text", "summary_index", "text"),
    "tool": ("function_call_arguments", "", "arguments"),
    "custom": ("custom_tool_call_input", "", "input"),
}
"""The word in the names of events, the key that counts parts, and the key of a whole text, by channel."""


class _Item:
    """An item that is being written: one per channel, open until the response ends."""

    def __init__(self, channel: str, place: int, name: str) -> None:
        self.channel, self.place, self.called = channel, place, name
        self.name, self.call = item_identity(channel), identity("call_")
        self.word, self.counter, self.key = KINDS[channel.partition(":")[0]]
        self.pieces: list[str] = []
        self.where: dict[str, Any] = {"item_id": self.name, "output_index": place}
        if self.counter:
            self.where[self.counter] = 0
        self.extra: dict[str, Any] = {"logprobs": []} if channel == "content" else {}
        kind = f"response.{self.word}.delta"
        head = orjson.dumps({"type": kind, **self.where, **self.extra})
        self.frame = f"event: {kind}\ndata: ".encode() + head[:-1] + b',"delta":'

    def said(self) -> str:
        return "".join(self.pieces)

    def written(self, text: str, status: str) -> dict[str, Any]:
        whole = f"{self.called}\n{text}" if self.called else text
        return written_item(self.channel, whole, self.name, status, self.call)


class ResponsesWriter:
    """Writes the events of one response from the texts that it is handed.

    Each channel becomes one item, and all items end together, so that a piece that was held back may
    come after a later item has begun.
    """

    def __init__(self, asked: Asked, model: str, colonnade: Mapping[str, Any] | None) -> None:
        self._head = response_head(asked, model, identity("resp_"))
        if colonnade is not None:
            self._head["colonnade"] = dict(colonnade)
        self._number = -1
        self._items: dict[str, _Item] = {}
        self._names: dict[str, str] = {}
        self._finish = ""
        self._closed = False

    def open(self) -> bytes:
        """The first events."""
        return self._event("response.created", response=self._head) + self._event(
            "response.in_progress", response=self._head
        )

    def text(self, choice: int, channel: str, text: str) -> bytes:
        """A released piece."""
        if not text or choice != 0 or self._finish or self._closed:
            return b""
        item = self._items.get(channel)
        if item is None:
            return self._begin(channel, text)
        item.pieces.append(text)
        self._number += 1
        return b'%b%b,"sequence_number":%d}\n\n' % (item.frame, orjson.dumps(text), self._number)

    def end(self, choice: int, finish: str) -> bytes:
        """The response is complete, save for the last event."""
        if choice != 0 or self._finish or self._closed:
            return b""
        self._finish = finish
        return b"".join(event for item in self._items.values() for event in self._done(item))

    def replace(self, choice: int, fixed_text: str) -> bytes:
        """The fixed answer, and the end of its item."""
        between = PARAGRAPH if "content" in self._items else ""
        return self.text(choice, "content", between + fixed_text) + self.end(choice, "content_filter")

    def fault(self, message: str, code: str) -> bytes:
        """An error event, and the response as failed."""
        if self._closed:
            return b""
        self._closed = True
        items = [item.written(item.said(), "incomplete") for item in self._items.values()]
        failed = {**self._head, "status": "failed", "output": items}
        failed["error"] = {"code": "server_error", "message": message}
        return self._event("error", code=code, message=message, param=None) + self._event(
            "response.failed", response=failed
        )

    def close(self, usage: Mapping[str, Any] | None) -> bytes:
        """The whole response, made of what was really sent."""
        if self._closed:
            return b""
        said = self.end(0, "stop")
        self._closed = True
        items = [item.written(item.said(), self._status(item)) for item in self._items.values()]
        response = ended(self._head, items, self._finish, usage)
        return said + self._event(f"response.{response['status']}", response=response)

    def _event(self, kind: str, **content: Any) -> bytes:
        self._number += 1
        data = orjson.dumps({"type": kind, **content, "sequence_number": self._number})
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)

    def _begin(self, channel: str, text: str) -> bytes:
        name = ""
        if ":" in channel:
            name, line, text = (self._names.pop(channel, "") + text).partition("\n")
            if not line:
                self._names[channel] = name
                return b""
        elif channel not in KINDS:
            return b""
        item = self._items[channel] = _Item(channel, len(self._items), name)
        begun = self._event("response.output_item.added", output_index=item.place, item=item.written("", "in_progress"))
        if item.counter:
            begun += self._event(_part_event(item, "added"), **item.where, part=written_part(channel, ""))
        return begun + self.text(0, channel, text)

    def _done(self, item: _Item) -> Iterator[bytes]:
        text = item.said()
        yield self._event(f"response.{item.word}.done", **item.where, **item.extra, **{item.key: text})
        if item.counter:
            yield self._event(_part_event(item, "done"), **item.where, part=written_part(item.channel, text))
        whole = item.written(text, self._status(item))
        yield self._event("response.output_item.done", output_index=item.place, item=whole)

    def _status(self, item: _Item) -> str:
        """Where something was withheld no item is whole; where the tokens ran out the last one is not."""
        if self._finish == "content_filter":
            return "incomplete"
        last = item.place == len(self._items) - 1
        return "incomplete" if self._finish == "length" and last else "completed"


def _part_event(item: _Item, what: str) -> str:
    kind = "reasoning_summary_part" if item.channel == "summary" else "content_part"
    return f"response.{kind}.{what}"
