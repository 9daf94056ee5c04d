"""Streams of /v1/chat/completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from colonnade.guard.protocol.asked import Asked, Delta, OutputKey
from colonnade.guard.protocol.errors import UpstreamError
from colonnade.guard.protocol.replies.chat import reasoning_of, usage_of
from colonnade.guard.protocol.replies.reply import MOST, finish_of, garbage, identity, text_of
from colonnade.guard.protocol.streams.reading import Reader
from colonnade.guard.protocol.streams.writing import ChunkWriter

_FINISHED_LATER = b'},"logprobs":null,"finish_reason":null}]}\n\n'


class ChatReader(Reader):
    """Reads chunks of chats."""

    _key = b'"content":"'

    def __init__(self) -> None:
        super().__init__()
        self._identities: dict[OutputKey, Any] = {}

    def _chunk(self, chunk: dict[str, Any]) -> None:
        if chunk.get("error"):
            raise UpstreamError("the model's server reported an error.", "upstream_error")
        if (usage := chunk.get("usage")) is not None:
            self.usage = usage_of(usage)
        choices = chunk.get("choices")
        if choices is None:
            return
        if type(choices) is not list:
            raise garbage("the choices are no list")
        for choice in choices:
            if type(choice) is not dict:
                raise garbage("a choice is no object")
            index = choice.get("index", 0)
            if type(index) is not int or index not in self._open:
                self._index(choice)
            if (delta := choice.get("delta")) is not None:
                self._delta(index, delta)
            if (finish := choice.get("finish_reason")) is not None:
                self._end(index, finish_of(finish))

    def _only_text(self, chunk: dict[str, Any]) -> Delta | None:
        if chunk.get("usage") is not None or len(chunk.get("choices") or ()) != 1:
            return None
        choice = chunk["choices"][0]
        delta = choice.get("delta") or {}
        if choice.get("finish_reason") is not None or delta.keys() != {"content"}:
            return None
        if type(delta["content"]) is not str or not delta["content"]:
            return None
        return Delta(choice.get("index", 0), "content", delta["content"])

    def _delta(self, index: int, delta: Any) -> None:
        if type(delta) is not dict:
            raise garbage("a delta is no object")
        content = delta.get("content")
        if type(content) is str and len(delta) == 1:
            self._say(index, "content", content)
            return
        self._say(index, "reasoning", reasoning_of(delta))
        self._say(index, "content", text_of(content))
        self._say(index, "refusal", text_of(delta.get("refusal")))
        if (calls := delta.get("tool_calls")) is not None:
            self._tool_calls(index, calls)
        if (call := delta.get("function_call")) is not None:
            if type(call) is not dict:
                raise garbage("a call is no object")
            self._call(index, "function", call.get("name"), call.get("arguments"))

    def _tool_calls(self, index: int, calls: Any) -> None:
        if type(calls) is not list:
            raise garbage("the calls are no list")
        for call in calls:
            if type(call) is not dict:
                raise garbage("a call is no object")
            place = self._place(index, call)
            if "custom" in call and type(call["custom"]) is dict:
                self._call(index, f"custom:{place}", call["custom"].get("name"), call["custom"].get("input"))
            else:
                function = call.get("function")
                if type(function) is not dict:
                    raise garbage("a call has no name")
                self._call(index, f"tool:{place}", function.get("name"), function.get("arguments"))

    def _place(self, index: int, call: Mapping[str, Any]) -> int:
        """The number of a call; servers that do not count give each call an id."""
        place = call.get("index")
        if place is None:
            known = [key for key in self._identities if key[0] == index]
            new = call.get("id") is not None and call["id"] not in [self._identities[key] for key in known]
            place = len(known) if new or not known else len(known) - 1
            self._identities.setdefault((index, str(place)), call.get("id"))
        if type(place) is not int or not 0 <= place < MOST:
            raise garbage("the calls are not numbered")
        return place


class ChatWriter(ChunkWriter):
    """Writes chunks of chats."""

    def __init__(self, asked: Asked, model: str, colonnade: Mapping[str, Any] | None) -> None:
        super().__init__(asked, model, colonnade, prefix="chatcmpl-", kind="chat.completion.chunk")
        self._names: dict[OutputKey, str] = {}
        self._calls: dict[int, int] = {}

    def _first(self, choice: int) -> bytes:
        return self._start + b'%d,"delta":{"role":"assistant","content":""' % choice + _FINISHED_LATER

    def _begin(self, choice: int, channel: str, text: str) -> bytes:
        start = self._start + b'%d,"delta":{' % choice
        if channel in _KEYS:
            self._frames[choice, channel] = (start + _KEYS[channel], _FINISHED_LATER)
            return self.text(choice, channel, text)
        name, line, rest = (self._names.pop((choice, channel), "") + text).partition("\n")
        if not line:
            self._names[choice, channel] = name
            return b""
        if channel == "function":
            frame = (start + b'"function_call":{"arguments":', b"}" + _FINISHED_LATER)
            head = start + b'"function_call":' + orjson.dumps({"name": name, "arguments": ""}) + _FINISHED_LATER
        else:
            kind, body = ("custom", "input") if channel.startswith("custom:") else ("function", "arguments")
            number = self._calls.setdefault(choice, 0)
            self._calls[choice] += 1
            frame = (
                start + f'"tool_calls":[{{"index":{number},"{kind}":{{"{body}":'.encode(),
                b"}}]" + _FINISHED_LATER,
            )
            call = {"index": number, "id": identity("call_"), "type": kind, kind: {"name": name, body: ""}}
            head = start + b'"tool_calls":[' + orjson.dumps(call) + b"]" + _FINISHED_LATER
        self._frames[choice, channel] = frame
        return head + self.text(choice, channel, rest)

    def _last(self, choice: int, finish: str) -> bytes:
        silent = {"tool_calls": choice not in self._calls, "function_call": (choice, "function") not in self._frames}
        if silent.get(finish):
            finish = "stop"
        end = b'%d,"delta":{},"logprobs":null,"finish_reason":%b}]}\n\n' % (choice, orjson.dumps(finish))
        return self._start + end


_KEYS = {"content": b'"content":', "reasoning": b'"reasoning_content":', "refusal": b'"refusal":'}
