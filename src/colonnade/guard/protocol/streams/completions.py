"""Streams of /v1/completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from colonnade.guard.protocol.asked import Asked, Delta
from colonnade.guard.protocol.errors import UpstreamError
from colonnade.guard.protocol.replies.chat import usage_of
from colonnade.guard.protocol.replies.completions import completion_finish
from colonnade.guard.protocol.replies.reply import garbage, text_of
from colonnade.guard.protocol.streams.reading import Reader
from colonnade.guard.protocol.streams.writing import ChunkWriter


class CompletionsReader(Reader):
    """Reads chunks of completions."""

    _key = b'"text":"'

    def _chunk(self, chunk: dict[str, Any]) -> None:
        if chunk.get("error"):
            raise UpstreamError("the model's server reported an error.", "upstream_error")
        if (usage := chunk.get("usage")) is not None:
            self.usage = usage_of(usage)
        choices = chunk.get("choices") or []
        if type(choices) is not list:
            raise garbage("the choices are no list")
        for choice in choices:
            if type(choice) is not dict:
                raise garbage("a choice is no object")
            index = choice.get("index", 0)
            if type(index) is not int or index not in self._open:
                self._index(choice)
            self._say(index, "content", text_of(choice.get("text")))
            if (finish := choice.get("finish_reason")) is not None:
                self._end(index, completion_finish(finish))

    def _only_text(self, chunk: dict[str, Any]) -> Delta | None:
        if chunk.get("usage") is not None or len(chunk.get("choices") or ()) != 1:
            return None
        choice = chunk["choices"][0]
        if choice.get("finish_reason") is not None or type(choice.get("text")) is not str or not choice["text"]:
            return None
        return Delta(choice.get("index", 0), "content", choice["text"])


class CompletionsWriter(ChunkWriter):
    """Writes chunks of completions."""

    def __init__(self, asked: Asked, model: str, colonnade: Mapping[str, Any] | None) -> None:
        super().__init__(asked, model, colonnade, prefix="cmpl-", kind="text_completion")

    def _first(self, choice: int) -> bytes:
        return self._start + b'%d,"text":"","logprobs":null,"finish_reason":null}]}\n\n' % choice

    def _begin(self, choice: int, channel: str, text: str) -> bytes:
        if channel != "content":
            return b""
        frame = (self._start + b'%d,"text":' % choice, b',"logprobs":null,"finish_reason":null}]}\n\n')
        self._frames[choice, channel] = frame
        return self.text(choice, channel, text)

    def _last(self, choice: int, finish: str) -> bytes:
        reason = orjson.dumps(finish if finish in ("length", "content_filter") else "stop")
        return self._start + b'%d,"text":"","logprobs":null,"finish_reason":%b}]}\n\n' % (choice, reason)
