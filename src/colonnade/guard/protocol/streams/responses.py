"""Reading streams of /v1/responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from colonnade.guard.protocol.errors import UpstreamError
from colonnade.guard.protocol.replies.reply import garbage, text_of
from colonnade.guard.protocol.replies.responses import (
    MOST_ITEMS,
    PARAGRAPH,
    finish_of_response,
    read_reply,
    texts_of,
    usage_of,
)
from colonnade.guard.protocol.streams.reading import Reader

DELTAS = {
    "response.output_text.delta": ("content", "content_index"),
    "response.refusal.delta": ("refusal", "content_index"),
    "response.reasoning_text.delta": ("reasoning", "content_index"),
    "response.reasoning_summary_text.delta": ("summary", "summary_index"),
}
"""Events that bring a piece, with its channel and the key that counts the parts."""

CALL_DELTAS = frozenset({"response.function_call_arguments.delta", "response.custom_tool_call_input.delta"})

CALLS = {"function_call": ("tool", "arguments"), "custom_tool_call": ("custom", "input")}


class ResponsesReader(Reader):
    """Reads the events of one response.

    Texts are taken from the deltas. The same texts in ``.done`` events are passed over, save where a
    server sent an item, or the whole response, without any delta.
    """

    def __init__(self) -> None:
        super().__init__()
        self._parts: dict[str, tuple[Any, Any]] = {}
        self._spoken: set[int] = set()
        self._items: dict[int, str] = {}

    def _chunk(self, chunk: dict[str, Any]) -> None:
        kind = chunk.get("type")
        if type(kind) is not str:
            kind = "error" if chunk.get("error") else ""
        if not kind:
            raise garbage("an event has no type")
        self._open.add(0)
        if kind in DELTAS:
            channel, counter = DELTAS[kind]
            part = (self._place(chunk), chunk.get(counter, 0))
            self._part(channel, part, text_of(chunk.get("delta")))
        elif kind in CALL_DELTAS:
            self._argument(chunk)
        elif kind == "response.output_item.added":
            self._added(chunk)
        elif kind == "response.output_item.done":
            self._item_done(chunk)
        elif kind in ("response.completed", "response.incomplete"):
            self._completed(chunk.get("response"))
        elif kind in ("error", "response.failed", "response.cancelled") or chunk.get("error"):
            raise UpstreamError("the model's server reported an error.", "upstream_error")

    def _place(self, chunk: Mapping[str, Any]) -> int:
        place = chunk.get("output_index", 0)
        if type(place) is not int or not 0 <= place < MOST_ITEMS:
            raise garbage("the items are not numbered")
        return place

    def _part(self, channel: str, part: tuple[Any, Any], text: str) -> None:
        before = self._parts.get(channel)
        if before is not None and before != part:
            self._say(0, channel, PARAGRAPH)
        self._parts[channel] = part
        self._spoken.add(part[0])
        self._say(0, channel, text)

    def _added(self, chunk: Mapping[str, Any]) -> None:
        item = chunk.get("item")
        if isinstance(item, dict) and _is_call(item):
            place = self._place(chunk)
            if place in self._items:
                raise garbage("two items have one number")
            channel = f"{CALLS[item['type']][0]}:{len(self._items)}"
            self._items[place] = channel
            self._call(0, channel, item.get("name"), "")

    def _argument(self, chunk: Mapping[str, Any]) -> None:
        place = self._place(chunk)
        if place not in self._items:
            raise garbage("arguments belong to no call")
        self._spoken.add(place)
        self._call(0, self._items[place], "", chunk.get("delta"))

    def _item_done(self, chunk: Mapping[str, Any]) -> None:
        place, item = self._place(chunk), chunk.get("item")
        if place in self._spoken or not isinstance(item, dict):
            return
        self._spoken.add(place)
        if _is_call(item):
            if place not in self._items:
                self._added(chunk)
            self._call(0, self._items[place], "", item.get(CALLS[item["type"]][1]))
        else:
            for channel, text in texts_of(item):
                self._part(channel, (place, 0), text)

    def _completed(self, response: Any) -> None:
        if not isinstance(response, dict):
            raise garbage("the end brings no response")
        self.usage = usage_of(response.get("usage"))
        if not self._spoken and not self._items and isinstance(response.get("output"), list):
            for channel, text in read_reply(response).choices[0].texts.items():
                self._items |= {len(self._items): channel} if ":" in channel else {}
                self._say(0, channel, text)
        self._end(0, finish_of_response(response, bool(self._items)))
        self.done = True


def _is_call(item: Mapping[str, Any]) -> bool:
    kind = item.get("type")
    return isinstance(kind, str) and kind in CALLS
