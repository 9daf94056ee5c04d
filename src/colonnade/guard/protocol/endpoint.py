"""One record of functions per endpoint, so that the gateway never asks which one it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from colonnade.guard.protocol.asked import Asked, Delta, Output, OutputKey, Replaced

Body = dict[str, Any]


class StreamReader(Protocol):
    """Reads the stream of the server behind, in any chunks.

    Attributes:
        usage: the tokens that the server counted, in the shape of the endpoint; nothing so far.
        done: the stream has said that it is complete.
    """

    usage: Mapping[str, Any] | None
    done: bool

    def feed(self, data: bytes) -> list[Delta]:
        """What these bytes complete; neighbours of one channel are joined.

        Raises:
            UpstreamError: at the first thing that is not the protocol. What came before it in the
                same bytes is lost with it.
        """
        ...

    def finish(self) -> list[Delta]:
        """The rest, at the end of the bytes.

        Raises:
            UpstreamError: where the stream ended before a choice did, or before any spoke.
        """
        ...


class StreamWriter(Protocol):
    """Writes a stream for the client from nothing but the texts that it is handed.

    A choice that has ended says nothing any more: ``text``, ``end`` and ``replace`` are then empty.
    The same holds for everything after ``fault`` or ``close``.
    """

    def open(self) -> bytes:
        """The first events; sent once, before anything else."""
        ...

    def text(self, choice: int, channel: str, text: str) -> bytes:
        """A released piece. Of calls the name and its line feed come first, cut anywhere."""
        ...

    def end(self, choice: int, finish: str) -> bytes:
        """The choice is complete."""
        ...

    def replace(self, choice: int, fixed_text: str) -> bytes:
        """The rest of the choice is withheld: the fixed answer in a paragraph of its own, then ``content_filter``."""
        ...

    def fault(self, message: str, code: str) -> bytes:
        """An error event and the end of the stream."""
        ...

    def close(self, usage: Mapping[str, Any] | None) -> bytes:
        """The end of the stream; choices that are still open end here with ``stop``."""
        ...


class Endpoint(NamedTuple):
    """An endpoint of the protocol.

    Attributes:
        name: ``chat``, ``completions`` or ``responses``.
        path: of its route.
        read: a request from its bytes; raises ``ProtocolError``.
        for_upstream: ``(asked, model, system)``, the body for the server behind. Where the operator has
            something to say, he alone speaks as the system: what the client said as system or developer
            becomes the beginning of its own words.
        without_refused: ``(asked, fixed_answers)``, the request without the turns that the guard
            answered itself; raises ``ProtocolError`` where nothing is left.
        outputs: every text of a whole reply; raises ``UpstreamError`` where it is none.
        whole: ``(asked, body, decided)``, the reply for the client, built anew from the outputs. An
            output that ``decided`` does not name is passed on.
        refusal: ``(asked, model, text, colonnade)``, a whole reply that is the fixed answer in every choice.
        reader: for one stream of the server behind.
        writer: ``(asked, model, colonnade)``, for one stream to the client.
    """

    name: str
    path: str
    read: Callable[[bytes], Asked]
    for_upstream: Callable[[Asked, str, str], Body]
    without_refused: Callable[[Asked, frozenset[str]], Asked]
    outputs: Callable[[Any], tuple[Output, ...]]
    whole: Callable[[Asked, Any, Mapping[OutputKey, Replaced]], Body]
    refusal: Callable[[Asked, str, str, Mapping[str, Any] | None], Body]
    reader: Callable[[], StreamReader]
    writer: Callable[[Asked, str, Mapping[str, Any] | None], StreamWriter]

    def refused_stream(self, asked: Asked, model: str, text: str, colonnade: Mapping[str, Any] | None) -> bytes:
        """A whole stream that is the fixed answer in every choice."""
        writer = self.writer(asked, model, colonnade)
        events = [writer.open()]
        events += [writer.replace(choice, text) for choice in range(asked.choices)]
        return b"".join([*events, writer.close(None)])
