"""Server-sent events out of bytes that may be cut anywhere."""

from __future__ import annotations

import re

from colonnade.guard.protocol.errors import UpstreamError

LARGEST_EVENT = 1024 * 1024
"""Bytes of one event, so that a server without line ends cannot fill the memory."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_FIELD = re.compile(rb"[A-Za-z][A-Za-z0-9_-]*\Z")


class Events:
    """Gives the data of each event; names, ids, comments and unknown fields are passed over.

    The time is linear in the bytes, however they are cut: bytes without a line end are only put by.
    """

    def __init__(self) -> None:
        self._waiting: list[bytes] = []
        self._size = 0
        self._data: list[bytes] = []
        self._begun = False
        self._after_return = False

    @property
    def between(self) -> bool:
        """Whether what comes next begins an event."""
        return not (self._waiting or self._data or self._after_return)

    def feed(self, data: bytes) -> list[bytes]:
        """The events that these bytes complete.

        Raises:
            UpstreamError: for an event that is too large, and for lines that are no field at all.
        """
        if self._begun and not (self._waiting or self._data or self._after_return) and data.endswith(b"\n\n"):
            start = data.find(b"\n") + 1 if data.startswith(b"event: ") else 0
            one = data.startswith(b"data: ", start) and data.find(b"\n", start) == len(data) - 2
            if one and b"\r" not in data and len(data) <= LARGEST_EVENT:  # one whole event, as servers mostly send them
                return [data[start + 6 : -2]]
        if self._after_return and data:
            self._after_return = False
            data = data[1:] if data.startswith(b"\n") else data
        if b"\r" in data:
            self._after_return = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        end = data.rfind(b"\n")
        if end < 0:
            self._put_by(data)
            return []
        lines = data[:end]
        if self._waiting:
            lines = b"".join(self._waiting) + lines
            self._waiting, self._size = [], sum(map(len, self._data))
        events = self._events(lines)
        self._put_by(data[end + 1 :])
        return events

    def finish(self) -> list[bytes]:
        """The event that lacks its last line end."""
        last, self._waiting = b"".join(self._waiting), []
        events = self._events(last) if last else []
        if self._data:
            events.append(b"\n".join(self._data))
            self._data = []
        return events

    def _put_by(self, data: bytes) -> None:
        if data:
            self._waiting.append(data)
            self._grow(len(data))

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > LARGEST_EVENT:
            message = f"the model's server sent an event of more than {LARGEST_EVENT} bytes."
            raise UpstreamError(message, "upstream_event_too_large")

    def _events(self, lines: bytes) -> list[bytes]:
        if not self._begun:
            self._begun = True
            lines = lines.removeprefix(_BYTE_ORDER_MARK)
        events = []
        for line in lines.split(b"\n"):
            if not line:
                if self._data:
                    events.append(self._data[0] if len(self._data) == 1 else b"\n".join(self._data))
                    self._data, self._size = [], 0
            elif line.startswith(b"data:"):
                value = line[6:] if line[5:6] == b" " else line[5:]
                self._data.append(value)
                self._grow(len(value) + 1)
            elif line[0] != 58:
                self._other(line)
        return events

    def _other(self, line: bytes) -> None:
        name = line.partition(b":")[0]
        if name == b"data":
            self._data.append(b"")
            self._grow(1)
        elif _FIELD.match(name) is None:
            raise UpstreamError("the model's server sent something that is no stream of events.")
