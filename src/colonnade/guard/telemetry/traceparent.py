"""Which trace a request belongs to, and what the upstream is told of it: W3C Trace Context, without any library.

The ids of the spans are drawn when a request comes in, since the upstream has to be told one before
its span is over; who writes spans afterwards uses these ids. Where nobody writes spans, the header
goes on as it came.

Source: W3C Recommendation Trace Context, 2021, sections 3.2 (traceparent) and 3.3 (tracestate).
"""

from __future__ import annotations

import re
import secrets
from typing import NamedTuple

SAMPLED = 1
"""The flag of a trace whose spans are kept."""

_KNOWN_FLAGS = 3
"""Sampled, and (level 2 of the recommendation) that the trace's id is random; others may not be set by us."""

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_TRACESTATE = re.compile(r"[\x20-\x7e]{1,512}")
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16


class Trace(NamedTuple):
    """The place of one request in a trace.

    Attributes:
        trace: id of the trace, 32 hexadecimal digits.
        parent: id of the client's span, 16 hexadecimal digits; empty where the trace begins here.
        request: id of the span of the request here.
        upstream: id of the span of the call to the upstream.
        flags: of the trace; see ``SAMPLED``.
        state: what other systems wrote beside it; passed on unread.
        recorded: whether spans are written here; where not, the client's header goes on as it came.
    """

    trace: str
    parent: str
    request: str
    upstream: str
    flags: int
    state: str = ""
    recorded: bool = True

    @property
    def sampled(self) -> bool:
        """Whether spans of this request are to be kept."""
        return self.recorded and bool(self.flags & SAMPLED)


def begin_trace(traceparent: str, tracestate: str = "", *, share: float = 1.0, recorded: bool = True) -> Trace:
    """Go on with the client's trace, or begin one where its header is missing or wrong.

    Args:
        traceparent: the header as it came; empty where there was none.
        tracestate: likewise; dropped where it cannot be passed on.
        share: of the traces that begin here, how many are kept. A client's own decision stands.
        recorded: whether spans are written here.
    """
    found = _TRACEPARENT.fullmatch(traceparent.strip())
    spans = secrets.token_hex(8), secrets.token_hex(8)
    if found and found[1] != "ff" and found[2] != _NO_TRACE and found[3] != _NO_SPAN and _fits(found):
        state = tracestate if _TRACESTATE.fullmatch(tracestate) else ""
        return Trace(found[2], found[3], *spans, int(found[4], 16), state, recorded)
    trace = secrets.token_hex(16)
    return Trace(trace, "", *spans, SAMPLED if int(trace[16:], 16) < share * 2**64 else 0, recorded=recorded)


def headers_for_upstream(trace: Trace) -> dict[str, str]:
    """What the upstream is sent: our span as the parent where we write one, else what the client sent."""
    parent = trace.upstream if trace.recorded else trace.parent
    if not parent:
        return {}
    told = {"traceparent": f"00-{trace.trace}-{parent}-{trace.flags & _KNOWN_FLAGS:02x}"}
    return told | {"tracestate": trace.state} if trace.state else told


def _fits(found: re.Match[str]) -> bool:
    """Version 00 ends after its flags; later ones may have more behind a dash."""
    return found[1] != "00" or found[5] is None
