"""What the readers of streams share: events to JSON to pieces, gathered by channel."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import orjson

from colonnade.guard.protocol.asked import Delta, OutputKey
from colonnade.guard.protocol.calls import Plainer
from colonnade.guard.protocol.errors import UpstreamError
from colonnade.guard.protocol.replies.reply import MOST, garbage, text_of, tool_name_of
from colonnade.guard.protocol.streams.alike import Frame, frame_around, read_alike, read_one
from colonnade.guard.protocol.streams.events import LARGEST_EVENT, Events

_TURNS = 8
"""So often within the same bytes is it tried to read events at once."""


class Reader(ABC):
    """Reads events of JSON until ``[DONE]``; an endpoint says what one of them means.

    Attributes:
        usage: counts of tokens, nothing so far.
        done: the stream has said that it is complete.
    """

    _key = b""
    """What the text of an event stands under, where events may be alike."""

    def __init__(self) -> None:
        self.usage: Mapping[str, Any] | None = None
        self.done = False
        self._events = Events()
        self._pieces: dict[OutputKey, list[str]] = {}
        self._ends: list[Delta] = []
        self._open: set[int] = set()
        self._ended: set[int] = set()
        self._calls: dict[OutputKey, Call] = {}
        self._frame: Frame | None = None

    def feed(self, data: bytes) -> list[Delta]:
        """The pieces that these bytes complete, joined by channel, then the ends of choices."""
        if self._key and len(data) <= LARGEST_EVENT and self._events.between:
            frame = self._frame
            if frame is not None and (text := read_one(frame, data)):
                self._say(frame.choice, frame.channel, text)
                return self._gathered()
            data = self._feed_alike(data)
        if data and (payloads := self._events.feed(data)):
            self._read(payloads)
        return self._gathered() if self._pieces or self._ends else []

    def _feed_alike(self, data: bytes) -> bytes:
        """Read events that are alike at once, and a few that are not by themselves; what is left is given back."""
        for _ in range(_TURNS):
            alike = read_alike(self._frame, data) if self._frame is not None else None
            if alike is not None and self._frame is not None:
                self._say(self._frame.choice, self._frame.channel, alike.text)
                data = alike.rest
            end = data.find(b"\n\n") + 2
            if end < 2 or self.done or b"\r" in data:
                break
            if self._frame is not None and not data.startswith(self._frame.head):
                self._frame = None
            self._read(self._events.feed(data[:end]))
            data = data[end:]
        return data

    def finish(self) -> list[Delta]:
        """The rest, at the end of the bytes.

        Raises:
            UpstreamError: where the stream ended before a choice did, or before any spoke.
        """
        try:
            self._read(self._events.finish())
        except UpstreamError as fault:
            if fault.code == "upstream_garbage":
                raise _truncated() from fault
            raise
        if self._open - self._ended or not self._ended:
            raise _truncated()
        self.done = True
        return self._gathered()

    def _read(self, payloads: list[bytes]) -> None:
        for payload in payloads:
            if self.done:
                break
            if payload.startswith(b"[DONE]"):
                for choice in sorted(self._open - self._ended):
                    self._end(choice, "stop")
                self.done = True
                break
            try:
                chunk = orjson.loads(payload)
            except ValueError:
                raise garbage("an event is no JSON") from None
            if type(chunk) is not dict:
                raise garbage("an event is no object")
            self._chunk(chunk)
            if self._key and self._frame is None and (only := self._only_text(chunk)) is not None:
                self._frame = frame_around(payload, self._key, only)

    def _gathered(self) -> list[Delta]:
        found = [Delta(choice, channel, "".join(pieces)) for (choice, channel), pieces in self._pieces.items()]
        self._pieces.clear()
        if self._ends:
            found += self._ends
            self._ends.clear()
        return found

    @abstractmethod
    def _chunk(self, chunk: dict[str, Any]) -> None:
        """One event."""

    def _only_text(self, chunk: dict[str, Any]) -> Delta | None:
        """What an event says, where it says a text and nothing else."""
        return None

    def _index(self, choice: Mapping[str, Any]) -> None:
        """Takes note of a choice that speaks for the first time."""
        index = choice.get("index", 0)
        if type(index) is not int or not 0 <= index < MOST:
            raise garbage("the choices are not numbered")
        self._open.add(index)

    def _say(self, choice: int, channel: str, text: str) -> None:
        if not text:
            return
        if choice in self._ended:
            raise garbage("a choice went on after its end")
        key = (choice, channel)
        pieces = self._pieces.get(key)
        if pieces is None:
            self._pieces[key] = [text]
        else:
            pieces.append(text)

    def _end(self, choice: int, finish: str) -> None:
        self._open.add(choice)
        if choice in self._ended:
            return
        for (owner, channel), call in self._calls.items():
            if owner == choice:
                self._say(choice, channel, call.finish())
        self._ended.add(choice)
        self._ends.append(Delta(choice, "", "", finish))

    def _call(self, choice: int, channel: str, name: Any, arguments: Any) -> None:
        """A piece of a call: of its name as long as no argument came, then of its arguments."""
        call = self._calls.get((choice, channel))
        if call is None:
            if len(self._calls) >= MOST * 8:
                raise garbage("there are too many calls")
            call = self._calls[choice, channel] = Call(plain=not channel.startswith("custom"))
        self._say(choice, channel, call.feed(text_of(name), text_of(arguments)))


class Call:
    """A call that comes in pieces.

    Args:
        plain: the arguments are JSON, in which no letter is to hide behind an escape.
    """

    def __init__(self, plain: bool) -> None:
        self._name = ""
        self._named = False
        self._plainer = Plainer() if plain else None

    def feed(self, name: str, arguments: str) -> str:
        """The text that is certain by now; a name is certain once an argument follows it."""
        said = ""
        if name and not self._named:
            self._name += name
        if not arguments:
            return said
        if not self._named:
            said = self._head()
        return said + (self._plainer.feed(arguments) if self._plainer else arguments)

    def finish(self) -> str:
        """The rest."""
        said = "" if self._named else self._head()
        return said + (self._plainer.finish() if self._plainer else "")

    def _head(self) -> str:
        self._named = True
        return tool_name_of(self._name) + "\n"


def _truncated() -> UpstreamError:
    return UpstreamError("the model's server ended the stream too early.", "upstream_truncated")
