"""One record of functions per endpoint, so that the gateway never asks which one it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from colonnade.guard.protocol.asked import Asked, Delta, Output, OutputKey, Replaced
from colonnade.guard.protocol.parsing import parse
from colonnade.guard.protocol.replies.reply import Choice, Reply, decide, outputs_of

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
        read_body: a request from its parsed body; raises ``ProtocolError``.
        for_upstream: ``(asked, model, system)``, the body for the server behind. Where the operator has
            something to say, he alone speaks as the system: what the client said as system or developer
            becomes the beginning of its own words.
        system_of: what the client put before everything else as the system; empty for nothing, where it says more
            than words, and where nothing else would be left.
        without_system: the request without that; what is left keeps its places.
        without_refused: ``(asked, fixed_answers)``, the request without the turns that the guard
            answered itself; raises ``ProtocolError`` where nothing is left.
        read_reply: a whole reply of the server behind as texts; raises ``UpstreamError`` where it is none.
        written_reply: ``(asked, model, reply)``, such texts as the client gets them.
        reader: for one stream of the server behind.
        writer: ``(asked, model, colonnade)``, for one stream to the client.
        no_usage: the count of tokens where the model was not asked.
    """

    name: str
    path: str
    read_body: Callable[[Mapping[str, Any]], Asked]
    for_upstream: Callable[[Asked, str, str], Body]
    system_of: Callable[[Asked], str]
    without_system: Callable[[Asked], Asked]
    without_refused: Callable[[Asked, frozenset[str]], Asked]
    read_reply: Callable[[Any], Reply]
    written_reply: Callable[[Asked, str, Reply], Body]
    reader: Callable[[], StreamReader]
    writer: Callable[[Asked, str, Mapping[str, Any] | None], StreamWriter]
    no_usage: Mapping[str, Any]

    def read(self, content: bytes) -> Asked:
        """A request from its bytes.

        Raises:
            ProtocolError: for the first thing that does not fit.
        """
        return self.read_body(parse(content))

    def outputs(self, body: Any) -> tuple[Output, ...]:
        """Every text of a whole reply.

        Raises:
            UpstreamError: where it is none.
        """
        return outputs_of(self.read_reply(body))

    def whole(self, asked: Asked, body: Any, decided: Mapping[OutputKey, Replaced]) -> Body:
        """The reply for the client, built anew from the outputs; one that ``decided`` does not name is passed on.

        Raises:
            UpstreamError: where ``body`` is none.
        """
        reply = self.read_reply(body)
        choices = tuple(decide(choice, decided) for choice in reply.choices)
        return self.written_reply(asked, asked.model, reply._replace(choices=choices))

    def refusal(self, asked: Asked, model: str, text: str, colonnade: Mapping[str, Any] | None) -> Body:
        """A whole reply that is the fixed answer in every choice; no token was read or drawn for it."""
        choices = tuple(Choice(number, {"content": text}, "content_filter") for number in range(asked.choices))
        body = self.written_reply(asked, model, Reply(choices, dict(self.no_usage)))
        return body | ({"colonnade": dict(colonnade)} if colonnade is not None else {})

    def refused_stream(self, asked: Asked, model: str, text: str, colonnade: Mapping[str, Any] | None) -> bytes:
        """A whole stream that is the fixed answer in every choice; no token was read or drawn for it."""
        writer = self.writer(asked, model, colonnade)
        events = [writer.open()]
        events += [writer.replace(choice, text) for choice in range(asked.choices)]
        return b"".join([*events, writer.close(self.no_usage)])
