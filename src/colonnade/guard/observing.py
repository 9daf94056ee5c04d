"""What is told once a request is over: to metrics, spans and monitors, never to the client and never for the record."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from colonnade.guard.telemetry.traceparent import Trace
from colonnade.records import Ruling

Outcome = Literal["answered", "refused", "withheld", "fault", "hung up"]


class Timings(NamedTuple):
    """Milliseconds of the parts of one request; none for a part that there was not.

    Attributes:
        guard_request: until the request was ruled on.
        log: until its row was on disk.
        upstream_first, upstream_all: from asking the upstream to its first piece, and to its last.
        guard_reply: that ruling on the replies took, all of them together.
        all: from the first byte in to the last byte out.
        held_back: the longest that any of the reply waited for its ruling.
    """

    guard_request: float
    log: float
    upstream_first: float | None
    upstream_all: float | None
    guard_reply: float | None
    all: float
    held_back: float | None = None


class Finished(NamedTuple):
    """One request with its answers, told once, after its last row is on disk.

    Attributes:
        at: when it came in.
        text: what was asked last, in memory only; nobody may write it out so that it can be read.
        tokens: of the prompt and of the answers, where the upstream said so.
        trace: which trace it belongs to.
    """

    id: str
    at: datetime
    principal: str
    tier: str
    purpose: str
    endpoint: str
    model: str
    stream: bool
    request: Ruling
    replies: tuple[Ruling, ...]
    grant: str
    adapter: str
    outcome: Outcome
    status: int
    text: str
    milliseconds: Timings
    tokens: tuple[int, int] | None
    trace: Trace | None = None


class TurnedAway(NamedTuple):
    """One request that ended before anything was ruled on it, or before the ruling was on disk; nothing of its words.

    Attributes:
        id: as the client was told it; empty on a route that reaches no model.
        at: when it came in.
        endpoint: ``chat``, ``completions``, ``responses``, ``models``, ``metrics``, ``feedback``; empty for any other.
        method: of HTTP.
        status: of the response; 0 where the client left before there was one.
        code: of the error object, or ``client_hung_up``.
        trace: which trace it belongs to; none where nobody writes spans.
    """

    id: str
    at: datetime
    endpoint: str
    method: str
    status: int
    code: str
    milliseconds: float
    trace: Trace | None = None


class Observer(Protocol):
    """Somebody who is told."""

    def finished(self, row: Finished) -> None:
        """Take note; called from a thread of its own, one row at a time."""
        ...


@runtime_checkable
class DoorObserver(Protocol):
    """Somebody who is told of requests that were turned away, too."""

    def turned_away(self, row: TurnedAway) -> None:
        """Take note; called as ``Observer.finished`` is."""
        ...
