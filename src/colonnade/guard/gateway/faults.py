"""What went wrong at the model's server, as its operator is told: in the service's log once a minute, and in health.

A client is told little, since nobody has ruled on what a server says. Nor is it told here: a server's words of an error
may quote the prompt. Which kind of fault it was, and where to look, is enough to mend it.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import urlsplit

PAUSE = 60.0
"""Seconds between two lines on the same kind of fault at the same server."""

PATIENCE = 2.0
"""Seconds for a connection that is tried at the start."""

REFUSED = "connection refused"

_ITS_LOG = "its own log says why"

_LOOK = {
    REFUSED: "is it running, and is this its address?",
    "status 401": "it wants another key than COLONNADE_MODEL_KEY has",
    "status 403": "it wants another key than COLONNADE_MODEL_KEY has",
    "status 404": "it knows no such model, or its address is another one: see '--upstream'",
}
"""Where to look, by the kind of fault."""

logger = logging.getLogger(__name__)


class LastFault(NamedTuple):
    """The newest fault of a server that has not answered since.

    Attributes:
        fault: its kind, such as ``status 401``.
        at: when it was.
        times: faults since the server last answered.
    """

    fault: str
    at: datetime
    times: int

    def shown(self) -> dict[str, Any]:
        """As health has it."""
        return {"fault": self.fault, "at": self.at.isoformat(timespec="seconds"), "count": self.times}


class UpstreamFaults:
    """Faults of the model's server, told to whoever runs the service; asked in the service's loop alone.

    Args:
        clock: seconds.

    Attributes:
        last: nothing from the first answer on that comes to its end.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.last: LastFault | None = None
        self._clock = clock
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def note(self, kind: str, where: str) -> None:
        """Take note of a fault, and tell of it where nobody was told of such a one within a minute.

        Args:
            kind: in a few words, none of them the server's.
            where: the server's address, without a password or a query.
        """
        self.last = LastFault(kind, datetime.now(UTC), self.last.times + 1 if self.last is not None else 1)
        now, (told, silent) = self._clock(), self._told.get((where, kind), (float("-inf"), 0))
        if now - told < PAUSE:
            self._told[where, kind] = told, silent + 1
            return
        self._told[where, kind] = now, 0
        more = f" ({silent} more since the last line on it)" if silent else ""
        logger.warning("the model at %s failed: %s%s%s", where, kind, more, where_to_look(kind))

    def over(self) -> None:
        """The server has answered."""
        self.last = None


def where_to_look(kind: str) -> str:
    """What a line on a fault ends with; nothing where the kind says it all."""
    look = _LOOK.get(kind) or (_ITS_LOG if kind.startswith("status ") else "")
    return f"; {look}" if look else ""


def address_without_secrets(address: str) -> str:
    """Scheme, host, port and path."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def kind_of(fault: OSError) -> str:
    """Why there is no connection, in a few words that hold nothing of what was sent or said."""
    if isinstance(fault, ConnectionRefusedError) or fault.errno == errno.ECONNREFUSED:
        return REFUSED
    if isinstance(fault, socket.gaierror):
        return "its name is not known here"
    if isinstance(fault, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({_plain(fault.verify_message)})"
    if isinstance(fault, ssl.SSLError):
        # Python leaves the reason out where the library gave none.
        return f"no TLS with it ({_plain(getattr(fault, 'reason', None) or 'no reason').replace('_', ' ').lower()})"
    if fault.errno is None:
        return "it closed the connection without an answer"
    return os.strerror(fault.errno).lower()


def _plain(words: str) -> str:
    return re.sub(r"[^ -~]", "", words).rstrip(".")[:100]


def out_of_reach(address: str, patience: float = PATIENCE) -> str:
    """Why nothing takes connections at an address; empty where something does.

    Args:
        address: of a server of HTTP.
        patience: seconds.
    """
    parts = urlsplit(address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), patience).close()
    except TimeoutError:
        return f"no connection within {patience:g} s"
    except OSError as fault:
        return kind_of(fault)
    return ""
